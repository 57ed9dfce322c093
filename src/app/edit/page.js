// The page on which points are dragged. It measures nothing: every value comes from the program that serves it.
"use strict";

const $ = (id) => document.getElementById(id);
const view = $("view"), sheet = $("sheet"), picture = $("picture"), layer = $("points"), bones = $("bones");

let key = "";
let base;                    // what the program said at first: record, sites, labels, bones, points
let current;                 // the record as last measured
let hand = new Map();        // points by hand: name -> {x, y, sd_px}
let saved = "{}";
const done = [], undone = []; // snapshots of `hand`
let chosen = null;           // name of the chosen point
let zoom = 1, left = 0, top_ = 0; // screen pixels per photo pixel; where the photo's corner lies on the screen
const handles = new Map();

// --- asking ---------------------------------------------------------------------------------------------------------

async function ask(path, options = {}) {
  const answer = await fetch(path, { ...options, headers: { Authorization: `Bearer ${key}`, ...options.headers } });
  if (!answer.ok) {
    const said = await answer.json().catch(() => ({}));
    throw new Error(said.error || `the program answered ${answer.status}`);
  }
  return answer;
}

function problem(text) {
  $("problem").textContent = text;
  $("problem").hidden = !text;
}

const asJson = () => JSON.stringify(Object.fromEntries(hand));
const isExchanged = () => $("exchanged").checked;
/// What is saved or not: the points and the sides.
const state = () => asJson() + isExchanged();
const withSides = (path) => isExchanged() ? `${path}?exchanged` : path;

/// Values follow while a point is dragged: one question at a time, the latest wins.
let asking = false, again = false;
async function measure() {
  if (asking) { again = true; return; }
  asking = true;
  try {
    do {
      again = false;
      const answer = await ask(withSides("/measure"), { method: "POST", body: asJson() });
      current = await answer.json();
      problem("");
      show();
    } while (again);
  } catch (error) {
    problem(over(error));
  } finally {
    asking = false;
    document.body.dataset.measured = asJson();
    document.body.dataset.exchanged = isExchanged();
  }
}

const over = (error) => error instanceof TypeError
  ? "The program does not answer any more: it was stopped, or nothing was edited for too long. Points that were not saved lie beside the record, as the program said. Start orthostat edit again."
  : error.message;

async function save() {
  try {
    const answer = await ask(withSides("/save"), { method: "POST", body: asJson() });
    current = await answer.json();
    saved = state();
    // Another than before when something else stood there by now.
    base.out = current.out;
    say(`Saved as ${base.out}.`);
    problem("");
    buttons();
  } catch (error) {
    problem(`Not saved: ${over(error)}`);
  }
}

// --- editing --------------------------------------------------------------------------------------------------------

const copy = (points) => new Map([...points].map(([name, at]) => [name, { ...at }]));
let lastStep = { name: null, time: 0 };

/// Keeps what is about to change. Steps of the same point in quick succession are undone as one.
function remember(name, together) {
  const now = performance.now();
  if (!(together && lastStep.name === name && now - lastStep.time < 800)) {
    done.push(copy(hand));
    undone.length = 0;
  }
  lastStep = { name: together ? name : null, time: now };
}

const round = (value) => Math.round(value * 100) / 100;
const within = (value, most) => Math.min(Math.max(round(value), 0), most);

function place(name, x, y) {
  const { width, height } = base.record.source;
  const before = hand.get(name);
  const at = { x: within(x, width), y: within(y, height) };
  // Its uncertainty is the program's to say, unless the record has one of its own.
  if (before && before.sd_px !== undefined) at.sd_px = before.sd_px;
  hand.set(name, at);
  draw();
  measure();
}

function step(from, to) {
  if (!from.length) return;
  to.push(copy(hand));
  hand = from.pop();
  lastStep = { name: null, time: 0 };
  draw();
  measure();
}

function giveBack(name) {
  if (!name || !hand.has(name)) return;
  remember(name, false);
  hand.delete(name);
  measure();
}

// --- showing --------------------------------------------------------------------------------------------------------

const words = (name) => base.sites.find((site) => site.name === name).words;
const fixed = (value, digits = 1) => {
  const text = value.toFixed(digits);
  return Number(text) === 0 ? (0).toFixed(digits) : text;
};
const signed = (value) => (Number(fixed(value)) > 0 ? "+" : "") + fixed(value);

/// Where a point is now: by hand, or as last measured.
function where(name) {
  const measured = current.landmarks[name];
  const placed = hand.get(name);
  if (placed) return { ...placed, sd_px: placed.sd_px ?? (measured && measured.by ? measured.sd_px : undefined), by: "hand" };
  // What was by hand a moment ago and is not any more comes back with the next answer.
  return measured && !measured.by ? measured : (base.record.landmarks[name]?.by ? undefined : base.record.landmarks[name]);
}

function handle(name) {
  let button = handles.get(name);
  if (button) return button;
  button = document.createElement("button");
  button.type = "button";
  button.className = "point";
  button.dataset.name = name;
  const ring = document.createElement("span");
  ring.className = "ring";
  const label = document.createElement("span");
  label.className = "name";
  label.textContent = words(name);
  button.append(ring, label);
  button.addEventListener("focus", () => choose(name));
  button.addEventListener("pointerdown", (event) => grab(event, name));
  button.addEventListener("keydown", (event) => move(event, name));
  handles.set(name, button);
  layer.append(button);
  return button;
}

function draw() {
  sheet.style.transform = `translate(${left}px, ${top_}px)`;
  picture.style.transform = `scale(${zoom})`;
  picture.classList.toggle("pixels", zoom >= 2);
  $("zoom").textContent = `${Math.round(zoom * 100)} %`;
  for (const { name } of base.sites) {
    const at = where(name);
    if (!at) {
      handles.get(name)?.remove();
      handles.delete(name);
      continue;
    }
    const button = handle(name);
    button.style.left = `${at.x * zoom}px`;
    button.style.top = `${at.y * zoom}px`;
    button.classList.toggle("hand", at.by === "hand");
    button.classList.toggle("chosen", name === chosen);
    const ring = button.firstChild;
    const size = 2 * (at.sd_px || 0) * zoom;
    ring.hidden = size < 1;
    ring.style.width = ring.style.height = `${size}px`;
    const by = at.by === "hand" ? "by hand" : "by the model";
    button.setAttribute("aria-label", `${words(name)}, x ${fixed(at.x, 2)}, y ${fixed(at.y, 2)}, ${by}`);
  }
  const lines = base.bones.map(([from, to]) => [where(from), where(to)]).filter(([from, to]) => from && to);
  while (bones.childElementCount > lines.length) bones.lastChild.remove();
  while (bones.childElementCount < lines.length) bones.append(document.createElementNS("http://www.w3.org/2000/svg", "line"));
  lines.forEach(([from, to], index) => {
    const line = bones.children[index];
    for (const [end, at] of [["1", from], ["2", to]]) {
      line.setAttribute(`x${end}`, at.x * zoom);
      line.setAttribute(`y${end}`, at.y * zoom);
    }
  });
  aboutPoint();
  buttons();
}

function aboutPoint() {
  const at = chosen && where(chosen);
  if (!at) return;
  const error = at.sd_px === undefined || at.sd_px === null ? "" : `, standard deviation ${fixed(at.sd_px, 1)} px`;
  $("point").textContent =
    `${words(chosen)}: x ${fixed(at.x, 2)}, y ${fixed(at.y, 2)} px, ${at.by === "hand" ? "by hand" : "by the model"}${error}`;
}

function buttons() {
  $("undo").disabled = !done.length;
  $("redo").disabled = !undone.length;
  $("reset").disabled = !(chosen && hand.has(chosen));
  const unsaved = state() !== saved;
  $("save").textContent = unsaved ? "Save (not saved yet)" : "Save";
  document.body.dataset.unsaved = unsaved;
}

/// Writes rows and lists as text, never as markup.
function fill(list, texts, tag = "li") {
  list.replaceChildren(...texts.map((text) => {
    const item = document.createElement(tag);
    item.textContent = text;
    return item;
  }));
}

const unit = (measure) => (measure.unit === "deg" ? "\u00b0" : " %");

function show() {
  const rows = [], refused = [], changed = [];
  for (const [name, measure] of Object.entries(current.measures)) {
    const before = base.record.measures[name];
    const label = base.labels[name];
    const isNew = !before || before.value === null || measure.value === null
      || fixed(before.value) !== fixed(measure.value);
    if (measure.value === null) {
      refused.push(`${label}: ${measure.reason}`);
      if (before && before.value !== null) changed.push(`${label}: was ${signed(before.value)}${unit(measure)}, now not measured: ${measure.reason}`);
      continue;
    }
    if (isNew) {
      changed.push(before && before.value !== null
        ? `${label}: ${signed(before.value)}${unit(measure)} to ${signed(measure.value)}${unit(measure)}`
        : `${label}: new, ${signed(measure.value)}${unit(measure)}`);
    }
    rows.push([name, label, `${signed(measure.value)}${unit(measure)}`, measure.interval95.map((v) => fixed(v)).join(" to "), isNew]);
  }
  for (const [name, before] of Object.entries(base.record.measures)) {
    if (!(name in current.measures) && before.value !== null) changed.push(`${base.labels[name]}: not measured any more`);
  }
  $("measures").replaceChildren(...rows.map(([name, label, value, interval, isNew]) => {
    const row = document.createElement("tr");
    row.dataset.measure = name;
    row.classList.toggle("changed", isNew);
    const head = document.createElement("th");
    head.scope = "row";
    head.textContent = label;
    const cells = [value, interval].map((text) => Object.assign(document.createElement("td"), { textContent: text }));
    row.append(head, ...cells);
    return row;
  }));
  fill($("refused"), refused.map((text) => `Not measured: ${text}`));
  fill($("flags"), current.flags.map((flag) => `Note: ${flag.text}`));
  $("shows").textContent = `Measured as seen ${current.shows}.`;
  fill($("changed"), changed.length ? changed : ["Nothing yet."]);
  addable();
  draw();
  tell(changed);
}

/// What is said aloud, once the hand rests.
let telling = 0;
function tell(changed) {
  clearTimeout(telling);
  telling = setTimeout(() => say(changed.length ? `${changed.length} changed. ${changed.join(". ")}` : "All measures as in the record."), 700);
}

function say(text) {
  $("live").textContent = text;
}

function addable() {
  const missing = base.sites.filter(({ name }) => !where(name));
  const names = missing.map(({ name }) => name).join();
  if ($("add").dataset.names === names) return;
  $("add").dataset.names = names;
  missing.sort((a, b) => b.bony - a.bony);
  $("add").replaceChildren(...missing.map(({ name, words: text }) => new Option(text, name)));
  $("place").disabled = !missing.length;
}

function choose(name) {
  chosen = name;
  reveal(name);
  draw();
}

/// Moves the picture so that a point that was reached by Tab is in sight.
function reveal(name) {
  const box = view.getBoundingClientRect();
  const at = where(name);
  const [x, y] = [left + at.x * zoom, top_ + at.y * zoom];
  if (x >= 0 && y >= 0 && x <= box.width && y <= box.height) return;
  left += box.width / 2 - x;
  top_ += box.height / 2 - y;
}

// --- moving ---------------------------------------------------------------------------------------------------------

const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

function move(event, name) {
  if (event.key === "Delete" || event.key === "Backspace") {
    event.preventDefault();
    giveBack(name);
    return;
  }
  const by = STEPS[event.key];
  if (!by || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  const size = event.shiftKey ? 1 : 0.1;
  const at = where(name);
  remember(name, true);
  place(name, at.x + size * by[0], at.y + size * by[1]);
}

function grab(event, name) {
  if (event.button !== 0) return;
  event.preventDefault();
  event.stopPropagation();
  const button = handles.get(name), at = where(name);
  button.focus();
  button.setPointerCapture(event.pointerId);
  const start = { x: event.clientX, y: event.clientY };
  let moved = false;
  const drag = (next) => {
    if (next.pointerId !== event.pointerId) return;
    const [dx, dy] = [next.clientX - start.x, next.clientY - start.y];
    // A touch or a click trembles; it takes two pixels to be meant.
    if (!moved && Math.hypot(dx, dy) < 2) return;
    if (!moved) remember(name, false);
    moved = true;
    place(name, at.x + dx / zoom, at.y + dy / zoom);
  };
  const end = () => {
    button.removeEventListener("pointermove", drag);
    button.removeEventListener("pointerup", end);
    button.removeEventListener("pointercancel", end);
  };
  button.addEventListener("pointermove", drag);
  button.addEventListener("pointerup", end);
  button.addEventListener("pointercancel", end);
}

function zoomTo(next, x, y) {
  const to = Math.min(Math.max(next, 0.02), 40);
  left = x - (x - left) * (to / zoom);
  top_ = y - (y - top_) * (to / zoom);
  zoom = to;
  draw();
}

function fit() {
  const { width, height } = base.record.source;
  const box = view.getBoundingClientRect();
  zoom = Math.min(box.width / width, box.height / height);
  left = (box.width - width * zoom) / 2;
  top_ = (box.height - height * zoom) / 2;
  draw();
}

/// Zooms about the chosen point when it is in sight, else about the middle.
function zoomBy(factor) {
  const box = view.getBoundingClientRect();
  const at = chosen && where(chosen);
  let [x, y] = [box.width / 2, box.height / 2];
  if (at) {
    const [px, py] = [left + at.x * zoom, top_ + at.y * zoom];
    if (px >= 0 && py >= 0 && px <= box.width && py <= box.height) [x, y] = [px, py];
  }
  zoomTo(zoom * factor, x, y);
}

const fingers = new Map();
function onView() {
  view.addEventListener("wheel", (event) => {
    event.preventDefault();
    const box = view.getBoundingClientRect();
    zoomTo(zoom * Math.exp(-0.002 * event.deltaY), event.clientX - box.left, event.clientY - box.top);
  }, { passive: false });
  view.addEventListener("pointerdown", (event) => {
    fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    view.setPointerCapture(event.pointerId);
  });
  view.addEventListener("pointermove", (event) => {
    const before = fingers.get(event.pointerId);
    if (!before) return;
    const now = { x: event.clientX, y: event.clientY };
    const others = [...fingers].filter(([id]) => id !== event.pointerId).map(([, at]) => at);
    if (others.length) {
      const [other] = others;
      const box = view.getBoundingClientRect();
      const apart = (a) => Math.max(Math.hypot(a.x - other.x, a.y - other.y), 1);
      zoomTo(zoom * apart(now) / apart(before), (now.x + other.x) / 2 - box.left, (now.y + other.y) / 2 - box.top);
    } else {
      left += now.x - before.x;
      top_ += now.y - before.y;
      draw();
    }
    fingers.set(event.pointerId, now);
  });
  for (const end of ["pointerup", "pointercancel"]) view.addEventListener(end, (event) => fingers.delete(event.pointerId));
}

function onKeys(event) {
  const typing = event.target instanceof HTMLSelectElement;
  const letter = event.key.toLowerCase();
  if ((event.ctrlKey || event.metaKey) && (letter === "z" || letter === "y")) {
    event.preventDefault();
    if (letter === "y" || event.shiftKey) step(undone, done);
    else step(done, undone);
  } else if ((event.ctrlKey || event.metaKey) && letter === "s") {
    event.preventDefault();
    save();
  } else if (!event.ctrlKey && !event.metaKey && !event.altKey && !typing) {
    if (event.key === "+" || event.key === "=") zoomBy(1.25);
    else if (event.key === "-") zoomBy(0.8);
    else if (event.key === "0") fit();
  }
}

// --- beginning and end ----------------------------------------------------------------------------------------------

/// The token stands behind `#`, where it is not sent anywhere; it is traded for the key, which this tab alone keeps.
async function open() {
  const token = location.hash.slice(1);
  history.replaceState(null, "", "/");
  key = sessionStorage.getItem("key") || "";
  if (token) {
    const answer = await fetch("/key", { method: "POST", body: token });
    const said = await answer.json();
    if (answer.ok) key = said.key;
    else if (!key) throw new Error(said.error);
    sessionStorage.setItem("key", key);
  }
  if (!key) throw new Error("This page opens with the address that orthostat edit printed, once.");
}

async function start() {
  try {
    await open();
    base = await (await ask("/record")).json();
    current = base.record;
    hand = new Map(Object.entries(base.points));
    saved = state();
    picture.src = URL.createObjectURL(await (await ask("/picture")).blob());
    await picture.decode();
  } catch (error) {
    problem(over(error));
    return;
  }
  // Places count in pixels of the photo, whatever picture of it came.
  picture.style.width = `${base.record.source.width}px`;
  picture.style.height = `${base.record.source.height}px`;
  $("title").textContent = base.record.source.file;
  $("caution").textContent = base.caution;
  $("undo").addEventListener("click", () => step(done, undone));
  $("redo").addEventListener("click", () => step(undone, done));
  $("reset").addEventListener("click", () => giveBack(chosen));
  $("in").addEventListener("click", () => zoomBy(1.25));
  $("out").addEventListener("click", () => zoomBy(0.8));
  $("fit").addEventListener("click", fit);
  $("save").addEventListener("click", save);
  // The side of a side view follows from the direction in which the person faces.
  $("exchanged").disabled = !base.frontal;
  $("exchanged").addEventListener("change", () => {
    // Points were named by the sides that are exchanged now.
    const partner = new Map(base.sites.map((site) => [site.name, site.partner]));
    const exchanged = (points) => new Map([...points].map(([name, at]) => [partner.get(name), at]));
    hand = exchanged(hand);
    for (const steps of [done, undone]) steps.forEach((points, index) => { steps[index] = exchanged(points); });
    draw();
    measure();
  });
  $("place").addEventListener("click", () => {
    const name = $("add").value;
    const box = view.getBoundingClientRect();
    remember(name, false);
    place(name, (box.width / 2 - left) / zoom, (box.height / 2 - top_) / zoom);
    handles.get(name).focus();
  });
  document.addEventListener("keydown", onKeys);
  onView();
  fit();
  show();
  setInterval(() => ask("/alive", { method: "POST" }).catch((error) => problem(over(error))), 5000);
  addEventListener("beforeunload", (event) => { if (state() !== saved) event.preventDefault(); });
  addEventListener("pagehide", () => navigator.sendBeacon("/close", key));
  addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
  document.body.dataset.ready = "yes";
}

start();

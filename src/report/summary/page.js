"use strict";
(() => {
  // Every text of others' making reaches the page as a text node or an attribute, never as markup.
  const find = (id) => document.getElementById(id);
  const rows = JSON.parse(find("rows").textContent);
  const facts = JSON.parse(find("facts").textContent);
  const PAGE = 100;
  const PRINTED = 1000;
  const MORE = 50;
  const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });

  function make(tag, properties, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(properties || {})) {
      if (value === null || value === undefined || value === false) continue;
      element.setAttribute(name, value === true ? "" : value);
    }
    element.append(...children.filter((child) => child !== null && child !== undefined));
    return element;
  }

  // Names keep their own direction, so that none can turn around what stands beside it.
  const name = (text) => make("bdi", null, text);
  const words = (code) => facts.words[code] || code.replaceAll("_", " ");
  const number = (value) => {
    const text = Math.abs(value).toFixed(1);
    return Number(text) === 0 ? text : (value < 0 ? "\u2212" : "+") + text;
  };
  const count = (n, one, many) => n.toLocaleString("en") + " " + (n === 1 ? one : many);

  function thumbnail(row) {
    if (!row.picture) return null;
    const label = "Annotated picture of " + row.id;
    const image = row.thumbnail && make("img", { src: "data:image/jpeg;base64," + row.thumbnail, alt: label, decoding: "async" });
    const href = row.picture.split("/").map(encodeURIComponent).join("/");
    return make("a", { href, class: image ? "thumbnail" : null, "aria-label": image ? null : label }, image || "picture");
  }

  // The name of a photo or a subject leads to the subject's page, where there is one.
  const linked = (row, text) => {
    if (!row.report) return name(text);
    return make("a", { href: row.report.split("/").map(encodeURIComponent).join("/") }, name(text));
  };

  // The photos to take again.

  const illustrated = rows.some((row) => row.thumbnail);

  function again(section, chosen) {
    const list = section.querySelector("ol");
    const more = section.querySelector("button");
    let shown = 0;
    const item = (row) => {
      const who = make("div", { class: "who" }, make("b", null, linked(row, row.id)));
      const about = [row.subject, row.visit].filter(Boolean);
      who.append(make("small", null, "photo " + row.number, ...about.flatMap((text) => [", ", name(text)])));
      const why = make("div", { class: "why" });
      for (const [code, text] of row.flags) {
        if (row.state === "measured" && facts.keep.includes(code)) continue;
        const sentence = make("bdi", null, text);
        why.append(make("p", null, make("b", null, words(code)), ": ", sentence));
      }
      const image = row.thumbnail ? thumbnail(row) : illustrated && make("span", { class: "thumbnail" });
      return make("li", null, image || null, who, why);
    };
    const show = (upTo) => {
      const next = chosen.slice(shown, upTo).map(item);
      list.append(...next);
      shown += next.length;
      const left = chosen.length - shown;
      more.hidden = left <= 0;
      more.textContent = "Show " + Math.min(MORE, left) + " more of " + left.toLocaleString("en");
      return next;
    };
    more.addEventListener("click", () => {
      const [first] = show(shown + MORE);
      // The reader goes on where the new ones begin.
      if (first) {
        first.tabIndex = -1;
        first.focus();
      }
    });
    show(25);
    section.hidden = chosen.length === 0;
    section.querySelector("h3 span").textContent = chosen.length.toLocaleString("en");
    let before = 0;
    const print = () => {
      before = shown;
      show(PRINTED);
    };
    const restore = () => {
      while (list.children.length > before) list.lastElementChild.remove();
      shown = before;
      show(before);
    };
    return { print, restore };
  }
  const asks = (row) => row.flags.some(([code]) => !facts.keep.includes(code));
  const nothing = rows.filter((row) => row.state !== "measured");
  const better = rows.filter((row) => row.state === "measured" && asks(row));
  const lists = [again(find("again-nothing"), nothing), again(find("again-better"), better)];
  find("again-none").hidden = nothing.length + better.length > 0;

  // The table.

  const table = find("table");
  const body = table.tBodies[0];
  const state = { key: "number", down: false, query: "", kind: "", flag: "", page: 0, size: PAGE, absolute: false };
  const measures = facts.measures;
  const usual = ["shoulder_tilt", "pelvic_obliquity", "head_tilt", "trunk_shift", "ear_shoulder_angle", "trunk_sagittal_lean"];
  const standing = measures.filter((measure) => usual.includes(measure.name)).map((measure) => measure.name);
  const chosen = new Set((standing.length ? standing : measures.map((measure) => measure.name)).slice(0, 4));

  function text(key, label, kind) {
    return {
      key,
      label,
      value: (row) => row[key] ?? null,
      cell: (row) => make("td", { class: kind }, row[key] === undefined ? "" : name(String(row[key]))),
    };
  }

  function link(key, label) {
    const column = text(key, label, "id");
    return { ...column, cell: (row) => make("td", { class: "id" }, row[key] === undefined ? "" : linked(row, String(row[key]))) };
  }

  function measureColumn(measure) {
    const value = (row) => (row.measures[measure.name] ? row.measures[measure.name][0] : null);
    return {
      key: measure.name,
      label: measure.label,
      kind: "number measure",
      measure: true,
      about: [measure.unit, measure.positive && "+ " + measure.positive, measure.negative && "\u2212 " + measure.negative],
      value: (row) => {
        const found = value(row);
        return found !== null && state.absolute ? Math.abs(found) : found;
      },
      cell: (row) => {
        const found = row.measures[measure.name];
        if (!found) return make("td", { class: "number" }, make("span", { "aria-hidden": "true" }, "\u2013"), make("span", { class: "hidden" }, "no value"));
        const [middle, low, high, resolved] = found;
        const shown = make(resolved ? "b" : "span", null, number(middle));
        const spoken = measure.positive ? make("span", { class: "hidden" }, resolved ? ", " + (middle > 0 ? measure.positive : measure.negative) : ", no difference resolved") : null;
        return make("td", { class: "number" }, shown, spoken, make("small", null, number(low) + " to " + number(high)));
      },
    };
  }

  function columns() {
    const has = (key) => rows.some((row) => row[key] !== undefined);
    const all = [];
    if (has("picture")) all.push({ key: "picture", label: "Picture", plain: true, cell: (row) => make("td", null, thumbnail(row) || "") });
    all.push({ ...text("number", "No.", "number"), kind: "number" }, link("id", "Photo"));
    if (has("subject")) all.push(link("subject", "Subject"));
    if (has("visit")) all.push(text("visit", "Visit", "date"));
    if (has("view")) all.push(text("view", "View"));
    all.push({ ...text("state", "State"), cell: (row) => make("td", null, make("span", { class: "state " + row.state }, row.state)) });
    all.push(...measures.filter((measure) => chosen.has(measure.name)).map(measureColumn));
    all.push({
      key: "flags",
      label: "Notes",
      value: (row) => row.flags.length || null,
      cell: (row) => {
        const cell = make("td", { class: "flags" });
        row.flags.forEach(([code, sentence], index) => cell.append(index ? "; " : "", make("span", { title: sentence }, words(code))));
        return cell;
      },
    });
    return all;
  }
  let shownColumns = columns();

  function head() {
    shownColumns = columns();
    if (!shownColumns.some((column) => column.key === state.key)) Object.assign(state, { key: "number", down: false });
    const row = make("tr");
    for (const column of shownColumns) {
      const th = make("th", { scope: "col", class: column.kind, "data-key": column.key, "data-label": column.plain ? null : column.label });
      if (column.plain) {
        th.append(column.label);
      } else {
        const button = make("button", { type: "button" }, column.label);
        button.addEventListener("click", () => {
          const again = state.key === column.key;
          Object.assign(state, { key: column.key, down: again ? !state.down : Boolean(column.measure), page: 0 });
          show();
        });
        th.append(button);
      }
      for (const line of (column.about || []).filter(Boolean)) th.append(make("small", null, line));
      row.append(th);
    }
    table.tHead.replaceChildren(row);
  }

  function searched(row) {
    if (row.search === undefined) {
      const notes = row.flags.flatMap(([code, sentence]) => [words(code), sentence]);
      row.search = [row.number, row.id, row.subject, row.visit, row.view, row.state, ...notes].join(" ").toLowerCase();
    }
    return row.search;
  }

  function selected() {
    const parts = state.query.toLowerCase().split(/\s+/).filter(Boolean);
    const found = rows.filter((row) =>
      (!state.kind || row.state === state.kind)
      && (!state.flag || row.flags.some(([code]) => code === state.flag))
      && parts.every((part) => searched(row).includes(part)));
    const column = shownColumns.find((candidate) => candidate.key === state.key);
    const sign = state.down ? -1 : 1;
    const keyed = found.map((row) => [column.value(row), row]);
    // Rows without a value come last whichever way it goes; among equals the order is that of the input.
    keyed.sort(([a, first], [b, second]) => {
      if (a === null || b === null) return (a === null) - (b === null) || first.number - second.number;
      const order = typeof a === "number" ? a - b : collator.compare(a, b);
      return sign * order || first.number - second.number;
    });
    return keyed.map(([, row]) => row);
  }

  function show() {
    const found = selected();
    const pages = Math.max(1, Math.ceil(found.length / state.size));
    state.page = Math.min(state.page, pages - 1);
    const first = state.page * state.size;
    const part = found.slice(first, first + state.size);
    body.replaceChildren(...part.map((row) => make("tr", null, ...shownColumns.map((column) => column.cell(row)))));
    for (const th of table.tHead.rows[0].cells) {
      if (th.dataset.key === state.key) th.setAttribute("aria-sort", state.down ? "descending" : "ascending");
      else th.removeAttribute("aria-sort");
    }
    const of = found.length === rows.length ? count(rows.length, "photo", "photos") : found.length.toLocaleString("en") + " of " + count(rows.length, "photo", "photos");
    find("found").textContent = of + (pages > 1 ? ", " + (first + 1).toLocaleString("en") + " to " + (first + part.length).toLocaleString("en") + " shown" : "");
    find("pager").hidden = pages < 2;
    find("place").textContent = "Page " + (state.page + 1) + " of " + pages;
    find("before").disabled = state.page === 0;
    find("after").disabled = state.page === pages - 1;
    find("clear").disabled = !(state.query || state.kind || state.flag);
  }

  // What narrows the table.

  const kinds = new Map();
  const flags = new Map();
  for (const row of rows) {
    kinds.set(row.state, (kinds.get(row.state) || 0) + 1);
    for (const code of new Set(row.flags.map(([code]) => code))) flags.set(code, (flags.get(code) || 0) + 1);
  }
  const option = ([value, n]) => make("option", { value }, words(value) + " (" + n.toLocaleString("en") + ")");
  find("kind").append(...["measured", "refused", "failed"].filter((kind) => kinds.has(kind)).map((kind) => option([kind, kinds.get(kind)])));
  find("flag").append(...[...flags].sort((a, b) => b[1] - a[1] || collator.compare(words(a[0]), words(b[0]))).map(option));

  function narrow(changes) {
    Object.assign(state, { page: 0 }, changes);
    find("query").value = state.query;
    find("kind").value = state.kind;
    find("flag").value = state.flag;
    show();
  }
  let typing = 0;
  find("query").addEventListener("input", (event) => {
    clearTimeout(typing);
    typing = setTimeout(() => {
      Object.assign(state, { query: event.target.value, page: 0 });
      show();
    }, 120);
  });
  find("kind").addEventListener("change", (event) => narrow({ kind: event.target.value }));
  find("flag").addEventListener("change", (event) => narrow({ flag: event.target.value }));
  find("clear").addEventListener("click", () => {
    narrow({ query: "", kind: "", flag: "" });
    find("query").focus();
  });
  find("absolute").addEventListener("change", (event) => {
    Object.assign(state, { absolute: event.target.checked, page: 0 });
    show();
  });
  for (const button of document.querySelectorAll("button[data-flag]")) {
    button.addEventListener("click", () => {
      narrow({ query: "", kind: button.dataset.kind || "", flag: button.dataset.flag });
      find("photos").focus();
      find("photos").scrollIntoView();
    });
  }
  for (const measure of measures) {
    const box = make("input", { type: "checkbox", value: measure.name, checked: chosen.has(measure.name) });
    box.addEventListener("change", () => {
      if (box.checked) chosen.add(measure.name);
      else chosen.delete(measure.name);
      head();
      show();
    });
    find("choose").append(make("label", null, box, measure.label));
  }
  const turn = (by) => {
    state.page += by;
    show();
    find("sheet").scrollTop = 0;
    find("found").scrollIntoView({ block: "nearest" });
  };
  find("before").addEventListener("click", () => turn(-1));
  find("after").addEventListener("click", () => turn(1));

  // On paper everything that was selected, as far as paper goes.
  addEventListener("beforeprint", () => {
    lists.forEach((list) => list.print());
    Object.assign(state, { size: PRINTED, before: state.page, page: 0 });
    show();
  });
  addEventListener("afterprint", () => {
    lists.forEach((list) => list.restore());
    Object.assign(state, { size: PAGE, page: state.before });
    show();
  });

  for (const element of document.querySelectorAll(".scripted")) element.hidden = false;
  head();
  show();
})();

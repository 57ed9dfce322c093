"""Photos a second and memory of `orthostat batch`, side by side with MediaPipe in Python, alternately and in one run.

    python3 benches/python/batch.py compare PYTHON [--runs 3] [--photos 120]
    python3 benches/python/batch.py workers [--runs 3]
    python3 benches/python/batch.py flat [--photos 10000]

PYTHON has the packages of tests/mediapipe/requirements.txt. `compare`: both programs with two workers on the same photos, in two
sizes. `workers`: one worker against two. `flat`: peak memory and photos a second of a long run against a short one. Photos are the
samples; each file is read through a link of its own, so that the system's cache holds them for both programs alike.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
SMALL = ["anterior-level", "anterior-tilted", "posterior-level", "posterior-tilted", "anterior-tilted-no-metadata"]
LARGE = ["phone-12-megapixels"]


def environment():
    found = dict(os.environ)
    found.setdefault("ORT_DYLIB_PATH", str(ROOT / ".onnxruntime/libonnxruntime.so"))
    found.setdefault("ORTHOSTAT_MODELS", str(ROOT / "models"))
    return found


def links(folder, names, count, distinct):
    """`count` photos in a folder, links to `distinct` files that differ in what follows their end."""
    sources = []
    store = folder.with_name(folder.name + "-files")
    store.mkdir()
    folder.mkdir()
    for number in range(min(distinct, count)):
        name = names[number % len(names)]
        source = store / f"{number}.jpg"
        source.write_bytes((ROOT / "samples" / f"{name}.jpg").read_bytes() + f"copy {number}".encode())
        sources.append(source)
    for number in range(count):
        os.link(sources[number % len(sources)], folder / f"{number:05}.jpg")
    return folder


def run(command, output=None):
    """Runs a command to its end: seconds, and the peak of the sum of the resident sets of all its processes, in MiB."""
    start = time.perf_counter()
    with open(output or os.devnull, "w") as out:
        process = subprocess.Popen(
            list(map(str, command)), env=environment(), stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.PIPE
        )
        peak = 0
        while process.poll() is None:
            peak = max(peak, resident(process.pid))
            time.sleep(0.05)
        message = process.stderr.read().decode(errors="replace")
    if process.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))} ended with {process.returncode}: {message[-2000:]}")
    return time.perf_counter() - start, peak


def resident(pid):
    """Resident set of a process and those that it started, in MiB."""
    total = 0
    try:
        with open(f"/proc/{pid}/status") as status:
            total = sum(int(line.split()[1]) for line in status if line.startswith("VmRSS")) / 1024
        with open(f"/proc/{pid}/task/{pid}/children") as children:
            total += sum(resident(int(child)) for child in children.read().split())
    except (OSError, ValueError):
        pass
    return total


def batch(program, folder, out, *options):
    return [program, "batch", folder, "--out", out, "--force", "--progress", "none", *options]


def table(title, rows, reference):
    print(f"\n{title}")
    print(f"{'':<34} {'photos/s':>9} {'best':>7} {'peak MiB':>9} {'against ' + reference:>24}")
    medians = {name: statistics.median(rate for rate, _ in figures) for name, figures in rows.items()}
    for name, figures in rows.items():
        rates = [rate for rate, _ in figures]
        peak = statistics.median(peak for _, peak in figures)
        print(f"{name:<34} {medians[name]:>9.1f} {max(rates):>7.1f} {peak:>9.0f} {medians[name] / medians[reference]:>24.2f}")


def alternately(commands, photos, runs, work):
    """Photos a second and peak memory of each command, in turn, so that what else the machine does falls on all alike."""
    rows = {name: [] for name in commands}
    for _ in range(runs):
        for name, command in commands.items():
            seconds, peak = run(command, work / "printed")
            rows[name].append((photos / seconds, peak))
    return rows


def compare(options, work):
    python = "MediaPipe, 2 processes"
    for title, names, count in [("1080 x 1440", SMALL, options.photos), ("3024 x 4032", LARGE, options.photos // 2)]:
        folder = links(work / title.replace(" ", ""), names, count, count)
        listing = work / "list"
        listing.write_text("".join(f"{path}\n" for path in sorted(folder.iterdir())))
        out = work / "out"
        commands = {
            python: [options.python, HERE / "mediapipe_many_photos.py", listing, "--jobs", 2],
            "orthostat --readings 1": batch(options.orthostat, folder, out, "--jobs", 2, "--readings", 1),
            "orthostat --quality fast": batch(options.orthostat, folder, out, "--jobs", 2, "--quality", "fast"),
            "orthostat (default readings)": batch(options.orthostat, folder, out, "--jobs", 2),
        }
        rows = alternately(commands, count, options.runs, work)
        table(f"{count} photos of {title}, {options.runs} runs, start-up included", rows, python)


def workers(options, work):
    folder = links(work / "photos", SMALL, options.photos, options.photos)
    commands = {
        f"{count} worker{'s' if count > 1 else ''}, {readings or 'default'} readings": batch(
            options.orthostat, folder, work / "out", "--jobs", count, *(["--readings", readings] if readings else [])
        )
        for readings in (1, None)
        for count in (1, 2)
    }
    rows = alternately(commands, options.photos, options.runs, work)
    names = list(rows)
    table(f"{options.photos} photos, {options.runs} runs", {name: rows[name] for name in names[:2]}, names[0])
    table(f"{options.photos} photos, {options.runs} runs", {name: rows[name] for name in names[2:]}, names[2])


def flat(options, work):
    figures = {}
    for count in (500, options.photos):
        folder = links(work / f"photos{count}", SMALL, count, 300)
        seconds, peak = run(batch(options.orthostat, folder, work / "out", "--jobs", 2, "--readings", 1))
        figures[count] = (count / seconds, peak)
        print(f"{count:>6} photos (300 distinct files): {count / seconds:.1f} photos/s, peak {peak:.0f} MiB", flush=True)
    short, long = figures[500], figures[options.photos]
    print(f"peak {long[1] / short[1]:.3f} of the short run's, photos a second {long[0] / short[0]:.3f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--orthostat", type=Path, default=ROOT / "target/release/orthostat")
    kinds = parser.add_subparsers(dest="kind", required=True)
    for name, photos in (("compare", 120), ("workers", 120), ("flat", 10_000)):
        kind = kinds.add_parser(name)
        if name == "compare":
            kind.add_argument("python")
        kind.add_argument("--runs", type=int, default=3)
        kind.add_argument("--photos", type=int, default=photos)
    options = parser.parse_args()
    # Beside the program: hard links need one file system.
    with tempfile.TemporaryDirectory(dir=ROOT / "target", prefix="bench-batch-") as folder:
        {"compare": compare, "workers": workers, "flat": flat}[options.kind](options, Path(folder))
    print(f"load {os.getloadavg()[0]:.1f}, {os.cpu_count()} CPUs")


if __name__ == "__main__":
    main()

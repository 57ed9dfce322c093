"""Whole processes, from start to JSON: orthostat against Python with MediaPipe, alternately, in one run.

    cargo build --release
    python3 benches/python/compare.py VENV/bin/python [--runs 10] [--photo samples/phone-12-megapixels.jpg]

VENV has the packages of tests/mediapipe/requirements.txt. Prints wall time and peak memory (resident set, of each process by
itself, as the kernel counts it) as medians and minima, and the ratio to Python.
"""

import argparse
import os
import statistics
import subprocess
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent


def run(command, environment):
    """Runs a command to its end: wall seconds and peak MiB."""
    start = time.perf_counter()
    process = subprocess.Popen(
        command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    output = process.stdout.read()
    process.stdout.close()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    # Code 1 of orthostat is a photo that its gates refuse: a record is printed all the same.
    if not output.startswith(b"{"):
        raise SystemExit(f"no JSON came from: {' '.join(map(str, command))} (exit code {process.returncode})")
    return seconds, usage.ru_maxrss / 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("python", help="Python with MediaPipe")
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument("--photo", type=Path, default=ROOT / "samples/phone-12-megapixels.jpg")
    parser.add_argument("--orthostat", type=Path, default=ROOT / "target/release/orthostat")
    options = parser.parse_args()
    environment = dict(os.environ)
    environment.setdefault("ORT_DYLIB_PATH", str(ROOT / ".onnxruntime/libonnxruntime.so"))
    orthostat = [options.orthostat, "analyze", "--json", options.photo]
    python = "Python with MediaPipe"
    commands = {
        "orthostat": orthostat,
        "orthostat --readings 1": [*orthostat, "--readings", "1"],
        python: [options.python, HERE / "mediapipe_one_photo.py", options.photo],
    }
    taken = {name: [] for name in commands}
    # Alternately, so that whatever else the machine does falls on all of them; the first round only warms caches.
    for round_ in range(options.runs + 1):
        for name, command in commands.items():
            figures = run(command, environment)
            if round_ > 0:
                taken[name].append(figures)
    load = os.getloadavg()[0]
    print(f"{options.photo.name}, {options.runs} runs each, {os.cpu_count()} CPUs, load {load:.1f}")
    print(f"{'':<24} {'wall s':>8} {'at best':>8} {'peak MiB':>9} {'at best':>8} {'of Python':>10} {'at best':>8}")
    reference = None
    for name in reversed(commands):
        seconds, peak = zip(*taken[name])
        median, best = statistics.median(seconds), min(seconds)
        reference = reference or (median, best)
        print(
            f"{name:<24} {median:>8.3f} {best:>8.3f} {statistics.median(peak):>9.0f} {min(peak):>8.0f} "
            f"{median / reference[0]:>10.3f} {best / reference[1]:>8.3f}"
        )


if __name__ == "__main__":
    main()

"""`orthostat batch - --jsonl` as the pipe of a Spark RDD on a local cluster of two workers, one of which is killed on the way:
the lines must be those of a plain run, in the same order.

    tests/spark/run [PHOTOS]
"""

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from pyspark import SparkConf, SparkContext

ROOT = Path(__file__).resolve().parent.parent.parent
PROGRAM = ROOT / "target/release/orthostat"
OPTIONS = "batch - --jsonl --readings 1 --jobs 1"


def photos(folder, count):
    """Copies of the samples that differ in what follows their end, and one file that is no picture."""
    names = ["anterior-level", "posterior-tilted", "lateral-left"]
    paths = []
    for number in range(count):
        path = folder / f"{number:03}.jpg"
        path.write_bytes((ROOT / "samples" / f"{names[number % 3]}.jpg").read_bytes() + str(number).encode())
        paths.append(str(path))
    (folder / "broken.jpg").write_bytes(b"not a picture")
    paths.insert(count // 2, str(folder / "broken.jpg"))
    return paths


def executors():
    """Process ids of Spark's executors on this machine."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if b"CoarseGrainedExecutorBackend" in (entry / "cmdline").read_bytes():
                    found.append(int(entry.name))
            except OSError:
                pass
    return sorted(found)


def at_work():
    """How many of our programs run under Spark."""
    count = 0
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                count += OPTIONS.split() == (entry / "cmdline").read_bytes().decode(errors="replace").split("\0")[1:-1]
            except OSError:
                pass
    return count


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 60
    if not PROGRAM.is_file():
        sys.exit(f"{PROGRAM} is missing: run `make demo` first")
    with tempfile.TemporaryDirectory() as folder:
        paths = photos(Path(folder), count)
        listing = "".join(f"{path}\n" for path in paths)
        plain = subprocess.run([PROGRAM, *OPTIONS.split()], input=listing, capture_output=True, text=True)
        expected = plain.stdout.splitlines()
        if plain.returncode != 1 or len(expected) != len(paths):
            sys.exit(f"the plain run ended with {plain.returncode} and {len(expected)} lines: {plain.stderr}")
        conf = SparkConf().setMaster("local-cluster[2,1,512]").setAppName("orthostat")
        conf.set("spark.executor.memory", "512m").set("spark.ui.enabled", "false").set("spark.driver.host", "127.0.0.1")
        conf.set("spark.driver.bindAddress", "127.0.0.1").set("spark.task.maxFailures", "8")
        context = SparkContext(conf=conf)
        context.setLogLevel("ERROR")
        killed = []

        def kill():
            for _ in range(2400):
                if at_work() > 0 and len(executors()) > 1:
                    # Let it get somewhere first.
                    time.sleep(1.0)
                    killed.append(executors()[0])
                    os.kill(killed[0], signal.SIGKILL)
                    return
                time.sleep(0.05)

        killer = threading.Thread(target=kill)
        killer.start()
        lines = context.parallelize(paths, 6).pipe(f"{PROGRAM} {OPTIONS}").collect()
        killer.join()
        context.stop()
    if not killed:
        sys.exit("no executor was there to be killed while the program ran")
    if lines != expected:
        wrong = [number for number, pair in enumerate(zip(lines, expected)) if pair[0] != pair[1]]
        sys.exit(f"{len(lines)} lines, expected {len(expected)}; the first that differ: {wrong[:5]}")
    print(f"{len(lines)} lines as in a plain run, in the same order, one executor killed on the way")


if __name__ == "__main__":
    main()

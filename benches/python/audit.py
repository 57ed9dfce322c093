"""Has an outside judge compare models: `poseaudit` (PyPI, pinned in audit.txt) on the tilts of shoulders, pelvis and trunk.

usage: audit.py SET --program BIN [--poseaudit PROGRAM] [--out DIR]

SET is a labelled set of photos with its truth.json: annotated real ones ("persons") or rendered ones ("images"). Its labels and what
each model reads are written in COCO's form, with the middles of shoulders and hips as points 17 and 18, and judged side by side on the
persons that all of them read. Prints the judge's summary; DIR (default: target/audit) keeps all files.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

COCO = ("nose left_eye right_eye left_ear right_ear left_shoulder right_shoulder left_elbow right_elbow left_wrist right_wrist "
        "left_hip right_hip left_knee right_knee left_ankle right_ankle").split()
MIDDLES = [("left_shoulder", "right_shoulder"), ("left_hip", "right_hip")]
# Each name with the options that make the program read as that model does.
MODELS = {
    "mediapipe": ["--model", "full", "--readings", "1"],
    "movenet": ["--model", "thunder", "--readings", "4"],
    "orthostat": [],
    "orthostat-best": ["--quality", "best"],
}
TILTS = ["5,6", "11,12", "17,18"]


def flat(points):
    """COCO's numbers of points {name: (x, y)}."""
    numbers = []
    for name in COCO:
        numbers += [*map(float, points[name]), 2] if name in points else [0, 0, 0]
    for left, right in MIDDLES:
        both = left in points and right in points
        numbers += [*((a + b) / 2 for a, b in zip(points[left], points[right])), 2] if both else [0, 0, 0]
    return numbers


def box(points):
    xs, ys = zip(*points.values())
    return [min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys)]


def labels(truth):
    """Of each photo: file, group, points."""
    if "persons" in truth:
        for person in truth["persons"]:
            if person["frontal"]:
                points = {name: p[:2] for name, p in person["keypoints"].items() if name in COCO}
                yield person["image"], person["group"], points
    else:
        for image in truth["images"]:
            if image["view"] in ("anterior", "posterior"):
                points = {name: p[:2] for name, p in image["landmarks_px"].items() if name in COCO}
                yield image["file"], image["file"], points


def read(program, paths, options):
    """The program's record of each path, in their order."""
    command = [program, "batch", "-", "-0", "--jsonl", "--jobs", "1", "--fail-on", "none", "--progress", "none", *options]
    with tempfile.TemporaryFile() as names:
        names.write(b"\0".join(os.fsencode(path.resolve()) for path in paths))
        names.seek(0)
        done = subprocess.run(command, stdin=names, capture_output=True, text=True)
    records = [json.loads(line) for line in done.stdout.splitlines()]
    if len(records) > len(paths):
        # Of a collage, the first panel counts.
        records = [record for record in records if "#" not in record.get("id", "") or record["id"].endswith("#1")]
    if done.returncode or len(records) != len(paths):
        sys.exit(f"audit: {program} gave {len(records)} records of {len(paths)}: {done.stderr.strip()[-300:]}")
    return records


def main():
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("set", type=Path, metavar="SET")
    ask.add_argument("--program", required=True)
    ask.add_argument("--poseaudit", default="poseaudit")
    ask.add_argument("--out", type=Path, default=Path("target/audit"))
    asked = ask.parse_args()
    if not (asked.set / "truth.json").is_file():
        sys.exit(f"audit: {asked.set}: expected a folder with truth.json, found none")
    found = list(labels(json.loads((asked.set / "truth.json").read_text())))
    asked.out.mkdir(parents=True, exist_ok=True)
    groups = {}
    images, annotations = [], []
    for number, (file, group, points) in enumerate(found, 1):
        cluster = groups.setdefault(group, len(groups))
        images.append({"id": number, "file_name": f"g{cluster}_{number}.jpg"})
        area = box(points)[2] * box(points)[3]
        annotations.append({"id": number, "image_id": number, "category_id": 1, "iscrowd": 0, "bbox": box(points), "area": area,
                            "keypoints": flat(points), "num_keypoints": len(points)})
    names = [*COCO, "mid_shoulder", "mid_hip"]
    truth = {"images": images, "annotations": annotations,
             "categories": [{"id": 1, "name": "person", "keypoints": names, "skeleton": []}]}
    (asked.out / "truth.json").write_text(json.dumps(truth))
    command = [asked.poseaudit, "audit", "--format", "coco", "--gt", str(asked.out / "truth.json"), "--big-error", "5",
               "--cluster", r"^(g\d+)_", "--jitter-repeats", "0", "--report", str(asked.out / "report.md")]
    for name, options in MODELS.items():
        results = []
        for number, record in enumerate(read(asked.program, [asked.set / file for file, _, _ in found], options), 1):
            points = {n: (p["x"], p["y"]) for n, p in record.get("landmarks", {}).items() if n in COCO}
            if len(points) > 3:
                results.append({"image_id": number, "category_id": 1, "keypoints": flat(points), "bbox": box(points), "score": 1.0})
        (asked.out / f"{name}.json").write_text(json.dumps(results))
        command += ["--pred", f"{name}={asked.out / name}.json"]
        print(f"{name}: {len(results)} of {len(found)} read", file=sys.stderr)
    for tilt in TILTS:
        command += ["--tilt", tilt]
    sys.exit(subprocess.run(command).returncode)


if __name__ == "__main__":
    main()

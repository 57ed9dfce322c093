"""MediaPipe over many photos in several processes, each with its own pose model: what batch.py holds orthostat against.

    python mediapipe_many_photos.py LIST [--jobs 2]

LIST holds one path a line. Prints one line of JSON a photo, as orthostat does.
"""

import argparse
import json
import multiprocessing
import os
import sys

os.environ.setdefault("GLOG_minloglevel", "3")

pose = None


def start():
    """One model a process, opened once."""
    global pose
    import mediapipe

    pose = mediapipe.solutions.pose.Pose(static_image_mode=True, model_complexity=1)


def measure(path):
    import cv2

    image = cv2.imread(path)
    if image is None:
        return json.dumps({"photo": path, "error": "cannot be read"})
    height, width = image.shape[:2]
    found = pose.process(cv2.cvtColor(image, cv2.COLOR_BGR2RGB)).pose_landmarks
    if found is None:
        return json.dumps({"photo": path, "error": "no person found"})
    return json.dumps({"photo": path, "keypoints_px": [(mark.x * width, mark.y * height) for mark in found.landmark]})


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("list")
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    with open(options.list, encoding="utf-8") as lines:
        paths = lines.read().splitlines()
    with multiprocessing.Pool(options.jobs, initializer=start) as pool:
        for line in pool.imap(measure, paths, chunksize=4):
            print(line)
    sys.stdout.flush()


if __name__ == "__main__":
    main()

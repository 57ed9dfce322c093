"""Python with MediaPipe on the frames of a video: how many a second, tracking as in its own example.

    VENV/bin/python benches/python/mediapipe_video.py VIDEO

Prints frames, frames a second with decoding, the milliseconds of `process` alone (median, 99th percentile), and the
milliseconds of processor time a frame, decoding included.
"""

import sys
import time

import cv2
import mediapipe as mp

capture = cv2.VideoCapture(sys.argv[1])
taken = []
with mp.solutions.pose.Pose(static_image_mode=False, model_complexity=1, enable_segmentation=False) as pose:
    # The first frame opens the models.
    ok, frame = capture.read()
    pose.process(cv2.cvtColor(frame, cv2.COLOR_BGR2RGB))
    start, used = time.perf_counter(), time.process_time()
    while True:
        ok, frame = capture.read()
        if not ok:
            break
        rgb = cv2.cvtColor(frame, cv2.COLOR_BGR2RGB)
        before = time.perf_counter()
        pose.process(rgb)
        taken.append(1e3 * (time.perf_counter() - before))
    seconds, used = time.perf_counter() - start, time.process_time() - used
taken.sort()
print(len(taken), len(taken) / seconds, taken[len(taken) // 2], taken[int(0.99 * len(taken))], 1e3 * used / len(taken))

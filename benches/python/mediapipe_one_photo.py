"""What a short Python program with MediaPipe does: one photo to shoulder and hip tilt, as JSON. Timed by compare.py.

    python mediapipe_one_photo.py PHOTO.jpg     (packages: tests/mediapipe/requirements.txt)
"""

import json
import math
import sys

import cv2
import mediapipe

LEFT_SHOULDER, RIGHT_SHOULDER, LEFT_HIP, RIGHT_HIP = 11, 12, 23, 24


def main():
    # OpenCV is loaded by MediaPipe anyway, reads fastest of what is there, and turns the photo as its Exif data asks.
    image = cv2.imread(sys.argv[1])
    if image is None:
        sys.exit(f"{sys.argv[1]}: cannot be read")
    height, width = image.shape[:2]
    with mediapipe.solutions.pose.Pose(static_image_mode=True, model_complexity=1) as pose:
        found = pose.process(cv2.cvtColor(image, cv2.COLOR_BGR2RGB)).pose_landmarks
    if found is None:
        sys.exit(f"{sys.argv[1]}: no person found")
    at = [(mark.x * width, mark.y * height) for mark in found.landmark]

    def tilt(left, right):
        """In degrees; positive = the subject's left is higher."""
        return math.degrees(math.atan2(at[right][1] - at[left][1], abs(at[left][0] - at[right][0])))

    tilts = {"shoulder_tilt": tilt(LEFT_SHOULDER, RIGHT_SHOULDER), "hip_tilt": tilt(LEFT_HIP, RIGHT_HIP)}
    print(json.dumps({"photo": sys.argv[1], "width": width, "height": height, "measures_deg": tilts, "keypoints_px": at}))


if __name__ == "__main__":
    main()

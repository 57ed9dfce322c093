"""Writes what MediaPipe itself sees in photos, for `tests/agreement.rs` and `tools/agreement.rs` to compare with.

    python3.11 -m venv VENV && VENV/bin/pip install -r tests/mediapipe/requirements.txt
    cargo run --release --example agreement -- --pixels DECODED samples
    VENV/bin/python tests/mediapipe/make_golden.py samples DECODED tests/mediapipe/golden.json

Every photo is shown to MediaPipe twice: as Pillow (libjpeg-turbo; OpenCV gives the same to the bit) decodes the file, and
as orthostat decodes it. JPEG lets decoders differ by a few levels, and the models turn that into more than all else that
differs between the two programs; what the second look gives is free of it.

Python 3.11 on Linux, with the system packages libgl1, libegl1 and libglib2.0-0. The models come inside the wheel: nothing
else is fetched. Run it again whenever a photo in samples/ or the decoder changes; the tests notice by the hashes.
"""

import argparse
import json
from pathlib import Path

import mediapipe
import numpy
from blake3 import blake3
from PIL import Image, ImageOps


def upright(path):
    """A picture's pixels, turned as its Exif data asks."""
    with Image.open(path) as file:
        return numpy.asarray(ImageOps.exif_transpose(file).convert("RGB"))


def landmarks(pixels):
    """x, y in pixels (x * width, y * height) and visibility of all landmarks; none when nobody was found."""
    height, width = pixels.shape[:2]
    # A fresh pipeline for every photo, so that no photo can depend on the one before.
    with mediapipe.solutions.pose.Pose(static_image_mode=True, model_complexity=1) as pose:
        found = pose.process(pixels).pose_landmarks
    if found is None:
        return []
    return [[round(m.x * width, 4), round(m.y * height, 4), round(m.visibility, 5)] for m in found.landmark]


def look(path, decoded):
    """One photo's entry."""
    theirs, ours = upright(path), upright(decoded / f"{path.stem}.png")
    if theirs.shape != ours.shape:
        raise SystemExit(f"{path}: the two decoders do not agree on the size")
    return {
        "file": path.name,
        "blake3": blake3(path.read_bytes()).hexdigest(),
        "width": theirs.shape[1],
        "height": theirs.shape[0],
        "landmarks": landmarks(theirs),
        "pixels_blake3": blake3(ours.tobytes()).hexdigest(),
        "same_pixels": landmarks(ours),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path, help="folder of JPEG photos")
    parser.add_argument("decoded", type=Path, help="folder of the same photos as orthostat decodes them, as PNG")
    parser.add_argument("golden", type=Path, help="JSON file to write")
    options = parser.parse_args()
    photos = sorted(options.photos.glob("*.jpg"))
    if not photos:
        parser.error(f"no .jpg files in {options.photos}")
    head = {"mediapipe": mediapipe.__version__, "static_image_mode": True, "model_complexity": 1}
    # One photo a line: short, and a change shows in a diff as what it is.
    lines = ",\n".join("    " + json.dumps(look(path, options.decoded)) for path in photos)
    options.golden.write_text(json.dumps(head)[:-1] + ', "photos": [\n' + lines + "\n]}\n")
    print(f"{len(photos)} photos -> {options.golden}")


if __name__ == "__main__":
    main()

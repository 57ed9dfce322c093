"""Compares models/*.onnx (ONNX Runtime) with the original TFLite files (TFLite interpreter, no delegate).

usage: verify.py --npm PACKAGE.tgz --wheel PACKAGE.whl --models DIR [IMAGE ...]

Inputs: seeded synthetic pictures, plus any images named (stretched to the input size). Prints a Markdown table with
the largest absolute difference per output, and checks every weight bit for bit. Exit status 1 when beyond tolerance.
"""

import argparse
import json
import pathlib
import sys

import numpy as np
import onnx
import onnxruntime as ort
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from onnx import numpy_helper
from PIL import Image

from convert import read_original
from tflite_to_onnx import TfLite

# Tolerances in the output's own unit (pixels, probability, logits, metres). The mask head amplifies rounding
# where its logits are far from 0, so the mask is judged as a probability.
TOLERANCE = {"landmarks": 0.05, "flag": 1e-4, "heatmap": 0.02, "world": 1e-3, "mask (probability)": 0.02,
             "regressors": 0.02, "scores": 0.02, "points": 0.05, "face": 0.02}


def synthetic(side):
    """Smooth colours with a figure-like set of blobs, stripes, and plain noise."""
    rng = np.random.default_rng(20240229)
    y, x = np.mgrid[0:side, 0:side].astype(np.float32) / side
    plain = np.stack([x, y, 1 - x], -1)
    figure = np.full((side, side, 3), 0.75, np.float32)
    for cx, cy, rx, ry in ((.5, .18, .05, .07), (.5, .4, .1, .17), (.46, .72, .035, .2), (.54, .72, .035, .2),
                           (.37, .42, .025, .16), (.63, .42, .025, .16)):
        figure[((x - cx) / rx) ** 2 + ((y - cy) / ry) ** 2 < 1] = rng.random(3) * 0.6
    stripes = np.repeat((np.sin(40 * (x + 0.5 * y)) * 0.5 + 0.5)[..., None], 3, -1)
    noise = rng.random((side, side, 3))
    return {"gradient": plain, "figure": figure, "stripes": stripes, "noise": noise}


def tflite_run(data, x, delegate=False):
    kind = OpResolverType.AUTO if delegate else OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    it = Interpreter(model_content=data, experimental_op_resolver_type=kind)
    it.allocate_tensors()
    it.set_tensor(it.get_input_details()[0]["index"], x)
    it.invoke()
    return {tuple(int(d) for d in o["shape"]): it.get_tensor(o["index"]) for o in it.get_output_details()}


def same_weights(net, models):
    """Every float constant of the ONNX files is in the TFLite file, bit for bit (as float16)."""
    layouts = {"w": ((0, 3, 1, 2), (3, 0, 1, 2))}
    count = 0
    for model in models:
        for init in model.graph.initializer:
            if init.name[0] not in "wb" or not init.name[1].isdigit():
                continue
            array = numpy_helper.to_array(init)
            original = net.constants[int(init.name[1:].rstrip("h"))]
            if init.name[0] == "w":
                assert array.dtype == np.float16
                assert any(array.shape == original.transpose(p).shape
                           and array.tobytes() == original.transpose(p).tobytes() for p in layouts["w"]), init.name
            else:
                assert array.astype(np.float64).tobytes() == original.astype(np.float64).tobytes(), init.name
            count += 1
    return count


def sigmoid(v):
    return 1 / (1 + np.exp(-np.clip(v.astype(np.float64), -60, 60)))


def main():
    args = argparse.ArgumentParser()
    args.add_argument("--npm", required=True)
    args.add_argument("--wheel", required=True)
    args.add_argument("--models", required=True)
    args.add_argument("images", nargs="*")
    args = args.parse_args()
    folder = pathlib.Path(args.models)
    entries = {e["name"]: e for e in json.loads((folder / "models.json").read_text())}
    worst, bad = {}, []
    for key in ("detector", "face-near", "face-far", "face-mesh", "lite", "full", "heavy"):
        names = {"face-near": "blazeface-near", "face-far": "blazeface-far", "face-mesh": "face-mesh"}
        entry = entries[names.get(key, f"blazepose-{key}")]
        data = read_original(key, args.npm, args.wheel)
        files = [folder / entry["file"]]
        session = ort.InferenceSession(str(files[0]), providers=["CPUExecutionProvider"])
        mask = None
        if f"{entry['name']}-mask" in entries:
            files.append(folder / entries[f"blazepose-{key}-mask"]["file"])
            mask = ort.InferenceSession(str(files[1]), providers=["CPUExecutionProvider"])
        count = same_weights(TfLite(data), [onnx.load(f) for f in files])
        print(f"{key}: {count} weight tensors equal to the original bit for bit")
        side = entry["input"]["shape"][1]
        inputs = synthetic(side)
        for path in args.images:
            picture = Image.open(path).convert("RGB").resize((side, side))
            inputs[path] = np.asarray(picture, np.float32) / 255
        low, high = entry["input"]["range"]
        for name, picture in inputs.items():
            group = "images" if name in args.images else "synthetic"
            x = (picture * (high - low) + low).astype(np.float32)[None]
            ours = dict(zip([o.name for o in session.get_outputs()], session.run(None, {"input": x})))
            if mask:
                ours["mask"] = mask.run(None, {k: v for k, v in ours.items() if k.startswith("mask_feature")})[0]
            theirs, delegate = tflite_run(data, x), tflite_run(data, x, True)
            for out, value in ours.items():
                if out.startswith("mask_feature"):
                    continue
                ref, alt = theirs[value.shape], delegate[value.shape]
                rows = [(out, value, ref, alt)]
                if out == "mask":
                    rows.append(("mask (probability)", sigmoid(value), sigmoid(ref), sigmoid(alt)))
                for label, v, r, a in rows:
                    diff, own = float(np.abs(v - r).max()), float(np.abs(a - r).max())
                    old = worst.get((key, label, group), (0, 0, 0))
                    worst[key, label, group] = (max(old[0], diff), max(old[1], own), max(old[2], float(np.abs(r).max())))
                    if not diff <= TOLERANCE.get(label, np.inf):
                        bad.append(f"{key} {label} on {name}: {diff:g}")
    groups = ["synthetic"] + (["images"] if args.images else [])
    for group in groups:
        n = 4 if group == "synthetic" else len(args.images)
        print(f"\nLargest absolute difference over {n} {group} inputs (onnxruntime {ort.__version__}):\n")
        print("| model | output | largest value | ONNX - TFLite | TFLite with XNNPACK - TFLite without |\n|---|---|---|---|---|")
        for (key, label, g), (d, own, size) in worst.items():
            if g == group:
                print(f"| {key} | {label} | {size:.4g} | {d:.2g} | {own:.2g} |")
    if bad:
        sys.exit("beyond tolerance:\n" + "\n".join(bad))
    print("\nall within tolerance")


if __name__ == "__main__":
    main()

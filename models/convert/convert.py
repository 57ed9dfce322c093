"""Makes models/*.onnx and models/models.json from the two published packages.

usage: convert.py --npm PACKAGE.tgz --wheel PACKAGE.whl --out DIR [--standard-ops]
"""

import argparse
import hashlib
import json
import pathlib
import tarfile
import zipfile

import onnx
from blake3 import blake3

from tflite_to_onnx import TfLite, build, nchw

LICENCE = "Apache-2.0"
NPM = {"package": "npm:@mediapipe/pose", "version": "0.5.1675469404"}
PYPI = {"package": "pypi:mediapipe", "version": "0.10.21"}
# Originals: where they are and what they must be.
SOURCES = {
    "detector": dict(PYPI, file="mediapipe/modules/pose_detection/pose_detection.tflite",
                     sha256="9ba9dd3d42efaaba86b4ff0122b06f29c4122e756b329d89dca1e297fd8f866c"),
    "face-near": dict(PYPI, file="mediapipe/modules/face_detection/face_detection_short_range.tflite",
                      sha256="bbff11cebd1eb27a1e004cae0b0e63ec8c551cbf34a4451148b4908b8db3eca8"),
    "face-far": dict(PYPI, file="mediapipe/modules/face_detection/face_detection_full_range_sparse.tflite",
                     sha256="2c3728e6da56f21e21a320433396fb06d40d9088f2247c05e5635a688d45dfe1"),
    "face-mesh": dict(PYPI, file="mediapipe/modules/face_landmark/face_landmark.tflite",
                      sha256="1055cb9d4a9ca8b8c688902a3a5194311138ba256bcc94e336d8373a5f30c814"),
    "lite": dict(NPM, file="package/pose_landmark_lite.tflite",
                 sha256="f17bfbecadb61c3be1baa8b8d851cc6619c870a87167b32848ad20db306b9d61"),
    "full": dict(NPM, file="package/pose_landmark_full.tflite",
                 sha256="e9a5c5cb17f736fafd4c2ec1da3b3d331d6edbe8a0d32395855aeb2cdfd64b9f"),
    "heavy": dict(NPM, file="package/pose_landmark_heavy.tflite",
                  sha256="59e42d71bcd44cbdbabc419f0ff76686595fd265419566bd4009ef703ea8e1fe"),
}
MEANING = {
    "landmarks": "39 x (x, y, z in crop pixels 0..256, visibility logit, presence logit); 33 body points, then hip centre, scale point, 4 unused",
    "flag": "probability that a pose is present (0..1, no further activation)",
    "heatmap": "one logit map per landmark, 64 x 64, channel last",
    "world": "39 x (x, y, z) in metres from the hip centre",
    "mask": "person logits",
    "regressors": "per anchor: box centre x, y, width, height, then points x, y (4 of a body, 6 of a face), all in input pixels relative to the anchor",
    "scores": "per anchor: logit",
    "points": "468 x (x, y, z in crop pixels 0..192) of a face",
    "face": "logit that a face is present",
    "mask_feature": "internal tensor for the matching mask graph",
}

CHANGES = {"detector": "; sparse weights stored dense", "face-far": "; sparse weights stored dense", "face-near": "", "face-mesh": ""}


def read_original(key, npm, wheel):
    source = SOURCES[key]
    if source["package"].startswith("npm:"):
        with tarfile.open(npm) as archive:
            data = archive.extractfile(source["file"]).read()
    else:
        with zipfile.ZipFile(wheel) as archive:
            data = archive.read(source["file"])
    found = hashlib.sha256(data).hexdigest()
    if found != source["sha256"]:
        raise SystemExit(f"{source['file']}: sha256 {found}, expected {source['sha256']}")
    return data


def output_of(net, shape):
    """The output with this shape: the order in the files is not relied upon."""
    found = [t for t in net.outputs if tuple(net.shape(t)) == shape]
    if len(found) != 1:
        raise SystemExit(f"no single output of shape {shape}")
    return found[0]


class Writer:
    def __init__(self, out, fuse):
        self.out, self.fuse, self.entries = pathlib.Path(out), fuse, []

    def graph(self, key, data, net, ops, inputs, outputs, name, role, file, value_range, family="blazepose"):
        origin = dict(SOURCES[key], blake3=blake3(data).hexdigest())
        model = build(net, ops, inputs, outputs, name, fuse=self.fuse)
        notes = {"licence": LICENCE, "copyright": "The MediaPipe Authors (Google)",
                 "origin": f"{origin['package']} {origin['version']} {origin['file']}",
                 "changes": "converted from TFLite to ONNX" + CHANGES.get(key, "; mask head split off")}
        for k, v in notes.items():
            prop = model.metadata_props.add()
            prop.key, prop.value = k, v
        if not self.fuse:
            onnx.checker.check_model(model)
        blob = model.SerializeToString(deterministic=True)
        (self.out / file).write_bytes(blob)

        def describe(item):
            tensor_name, t, layout = item
            return {"name": tensor_name, "shape": nchw(net.shape(t)) if layout == "nchw" else net.shape(t)}

        ins = [dict(describe(i), layout=i[2].upper(), range=value_range) for i in inputs]
        entry = {"name": name, "family": family, "role": role, "file": file, "bytes": len(blob),
                 "blake3": blake3(blob).hexdigest()}
        entry.update({"input": ins[0]} if role != "mask" else {"inputs": ins})
        entry["outputs"] = [dict(describe(o), meaning=MEANING[o[0].rstrip("_0123456789")]) for o in outputs]
        entry.update(licence=LICENCE, origin=origin)
        self.entries.append(entry)
        print(f"{file}: {len(blob)} bytes, {len(model.graph.node)} nodes")


def main():
    args = argparse.ArgumentParser()
    args.add_argument("--npm", required=True)
    args.add_argument("--wheel", required=True)
    args.add_argument("--out", required=True)
    args.add_argument("--standard-ops", action="store_true",
                      help="Conv + Clip instead of ONNX Runtime's FusedConv (loads a little slower, runs the same)")
    args = args.parse_args()
    writer = Writer(args.out, not args.standard_ops)

    data = read_original("detector", args.npm, args.wheel)
    net = TfLite(data)
    regressors, scores = output_of(net, (1, 2254, 12)), output_of(net, (1, 2254, 1))
    writer.graph("detector", data, net, net.needed([regressors, scores]), [("input", net.inputs[0], "nhwc")],
                 [("regressors", regressors, ""), ("scores", scores, "")],
                 "blazepose-detector", "detector", "pose_detector.onnx", [-1, 1])

    # Two face detectors: one of a few large faces, one of many small ones.
    for key, count in (("near", 896), ("far", 2304)):
        data = read_original(f"face-{key}", args.npm, args.wheel)
        net = TfLite(data)
        regressors, scores = output_of(net, (1, count, 16)), output_of(net, (1, count, 1))
        writer.graph(f"face-{key}", data, net, net.needed([regressors, scores]), [("input", net.inputs[0], "nhwc")],
                     [("regressors", regressors, ""), ("scores", scores, "")],
                     f"blazeface-{key}", "detector", f"face_detector_{key}.onnx", [-1, 1], "blazeface")

    data = read_original("face-mesh", args.npm, args.wheel)
    net = TfLite(data)
    points, face = output_of(net, (1, 1, 1, 1404)), output_of(net, (1, 1, 1, 1))
    writer.graph("face-mesh", data, net, net.needed([points, face]), [("input", net.inputs[0], "nhwc")],
                 [("points", points, "nhwc"), ("face", face, "nhwc")],
                 "face-mesh", "face", "face_mesh.onnx", [0, 1], "facemesh")

    for size in ("lite", "full", "heavy"):
        data = read_original(size, args.npm, args.wheel)
        net = TfLite(data)
        landmarks, flag, heatmap, world, mask = (
            output_of(net, s) for s in ((1, 195), (1, 1), (1, 64, 64, 39), (1, 117), (1, 256, 256, 1)))
        # The mask head is whatever only the mask needs; the cut is where it reads from the rest.
        body = net.needed([landmarks, flag, heatmap, world])
        head = net.needed([mask]) - body
        made = {o for i in head for o in net.ops[i][2]}
        cut = []
        for i in sorted(head):
            cut += [t for t in net.ops[i][1] if t not in made and t not in net.constants and t not in cut]
        features = [(f"mask_feature_{i}", t, "nchw") for i, t in enumerate(cut)]
        writer.graph(size, data, net, body, [("input", net.inputs[0], "nhwc")],
                     [("landmarks", landmarks, ""), ("flag", flag, ""), ("heatmap", heatmap, "nhwc"), ("world", world, "")]
                     + features, f"blazepose-{size}", "landmarks", f"pose_landmark_{size}.onnx", [0, 1])
        writer.graph(size, data, net, head, features, [("mask", mask, "nhwc")],
                     f"blazepose-{size}-mask", "mask", f"pose_mask_{size}.onnx", None)

    text = json.dumps(writer.entries, indent=1)
    (writer.out / "models.json").write_text(text + "\n")


if __name__ == "__main__":
    main()

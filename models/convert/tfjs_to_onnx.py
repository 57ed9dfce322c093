"""Direct TensorFlow.js graph model -> ONNX conversion for the MoveNet graphs.

Only the operators these graphs use are known; anything else is an error.

* whatever does not depend on the picture is worked out here and stored as a constant;
* convolutions are NCHW, everything else stays as in the original (NHWC): transposes stand only where the two meet;
* the weights stay float16 in the file (one Cast each), bit for bit as in the original.
"""

import base64
import json

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

OPSET = 13
TO_NCHW, TO_NHWC = (0, 3, 1, 2), (0, 2, 3, 1)
TYPES = {"DT_INT32": (np.int32, TensorProto.INT32), "DT_FLOAT": (np.float32, TensorProto.FLOAT),
         "DT_BOOL": (np.bool_, TensorProto.BOOL)}


class TfJs:
    """Nodes in order, attributes decoded, weights by name (float16 as stored)."""

    def __init__(self, graph, weights):
        described = json.loads(graph)
        (manifest,) = described["weightsManifest"]
        self.weights, at = {}, 0
        for w in manifest["weights"]:
            dtype = w.get("quantization", {}).get("dtype", w["dtype"])
            count = int(np.prod(w["shape"], dtype=np.int64))
            array = np.frombuffer(weights, np.dtype(dtype), count, at)
            at += array.nbytes
            self.weights[w["name"]] = array.reshape(w["shape"])
        assert at == len(weights), "the weights' file is longer than the manifest says"
        self.nodes = {n["name"]: n for n in described["modelTopology"]["node"]}
        for node in self.nodes.values():  # "^name" only orders what is run
            node["input"] = [source for source in node.get("input", []) if not source.startswith("^")]
        (self.input,) = [n["name"] for n in self.nodes.values() if n["op"] == "Placeholder"]
        (self.output,) = [n["name"] for n in self.nodes.values() if n["op"] == "Identity"]
        (given,) = described["signature"]["inputs"].values()
        self.shape = [int(d["size"]) for d in given["tensorShape"]["dim"]]

    def attr(self, node, key):
        value = node["attr"][key]
        if "list" in value:
            items = value["list"]
            return [base64.b64decode(s).decode() for s in items["s"]] if "s" in items else [int(i) for i in items.get("i", [])]
        if "s" in value:
            return base64.b64decode(value["s"]).decode()
        return int(value["i"]) if "i" in value else value.get("b", value.get("type"))

    def order(self):
        done, out = set(), []

        def visit(name):
            if name in done:
                return
            done.add(name)
            for source in self.nodes[name]["input"]:
                visit(source.split(":")[0])
            out.append(self.nodes[name])

        visit(self.output)
        return out


def same_padding(size, kernel, stride):
    total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
    return total // 2, total - total // 2


class Builder:
    """Each tensor is known by its original name, in the original's layout; `nchw` holds those that also exist turned."""

    def __init__(self, net):
        self.net, self.nodes, self.inits, self.known = net, [], [], set()
        self.constants, self.shapes, self.nchw, self.nhwc, self.types = {}, {}, {}, {}, {}
        self.count = 0

    def fresh(self):
        self.count += 1
        return f"t{self.count}"

    def add(self, op, ins, outs=None, **attrs):
        outs = outs or [self.fresh()]
        self.nodes.append(helper.make_node(op, ins, outs, **attrs))
        return outs[0]

    def stored(self, name, array):
        if name not in self.known:
            self.known.add(name)
            self.inits.append(numpy_helper.from_array(np.array(array, order="C"), name))
        return name

    def weight(self, name, perm=None):
        array = self.net.weights[name]
        assert array.dtype == np.float16
        turned = array if perm is None else array.transpose(perm)
        if array.ndim == 1:  # biases: the same values as float32, which saves a node each
            return self.stored("b:" + name, turned.astype(np.float32))
        out = "w:" + name
        if out not in self.known:
            self.known.add(out)
            self.add("Cast", [self.stored("h:" + name, turned)], [out], to=TensorProto.FLOAT)
        return out

    # -- tensors ---------------------------------------------------------------------------------------------------
    def value(self, name):
        """The tensor in the original's layout."""
        if name in self.constants:
            return self.stored("c:" + name, self.constants[name])
        if name not in self.nhwc:
            self.nhwc[name] = self.add("Transpose", [self.nchw[name]], perm=TO_NHWC)
        return self.nhwc[name]

    def turned(self, name):
        """The tensor as NCHW."""
        if name not in self.nchw:
            if name in self.constants:
                array = self.constants[name]
                self.nchw[name] = self.stored("n:" + name, array.transpose(TO_NCHW) if array.ndim == 4 else array)
            else:
                self.nchw[name] = self.add("Transpose", [self.nhwc[name]], perm=TO_NCHW)
        return self.nchw[name]

    # -- operators -------------------------------------------------------------------------------------------------
    def convolution(self, node, ins):
        net, depthwise = self.net, "Depthwise" in node["op"]
        fused = net.attr(node, "fused_ops") if "fused_ops" in node["attr"] else []
        kernel = net.weights[ins[1]].shape
        stride = net.attr(node, "strides")[1:3]
        assert set(net.attr(node, "dilations")) == {1} and net.attr(node, "data_format") == "NHWC"
        _, height, width, _ = self.shapes[ins[0]]
        pads = [0, 0, 0, 0]
        if net.attr(node, "padding") == "SAME":
            (t, b), (l, r) = same_padding(height, kernel[0], stride[0]), same_padding(width, kernel[1], stride[1])
            pads = [t, l, b, r]
        assert not depthwise or kernel[3] == 1
        perm, group = ((2, 3, 0, 1), kernel[2]) if depthwise else ((3, 2, 0, 1), 1)
        inputs = [self.turned(ins[0]), self.weight(ins[1], perm)]
        if fused:
            assert fused[0] == "BiasAdd"
            inputs.append(self.weight(ins[2]))
        out = self.add("Conv", inputs, kernel_shape=list(kernel[:2]), strides=stride, pads=pads, group=group)
        for act in fused[1:]:
            out = self.activate(act, out)
        channels = kernel[2] if depthwise else kernel[3]
        size = [(height + pads[0] + pads[2] - kernel[0]) // stride[0] + 1,
                (width + pads[1] + pads[3] - kernel[1]) // stride[1] + 1]
        self.give_turned(node["name"], out, [1, *size, channels])

    def activate(self, act, value):
        if act == "Relu":
            return self.add("Relu", [value])
        assert act == "Relu6", act
        low, high = self.stored("zero", np.float32(0)), self.stored("six", np.float32(6))
        return self.add("Clip", [value, low, high])

    def give_turned(self, name, out, shape):
        self.nchw[name], self.shapes[name], self.types[name] = out, tuple(shape), TensorProto.FLOAT

    def give(self, name, out, shape, kind=None):
        self.nhwc[name], self.shapes[name] = out, tuple(int(d) for d in shape)
        self.types[name] = TensorProto.FLOAT if kind is None else kind

    def operator(self, node):
        net, op, name = self.net, node["op"], node["name"]
        ins = [i[:-2] if i.endswith(":0") else i for i in node["input"]]
        if op == "Const":
            array = net.weights[name]
            self.shapes[name] = array.shape
            self.constants[name] = array.astype(np.float32) if array.dtype == np.float16 else array
            return
        if op == "Placeholder":
            self.give(name, "input", net.shape, TensorProto.INT32)
            return
        if op == "Shape":
            self.constants[name] = np.int32(self.shapes[ins[0]])
        elif op == "Size":
            self.constants[name] = np.int32(np.prod(self.shapes[ins[0]]))
        elif all(i in self.constants for i in ins):
            self.fold(node, op, name, ins)
        if name in self.constants:
            self.shapes[name] = np.shape(self.constants[name])
            return
        if f"{name}:parts" in self.constants:
            return
        if "Conv2" in op or "Conv2d" in op:
            self.convolution(node, ins)
        elif op == "ResizeBilinear":
            assert net.attr(node, "half_pixel_centers") and not net.attr(node, "align_corners")
            size, (_, h, w, c) = self.constants[ins[1]], self.shapes[ins[0]]
            scale = self.stored(f"scale_{size[0] / h:g}_{size[1] / w:g}", np.float32([1, 1, size[0] / h, size[1] / w]))
            out = self.add("Resize", [self.turned(ins[0]), "", scale], mode="linear", coordinate_transformation_mode="half_pixel")
            self.give_turned(name, out, [1, *size, c])
        elif op == "MaxPool":
            kernel, stride = net.attr(node, "ksize")[1:3], net.attr(node, "strides")[1:3]
            _, h, w, c = self.shapes[ins[0]]
            assert net.attr(node, "padding") == "SAME" and stride == [1, 1]
            (t, b), (l, r) = same_padding(h, kernel[0], 1), same_padding(w, kernel[1], 1)
            out = self.add("MaxPool", [self.turned(ins[0])], kernel_shape=kernel, strides=stride, pads=[t, l, b, r])
            self.give_turned(name, out, [1, h, w, c])
        elif op == "AddV2" and all(i in self.nchw for i in ins):
            self.give_turned(name, self.add("Add", [self.turned(i) for i in ins]), self.shapes[ins[0]])
        else:
            self.plain(node, op, name, ins)

    ARITHMETIC = {"AddV2": ("Add", np.add), "Sub": ("Sub", np.subtract), "Mul": ("Mul", np.multiply),
                  "RealDiv": ("Div", np.divide), "FloorDiv": ("Div", np.floor_divide), "Minimum": ("Min", np.minimum),
                  "Maximum": ("Max", np.maximum), "Less": ("Less", np.less), "Greater": ("Greater", np.greater),
                  "GreaterEqual": ("GreaterOrEqual", np.greater_equal), "Equal": ("Equal", np.equal),
                  "LogicalAnd": ("And", np.logical_and)}
    SINGLE = {"Sigmoid": "Sigmoid", "Sqrt": "Sqrt", "Abs": "Abs", "Exp": "Exp", "Reciprocal": "Reciprocal"}

    def fold(self, node, op, name, ins):
        """What does not depend on the picture."""
        args, attr = [self.constants[i] for i in ins], lambda key: self.net.attr(node, key)
        if op in self.ARITHMETIC:
            out = self.ARITHMETIC[op][1](*args)
        elif op == "Cast":
            out = args[0].astype(TYPES[attr("DstT")][0])
        elif op == "Pack":
            out = np.stack(args, attr("axis"))
        elif op == "Reshape":
            out = args[0].reshape(args[1])
        elif op == "Range":
            out = np.arange(*args, dtype=np.int32)
        elif op == "Tile":
            out = np.tile(args[0], args[1])
        elif op == "Fill":
            out = np.full(args[0], args[1])
        elif op == "ExpandDims":
            out = np.expand_dims(args[0], int(args[1]))
        elif op == "ConcatV2":
            out = np.concatenate(args[:-1], int(args[-1]))
        elif op == "StridedSlice":
            out = args[0][self.slices(node, args)]
        elif op == "Unpack":
            parts = np.moveaxis(args[0], attr("axis"), 0)
            for i, part in enumerate(parts):
                key = name if i == 0 else f"{name}:{i}"
                self.constants[key], self.shapes[key] = np.ascontiguousarray(part), part.shape
            self.constants[f"{name}:parts"] = np.int32(len(parts))
            return
        else:
            return
        dtype = args[0].dtype if op not in ("Cast", "Fill") else out.dtype
        if out.dtype == np.bool_:
            dtype = np.bool_
        self.constants[name] = np.asarray(out, args[1].dtype if op == "Fill" else dtype)

    def slices(self, node, args):
        begin, end, step = (np.atleast_1d(a) for a in args[1:4])
        mask = {k: self.net.attr(node, k + "_mask") for k in ("begin", "end", "ellipsis", "new_axis", "shrink_axis")}
        assert mask["ellipsis"] == 0
        out = []
        for i in range(len(begin)):
            if mask["new_axis"] >> i & 1:
                out.append(np.newaxis)
            elif mask["shrink_axis"] >> i & 1:
                out.append(int(begin[i]))
            else:
                first = None if mask["begin"] >> i & 1 else int(begin[i])
                last = None if mask["end"] >> i & 1 else int(end[i])
                out.append(slice(first, last, int(step[i])))
        return tuple(out)

    def index(self, value, kind=np.int64):
        array = np.asarray(value, kind)
        return self.stored(f"i_{array.dtype}_{'x'.join(map(str, array.shape))}_" + "_".join(f"{v}" for v in array.ravel()), array)

    def reshaped(self, source, shape):
        return self.add("Reshape", [source, self.index(shape)])

    def plain(self, node, op, name, ins):
        net, attr = self.net, lambda key: self.net.attr(node, key)
        shape = [self.shapes[i] for i in ins]
        kind = lambda i: self.types.get(ins[i]) or helper.np_dtype_to_tensor_dtype(self.constants[ins[i]].dtype)
        if op in self.ARITHMETIC:
            onnx_op = self.ARITHMETIC[op][0]
            out = self.add(onnx_op, [self.value(i) for i in ins])
            logical = onnx_op in ("Less", "Greater", "GreaterOrEqual", "Equal", "And")
            # Division of whole numbers here is of none below 0, where floor and truncation are the same.
            assert op != "FloorDiv" or kind(0) == TensorProto.INT32
            self.give(name, out, np.broadcast_shapes(*shape), TensorProto.BOOL if logical else kind(0))
        elif op in self.SINGLE:
            self.give(name, self.add(self.SINGLE[op], [self.value(ins[0])]), shape[0])
        elif op == "Identity":
            self.give(name, self.value(ins[0]), shape[0])
        elif op == "Cast":
            to = TYPES[attr("DstT")][1]
            self.give(name, self.add("Cast", [self.value(ins[0])], to=to), shape[0], to)
        elif op == "SquaredDifference":
            off = self.add("Sub", [self.value(i) for i in ins])
            self.give(name, self.add("Mul", [off, off]), np.broadcast_shapes(*shape))
        elif op == "AddN":
            self.give(name, self.add("Sum", [self.value(i) for i in ins]), shape[0])
        elif op == "Select":
            self.give(name, self.add("Where", [self.value(i) for i in ins]), np.broadcast_shapes(*shape), kind(1))
        elif op in ("Reshape", "ExpandDims", "Squeeze"):
            if op == "Reshape":
                to = list(np.empty(shape[0], np.int8).reshape(self.constants[ins[1]]).shape)
            elif op == "ExpandDims":
                to = list(np.expand_dims(np.empty(shape[0], np.int8), int(self.constants[ins[1]])).shape)
            else:
                to = list(np.squeeze(np.empty(shape[0], np.int8), tuple(attr("squeeze_dims"))).shape)
            self.give(name, self.reshaped(self.value(ins[0]), to), to, kind(0))
        elif op == "StridedSlice":
            args = [self.constants[i] for i in ins[1:]]
            cut = self.slices(node, [None, *args])
            to = list(np.empty(shape[0], np.int8)[cut].shape)
            axes, dim = [], 0
            for part in cut:
                if part is np.newaxis:
                    continue
                if isinstance(part, int):
                    axes.append((dim, part, part + 1, 1))
                elif part != slice(None, None, 1):
                    axes.append((dim, part.start or 0, part.stop if part.stop is not None else shape[0][dim], part.step))
                dim += 1
            out = self.value(ins[0])
            if axes:
                a, b, c, d = zip(*axes)
                out = self.add("Slice", [out, self.index(b), self.index(c), self.index(a), self.index(d)])
            self.give(name, self.reshaped(out, to), to, kind(0))
        elif op == "Pack":
            axis, to = attr("axis"), list(shape[0])
            to.insert(axis if axis >= 0 else len(to) + 1 + axis, 1)
            parts = [self.reshaped(self.value(i), to) for i in ins]
            to[axis] = len(ins)
            self.give(name, self.add("Concat", parts, axis=axis), to, kind(0))
        elif op == "ConcatV2":
            axis = int(self.constants[ins[-1]])
            to = list(shape[0])
            to[axis] = sum(s[axis] for s in shape[:-1])
            self.give(name, self.add("Concat", [self.value(i) for i in ins[:-1]], axis=axis), to, kind(0))
        elif op == "Unpack":
            axis, n = attr("axis"), attr("num")
            to = [d for i, d in enumerate(shape[0]) if i != axis]
            for i in range(n):
                part = self.add("Gather", [self.value(ins[0]), self.index(i)], axis=axis)
                self.give(name if i == 0 else f"{name}:{i}", part, to, kind(0))
        elif op == "Split":
            axis, n = int(self.constants[ins[0]]), attr("num_split")
            to = list(shape[1])
            to[axis] //= n
            outs = [self.fresh() for _ in range(n)]
            self.add("Split", [self.value(ins[1])], outs, axis=axis)
            for i, out in enumerate(outs):
                self.give(name if i == 0 else f"{name}:{i}", out, to, kind(1))
        elif op == "ArgMax":
            axis = int(self.constants[ins[1]])
            out = self.add("ArgMax", [self.value(ins[0])], axis=axis, keepdims=0)
            out = self.add("Cast", [out], to=TensorProto.INT32)
            self.give(name, out, [d for i, d in enumerate(shape[0]) if i != axis % len(shape[0])], TensorProto.INT32)
        elif op in ("Max", "Sum"):
            axes = [int(a) % len(shape[0]) for a in np.atleast_1d(self.constants[ins[1]])]
            rest = [d for i, d in enumerate(shape[0]) if i not in axes]
            if op == "Max":
                out = self.add("ReduceMax", [self.value(ins[0])], axes=axes, keepdims=0)
            else:
                out = self.add("ReduceSum", [self.value(ins[0]), self.index(axes)], keepdims=0)
            self.give(name, out, rest, kind(0))
        elif op == "TopKV2":
            k = int(self.constants[ins[1]])
            values, places = self.fresh(), self.fresh()
            self.add("TopK", [self.value(ins[0]), self.index([k])], [values, places], axis=-1)
            to = [*shape[0][:-1], k]
            self.give(name, values, to, kind(0))
            self.give(f"{name}:1", self.add("Cast", [places], to=TensorProto.INT32), to, TensorProto.INT32)
        elif op == "GatherNd":
            places = self.add("Cast", [self.value(ins[1])], to=TensorProto.INT64)
            out = self.add("GatherND", [self.value(ins[0]), places])
            self.give(name, out, [*shape[1][:-1], *shape[0][shape[1][-1]:]], kind(0))
        elif op == "Tile":
            by = self.constants[ins[1]]
            out = self.add("Tile", [self.value(ins[0]), self.index(by)])
            self.give(name, out, [d * int(b) for d, b in zip(shape[0], by)], kind(0))
        else:
            raise SystemExit(f"operator {op} ({name}) is not known")


def build(net, title, doc=""):
    """The ONNX model: one input `input` as in the original (int32, NHWC), one output `keypoints`."""
    b = Builder(net)
    for node in net.order():
        b.operator(node)
    b.add("Identity", [b.value(net.output)], ["keypoints"])
    graph_in = helper.make_tensor_value_info("input", TensorProto.INT32, net.shape)
    graph_out = helper.make_tensor_value_info("keypoints", TensorProto.FLOAT, b.shapes[net.output])
    graph = helper.make_graph(b.nodes, title, [graph_in], [graph_out], b.inits)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="orthostat models/convert",
                              doc_string=doc)
    model.ir_version = 8
    return model

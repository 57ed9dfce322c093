"""Direct TFLite -> ONNX conversion for the BlazePose, BlazeFace and Face Mesh graphs.

Only the operators these graphs use are known; anything else is an error. Compared with a general converter:

* activations are NCHW throughout (one Transpose at the input, one at the heatmap);
* PAD is folded into the convolutions that read it, and RELU6 into the convolution before it (FusedConv);
* a 1x1 convolution after a bilinear enlargement is done before it (the two commute);
* the weights stay float16 in the file (one Cast each), bit for bit as in the original; biases are float32;
* sparse weights (TFLite DENSIFY) are expanded to dense, exactly.
"""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
import tflite
from tflite.utils import BUILTIN_OPCODE2NAME

OPSET = 13
NUMPY_TYPE = {
    tflite.TensorType.FLOAT32: np.float32,
    tflite.TensorType.FLOAT16: np.float16,
    tflite.TensorType.INT32: np.int32,
}
DENSE, SPARSE_CSR = 0, 1


def _vector(table):
    """Array held by a SparseIndexVector union member (int32, uint16 or uint8)."""
    kind, value = table
    cls = {1: tflite.Int32Vector, 2: tflite.Uint16Vector, 3: tflite.Uint8Vector}[kind]
    vec = cls()
    vec.Init(value.Bytes, value.Pos)
    return vec.ValuesAsNumpy().astype(np.int64)


def expand_sparse(tensor, raw):
    """Dense array of a sparse constant (`raw`: its stored non-zero values)."""
    sparsity = tensor.Sparsity()
    shape = list(tensor.ShapeAsNumpy())
    order = list(sparsity.TraversalOrderAsNumpy())
    block_map = [] if sparsity.BlockMapIsNone() else list(sparsity.BlockMapAsNumpy())
    rank = len(shape)
    block = [0] * len(block_map)
    levels = []
    for level, dim in enumerate(order):
        meta = sparsity.DimMetadata(level)
        if meta.Format() == DENSE:
            levels.append((DENSE, meta.DenseSize()))
            if dim >= rank:
                block[dim - rank] = meta.DenseSize()
        else:
            assert meta.Format() == SPARSE_CSR and dim < rank
            segments = _vector((meta.ArraySegmentsType(), meta.ArraySegments()))
            indices = _vector((meta.ArrayIndicesType(), meta.ArrayIndices()))
            levels.append((SPARSE_CSR, segments, indices))
    # Walk all levels at once: `position` is the slot in each level, `index` the coordinates so far.
    position = np.zeros(1, np.int64)
    index = np.zeros((1, len(order)), np.int64)
    for level, dim in enumerate(order):
        if levels[level][0] == DENSE:
            size = levels[level][1]
            step = np.tile(np.arange(size), len(position))
            index = np.repeat(index, size, axis=0)
            position = np.repeat(position, size) * size + step
            index[:, dim] = step
        else:
            _, segments, indices = levels[level]
            first, last = segments[position], segments[position + 1]
            count = last - first
            index = np.repeat(index, count, axis=0)
            position = np.concatenate([np.arange(a, b) for a, b in zip(first, last)])
            index[:, dim] = indices[position]
    assert len(position) == len(raw) and (position == np.arange(len(raw))).all()
    full = index[:, :rank].copy()
    for b, dim in enumerate(block_map):
        full[:, dim] = full[:, dim] * block[b] + index[:, rank + b]
    dense = np.zeros(shape, raw.dtype)
    dense[tuple(full.T)] = raw
    assert np.count_nonzero(dense) == np.count_nonzero(raw)
    return dense


class TfLite:
    """What we need of one TFLite file: operators, constants, shapes."""

    def __init__(self, data):
        self.model = tflite.Model.GetRootAsModel(data, 0)
        assert self.model.SubgraphsLength() == 1
        self.graph = self.model.Subgraphs(0)
        self.inputs = list(self.graph.InputsAsNumpy())
        self.outputs = list(self.graph.OutputsAsNumpy())
        self.constants = {}
        self.sparse_count = 0
        for t in range(self.graph.TensorsLength()):
            tensor = self.graph.Tensors(t)
            buf = self.model.Buffers(tensor.Buffer())
            if buf.DataLength():
                raw = buf.DataAsNumpy().view(NUMPY_TYPE[tensor.Type()])
                if tensor.Sparsity() is not None:
                    self.sparse_count += 1
                    self.constants[t] = expand_sparse(tensor, raw)
                else:
                    self.constants[t] = raw.reshape(self.shape(t))
        self.ops = []
        for i in range(self.graph.OperatorsLength()):
            op = self.graph.Operators(i)
            code = self.model.OperatorCodes(op.OpcodeIndex())
            name = BUILTIN_OPCODE2NAME[max(code.BuiltinCode(), code.DeprecatedBuiltinCode())]
            ins = [int(t) for t in op.InputsAsNumpy() if t >= 0]
            outs = [int(t) for t in op.OutputsAsNumpy()]
            if name in ("DENSIFY", "DEQUANTIZE") and ins[0] in self.constants:
                # float16 stays float16 here: the ONNX graph casts it.
                self.constants[outs[0]] = self.constants[ins[0]]
            else:
                self.ops.append((name, ins, outs, op.BuiltinOptions()))

    def shape(self, t):
        tensor = self.graph.Tensors(t)
        return [] if tensor.ShapeIsNone() else [int(d) for d in tensor.ShapeAsNumpy()]

    def needed(self, targets, stop=()):
        """Indices of the operators that `targets` depend on."""
        todo, seen, used = set(targets), set(), set()
        by_output = {o: i for i, (_, _, outs, _) in enumerate(self.ops) for o in outs}
        while todo:
            t = todo.pop()
            if t in seen or t in stop or t not in by_output:
                continue
            seen.add(t)
            used.add(by_output[t])
            todo.update(self.ops[by_output[t]][1])
        return used


def options(table, cls):
    out = cls()
    out.Init(table.Bytes, table.Pos)
    return out


def same_padding(size, kernel, stride):
    total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
    return total // 2, total - total // 2


class Builder:
    def __init__(self, net, fuse=True):
        self.net, self.fuse = net, fuse
        self.nodes, self.inits, self.known, self.pads = [], [], set(), {}
        self.rename, self.small = {}, {}

    def name(self, t):
        return self.rename.get(t, f"t{t}")

    def add(self, op, ins, outs, **attrs):
        self.nodes.append(helper.make_node(op, ins, outs, **attrs))

    def constant(self, name, array):
        if name not in self.known:
            self.known.add(name)
            self.inits.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def weight(self, name, array, single=False):
        """float16 in the file, float32 for the graph."""
        if array.dtype == np.float32:
            return self.constant(name, array)
        assert array.dtype == np.float16
        if single:  # small: biases are kept as float32 (same values), which saves a node each
            return self.constant(name, array.astype(np.float32))
        if name not in self.known:
            self.constant(name + "h", array)
            self.known.add(name)
            self.add("Cast", [name + "h"], [name], to=TensorProto.FLOAT)
        return name

    def activate(self, kind, node_out):
        """Name the operator must write to, after which finish() adds the activation."""
        return node_out if kind == tflite.ActivationFunctionType.NONE else node_out + "_a"

    def finish(self, kind, node_out):
        act = tflite.ActivationFunctionType
        if kind == act.RELU:
            self.add("Relu", [node_out + "_a"], [node_out])
        elif kind == act.RELU6:
            low, high = self.constant("zero", np.float32(0)), self.constant("six", np.float32(6))
            self.add("Clip", [node_out + "_a", low, high], [node_out])
        else:
            assert kind == act.NONE, kind

    def convolution(self, name, ins, outs, opt):
        depthwise = name == "DEPTHWISE_CONV_2D"
        opt = options(opt, tflite.DepthwiseConv2DOptions if depthwise else tflite.Conv2DOptions)
        assert opt.DilationHFactor() == 1 and opt.DilationWFactor() == 1
        w = self.net.constants[ins[1]]
        if depthwise:
            assert w.shape[0] == 1 and opt.DepthMultiplier() in (0, 1)
            w, group = w.transpose(3, 0, 1, 2), w.shape[3]
        else:
            w, group = w.transpose(0, 3, 1, 2), 1
        kernel, stride = list(w.shape[2:]), [opt.StrideH(), opt.StrideW()]
        source, pads = ins[0], [0, 0, 0, 0]
        kind, out = opt.FusedActivationFunction(), self.name(outs[0])
        weights = [self.weight(f"w{ins[1]}", w)]
        if len(ins) > 2:
            weights.append(self.weight(f"b{ins[2]}", self.net.constants[ins[2]], single=True))
        attrs = dict(kernel_shape=kernel, strides=stride, group=group, dilations=[1, 1])
        if source in self.small:
            # A 1x1 convolution and a bilinear enlargement commute: convolve first, on a quarter of the cells.
            assert kernel == stride == [1, 1] and group == 1
            source, scale, how = self.small[source]
            self.add("Conv", [self.name(source)] + weights, [out + "_s"], pads=pads, **attrs)
            self.add("Resize", [out + "_s", "", scale], [self.activate(kind, out)], **how)
            self.finish(kind, out)
            return
        if opt.Padding() == tflite.Padding.SAME:
            h, wd = self.net.shape(ins[0])[1:3]
            (t, b), (l, r) = same_padding(h, kernel[0], stride[0]), same_padding(wd, kernel[1], stride[1])
            pads = [t, l, b, r]
        elif source in self.pads:
            source, pads = self.pads[source]
        inputs, act = [self.name(source)] + weights, tflite.ActivationFunctionType
        attrs["pads"] = pads
        if self.fuse and kind != act.NONE:
            extra = {act.RELU: dict(activation="Relu"), act.RELU6: dict(activation="Clip", activation_params=[0.0, 6.0])}
            self.add("FusedConv", inputs, [out], domain="com.microsoft", **attrs, **extra[kind])
        else:
            self.add("Conv", inputs, [self.activate(kind, out)], **attrs)
            self.finish(kind, out)

    def operator(self, name, ins, outs, opt):
        net, out = self.net, self.name(outs[0])
        if name in ("CONV_2D", "DEPTHWISE_CONV_2D"):
            self.convolution(name, ins, outs, opt)
        elif name == "PAD":
            p = net.constants[ins[1]]
            if p[3].any():  # channels added to a shortcut: an operator of its own
                begin, end = ([int(p[d][side]) for d in (0, 3, 1, 2)] for side in (0, 1))
                k = self.constant("pads_" + "_".join(map(str, begin + end)), np.int64(begin + end))
                self.add("Pad", [self.name(ins[0]), k], [out])
            else:  # folded into the convolutions that read it
                assert not p[0].any()
                self.pads[outs[0]] = (ins[0], [int(v) for v in (p[1][0], p[2][0], p[1][1], p[2][1])])
        elif name == "ADD":
            kind = options(opt, tflite.AddOptions).FusedActivationFunction()
            self.add("Add", [self.name(t) for t in ins], [self.activate(kind, out)])
            self.finish(kind, out)
        elif name == "RESIZE_BILINEAR":
            o = options(opt, tflite.ResizeBilinearOptions)
            assert not o.AlignCorners()
            a, b = net.shape(ins[0]), net.shape(outs[0])
            scale = np.float32([1, 1, b[1] / a[1], b[2] / a[2]])
            mode = "half_pixel" if o.HalfPixelCenters() else "asymmetric"
            k = self.constant("scale_" + "_".join(f"{v:g}" for v in scale[2:]), scale)
            how = dict(mode="linear", coordinate_transformation_mode=mode)
            readers = [op for op in net.ops if outs[0] in op[1]]
            if [op[0] for op in readers] == ["CONV_2D"] and outs[0] not in net.outputs \
                    and net.constants[readers[0][1][1]].shape[1:3] == (1, 1):
                self.small[outs[0]] = (ins[0], k, how)  # see convolution()
            else:
                self.add("Resize", [self.name(ins[0]), "", k], [out], **how)
        elif name == "DEPTH_TO_SPACE":
            size = options(opt, tflite.DepthToSpaceOptions).BlockSize()
            self.add("DepthToSpace", [self.name(ins[0])], [out], blocksize=size, mode="DCR")
        elif name == "MAX_POOL_2D":
            o = options(opt, tflite.Pool2DOptions)
            assert o.FusedActivationFunction() == 0
            kernel, stride = [o.FilterHeight(), o.FilterWidth()], [o.StrideH(), o.StrideW()]
            pads = [0, 0, 0, 0]
            if o.Padding() == tflite.Padding.SAME:
                h, w = net.shape(ins[0])[1:3]
                (t, b), (l, r) = same_padding(h, kernel[0], stride[0]), same_padding(w, kernel[1], stride[1])
                pads = [t, l, b, r]
            self.add("MaxPool", [self.name(ins[0])], [out], kernel_shape=kernel, strides=stride, pads=pads)
        elif name == "RELU":
            self.add("Relu", [self.name(ins[0])], [out])
        elif name == "PRELU":  # one slope for each channel
            slopes = net.constants[ins[1]]
            assert slopes.shape[:-1] == (1,) * (slopes.ndim - 1)
            slopes = self.weight(f"b{ins[1]}", slopes.reshape(-1, 1, 1), single=True)
            self.add("PRelu", [self.name(ins[0]), slopes], [out])
        elif name == "LOGISTIC":
            self.add("Sigmoid", [self.name(ins[0])], [out])
        elif name == "RESHAPE":
            source = self.name(ins[0])
            if net.shape(ins[0])[1:3] != [1, 1]:
                self.add("Transpose", [source], [out + "_n"], perm=[0, 2, 3, 1])
                source = out + "_n"
            shape = net.shape(outs[0])
            self.add("Reshape", [source, self.constant("shape_" + "_".join(map(str, shape)), np.int64(shape))], [out])
        elif name == "CONCATENATION":
            o = options(opt, tflite.ConcatenationOptions)
            assert o.FusedActivationFunction() == 0 and all(len(net.shape(t)) == 3 for t in ins)
            self.add("Concat", [self.name(t) for t in ins], [out], axis=o.Axis())
        else:
            raise SystemExit(f"operator {name} is not known")


def nchw(shape):
    return [shape[0], shape[3], shape[1], shape[2]] if len(shape) == 4 else list(shape)


def build(net, ops, inputs, outputs, title, fuse=True, doc=""):
    """`inputs`/`outputs`: list of (name, tensor, layout) with layout 'nhwc' (as in TFLite) or 'nchw'."""
    b = Builder(net, fuse)
    graph_in, graph_out, late = [], [], []
    for name, t, layout in inputs:
        shape = net.shape(t)
        graph_in.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape if layout == "nhwc" else nchw(shape)))
        if layout == "nhwc":
            b.add("Transpose", [name], [f"t{t}"], perm=[0, 3, 1, 2])
        else:
            b.rename[t] = name
    for name, t, layout in outputs:
        shape = net.shape(t)
        graph_out.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, nchw(shape) if layout == "nchw" else shape))
        if layout == "nhwc" and len(shape) == 4:
            if shape[3] == 1:
                late.append(("Reshape", [f"t{t}", b.constant("shape_" + "_".join(map(str, shape)), np.int64(shape))], [name], {}))
            else:
                late.append(("Transpose", [f"t{t}"], [name], dict(perm=[0, 2, 3, 1])))
        else:
            b.rename[t] = name
    for i in sorted(ops):
        b.operator(*net.ops[i])
    for op, ins, outs, attrs in late:
        b.add(op, ins, outs, **attrs)
    graph = helper.make_graph(b.nodes, title, graph_in, graph_out, b.inits)
    opsets = [helper.make_opsetid("", OPSET)] + ([helper.make_opsetid("com.microsoft", 1)] if fuse else [])
    model = helper.make_model(graph, opset_imports=opsets, producer_name="orthostat models/convert", doc_string=doc)
    model.ir_version = 8
    return model

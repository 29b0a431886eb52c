"""Makes tests/data/network/small.onnx, a network of a few layers with every operator of the U²-Net family in the forms in
which exporters write them, and small.png, what onnxruntime gives for it. Shares no code with the program.

    pip install numpy==2.4.6 pillow==13.0.0 onnx==1.23.2 onnxruntime==1.32.0
    python tests/oracles/network_operators.py

Input and mask are those of network.py, for the photograph "cat". The weights are random numbers of a fixed seed.
"""

import pathlib

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

ROOT = pathlib.Path(__file__).parent.parent.parent
SIDE = 320
random = np.random.default_rng(7)
nodes, constants = [], []


def constant(name, values, kind=np.float32):
    constants.append(numpy_helper.from_array(np.asarray(values, kind), name))
    return name


def node(operator, inputs, output, **attributes):
    nodes.append(helper.make_node(operator, inputs, [output], name=f"{operator}_{len(nodes)}", **attributes))
    return output


def convolution(source, output, channels, outputs, kernel=3, dilation=1, stride=1, bias=True):
    scale = (channels * kernel * kernel) ** -0.5
    inputs = [source, constant(f"{output}.weight", random.normal(0, scale, (outputs, channels, kernel, kernel)))]
    if bias:
        inputs.append(constant(f"{output}.bias", random.normal(0, 0.1, outputs)))
    border = [dilation * (kernel // 2)] * 4
    return node("Conv", inputs, output, dilations=[dilation] * 2, kernel_shape=[kernel] * 2, pads=border, strides=[stride] * 2)


def normalised(source, output, channels):
    values = [random.uniform(0.5, 2, channels), random.normal(0, 0.1, channels), random.normal(0, 0.1, channels), random.uniform(0.5, 2, channels)]
    inputs = [constant(f"{output}.{at}", each) for at, each in enumerate(values)]
    return node("BatchNormalization", [source, *inputs], output, epsilon=1e-4)


def sizes_as(like, source, output):
    """The size for Resize, computed in the graph as PyTorch's exporter writes it: two sizes of `like`, two of `source`."""
    shape = node("Shape", [like], f"{output}.like")
    parts = []
    for axis in (2, 3):
        one = node("Gather", [shape, constant(f"{output}.{axis}", axis, np.int64)], f"{output}.gathered{axis}", axis=0)
        parts.append(node("Unsqueeze", [one], f"{output}.unsqueezed{axis}", axes=[0]))
    size = node("Cast", [node("Concat", parts, f"{output}.size", axis=0)], f"{output}.cast", to=TensorProto.INT64)
    own = node("Shape", [source], f"{output}.own")
    bounds = [constant(f"{output}.{name}", [value], np.int64) for name, value in (("start", 0), ("end", 2), ("axis", 0))]
    first = node("Slice", [own, *bounds], f"{output}.first")
    return node("Concat", [first, size], f"{output}.sizes", axis=0)


def resized(source, output, like=None, scale=None, mode="half_pixel"):
    empty = constant(f"{output}.empty", [])
    if like:
        inputs = [source, empty, empty, sizes_as(like, source, output)]
    else:
        inputs = [source, empty, constant(f"{output}.scales", [1, 1, scale, scale])]
    return node("Resize", inputs, output, mode="linear", coordinate_transformation_mode=mode)


# A first layer with batch normalisation; 6 channels do not fill whole vectors.
first = node("Relu", [normalised(convolution("input", "c1", 3, 6, bias=False), "b1", 6)], "first")
pooled = node("MaxPool", [first], "pooled", kernel_shape=[2, 2], strides=[2, 2], ceil_mode=1)
# A step of 3 and a window of 5: 54 samples a side.
odd = node("Relu", [convolution(pooled, "c2", 6, 8, kernel=5, stride=3)], "odd")
halved = node("MaxPool", [odd], "halved", kernel_shape=[2, 2], strides=[2, 2], ceil_mode=1)
dilated = node("Relu", [convolution(halved, "c3", 8, 8, dilation=2)], "dilated")
# Doubled on the way into the next convolution (27 becomes 54), beside a part of the same size.
doubled = resized(dilated, "doubled", like=odd, mode="pytorch_half_pixel")
joined = node("Concat", [doubled, odd], "joined", axis=1)
summed = node("Add", [node("Relu", [convolution(joined, "c4", 16, 8)], "r4"), odd], "summed")
# Enlarged by other factors and rules, and read by a convolution of three parts.
aligned = resized(summed, "aligned", like="input", mode="align_corners")
beside = resized(node("Identity", [pooled], "same"), "beside", scale=2.0)
shifted = resized(pooled, "shifted", scale=2.0, mode="asymmetric")
all_parts = node("Concat", [aligned, beside, shifted], "all", axis=1)
merged = convolution(all_parts, "c5", 20, 5)
one = convolution(merged, "c6", 5, 1)
two = node("Add", [one, convolution(first, "c7", 6, 1)], "two")
mask = node("Sigmoid", [convolution(node("Concat", [one, two], "sides", axis=1), "c8", 2, 1, kernel=1)], "mask")

shape = [1, 3, SIDE, SIDE]
graph = helper.make_graph(
    nodes,
    "small",
    [helper.make_tensor_value_info("input", TensorProto.FLOAT, shape)],
    [helper.make_tensor_value_info(mask, TensorProto.FLOAT, [1, 1, SIDE, SIDE])],
    constants,
)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 11)], ir_version=6)
onnx.checker.check_model(model, full_check=True)
onnx.save(model, ROOT / "tests/data/network/small.onnx")

picture = np.asarray(Image.open(ROOT / "tests/data/photos/cat.jpg").convert("RGB"))
height, width, _ = picture.shape
sampled = picture[np.arange(SIDE) * height // SIDE][:, np.arange(SIDE) * width // SIDE]
scaled = sampled.astype(np.float64) / sampled.max()
tensor = ((scaled - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]).transpose(2, 0, 1)[None].astype(np.float32)
session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
answer = session.run(None, {"input": tensor})[0]
assert answer.shape == (1, 1, SIDE, SIDE) and answer.max() - answer.min() > 0.2
Image.fromarray(np.floor(answer[0, 0].astype(np.float64) * 65535 + 0.5).astype(np.uint16)).save(ROOT / "tests/data/network/small.png", optimize=True)

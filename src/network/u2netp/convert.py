"""Makes u2netp.onnx of this folder from the file as it is distributed, with its weights in 16-bit floats.

    pip install numpy==2.4.6 onnx==1.23.2
    python src/network/u2netp/convert.py ORIGINAL.onnx

Weights are rounded to the nearest 16-bit float and followed by a Cast back to 32 bits, so that the file stays valid ONNX
for any runtime. Biases keep their 32 bits, and so do the three layers whose rounding shows most in masks for their size.
Only the first output, which is the fused mask, is kept, and of the nodes those that it needs. Nothing else is changed.
README.md says where the original comes from, and how much masks differ from its.
"""

import hashlib
import pathlib
import sys

import numpy
import onnx
from onnx import helper, numpy_helper

# Rounding the first of these alone moves masks by 0.08, all others together by less than 0.01.
PRECISE = {"2258", "1967", "2297"}
ORIGINAL = "309c8469258dda742793dce0ebea8e6dd393174f89934733ecc8b14c76f4ddd8"

original = pathlib.Path(sys.argv[1]).read_bytes()
assert hashlib.sha256(original).hexdigest() == ORIGINAL, "this is another file than the one that README.md names"
model = onnx.load_model_from_string(original)
graph = model.graph

del graph.output[1:]
needed, nodes = {graph.output[0].name}, []
for node in reversed(graph.node):
    if needed.intersection(node.output):
        needed.update(node.input)
        nodes.append(node)
nodes.reverse()

casts, weights = [], []
for tensor in list(graph.initializer):
    if tensor.name not in needed:
        continue
    values = numpy_helper.to_array(tensor)
    assert values.dtype == numpy.float32
    if values.ndim < 4 or tensor.name in PRECISE:
        weights.append(tensor)
        continue
    halves = values.astype("<f2")
    assert numpy.isfinite(halves).all()
    weights.append(numpy_helper.from_array(halves, f"{tensor.name}.half"))
    casts.append(helper.make_node("Cast", [f"{tensor.name}.half"], [tensor.name], to=onnx.TensorProto.FLOAT))

weights = [type(tensor).FromString(tensor.SerializeToString()) for tensor in weights]
del graph.initializer[:]
graph.initializer.extend(weights)
del graph.node[:]
graph.node.extend(casts + nodes)
onnx.checker.check_model(model, full_check=True)

file = model.SerializeToString(deterministic=True)
pathlib.Path(__file__).with_name("u2netp.onnx").write_bytes(file)
print(len(file), hashlib.sha256(file).hexdigest())

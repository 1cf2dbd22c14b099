"""Which kernels LiteRT reads right when DENSIFY unpacks them.

Every kind of reader, stored type and type of bias was run, in the host interpreter with and without XNNPACK and in the
web runtime (LiteRT 2.3 and 2.5): `tests/tflite/test_sparsify.py` holds the ones that are allowed here. Of the others
some fail to start, and some give wrong outputs without an error: a float16 kernel beside a float32 bias does so in the
web runtime, an int8 one through DEQUANTIZE beside a float16 bias wherever XNNPACK runs.
"""

from __future__ import annotations

from collections.abc import Iterator

from zoo.tflite._constants import constant_chain, is_constant
from zoo.tflite._model import Model, Operator, Subgraph, Tensor

_KERNEL_INPUT = 1
_BIAS_INPUT = {"CONV_2D": 2, "DEPTHWISE_CONV_2D": 2, "FULLY_CONNECTED": 2, "TRANSPOSE_CONV": 3}
"""Where the layers that read kernels have their bias: the last of their inputs."""
_DATA_INPUT = {"CONV_2D": 0, "DEPTHWISE_CONV_2D": 0, "FULLY_CONNECTED": 0, "TRANSPOSE_CONV": 2}
_BIAS_BY_STORED = {"float16": "float16", "int8": "float32"}
"""The type in which the bias must be stored, by that of a kernel that goes through DEQUANTIZE."""


def kernels(graph: Subgraph) -> Iterator[Tensor]:
    """The tensors that convolutions and fully connected layers read as weights, behind DEQUANTIZE and DENSIFY."""
    seen = set()
    for operator in graph.operators:
        if operator.name in _BIAS_INPUT and (kernel := _input(operator, _KERNEL_INPUT)) >= 0:
            origin = constant_chain(graph, kernel)[-1]
            if origin not in seen:
                seen.add(origin)
                yield graph.tensors[origin]


def obstacle(model: Model, number: int, tensor: Tensor) -> str | None:
    """Why a dense constant of subgraph `number` cannot be stored sparse, as a clause; None where it can."""
    graph = model.subgraphs[number]
    dequantized = [reader.outputs[0] for reader in graph.consumers[tensor.index] if _dequantizes(reader)]
    for value in (tensor.index, *dequantized):
        if value in graph.ends:
            return "the graph is given it or gives it back"
        for reader in graph.consumers.get(value, ()):
            if value == tensor.index and _dequantizes(reader):
                continue
            if (reason := _misread(model, number, tensor, reader, value)) is not None:
                return reason
    return None


def _misread(model: Model, number: int, tensor: Tensor, reader: Operator, value: int) -> str | None:
    """`value` is what the reader reads: the kernel itself, or what DEQUANTIZE made of it."""
    graph = model.subgraphs[number]
    if not _as_kernel(reader, value):
        return f"{reader.name} reads it too, and not as a kernel"
    data = graph.tensors[reader.inputs[_DATA_INPUT[reader.name]]].dtype
    refused = f"{reader.name} on {data} does not take it as {tensor.dtype} from DENSIFY"
    if value == tensor.index:
        if tensor.dtype == "float32":
            return None if data == "float32" else refused
        whole = tensor.dtype == data == "int8" and reader.name != "FULLY_CONNECTED"
        return None if whole else refused
    if data != "float32" or tensor.dtype not in _BIAS_BY_STORED:
        return refused
    bias = _input(reader, _BIAS_INPUT[reader.name])
    if reader.name == "TRANSPOSE_CONV" or bias < 0:
        return None
    wanted = _BIAS_BY_STORED[tensor.dtype]
    chain = constant_chain(graph, bias)
    stored = graph.tensors[chain[-1]]
    steps = 2 if wanted == "float16" else 1
    if is_constant(model, stored.index, subgraph=number) and stored.dtype == wanted and len(chain) == steps:
        return None
    return f"LiteRT misreads a {tensor.dtype} kernel from DENSIFY unless the bias is stored as {wanted}"


def _dequantizes(reader: Operator) -> bool:
    return reader.name == "DEQUANTIZE" and len(reader.inputs) == 1


def _as_kernel(reader: Operator, value: int) -> bool:
    """Whether the operator reads the value as its kernel and as nothing else."""
    if reader.name not in _BIAS_INPUT or len(reader.inputs) > _BIAS_INPUT[reader.name] + 1:
        return False
    return [place for place, index in enumerate(reader.inputs) if index == value] == [_KERNEL_INPUT]


def _input(operator: Operator, place: int) -> int:
    """The tensor at that input; -1 where there is none."""
    return operator.inputs[place] if place < len(operator.inputs) else -1

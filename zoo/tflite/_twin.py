"""The densified twin: the same graph and weights, stored dense. It is the control that shows what sparse kernels do."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np

from zoo.errors import InputError
from zoo.tflite._constants import constant
from zoo.tflite._model import Model
from zoo.tflite._read import read_model

BUFFER_ALIGNMENT = 16
"""`force_align` of `Buffer.data` in LiteRT's schema; kernels may load weights by the full vector."""
_FILE_IDENTIFIER = b"TFL3"


def densified_twin(data: bytes) -> bytes:
    """The model with every sparse weight stored dense and DENSIFY taken out; all else stays, float16 storage included.

    Raises InputError where the bytes are no sound TFLite model.
    """
    # Imported here: the package starts LiteRT's shared library, which reading a model does not need.
    from ai_edge_litert import schema_py_generated as schema

    model = read_model(data)
    try:
        tree = schema.ModelT.InitFromPackedBuf(data)
    except (AssertionError, IndexError, KeyError, OverflowError, TypeError, ValueError, struct.error) as error:
        raise InputError("the model is damaged and cannot be copied; fetch or convert it again.") from error
    for buffer, span in zip(tree.buffers, model.buffers, strict=True):
        if buffer.data is None and span.size:
            # Weights kept behind the flatbuffer come inside: their offset from the file's start would change.
            buffer.data = np.frombuffer(data, np.uint8, span.size, span.start)
    for number in range(len(model.subgraphs)):
        _store_dense(model, tree, number, schema)
    _remove_densify(tree, schema)
    return _packed(tree, schema)


def _store_dense(model: Model, tree: Any, number: int, schema: Any) -> None:
    """Give each sparse tensor of the subgraph its dense bytes, in its own buffer unless another tensor has taken it."""
    taken: dict[int, bytes] = {}
    for tensor in model.subgraphs[number].tensors:
        if tensor.sparsity is None:
            continue
        copy = tree.subgraphs[number].tensors[tensor.index]
        dense = constant(model, tensor.index, subgraph=number)
        raw = dense.tobytes()
        copy.sparsity = None
        if taken.setdefault(tensor.buffer, raw) != raw:
            copy.buffer = len(tree.buffers)
            tree.buffers.append(schema.BufferT())
        tree.buffers[copy.buffer] = schema.BufferT(data=np.frombuffer(raw, np.uint8))


def _remove_densify(tree: Any, schema: Any) -> None:
    """Let readers of DENSIFY outputs read its input; drop the operators, the tensors between, and the operator code."""
    kind = schema.BuiltinOperator.DENSIFY
    codes = [max(code.deprecatedBuiltinCode, code.builtinCode) for code in tree.operatorCodes]
    for number, graph in enumerate(tree.subgraphs):
        stays, replaced = [], {}
        for operator in graph.operators or []:
            if codes[operator.opcodeIndex] == kind:
                replaced[int(operator.outputs[0])] = int(operator.inputs[0])
            else:
                stays.append(operator)
        graph.operators = stays
        _renumber(tree, number, replaced)
    _drop_codes(tree, [index for index, code in enumerate(codes) if code == kind])


def _renumber(tree: Any, number: int, replaced: dict[int, int]) -> None:
    """Put the tensor `replaced[i]` wherever the subgraph names tensor `i`, and close the gaps that `i` leaves."""
    graph = tree.subgraphs[number]
    kept = [index for index in range(len(graph.tensors)) if index not in replaced]
    moved = {old: new for new, old in enumerate(kept)} | {-1: -1}

    def new(index: int) -> int:
        seen: set[int] = set()
        while index in replaced and index not in seen:
            seen.add(index)
            index = replaced[index]
        return moved[index]

    graph.tensors = [graph.tensors[index] for index in kept]
    graph.inputs, graph.outputs = ([new(int(i)) for i in part] for part in (graph.inputs, graph.outputs))
    for operator in graph.operators:
        for part in ("inputs", "outputs", "intermediates"):
            indices = getattr(operator, part)
            if indices is not None:
                setattr(operator, part, [new(int(i)) for i in indices])
    for signature in tree.signatureDefs or []:
        if signature.subgraphIndex == number:
            for entry in (*(signature.inputs or []), *(signature.outputs or [])):
                entry.tensorIndex = new(entry.tensorIndex)


def _drop_codes(tree: Any, gone: list[int]) -> None:
    moved: dict[int, int] = {}
    for index in range(len(tree.operatorCodes)):
        if index not in gone:
            moved[index] = len(moved)
    tree.operatorCodes = [tree.operatorCodes[index] for index in moved]
    for graph in tree.subgraphs:
        for operator in graph.operators:
            operator.opcodeIndex = moved[operator.opcodeIndex]


def _packed(tree: Any, schema: Any) -> bytes:
    import flatbuffers

    class AlignedBuffer(schema.BufferT):  # type: ignore[misc]
        """The generated class packs bytes unaligned."""

        def Pack(self, builder: Any) -> Any:  # noqa: N802 - the generated name
            vector = None
            if self.data is not None and len(self.data):
                raw = bytes(self.data)
                builder.StartVector(1, len(raw), BUFFER_ALIGNMENT)
                builder.head -= len(raw)
                builder.Bytes[builder.Head() : builder.Head() + len(raw)] = raw
                vector = builder.EndVector()
            schema.BufferStart(builder)
            if vector is not None:
                schema.BufferAddData(builder, vector)
            return schema.BufferEnd(builder)

    tree.buffers = [AlignedBuffer(data=buffer.data) for buffer in tree.buffers]
    builder = flatbuffers.Builder(1 << 20)
    builder.Finish(tree.Pack(builder), file_identifier=_FILE_IDENTIFIER)
    return bytes(builder.Output())

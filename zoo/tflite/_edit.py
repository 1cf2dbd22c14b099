"""A TFLite file open for change: operators and constants come and go, all else survives, and the bytes are stable.

Works on the object tree of LiteRT's own schema classes, after `read_model` has found the file sound. Numbers of tensors
and operators are those of the file that was opened, until `finish` closes the gaps.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from zoo.errors import InputError
from zoo.tflite._attached import carry_attached
from zoo.tflite._constants import constant_chain, constant_value, is_constant
from zoo.tflite._model import MAIN, Model, Operator, Sparsity, Subgraph
from zoo.tflite._read import read_model
from zoo.tflite._schema import COPY_ERRORS, OPTION_NAMES, PackError, dtype_code, options_of, pack_tree, sparsity_tree
from zoo.tflite._unread import check_unread

_REAL = ("float16", "float32")


class ModelEditor:
    """One file. `model` is what was opened and does not change; `graphs` are its subgraphs, open for change."""

    def __init__(self, data: bytes, *, name: str | None = None) -> None:
        """Open the bytes. Raises InputError where they are no sound model, or keep parts outside the flatbuffer."""
        # Imported here: the package starts LiteRT's shared library, which reading a model does not need.
        from ai_edge_litert import schema_py_generated as schema

        self.model = read_model(data, name=name)
        check_unread(data, self.model.name)
        try:
            self.tree = schema.ModelT.InitFromPackedBuf(data)
        except COPY_ERRORS as error:
            raise InputError(
                f"{self.model.name} is damaged and cannot be copied; fetch or convert it again."
            ) from error
        if any(o.largeCustomOptionsOffset > 1 for graph in self.tree.subgraphs for o in graph.operators or []):
            raise InputError(f"{self.model.name} keeps operator options behind the model; such a file is not changed.")
        for buffer, span in zip(self.tree.buffers or [], self.model.buffers, strict=True):
            if buffer.data is None and span.size:
                # Weights kept behind the flatbuffer come inside: their offset from the file's start would change.
                buffer.data = np.frombuffer(data, np.uint8, span.size, span.start)
        self.graphs = tuple(GraphEditor(self, number) for number in range(len(self.model.subgraphs)))

    @property
    def main(self) -> GraphEditor:
        """The subgraph that an interpreter runs."""
        return self.graphs[MAIN]

    def finish(self) -> bytes:
        """The changed file. Operators that nothing needs any more, their tensors and constants are gone.

        Raises InputError where it would be larger than this zoo reads, or has a field that cannot be written.
        """
        for graph in self.graphs:
            graph.compact()
        self._drop_codes()
        self._drop_buffers()
        try:
            return carry_attached(self.model, pack_tree(self.tree))
        except PackError as error:
            raise InputError(f"{self.model.name} cannot be written: {error}; fetch or convert it again.") from error

    def operator_code(self, name: str) -> int:
        """The place of a builtin operator's code, added where the file has none."""
        from ai_edge_litert import schema_py_generated as schema

        number = int(getattr(schema.BuiltinOperator, name))
        for index, code in enumerate(self.tree.operatorCodes):
            if max(code.deprecatedBuiltinCode, code.builtinCode) == number:
                return index
        version = _VERSIONS.get(name, 1)
        self.tree.operatorCodes.append(schema.OperatorCodeT(min(number, 127), None, version, number))
        return len(self.tree.operatorCodes) - 1

    def add_buffer(self, raw: bytes) -> int:
        """A new buffer with these bytes."""
        from ai_edge_litert import schema_py_generated as schema

        self.tree.buffers.append(schema.BufferT(data=np.frombuffer(raw, np.uint8)))
        return len(self.tree.buffers) - 1

    def _drop_codes(self) -> None:
        used = {operator.opcodeIndex for graph in self.tree.subgraphs for operator in graph.operators or []}
        moved = {old: new for new, old in enumerate(sorted(used))}
        self.tree.operatorCodes = [self.tree.operatorCodes[old] for old in moved]
        for graph in self.tree.subgraphs:
            for operator in graph.operators or []:
                operator.opcodeIndex = moved[operator.opcodeIndex]

    def _drop_buffers(self) -> None:
        used = {0} | {tensor.buffer for graph in self.tree.subgraphs for tensor in graph.tensors or []}
        old_style = _indices(self.tree.metadataBuffer)
        used |= {entry.buffer for entry in self.tree.metadata or []} | set(old_style)
        kept = sorted(index for index in used if index < len(self.tree.buffers or []))
        moved = {old: new for new, old in enumerate(kept)}
        self.tree.buffers = [self.tree.buffers[old] for old in kept]
        for graph in self.tree.subgraphs:
            for tensor in graph.tensors or []:
                tensor.buffer = moved.get(tensor.buffer, 0)
        for entry in self.tree.metadata or []:
            entry.buffer = moved[entry.buffer]
        if old_style:
            self.tree.metadataBuffer = [moved[index] for index in old_style]


class GraphEditor:
    """One subgraph. Change operators in the order of the graph: what is added reads the values as they are by then."""

    def __init__(self, editor: ModelEditor, number: int) -> None:
        self._editor, self._number = editor, number
        self._tree = editor.tree.subgraphs[number]
        self._tree.operators = list(self._tree.operators or [])
        self._tree.tensors = list(self._tree.tensors or [])
        self._opened: list[Any] = list(self._tree.operators)
        # By tensor, the opened operators that may read it; those that no longer do stay named.
        self._readers = {index: {one.index for one in read} for index, read in self.graph.consumers.items()}
        self._after: dict[int, Any] = {}
        self._front = 0
        self._changed = False

    @property
    def model(self) -> Model:
        return self._editor.model

    @property
    def graph(self) -> Subgraph:
        """The subgraph as it was opened."""
        return self.model.subgraphs[self._number]

    @property
    def outputs(self) -> tuple[int, ...]:
        """The tensors that the subgraph gives back now."""
        return tuple(_indices(self._tree.outputs))

    def inputs_of(self, operator: Operator) -> tuple[int, ...]:
        """What the operator reads now."""
        return tuple(_indices(self._opened[operator.index].inputs))

    def shape(self, tensor: int) -> tuple[int, ...]:
        """Shape of an old or a new tensor."""
        return tuple(_indices(self._tree.tensors[tensor].shape))

    def name(self, tensor: int) -> str:
        """Name of an old or a new tensor."""
        raw = self._tree.tensors[tensor].name or b""
        return raw.decode("utf-8", "replace") if isinstance(raw, bytes) else str(raw)

    def value(self, tensor: int) -> npt.NDArray[Any] | None:
        """What `constant_value` says of a tensor of the opened file."""
        return constant_value(self.model, tensor, subgraph=self._number)

    def stored_dtype(self, tensor: int) -> str | None:
        """The type in which the file keeps the constant behind DENSIFY and DEQUANTIZE; None where it is no constant."""
        origin = constant_chain(self.graph, tensor)[-1]
        known = is_constant(self.model, origin, subgraph=self._number)
        return self.graph.tensors[origin].dtype if known else None

    def constant(self, values: npt.NDArray[Any], *, name: str) -> int:
        """A new constant, stored as given."""
        tensor = self._tensor(name, values.shape, values.dtype.name)
        self._tree.tensors[tensor].buffer = self._editor.add_buffer(np.ascontiguousarray(values).tobytes())
        return tensor

    def weights(self, values: npt.NDArray[Any], *, like: int, name: str) -> int:
        """A new float32 constant for operators to read, kept in the file as the constant behind `like` is.

        float16 ones come through DEQUANTIZE, stored dense. Raises InputError where `like` is quantized: such a file is
        to be changed before it is quantized.
        """
        stored = self.stored_dtype(like)
        if stored not in _REAL:
            raise InputError(
                f"{self.model.name}: weights like '{self.name(like)[:80]}' are kept as {stored}, not as float16 or "
                "float32; rewrite the file before it is quantized."
            )
        if stored == "float32":
            return self.constant(values.astype(np.float32), name=name)
        packed = self.constant(values.astype(np.float16), name=f"{name}/float16")
        return self.add("DEQUANTIZE", [packed], values.shape, name=name)

    def replace_constant(
        self, tensor: int, raw: npt.NDArray[Any], *, shape: Sequence[int], sparsity: Sparsity | None
    ) -> None:
        """Give a constant other bytes and storage; tensors that share its buffer keep theirs."""
        entry = self._tree.tensors[tensor]
        entry.buffer = self._editor.add_buffer(np.ascontiguousarray(raw).tobytes())
        entry.shape = list(shape)
        entry.sparsity = None if sparsity is None else sparsity_tree(sparsity)

    def add(
        self,
        kind: str,
        inputs: Sequence[int],
        shape: Sequence[int],
        *,
        name: str,
        before: Operator | None = None,
        after: Operator | None = None,
        dtype: str = "float32",
        **options: Any,
    ) -> int:
        """A new operator; returns the tensor that it writes.

        Its place: before or after an operator of the opened file (several after the same one follow each other), else
        at the start of the graph, where DEQUANTIZE and DENSIFY of constants belong. `options` as in
        `zoo.tflite.Options`, for the kinds of `zoo.tflite._schema`.
        """
        from ai_edge_litert import schema_py_generated as schema

        output = self._tensor(name, shape, dtype)
        code = self._editor.operator_code(kind)
        made = schema.OperatorT(code, list(inputs), [output], *options_of(kind, options))
        self._tree.operators.insert(self._place(before, after, made), made)
        self._changed = True
        return output

    def configure(self, operator: Operator, **options: Any) -> None:
        """Change settings of an operator of the opened file, such as `padding="VALID"`."""
        table = self._opened[operator.index].builtinOptions
        for key, value in options.items():
            for attribute, number in OPTION_NAMES[key](value).items():
                setattr(table, attribute, number)

    def read(self, operator: Operator, position: int, tensor: int) -> None:
        """Let an operator of the opened file read another tensor at that input."""
        inputs = _indices(self._opened[operator.index].inputs)
        inputs[position] = tensor
        self._opened[operator.index].inputs = inputs
        self._readers.setdefault(tensor, set()).add(operator.index)
        self._changed = True

    def redirect(self, old: int, new: int, *, only: Collection[int] | None = None, outputs: bool = True) -> None:
        """Let the opened file's operators (`only`: those of these numbers) read `new` wherever they read `old`.

        Where `old` is an output of the graph, `new` takes its place and its name, unless `outputs` is False.
        Operators that were added stay as they are.
        """
        self.redirect_all({old: new}, only=only, outputs=outputs)

    def redirect_all(
        self, moves: Mapping[int, int], *, only: Collection[int] | None = None, outputs: bool = True
    ) -> None:
        """`redirect` for many values at once, in one pass; no new value may be an old one too."""
        for number in self._opened_readers(moves):
            if only is None or number in only:
                operator = self._opened[number]
                operator.inputs = [moves.get(index, index) for index in _indices(operator.inputs)]
                for index in operator.inputs:
                    self._readers.setdefault(index, set()).add(number)
        if outputs and not moves.keys().isdisjoint(self.outputs):
            for old in moves.keys() & set(self.outputs):
                before, after = self._tree.tensors[old], self._tree.tensors[moves[old]]
                after.name, before.name = before.name, f"{self.name(old)}/before"
            self._tree.outputs = [moves.get(index, index) for index in self.outputs]
            self._rename_signatures(moves)
        self._changed = True

    def remove(self, *operators: Operator) -> None:
        """Take operators of the opened file out; nothing may read what they wrote."""
        gone = {id(self._opened[operator.index]) for operator in operators}
        self._tree.operators = [kept for kept in self._tree.operators if id(kept) not in gone]
        self._changed = True

    def end_at(self, values: Sequence[int]) -> None:
        """Let the subgraph give back these values of the opened file alone; its signatures go."""
        self._tree.outputs = list(values)
        others = [one for one in self._editor.tree.signatureDefs or [] if one.subgraphIndex != self._number]
        self._editor.tree.signatureDefs = others
        self._changed = True

    def compact(self) -> None:
        """Drop operators whose results nothing reads, then tensors that nothing names; numbers change."""
        if not self._changed:
            return
        needed = set(self.outputs) | {entry.tensorIndex for entry in self._signature_entries()}
        kept: list[Any] = []
        for operator in reversed(self._tree.operators):
            outputs = _indices(operator.outputs)
            if not outputs or needed & set(outputs):
                kept.append(operator)
                needed |= set(_indices(operator.inputs))
        self._tree.operators = kept[::-1]
        named = needed | set(_indices(self._tree.inputs))
        for operator in self._tree.operators:
            named |= {*_indices(operator.outputs), *_indices(operator.intermediates)}
        self._renumber({old: new for new, old in enumerate(sorted(named - {-1}))} | {-1: -1})

    def _renumber(self, moved: dict[int, int]) -> None:
        graph = self._tree
        graph.tensors = [graph.tensors[old] for old in sorted(moved) if old >= 0]
        graph.inputs, graph.outputs = ([moved[i] for i in _indices(part)] for part in (graph.inputs, graph.outputs))
        for operator in graph.operators:
            for part in ("inputs", "outputs", "intermediates"):
                indices = getattr(operator, part)
                if indices is not None:
                    setattr(operator, part, [moved[i] for i in _indices(indices)])
        for entry in self._signature_entries():
            entry.tensorIndex = moved[entry.tensorIndex]

    def _signature_entries(self) -> list[Any]:
        return [
            entry
            for signature in self._editor.tree.signatureDefs or []
            if signature.subgraphIndex == self._number
            for entry in (*(signature.inputs or []), *(signature.outputs or []))
        ]

    def _rename_signatures(self, moves: Mapping[int, int]) -> None:
        for signature in self._editor.tree.signatureDefs or []:
            if signature.subgraphIndex == self._number:
                for entry in signature.outputs or []:
                    entry.tensorIndex = moves.get(entry.tensorIndex, entry.tensorIndex)

    def _opened_readers(self, tensors: Collection[int]) -> list[int]:
        return sorted({number for tensor in tensors for number in self._readers.get(tensor, ())})

    def _tensor(self, name: str, shape: Sequence[int], dtype: str) -> int:
        from ai_edge_litert import schema_py_generated as schema

        self._tree.tensors.append(schema.TensorT([int(size) for size in shape], dtype_code(dtype), 0, name))
        return len(self._tree.tensors) - 1

    def _place(self, before: Operator | None, after: Operator | None, made: Any) -> int:
        operators = self._tree.operators
        if before is not None:
            return _index_of(operators, self._opened[before.index])
        if after is not None:
            last = self._after.get(after.index, self._opened[after.index])
            self._after[after.index] = made
            return _index_of(operators, last) + 1
        self._front += 1
        return self._front - 1


def _indices(part: Any) -> list[int]:
    return [] if part is None else [int(index) for index in part]


def _index_of(operators: list[Any], wanted: Any) -> int:
    return next(index for index, operator in enumerate(operators) if operator is wanted)


_VERSIONS = {"DEQUANTIZE": 3}
"""Versions of operators that this project writes, where not 1: from 3 on DEQUANTIZE reads float16."""

"""Changes of the graph that leave a sound file: what comes after the reader meets shapes and wiring that no one makes.

Operators still read only what is made before them, and constants still fit their bytes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ai_edge_litert import schema_py_generated as schema

from tests.fuzz.mutators import PACKING_ERRORS, Chance, flip_bits, pack

Change = Callable[[Any, Any, Chance], None]
SIZES = (0, 1, 1, 1, 2, 3, 3, 4, 5, 8, 16, 20, 40, 1000, -1, 2**31 - 1)
_MOST_CHANGES = 4
_UNPACKING = (6, 124)
"""DEQUANTIZE and DENSIFY, whose shapes the reader compares."""


def mutator(change: Change) -> Callable[[bytes, Chance], bytes]:
    """A mutator that does one to four such changes to a random subgraph."""

    def mutate(data: bytes, chance: Chance) -> bytes:
        try:
            tree = schema.ModelT.InitFromPackedBuf(data)
            graph = tree.subgraphs[int(chance.integers(len(tree.subgraphs)))]
            for _ in range(int(chance.integers(1, _MOST_CHANGES + 1))):
                change(tree, graph, chance)
            return pack(tree)
        except PACKING_ERRORS:
            return flip_bits(data, chance)

    mutate.__name__ = change.__name__
    return mutate


def rewire(tree: Any, graph: Any, chance: Chance) -> None:
    """An operator reads another value that is there by then, or none."""
    place = int(chance.integers(len(graph.operators)))
    operator = graph.operators[place]
    inputs = [int(index) for index in operator.inputs]
    known = _known_before(tree, graph, place)
    inputs[int(chance.integers(len(inputs)))] = -1 if chance.random() < 0.1 else known[int(chance.integers(len(known)))]
    operator.inputs = inputs


def recode(tree: Any, graph: Any, chance: Chance) -> None:
    """An operator becomes one of another kind, with the settings of the first."""
    operator = graph.operators[int(chance.integers(len(graph.operators)))]
    operator.opcodeIndex = int(chance.integers(len(tree.operatorCodes)))


def new_kind(tree: Any, graph: Any, chance: Chance) -> None:
    """An operator becomes one of any kind that the schema has."""
    code = int(chance.integers(209))
    tree.operatorCodes.append(schema.OperatorCodeT(min(code, 127), None, 1, code))
    graph.operators[int(chance.integers(len(graph.operators)))].opcodeIndex = len(tree.operatorCodes) - 1


def reshape_value(tree: Any, graph: Any, chance: Chance) -> None:
    """A value that is no constant, and what is unpacked from one, takes a shape of any rank and size."""
    values = [tensor for index, tensor in enumerate(graph.tensors) if not _is_constant(tree, graph, index)]
    tensor = values[int(chance.integers(len(values)))]
    if tensor.shape is None or not len(tensor.shape) or chance.random() < 0.3:
        tensor.shape = [int(size) for size in chance.choice(SIZES, int(chance.integers(0, 6)))]
    else:
        shape = [int(size) for size in tensor.shape]
        shape[int(chance.integers(len(shape)))] = int(chance.choice(SIZES))
        tensor.shape = shape


def reshape_constant(tree: Any, graph: Any, chance: Chance) -> None:
    """A dense constant takes another shape of the same size; so does what is dequantized from it."""
    dense = [tensor for index, tensor in enumerate(graph.tensors) if _is_constant(tree, graph, index)]
    dense = [tensor for tensor in dense if tensor.sparsity is None and tensor.shape is not None]
    tensor = dense[int(chance.integers(len(dense)))]
    shape = [int(size) for size in chance.permutation([int(size) for size in tensor.shape])]
    tensor.shape = [*([1] * int(chance.integers(3))), *shape] if chance.random() < 0.5 else shape
    for operator in graph.operators:
        if _code(tree, operator) in _UNPACKING and graph.tensors[operator.inputs[0]] is tensor:
            graph.tensors[operator.outputs[0]].shape = tensor.shape


def retype(tree: Any, graph: Any, chance: Chance) -> None:
    """A value that is no constant takes another type."""
    values = [tensor for index, tensor in enumerate(graph.tensors) if not _is_constant(tree, graph, index)]
    values[int(chance.integers(len(values)))].type = int(chance.integers(23))


def set_option(tree: Any, graph: Any, chance: Chance) -> None:
    """A setting of an operator becomes another number that it may hold."""
    configured = [operator.builtinOptions for operator in graph.operators if operator.builtinOptions is not None]
    options = configured[int(chance.integers(len(configured)))]
    names = [name for name, value in sorted(vars(options).items()) if isinstance(value, (int, bool))]
    if names:
        setattr(options, names[int(chance.integers(len(names)))], int(chance.choice((0, 1, 2, 3, 5, 7, -1, 2**31 - 1))))


def drop_options(tree: Any, graph: Any, chance: Chance) -> None:
    """An operator loses its settings, or takes those of another."""
    operator, other = (graph.operators[int(place)] for place in chance.integers(len(graph.operators), size=2))
    operator.builtinOptionsType, operator.builtinOptions = 0, None
    if chance.random() < 0.5:
        operator.builtinOptionsType, operator.builtinOptions = other.builtinOptionsType, other.builtinOptions


def drop_operator(tree: Any, graph: Any, chance: Chance) -> None:
    """An operator is gone; what it made is made by nobody."""
    if len(graph.operators) > 1:
        del graph.operators[int(chance.integers(len(graph.operators)))]


def change_arity(tree: Any, graph: Any, chance: Chance) -> None:
    """An operator has one input fewer or one more, or no output."""
    operator = graph.operators[int(chance.integers(len(graph.operators)))]
    inputs, way = [int(index) for index in operator.inputs], int(chance.integers(3))
    if way == 0:
        operator.inputs = inputs[:-1]
    elif way == 1:
        operator.inputs = [*inputs, *inputs]
    else:
        operator.outputs = []


def change_ends(tree: Any, graph: Any, chance: Chance) -> None:
    """The graph gives back any of its values, constants and repeats among them, and may have no input."""
    count = int(chance.integers(0, 4))
    graph.outputs = [int(index) for index in chance.integers(len(graph.tensors), size=count)]
    if chance.random() < 0.2:
        graph.inputs = []


def _known_before(tree: Any, graph: Any, place: int) -> list[int]:
    made = {int(index) for operator in graph.operators[:place] for index in operator.outputs}
    given = {int(index) for index in graph.inputs}
    constant = {index for index in range(len(graph.tensors)) if _is_constant(tree, graph, index)}
    return sorted(made | given | constant)


def _is_constant(tree: Any, graph: Any, index: int) -> bool:
    data = tree.buffers[graph.tensors[index].buffer].data
    return data is not None and len(data) > 0


def _code(tree: Any, operator: Any) -> int:
    code = tree.operatorCodes[operator.opcodeIndex]
    return max(int(code.deprecatedBuiltinCode), int(code.builtinCode))


GRAPH = {
    part.__name__: mutator(part)
    for part in (
        *(rewire, recode, new_kind, reshape_value, reshape_constant, retype),
        *(set_option, drop_options, drop_operator, change_arity, change_ends),
    )
}

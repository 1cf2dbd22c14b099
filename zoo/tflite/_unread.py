"""What reading a model leaves out, and LiteRT's schema classes follow when they copy it: looked at before they do.

They trust counts and lengths. All lists of tables and all texts of the schema are either read by `read_model`, within
its bounds, or counted or refused here; vectors of numbers they only point to.
"""

from __future__ import annotations

from zoo.errors import InputError
from zoo.tflite._flatbuffer import MalformedError, Source, Table

_VAR_HANDLE = 111
"""The one kind of options in the schema's `BuiltinOptions` that holds text."""


def check_unread(data: bytes, name: str) -> None:
    """Raise InputError where a copy of the file, sound as it reads, would be damaged, unbounded or not the same.

    Such are StableHLO operators (`builtin_options_2`) and weights in other files (`external_buffers`), which no model
    of MediaPipe has; and bombs of shared texts.
    """
    try:
        root = Source.of(data).root()
        if root.tables(8) or root.tables(9):
            raise InputError(f"{name} keeps weights in other files; such a model is not changed.")
        for graph in root.tables(2):
            tensors = graph.tables(0)
            for tensor in tensors:
                tensor.tables(9)
            for operator in graph.tables(3):
                _check_operator(operator, len(tensors), name)
    except MalformedError as error:
        raise InputError(f"{name} is damaged: {error}; fetch or convert it again.") from error


def _check_operator(operator: Table, tensors: int, name: str) -> None:
    if operator.number(11, "B"):
        raise InputError(f"{name} has StableHLO operators; such a model is not changed.")
    if any(not -1 <= index < tensors for index in operator.integers(8)):
        raise MalformedError("an operator names a tensor between its steps that is not there")
    if operator.number(3, "B") == _VAR_HANDLE and (options := operator.table(4)) is not None:
        options.text(0)
        options.text(1)

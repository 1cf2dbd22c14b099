"""What a rewrite is, and how a list of them is applied to a file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol

from zoo.errors import InputError
from zoo.tflite import ModelEditor


class Rewrite(Protocol):
    """One way to bring a network nearer to XNNPACK's sparse rules.

    `exact`: the outputs stay the same but for float32 rounding; otherwise they are to be recovered by training.
    `purpose` says in one sentence what it does, `needs` what must hold for it to apply.
    """

    name: ClassVar[str]
    exact: ClassVar[bool]
    purpose: ClassVar[str]
    needs: ClassVar[str]

    def rewrite(self, editor: ModelEditor) -> int:
        """Change every place of the main graph where it applies; returns how many places that were.

        Raises InputError where a place could not be changed for a reason that the user can mend (quantized weights).
        """
        ...


@dataclass(frozen=True)
class Applied:
    """A rewrite that was applied, and in how many places."""

    name: str
    exact: bool
    places: int


@dataclass(frozen=True)
class Adapted:
    """The rewritten file."""

    data: bytes
    applied: tuple[Applied, ...]

    @property
    def exact(self) -> bool:
        """Whether every rewrite was exact."""
        return all(each.exact for each in self.applied)


def apply_rewrites(
    data: bytes, rewrites: Sequence[Rewrite], *, name: str = "the model", skip_idle: bool = False
) -> Adapted:
    """Apply the rewrites one after another, each to every place where it fits.

    No rewrites give the same bytes back. Raises InputError where the bytes are no sound model, and where a rewrite
    finds nothing to change, unless `skip_idle`: a declared rewrite that does nothing is a mistake.
    """
    applied = []
    for each in rewrites:
        editor = ModelEditor(data, name=name)
        places = each.rewrite(editor)
        if not places and not skip_idle:
            raise InputError(f"{name}: rewrite '{each.name}' finds nothing to change; it needs {each.needs}.")
        if places:
            data = editor.finish()
            applied.append(Applied(each.name, each.exact, places))
    return Adapted(data, tuple(applied))

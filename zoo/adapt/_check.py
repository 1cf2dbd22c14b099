"""An adapted file held against its source: both run on the same random inputs, outputs compared one by one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from zoo.adapt._rewrite import Adapted, Rewrite, apply_rewrites
from zoo.tflite import Model, ModelEditor, Operator, is_constant, operator_label, read_model

if TYPE_CHECKING:
    from zoo.runtimes import FileRuns

Array = npt.NDArray[Any]

EXACT = 1e-4
"""Of an output's magnitude: what an exact rewrite may move it by.

Over the published models of the mediapipe 0.10.21 package, exact plans move outputs by 1e-5 and less; a pool that
cancels what it compares moved them by 0.7.
"""
SPREAD = 4.0
"""How many times what rounding does to the source is put down to rounding.

That is the difference between LiteRT's own two sets of kernels, or what inputs do that a few roundings have moved:
scores flip from 0 to 1 on some inputs, or are small differences of large values.
"""
_SMALLEST, _OF_LARGEST = 1e-7, 1e-3
"""The least magnitude that a difference is held against, and as a share of the output's largest on any input."""
_MOST_VALUES = 64
"""Values inside the network that are compared to find a layer."""
_INFINITE = float("inf")


@dataclass(frozen=True)
class _Moved:
    """An output, and how far it moved at most, over its magnitude."""

    output: int
    share: float


def outputs_kept(source: bytes, adapted: Adapted, rewrites: Sequence[Rewrite], *, name: str) -> str:
    """Empty where the adapted file's outputs are what its rewrites promise; else a clause that says what is wrong.

    `rewrites` are those that were applied to `source`, in their order. Exact ones keep every output but for rounding,
    others its shape and type and finite numbers finite. Where a file does not run here, nothing is known, and the
    clause says that. Raises OutsideError where the runtime does not start.
    """
    if adapted.data == source:
        return ""
    if adapted.exact:
        runs, plain = _run([source, adapted.data])
        if any(each.failed for each in runs):
            return _not_run(runs[0], "") or _blamed(source, rewrites, name)
        if not _comparable(runs[0]):
            return "its outputs are not finite on any input that was tried, so nothing tells whether rewrites keep them"
        return _blamed(source, rewrites, name) if _moved(runs[0], runs[1], [source, adapted.data], plain) else ""
    return _blamed(source, rewrites, name)


def _blamed(source: bytes, rewrites: Sequence[Rewrite], name: str) -> str:
    """The same, rewrite by rewrite."""
    files = [source]
    for rewrite in rewrites:
        files.append(apply_rewrites(files[-1], [rewrite], name=name, skip_idle=True).data)
    runs, plain = _run(files)
    if said := _not_run(runs[0], ""):
        return said
    if not _comparable(runs[0]):
        return "its outputs are not finite on any input that was tried, so nothing tells whether rewrites keep them"
    for place, rewrite in enumerate(rewrites):
        if said := _not_run(runs[place + 1], f"after rewrite '{rewrite.name}' "):
            return said
        pair, after = files[place : place + 2], runs[place + 1]
        moved = _moved(runs[place], after, pair, plain) if rewrite.exact else _broken(runs[place], after)
        if moved is not None:
            return _in_words(moved, rewrite, pair, name)
    if all(rewrite.exact for rewrite in rewrites) and (moved := _moved(runs[0], runs[-1], files, plain)) is not None:
        names = ", ".join(rewrite.name for rewrite in rewrites)
        return f"rewrites {names} together move output {_called(source, moved.output)} by {moved.share:.2g} of its size"
    return ""


def _in_words(moved: _Moved, rewrite: Rewrite, pair: Sequence[bytes], name: str) -> str:
    output = _called(pair[0], moved.output)
    if moved.share == _INFINITE:
        said = f"output {output} is no longer of its shape, or no longer finite, after rewrite '{rewrite.name}'"
    else:
        said = f"rewrite '{rewrite.name}' moves output {output} by {moved.share:.2g} of its size"
    layer = _layer(pair[0], pair[1], name)
    return said + (f", first at {layer}" if layer else "")


def _called(data: bytes, output: int) -> str:
    model = read_model(data)
    return f"'{model.tensors[model.outputs[output]].name[:80]}'"


def _run(files: Sequence[bytes]) -> tuple[list[FileRuns], bool]:
    """What the files answer, and whether without XNNPACK, as the first does not run with it."""
    from zoo.runtimes import run_files

    runs = run_files(files)
    if not runs[0].failed:
        return runs, False
    plain = run_files(files, plain=True)
    return (runs, False) if plain[0].failed else (plain, True)


def _not_run(runs: FileRuns, when: str) -> str:
    if not runs.failed:
        return ""
    return f"{when}LiteRT does not run it here ({runs.failed}), so nothing shows that its outputs stay the same"


def _comparable(runs: FileRuns) -> bool:
    return any(np.isfinite(_real(output)).any() for run in runs.runs for output in run)


def _moved(before: FileRuns, after: FileRuns, files: Sequence[bytes], plain: bool) -> _Moved | None:
    """The output that moved most, where it is more than rounding. `files`: the first and the last ran as given."""
    shares = _shares(before, after)
    worst = max(shares, key=lambda each: each.share, default=None)
    if worst is None or worst.share <= EXACT:
        return None
    if worst.share == _INFINITE:
        return worst
    from zoo.runtimes import run_files

    others = (run_files(files[:1], plain=not plain), run_files(files[:1], plain=plain, nudged=True))
    spread = dict.fromkeys(range(len(shares)), EXACT / SPREAD)
    for (other,) in others:
        for each in _shares(before, other) if not other.failed else ():
            spread[each.output] = max(spread[each.output], _finite(each.share))
    beyond = [each for each in shares if each.share > SPREAD * spread[each.output]]
    return max(beyond, key=lambda each: each.share, default=None)


def _finite(share: float) -> float:
    return share if share < _INFINITE else 0.0


def _broken(before: FileRuns, after: FileRuns) -> _Moved | None:
    """An output that an inexact rewrite leaves unusable."""
    return next((each for each in _shares(before, after) if each.share == _INFINITE), None)


def _shares(before: FileRuns, after: FileRuns) -> list[_Moved]:
    """How far each output moved, over its magnitude on the same input, at most over the inputs."""
    if any(len(one) != len(two) for one, two in zip(before.runs, after.runs, strict=True)):
        return [_Moved(0, _INFINITE)]
    found = []
    for output in range(len(before.runs[0]) if before.runs else 0):
        pairs = [(one[output], two[output]) for one, two in zip(before.runs, after.runs, strict=True)]
        least = max(_SMALLEST, _OF_LARGEST * max(_magnitude(expected) for expected, _ in pairs))
        found.append(_Moved(output, max(_share(expected, given, least) for expected, given in pairs)))
    return found


def _magnitude(values: Array) -> float:
    return float(np.abs(values[np.isfinite(values)]).max(initial=0.0)) if values.dtype.kind in "fc" else 0.0


def _share(expected: Array, given: Array, least: float) -> float:
    if expected.shape != given.shape or expected.dtype != given.dtype:
        return _INFINITE
    if expected.dtype.kind not in "fc":
        # Numbers of classes and the like: one that rounding turns over among many.
        return float(np.mean(_steps(expected, given) > (1 if expected.dtype.itemsize == 1 else 0))) if given.size else 0
    one, two = _real(expected), _real(given)
    finite = np.isfinite(one)
    infinite = np.isinf(one)
    # Where the source answers "not a number" it promises nothing.
    if not np.isfinite(two[finite]).all() or (one[infinite] != two[infinite]).any():
        return _INFINITE
    if not finite.any():
        return 0.0
    return float(np.abs(two[finite] - one[finite]).max() / max(np.abs(one[finite]).max(), least))


def _steps(expected: Array, given: Array) -> Array:
    return np.asarray(np.abs(expected.astype(np.float64) - given.astype(np.float64)))


def _real(values: Array) -> Array:
    """In numbers that can be told apart: complex ones by their parts, others in float64."""
    if values.dtype.kind == "c":
        return np.asarray(np.stack([values.real, values.imag]).astype(np.float64))
    return values.astype(np.float64)


def _layer(before: bytes, after: bytes, name: str) -> str:
    """The layer that the rewrite changed and behind which values first differ; empty where that cannot be told.

    A layer is changed where its value is gone, or made by another kind of operator. What it made, and what is made of
    it, is compared where both files name it.
    """
    old, new = read_model(before, name=name), read_model(after, name=name)
    made = {new.tensors[value].name: operator for operator in new.operators for value in operator.outputs}
    changed: dict[int, Operator] = {}
    compared: list[tuple[int, Operator]] = []
    for operator in old.operators:
        if len(operator.outputs) != 1 or old.tensors[operator.outputs[0]].dtype != "float32":
            continue
        (value,) = operator.outputs
        if old.main.producers[value].name in ("DEQUANTIZE", "DENSIFY"):
            continue
        known = made.get(old.tensors[value].name)
        read = [changed[each] for each in operator.inputs if each in changed]
        if known is None or known.name != operator.name:
            changed[value] = operator if not read or known is not None else read[0]
            read = [operator]
        if known is not None and read and not is_constant(old, value):
            compared.append((value, read[0]))
    compared = compared[:_MOST_VALUES]
    if not compared:
        return ""
    pair = [
        _ended(before, [value for value, _ in compared], old, name),
        _ended(after, [old.tensors[value].name for value, _ in compared], new, name),
    ]
    runs, _ = _run(pair)
    if any(each.failed for each in runs):
        return ""
    moved = [each.output for each in _shares(runs[0], runs[1]) if each.share > EXACT]
    return operator_label(old.main, compared[min(moved)][1]) if moved else ""


def _ended(data: bytes, values: Sequence[int | str], model: Model, name: str) -> bytes:
    numbers = {tensor.name: tensor.index for tensor in model.tensors}
    editor = ModelEditor(data, name=name)
    editor.main.end_at([value if isinstance(value, int) else numbers[value] for value in values])
    return editor.finish()

"""Any files against one another: names for them, a densified twin for each sparse one, sizes, latency."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from zoo.bench._measure import measure
from zoo.bench._sessions import Effort
from zoo.errors import InputError
from zoo.progress import Progress
from zoo.records import BenchSize, FailedTarget, FileRef, TargetResult

TWIN_SUFFIX = " (twin)"
"""Marks the name of a densified twin that was made to control its sparse file."""

_MOST_FILES = 12


@dataclass(frozen=True)
class FileComparison:
    """The sizes of the files, and what was measured; each ratio's denominator is the first file, or a file's twin.

    `interrupted` by Ctrl-C, it is a part of what was asked.
    """

    sizes: list[BenchSize]
    targets: list[TargetResult]
    failed: list[FailedTarget]
    interrupted: bool


def compare_files(
    files: Sequence[Path],
    *,
    targets: Sequence[str],
    progress: Progress,
    effort: Effort | None = None,
    picture: Path | None = None,
) -> FileComparison:
    """Time `.tflite` files on `targets`, the first being what the others are compared with.

    For each file that stores sparse tensors, a twin with the same graph and weights stored dense is timed as well, as
    only that tells what sparsity does. Names are the files' stems, with a number where they repeat.

    `effort` and `picture` are those of `measure`.

    Raises:
        InputError: no file, too many, a file that is missing or not a TFLite model, or an unknown target.
    """
    named = _name_files(files)
    with tempfile.TemporaryDirectory(prefix="zoo-twins-", ignore_cleanup_errors=True) as made:
        twins = _make_twins(named, Path(made))
        first = next(iter(named))
        result = measure(
            {**named, **dict(twins.values())},
            targets=targets,
            ratios=[(name, first) for name in named if name != first],
            effort=effort,
            progress=progress,
            controls=[(name, twin) for name, (twin, _) in twins.items()],
            picture=picture,
        )
        return FileComparison(measure_sizes(named), result.targets, result.failed, result.interrupted)


def measure_sizes(models: Mapping[str, Path]) -> list[BenchSize]:
    """Each file's bytes as they are and after gzip, under its name in `models`.

    The two are apart because gzip also shrinks zeros that are stored dense.
    """
    from hashlib import sha256

    from zoo.tflite import gzip_bytes

    sizes = []
    for name, path in models.items():
        data = path.read_bytes()
        file = FileRef(name=path.name, sha256=sha256(data).hexdigest(), bytes=len(data))
        sizes.append(BenchSize(name=name, file=file, gzip_bytes=gzip_bytes(data)))
    return sizes


def _name_files(files: Sequence[Path]) -> dict[str, Path]:
    if not 1 <= len(files) <= _MOST_FILES:
        raise InputError(f"{len(files)} files were named; bench takes 1 to {_MOST_FILES}")
    named: dict[str, Path] = {}
    for file in files:
        if not file.is_file():
            raise InputError(f"{file} is not a file; name a .tflite file")
        name, number = file.stem, 1
        while name in named:
            number += 1
            name = f"{file.stem}-{number}"
        named[name] = file
    return named


def _make_twins(named: Mapping[str, Path], folder: Path) -> dict[str, tuple[str, Path]]:
    """By the name of each sparse file, its twin's name and path."""
    from zoo.tflite import densified_twin, read_model

    twins: dict[str, tuple[str, Path]] = {}
    for name, path in named.items():
        model = read_model(path)
        if any(tensor.sparsity for subgraph in model.subgraphs for tensor in subgraph.tensors):
            twin = folder / f"{len(twins)}.tflite"
            twin.write_bytes(densified_twin(path.read_bytes()))
            twins[name] = (f"{name}{TWIN_SUFFIX}", twin)
    return twins

"""One file, or each model of a task bundle, inspected: what `zoo inspect` shows and the inspect stage records."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from zoo.errors import RefusedError
from zoo.files import ZIP_MARK, printable, read_file
from zoo.gzipped import gzip_bytes
from zoo.xnnpack._targets import TARGETS

if TYPE_CHECKING:
    from zoo.records import InspectedFile


def inspect_path(path: Path, *, targets: Sequence[str] = TARGETS) -> list[InspectedFile]:
    """Inspect a `.tflite` file, or every model of a `.task` bundle; what it is, its content tells.

    For the command `zoo inspect FILE [--target T] [--require sparse] [--json]`: call this with `targets=[T]`, show the
    result (one part a model; `--json` prints `model_dump(mode="json")` of each), then `require_sparse` where asked for.
    Each part has what a table needs: `operators` by name, `parameters`, `weight_bytes` by kind (they add up to the
    file), `layers` with the sparsity of each 1x1 kernel, and one verdict a target with `summary` and `breaks`.

    Raises InputError where the file cannot be read, is damaged or hostile, or where a target is not known.
    """
    data = read_file(path)
    if data.startswith(ZIP_MARK):
        from zoo.tflite import bundle_models

        del data
        return [_inspect(model, f"{path}:{name}", name, name, targets) for name, model in bundle_models(path)]
    name = printable(path.name)
    return [_inspect(data, str(path), name, name, targets)]


def inspect_file(path: Path, *, name: str) -> InspectedFile:
    """Inspect one `.tflite` file for the record; `name` is its role there, such as `sparse` or `published_dense`.

    Raises InputError where the file cannot be read or is no sound model.
    """
    return _inspect(read_file(path), str(path), name, path.name, TARGETS)


def inspect_bundle(path: Path) -> list[InspectedFile]:
    """Inspect every model of a `.task` bundle, named by its member. Raises InputError as `bundle_models` does."""
    from zoo.tflite import bundle_models

    return [_inspect(data, f"{path}:{name}", name, name, TARGETS) for name, data in bundle_models(path)]


def _inspect(data: bytes, called: str, name: str, file_name: str, targets: Sequence[str]) -> InspectedFile:
    """`called` is what messages say, `name` the part's own, `file_name` that of its file reference."""
    with ThreadPoolExecutor(max_workers=2) as pool:
        # Compression takes as long as all the rest, these imports included, and leaves Python's lock.
        compressed = pool.submit(gzip_bytes, data)
        from zoo.records import FileRef, InspectedFile
        from zoo.tflite import deflated_sizes, inventory, read_model
        from zoo.xnnpack._graph import lower
        from zoo.xnnpack._layers import inspected_layers, layer_bytes, running_nodes
        from zoo.xnnpack._prediction import MEASURED_TARGET, predict
        from zoo.xnnpack._regions import analyse
        from zoo.xnnpack._verdict import verdicts

        model = read_model(data, name=called)
        contents = inventory(model)
        parts = pool.submit(deflated_sizes, contents.parts)
        analysis = analyse(lower(model))
        found = verdicts(analysis, targets)
        engages = verdicts(analysis, [MEASURED_TARGET])[0].sparse
        running = running_nodes(analysis) if engages else []
        gains, times = predict(analysis, found, running)
        packed = parts.result()
        return InspectedFile(
            name=name,
            file=FileRef(name=file_name, sha256=hashlib.sha256(data).hexdigest(), bytes=len(data)),
            operators=contents.operators,
            tensors=contents.tensors,
            parameters=contents.parameters,
            weights=contents.weights,
            sparse_tensors=contents.sparse_tensors,
            pointwise_sparsity=contents.pointwise_sparsity,
            weight_bytes=contents.weight_bytes,
            weight_gzip_bytes=contents.sizes_by_kind(packed),
            sparse_layouts=list(contents.layouts),
            layers=inspected_layers(analysis, contents, layer_bytes(contents, packed), found, running, times),
            verdicts=found,
            predictions=gains,
            gzip_bytes=compressed.result(),
        )


def require_sparse(files: Sequence[InspectedFile]) -> None:
    """Raise RefusedError, with the first reason, unless every verdict of every file says sparse."""
    for file in files:
        for verdict in file.verdicts:
            if not verdict.sparse:
                first = verdict.breaks[0]
                raise RefusedError(
                    f"{file.name} does not run sparse on {verdict.target}: {first.where}; {first.advice}"
                )

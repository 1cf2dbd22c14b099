"""Size and sparsity: what the files weigh, what is in them, and where their sparse kernels engage."""

from __future__ import annotations

from dataclasses import dataclass

from zoo.card._blocks import NotMeasured, Table, table
from zoo.card._format import decimals, integer, percent, plain
from zoo.card._names import file_label, in_order
from zoo.card._records import CardRecords
from zoo.records import BenchSize, InspectedFile

BASE = "published_dense"
"""What sizes and latencies are held against: the file that users run today."""


@dataclass(frozen=True)
class EngagementView:
    """Where one file runs sparse, and what keeps it from doing so elsewhere."""

    file: str
    table: Table


@dataclass(frozen=True)
class SizeView:
    """The sections on files and on sparsity."""

    files: Table | NotMeasured
    engagement: list[EngagementView]
    layers: str | NotMeasured


def size_view(records: CardRecords) -> SizeView:
    """Tables of size and sparsity from the bench and inspect records."""
    return SizeView(files=_files(records), engagement=_engagement(records), layers=_layers(records))


def measured_sizes(records: CardRecords) -> list[BenchSize]:
    """Sizes of the files that someone would run: the densified twin is a control only."""
    sizes = records.bench.sizes if records.bench else []
    return in_order([size for size in sizes if size.name != "twin"], lambda size: size.name)


def inspected(records: CardRecords, name: str) -> InspectedFile | None:
    """What the inspect record says of one file."""
    files = records.inspect.files if records.inspect else []
    return next((file for file in files if file.name == name), None)


def _files(records: CardRecords) -> Table | NotMeasured:
    sizes = measured_sizes(records)
    if not sizes:
        return NotMeasured("File sizes", "this build has no bench record")
    base = next((size.file.bytes for size in sizes if size.name == BASE), None)
    rows = []
    for size in sizes:
        seen = inspected(records, size.name)
        rows.append(
            (
                file_label(size.name),
                integer(size.file.bytes),
                decimals(size.file.bytes / base, 2) if base else "not measured",
                integer(size.gzip_bytes),
                percent(seen.pointwise_sparsity) if seen else "not measured",
                integer(seen.sparse_tensors) if seen else "not measured",
            )
        )
    columns = "File | #Bytes | #Of published dense | #Bytes after gzip | #Zeros in 1x1 weights | #Sparse tensors"
    return table("Size and sparsity of each file", columns, rows)


def _engagement(records: CardRecords) -> list[EngagementView]:
    files = records.inspect.files if records.inspect else []
    views = []
    for file in in_order([file for file in files if file.name != "twin"], lambda file: file.name):
        if file.sparse_tensors == 0:
            continue
        rows = [
            (
                verdict.target,
                "sparse" if verdict.sparse else "dense",
                plain(verdict.summary),
                percent(verdict.zero_share) if verdict.zero_share is not None else "not known",
            )
            for verdict in file.verdicts
        ]
        label = file_label(file.name)
        caption = f"{label}: the kernels that XNNPACK chooses, by the rules of each processor family"
        views.append(EngagementView(label, table(caption, "Processor | Kernels | Why | #Zeros in the region", rows)))
    return views


def _layers(records: CardRecords) -> str | NotMeasured:
    file = inspected(records, "sparse")
    if file is None:
        return NotMeasured("Sparsity by layer", "this build has no inspect record of the sparse file")
    stored = [layer for layer in file.layers if layer.stored_sparse]
    if not stored:
        return NotMeasured("Sparsity by layer", "the sparse file stores no layer sparse")
    shares = sorted(layer.sparsity for layer in stored)
    # Layers without a kernel have nothing to store, and those with another than 1x1 are not meant to be sparse.
    others = sum(layer.pointwise and not layer.stored_sparse for layer in file.layers)
    rest = f"; {integer(others)} more are stored dense" if others else ""
    return (
        f"{integer(len(stored))} layers are stored sparse, with {percent(shares[0])} to {percent(shares[-1])} "
        f"zeros each{rest}."
    )

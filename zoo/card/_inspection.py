"""The page of `zoo inspect --html`: where the sparse region runs, layer by layer. Self-contained, and harmless."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from zoo import __version__
from zoo.card._blocks import Fact, NotMeasured, Table, table
from zoo.card._format import clipped, decimals, integer, listed, percent, plain
from zoo.card._graph_drawing import GraphDrawing, draw_graph
from zoo.files import write_file
from zoo.records import EngagementVerdict, GainPrediction, InspectedFile, InspectedLayer, Remedy, SparseLayout
from zoo.rendering import Page, render

MOST_ROWS = 2000
"""Layers that are shown; models of MediaPipe have 50 to 400. More would make a page that no browser shows well."""
_PLACES = {"inside": "in the region", "candidate": "could be", "outside": "outside"}


@dataclass(frozen=True)
class Bar:
    """A number with a bar behind it; `share` is the bar's length of 1."""

    text: str
    share: float

    @property
    def length(self) -> str:
        """For CSS."""
        return f"{100 * min(max(self.share, 0.0), 1.0):.1f}%"


@dataclass(frozen=True)
class LayerRow:
    """One layer; `broken` are the rules that it breaks."""

    number: int
    label: str
    place: str
    where: str
    broken: str
    output: str
    kernel: str
    zeros: Bar
    bytes: Bar
    deflated: str
    multiply_adds: Bar
    time: Bar
    reads: str


@dataclass(frozen=True)
class BrokenRule:
    """A rule, the places that break it, and what to do there."""

    rule: str
    places: list[str]
    advice: str
    rewrites: str
    upstream: str


@dataclass(frozen=True)
class VerdictView:
    """The answer for one target."""

    target: str
    sparse: bool
    summary: str
    region: str
    broken: list[BrokenRule]
    notes: list[str]


@dataclass(frozen=True)
class PartView:
    """One model of the file."""

    name: str
    sha256: str
    facts: list[Fact | NotMeasured]
    verdicts: list[VerdictView]
    drawing: GraphDrawing | NotMeasured
    rows: list[LayerRow]
    rows_left_out: int
    bytes: Table
    layouts: Table | None
    operators: str


def write_inspection(parts: Sequence[InspectedFile], path: Path) -> None:
    """Write the page. The same parts give the same bytes. Raises as `zoo.files.write_file` does."""
    views = [_part(part) for part in parts]
    title = listed([view.name for view in views[:3]]) + (f" and {len(views) - 3} more" if len(views) > 3 else "")
    values = {"title": title, "parts": views, "version": __version__}
    (text,) = render([Page("inspect.html.jinja", "html", values)])
    write_file(path, (text.strip() + "\n").encode())


def _part(part: InspectedFile) -> PartView:
    shown = part.layers[:MOST_ROWS]
    return PartView(
        name=plain(part.name),
        sha256=part.file.sha256,
        facts=_facts(part),
        verdicts=[_verdict(verdict, gain) for verdict, gain in zip(part.verdicts, part.predictions, strict=True)],
        drawing=draw_graph(part.layers),
        rows=_rows(part, shown),
        rows_left_out=len(part.layers) - len(shown),
        bytes=_bytes(part),
        layouts=_layouts(part.sparse_layouts),
        operators=listed(
            [f"{integer(count)} {plain(name)}" for name, count in sorted(part.operators.items(), key=lambda i: -i[1])]
        ),
    )


def _facts(part: InspectedFile) -> list[Fact | NotMeasured]:
    facts: list[Fact | NotMeasured] = [
        Fact("File size", integer(part.file.bytes), f"bytes, {integer(part.gzip_bytes)} after gzip"),
        Fact(
            "Zeros", percent(part.pointwise_sparsity), f"of 1x1 weights; {integer(part.sparse_tensors)} tensors sparse"
        ),
        Fact("Weights", integer(part.parameters), _types(part)),
    ]
    for gain in part.predictions:
        facts.append(_predicted(gain))
        facts.append(Fact("Work", decimals(gain.multiply_adds / 1e6, 1), _left(gain)))
    return facts


def _left(gain: GainPrediction) -> str:
    if gain.multiply_adds_left == gain.multiply_adds:
        return "million multiply-adds"
    return f"million multiply-adds; {decimals(gain.multiply_adds_left / 1e6, 1)} with sparse kernels on {gain.target}"


def _types(part: InspectedFile) -> str:
    return listed([f"{integer(count)} {plain(dtype)}" for dtype, count in part.weights.items()])


def _predicted(gain: GainPrediction) -> Fact | NotMeasured:
    label = f"Predicted time on {gain.target}"
    if gain.ratio is None:
        return NotMeasured(label, gain.notes[0] if gain.notes else "there is nothing to predict it from")
    if gain.error is not None:
        detail = f"of that with the same weights stored dense, give or take {decimals(gain.error, 2)}; not measured"
        return Fact(label, decimals(gain.ratio, 2), detail)
    detail = "dense kernels run, so zeros gain nothing"
    if gain.possible_ratio is not None and gain.possible_zeros is not None:
        possible = decimals(gain.possible_ratio, 2)
        detail += f"; about {possible} if it ran sparse with {gain.possible_zeros:.0%} zeros"
    return Fact(label, decimals(gain.ratio, 2), detail)


def _verdict(verdict: EngagementVerdict, gain: GainPrediction) -> VerdictView:
    broken = [
        BrokenRule(
            rule=plain(group[0].rule),
            places=[plain(one.where) for one in group],
            advice=plain(group[0].advice),
            rewrites=_remedies(group[0].remedies),
            upstream=plain(group[0].upstream),
        )
        for group in verdict.grouped_breaks()
    ]
    region = "" if verdict.first_operator is None else f"{verdict.first_operator} to {verdict.last_operator}"
    return VerdictView(
        target=plain(verdict.target),
        sparse=verdict.sparse,
        summary=plain(verdict.summary),
        region=plain(region),
        broken=broken,
        notes=[plain(note) for note in gain.notes],
    )


def _remedies(remedies: Sequence[Remedy]) -> str:
    kinds = {True: "exact", False: "to be recovered by training"}
    return listed([f"{plain(remedy.rewrite)} ({kinds[remedy.exact]})" for remedy in remedies], empty="")


def _rows(part: InspectedFile, layers: Sequence[InspectedLayer]) -> list[LayerRow]:
    most = max((layer.value_bytes + layer.index_bytes for layer in layers), default=0) or 1
    work = max((layer.multiply_adds for layer in layers), default=0) or 1
    time = max((layer.time_share for layer in layers), default=0.0) or 1.0
    sparse = any(verdict.sparse for verdict in part.verdicts)
    return [
        LayerRow(
            number=number,
            label=clipped(layer.layer, 80),
            place=layer.place,
            where="runs sparse" if sparse and layer.place == "inside" else _PLACES[layer.place],
            broken=listed([plain(rule) for rule in layer.broken], empty=""),
            output=_shape(layer.output_shape),
            kernel="" if layer.shape is None else _shape(layer.shape),
            zeros=Bar(percent(layer.sparsity) if layer.weights else "", layer.sparsity),
            bytes=Bar(integer(layer.value_bytes + layer.index_bytes), (layer.value_bytes + layer.index_bytes) / most),
            deflated=integer(layer.gzip_bytes),
            multiply_adds=Bar(_work(layer, sparse=sparse), layer.multiply_adds / work),
            time=Bar(percent(layer.time_share), layer.time_share / time),
            reads=", ".join(str(place + 1) for place in layer.reads) or "input",
        )
        for number, layer in enumerate(layers, start=1)
    ]


def _work(layer: InspectedLayer, *, sparse: bool) -> str:
    if sparse and layer.place == "inside" and layer.multiply_adds_left < layer.multiply_adds:
        return f"{integer(layer.multiply_adds)} ({integer(layer.multiply_adds_left)} left)"
    return integer(layer.multiply_adds)


def _shape(shape: Sequence[int]) -> str:
    return " x ".join(str(size) for size in shape)


def _bytes(part: InspectedFile) -> Table:
    rows = [
        (kind.replace("_", " "), integer(size), percent(size / max(part.file.bytes, 1)), integer(deflated))
        for kind, size in sorted(part.weight_bytes.items(), key=lambda item: -item[1])
        for deflated in [part.weight_gzip_bytes.get(kind, 0)]
    ]
    return table("Bytes of the file by kind", "Kind | #Bytes | #Of the file | #Deflated, each layer alone", rows)


def _layouts(layouts: Sequence[SparseLayout]) -> Table | None:
    if not layouts:
        return None
    rows = [
        (
            f"{integer(len(layout.tensors))} of {plain(layout.dtype)}",
            ", ".join(str(dimension) for dimension in layout.traversal_order),
            ", ".join(level.format for level in layout.levels),
            ", ".join(f"{level.segment_dtype} and {level.index_dtype}" for level in layout.levels if level.index_dtype),
            ", ".join(f"{size} along {cut}" for size, cut in zip(layout.block_sizes, layout.block_map, strict=True))
            or "none",
            clipped(", ".join(layout.tensors), 120),
        )
        for layout in layouts
    ]
    columns = "Tensors | Order of dimensions | Formats | Segments and indices | Blocks | Names"
    return table("How sparse tensors are stored (TACO)", columns, rows)

"""The graph layer by layer, as XNNPACK runs it: where a region lies, what each layer holds and computes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from zoo.records import EngagementVerdict, InspectedLayer
from zoo.tflite import SPARSE_INDICES, Inventory, operator_label
from zoo.xnnpack._diagnosis import candidate_nodes
from zoo.xnnpack._graph import Node
from zoo.xnnpack._prediction import Times
from zoo.xnnpack._regions import Analysis
from zoo.xnnpack._work import work

Place = Literal["inside", "candidate", "outside"]
_MAIN = 0


@dataclass(frozen=True)
class LayerBytes:
    """What a layer reads of the file: values, index arrays, and both after compression on their own."""

    values: int = 0
    indices: int = 0
    compressed: int = 0


def layer_bytes(contents: Inventory, compressed: Sequence[int]) -> list[LayerBytes]:
    """For each of `contents.layers`. `compressed` are the sizes of `contents.parts` after compression."""
    totals = [[0, 0, 0] for _ in contents.layers]
    for part, size in zip(contents.parts, compressed, strict=True):
        if part.layer is not None:
            totals[part.layer][1 if part.kind == SPARSE_INDICES else 0] += part.size
            totals[part.layer][2] += size
    return [LayerBytes(*each) for each in totals]


def running_nodes(analysis: Analysis) -> list[Node]:
    """The nodes of regions with enough zeros: those that run sparse where all other rules hold too."""
    return [node for region in analysis.regions if region.weights and region.enough_zeros for node in region.nodes]


def inspected_layers(
    analysis: Analysis,
    contents: Inventory,
    sizes: Sequence[LayerBytes],
    verdicts: Iterable[EngagementVerdict],
    running: Sequence[Node],
    times: Times,
) -> list[InspectedLayer]:
    """Every node in order. `sizes` are those of `contents.layers`, `running` the nodes that run sparse."""
    graph = analysis.graph
    places: dict[int, Place] = {node.index: "inside" for node in running}
    if not running:
        regions = [node for region in analysis.regions if region.weights for node in region.nodes]
        places = {node.index: "candidate" for node in (*candidate_nodes(analysis), *regions)}
    labels = {node.index: operator_label(graph.model.main, node.operator) for node in graph.nodes}
    broken = _broken(labels.values(), verdicts)
    held = {layer.operator.index: place for place, layer in enumerate(contents.layers) if layer.subgraph == _MAIN}
    made = []
    for node in graph.nodes:
        place = held.get(node.operator.index)
        layer = None if place is None else contents.layers[place]
        size = LayerBytes() if place is None else sizes[place]
        computed = work(analysis, node)
        made.append(
            InspectedLayer(
                layer=labels[node.index],
                operator=node.operator.name,
                place=places.get(node.index, "outside"),
                broken=broken.get(labels[node.index], []),
                reads=[
                    graph.producers[value].index for value in graph.dynamic_inputs(node) if value in graph.producers
                ],
                output_shape=list(graph.tensor(node.outputs[0]).shape) if node.outputs else [],
                shape=None if layer is None else list(layer.shape),
                pointwise=layer is not None and layer.pointwise,
                weights=0 if layer is None else layer.count.weights,
                zeros=0 if layer is None else layer.count.zeros,
                sparsity=0.0 if layer is None else layer.count.share,
                stored_sparse=layer is not None and layer.count.stored_sparse,
                value_bytes=size.values,
                index_bytes=size.indices,
                gzip_bytes=size.compressed,
                multiply_adds=computed.multiply_adds,
                multiply_adds_left=computed.nonzero,
                time_share=times.shares[node.index],
            )
        )
    return made


def _broken(labels: Iterable[str], verdicts: Iterable[EngagementVerdict]) -> dict[str, list[str]]:
    """The rules broken at each layer: a break says where it is, the layer's label first."""
    found: dict[str, dict[str, None]] = {}
    for part in (part for verdict in verdicts for part in verdict.breaks):
        found.setdefault(part.where, {})[part.rule] = None
    return {
        label: rules
        for label in labels
        if (rules := [rule for where, names in found.items() if where.startswith(f"{label}:") for rule in names])
    }

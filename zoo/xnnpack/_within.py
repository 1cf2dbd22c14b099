"""Which operators a sparse region could hold, once every rule that a rewrite mends is mended."""

from __future__ import annotations

from zoo.tflite import Model
from zoo.xnnpack._compatibility import Layout, check
from zoo.xnnpack._graph import Node, NodeGraph, lower

_PICTURE_CHANNELS = 3


def could_engage(model: Model) -> frozenset[int]:
    """The numbers of the operators that follow a first convolution, or one that can be made one, and lead on.

    Each of them reads values of such operators alone, and a 1x1 convolution, MEAN or DEPTH_TO_SPACE among them comes
    after it: to rewrite any other operator gains nothing. Raises InputError where a constant cannot be read.
    """
    graph = lower(model)
    members = _following(graph)
    wanted: set[int] = set()
    kept: set[int] = set()
    for node in reversed(members):
        ends = node.is_pointwise or node.kind in ("mean", "depth_to_space")
        if ends or not wanted.isdisjoint(node.outputs):
            kept.add(node.operator.index)
            wanted.update(graph.dynamic_inputs(node))
    return frozenset(kept)


def _following(graph: NodeGraph) -> list[Node]:
    fed: set[int] = set()
    members: list[Node] = []
    for node in graph.nodes:
        finding = check(graph, node)
        remedies = finding.rule.remedies if finding.rule and finding.remedies is None else finding.remedies
        mendable = bool(remedies)
        starts = bool(finding.layout & Layout.START) or (mendable and _on_picture(node))
        follows = bool(finding.layout & (Layout.INSIDE | Layout.END)) or mendable
        read = graph.dynamic_inputs(node)
        if starts or (follows and read and fed.issuperset(read)):
            members.append(node)
            fed.update(node.outputs)
    return members


def _on_picture(node: Node) -> bool:
    window = node.window if node.kind == "conv" else None
    return window is not None and window.input_channels == _PICTURE_CHANNELS and window.strides == (2, 2)

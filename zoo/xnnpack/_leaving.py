"""Which values flow from what can run sparse into what cannot: where a region has to be given an end."""

from __future__ import annotations

from dataclasses import dataclass

from zoo.tflite import Model, Operator
from zoo.xnnpack._compatibility import Layout, check
from zoo.xnnpack._graph import Node, NodeGraph, lower
from zoo.xnnpack._means import flattens, misreduced


@dataclass(frozen=True)
class Leaving:
    """A value of a would-be region that goes out other than through the region's end.

    `readers`: the numbers of the operators outside that read it; none where it is only an output of the model. `kept`:
    operators of the region read it too. `mean`: a MEAN that keeps its dimensions makes it.
    """

    value: int
    readers: frozenset[int]
    kept: bool
    mean: bool


def values_leaving(model: Model) -> tuple[Leaving, ...]:
    """Each value that has to be given an end, in the order of the graph.

    None where no 1x1 convolution could run sparse. The would-be region is all that follows a first convolution and
    reads nothing but values of the region, as far as the roles of its operators allow. Raises InputError where a
    padding constant cannot be read.
    """
    region = _Region(lower(model))
    if not region.has_pointwise:
        return ()
    found = (region.leaving(node, value) for node in region.nodes for value in node.outputs)
    return tuple(leaving for leaving in found if leaving is not None)


class _Region:
    """The nodes of the would-be region, in order, and the numbers of the operators that read its values in NCHW."""

    def __init__(self, graph: NodeGraph) -> None:
        self._graph, self._readers = graph, graph.model.main.consumers
        self.nodes: list[Node] = []
        self._inside: set[int] = set()
        feeding: dict[int, Node] = {}
        for node in graph.nodes:
            layout = check(graph, node).layout
            if node.kind == "mean" and misreduced(graph, node, at_end=False):
                layout = Layout.NONE
            if layout & (Layout.INSIDE | Layout.END) and self._follows(node, feeding):
                self._inside.add(node.operator.index)
            elif not layout & Layout.START:
                continue
            self.nodes.append(node)
            if layout & (Layout.START | Layout.INSIDE):
                feeding.update(dict.fromkeys(node.outputs, node))
        self._fused = {operator.index for operator in graph.model.operators if operator.name == "PAD"} - {
            node.operator.index for node in graph.nodes
        }
        self._leave_last_resizes_out()

    @property
    def has_pointwise(self) -> bool:
        return any(node.is_pointwise for node in self.nodes)

    def leaving(self, node: Node, value: int) -> Leaving | None:
        """What leaves the region with the node's value, if it has to be mended."""
        readers = self._readers.get(value, [])
        outside = [reader for reader in readers if not self._reads_inside(reader)]
        kept = len(outside) < len(readers)
        if node.kind == "depth_to_space" or not (outside or value in self._graph.model.outputs):
            return None
        mean = node.kind == "mean"
        if mean and not kept:
            keeps_dims, blind = node.operator.options.keep_dims, all(flattens(reader) for reader in outside)
            if blind or not keeps_dims:
                return None
        return Leaving(value, frozenset(reader.index for reader in outside), kept, mean)

    def _follows(self, node: Node, feeding: dict[int, Node]) -> bool:
        read = self._graph.dynamic_inputs(node)
        if not read or not all(value in feeding for value in read):
            return False
        # XNNPACK gives a mean in NCHW another shape, which only a 1x1 convolution does not mind.
        return node.is_pointwise or all(feeding[value].kind != "mean" for value in read)

    def _reads_inside(self, reader: Operator) -> bool:
        """Whether the operator is in the region, itself or as a PAD that the convolution after it takes in."""
        if reader.index in self._fused:
            return all(following.index in self._inside for following in self._readers.get(reader.outputs[0], []))
        return reader.index in self._inside

    def _leave_last_resizes_out(self) -> None:
        """A RESIZE_BILINEAR that nothing in the region reads is better outside: the smaller value leaves for less."""
        for node in reversed(list(self.nodes)):
            readers = [reader for value in node.outputs for reader in self._readers.get(value, [])]
            if node.kind == "resize" and not any(self._reads_inside(reader) for reader in readers):
                self.nodes.remove(node)
                self._inside.remove(node.operator.index)

"""Where XNNPACK turns values to NCHW: the mirror of `xnn_subgraph_rewrite_for_nchw` (XNNPACK `src/subgraph.c`).

The steps and their order are upstream's, quirks included, because its answer is what counts: roles of each node,
clusters grown from region ends, clusters spoilt by an outside producer or reader, and the share of zeros.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from zoo.tflite import ZeroCount, ZeroCounter
from zoo.xnnpack._compatibility import Finding, Layout, check
from zoo.xnnpack._graph import Node, NodeGraph

ZERO_SHARE_LIMIT = (2, 3)
"""Sparse inference needs strictly more zeros than this share of the region's 1x1 weights."""


@dataclass(frozen=True)
class Region:
    """Nodes that XNNPACK runs in NCHW together, in order; `weights` are those of their 1x1 convolutions."""

    nodes: tuple[Node, ...]
    weights: int
    zeros: int

    @property
    def zero_share(self) -> float | None:
        return self.zeros / self.weights if self.weights else None

    @property
    def enough_zeros(self) -> bool:
        part, whole = ZERO_SHARE_LIMIT
        return self.zeros * whole > self.weights * part

    @property
    def pointwise(self) -> int:
        """1x1 convolutions in it."""
        return sum(node.is_pointwise for node in self.nodes)


@dataclass(frozen=True)
class Analysis:
    """Roles of all nodes; the regions that hold together; and for each node whether it still ends a region."""

    graph: NodeGraph
    findings: tuple[Finding, ...]
    regions: tuple[Region, ...]
    ends: frozenset[int]
    counts: dict[int, ZeroCount]


@dataclass
class _Clusters:
    """Upstream's per-node state, flags and cluster leader, and the parts of the graph where nodes were joined."""

    layouts: list[Layout]
    leaders: list[int]
    spoilt: list[bool]
    grown: set[int] = field(default_factory=set)

    def feeds(self, producer: int) -> bool:
        """Whether the node can hand an NCHW value on."""
        return bool(self.layouts[producer] & (Layout.START | Layout.INSIDE)) and not self.spoilt[producer]

    def holds(self, node: int) -> bool:
        """Whether the node's cluster is sound and the node reads NCHW values in it."""
        return not self.spoilt[self.leaders[node]] and bool(self.layouts[node] & (Layout.END | Layout.INSIDE))


def analyse(graph: NodeGraph) -> Analysis:
    """Find the regions. Raises InputError where a 1x1 kernel cannot be read."""
    findings = tuple(check(graph, node) for node in graph.nodes)
    size = len(graph.nodes)
    clusters = _Clusters([finding.layout for finding in findings], list(range(size)), [False] * size)
    zeros = ZeroCounter(graph.model)
    counts = {
        node.index: count
        for node in graph.nodes
        if node.is_pointwise and (count := zeros.count(node.inputs[1])) is not None
    }
    _grow(graph, clusters)
    regions = _sound_regions(graph, clusters, counts)
    ends = frozenset(index for index, layout in enumerate(clusters.layouts) if layout & Layout.END)
    return Analysis(graph, findings, regions, ends, counts)


def _grow(graph: NodeGraph, clusters: _Clusters) -> None:
    """Join nodes to clusters, from region ends first. All is spoilt in parts of the graph where no end was joined."""
    producers = {value: node.index for value, node in graph.producers.items()}
    for node in graph.nodes:
        if clusters.layouts[node.index] & Layout.END:
            _join(graph, clusters, node, producers)
    for node in graph.nodes:
        clusters.spoilt[node.index] |= node.part not in clusters.grown
    edges = []
    for node in graph.nodes:
        inside = clusters.layouts[node.index] & (Layout.INSIDE | Layout.END)
        if inside and not clusters.spoilt[node.index]:
            _join(graph, clusters, node, producers)
            edges.append(node)
    _settle(graph, clusters, edges, producers)
    for node in graph.nodes:
        clusters.spoilt[clusters.leaders[node.index]] |= clusters.spoilt[node.index]
    _spoil_where_read_outside(graph, clusters)


def _settle(graph: NodeGraph, clusters: _Clusters, joined: list[Node], producers: dict[int, int]) -> None:
    """Give joined nodes the highest leader among them.

    Upstream repeats its pass until no leader changes, once for each node of a chain. Which nodes are spoilt is
    settled in the first pass, as producers come first; the rest is connected components, done here in one go.
    """
    parent = list(range(len(graph.nodes)))

    def root(node: int) -> int:
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    for node in joined:
        if not clusters.spoilt[node.index]:
            for value in graph.dynamic_inputs(node):
                parent[root(producers[value])] = root(node.index)
    highest: dict[int, int] = {}
    for index, leader in enumerate(clusters.leaders):
        highest[root(index)] = max(leader, highest.get(root(index), 0))
    clusters.leaders = [highest[root(index)] for index in range(len(graph.nodes))]


def _join(graph: NodeGraph, clusters: _Clusters, node: Node, producers: dict[int, int]) -> None:
    """Join the node with the producers of what it reads, or spoil it where one cannot hand NCHW on."""
    for value in graph.dynamic_inputs(node):
        producer = producers.get(value)
        external = producer is None or value in graph.external
        if producer is None or external or producer >= node.index or not clusters.feeds(producer):
            clusters.spoilt[node.index] = True
            continue
        clusters.layouts[producer] &= ~Layout.END
        if clusters.leaders[producer] != clusters.leaders[node.index]:
            leader = max(clusters.leaders[producer], clusters.leaders[node.index])
            clusters.leaders[producer] = clusters.leaders[node.index] = leader
            clusters.grown.add(node.part)


def _spoil_where_read_outside(graph: NodeGraph, clusters: _Clusters) -> None:
    """A value that is read inside a cluster must be read there only.

    Readers are counted once each there and once for each operand here, so that ADD of a value to itself spoils it.
    """
    inside: dict[int, int] = {}
    for node in graph.nodes:
        if clusters.holds(node.index):
            for value in graph.dynamic_inputs(node):
                inside[value] = inside.get(value, 0) + 1
    readers = graph.consumers
    for node in graph.nodes:
        if clusters.holds(node.index):
            for value in graph.dynamic_inputs(node):
                if inside[value] != len({reader.index for reader in readers[value]}):
                    clusters.spoilt[clusters.leaders[node.index]] = True


def _sound_regions(graph: NodeGraph, clusters: _Clusters, counts: dict[int, ZeroCount]) -> tuple[Region, ...]:
    members: dict[int, list[Node]] = {}
    for node in graph.nodes:
        start = bool(clusters.layouts[node.index] & Layout.START)
        if clusters.holds(node.index) or (start and not clusters.spoilt[clusters.leaders[node.index]]):
            members.setdefault(clusters.leaders[node.index], []).append(node)
    return tuple(
        Region(
            tuple(nodes),
            sum(counts[node.index].weights for node in nodes if node.index in counts),
            sum(counts[node.index].zeros for node in nodes if node.index in counts),
        )
        for nodes in members.values()
        if any(not clusters.layouts[node.index] & Layout.START for node in nodes)
    )

"""Why a model is not sparse-ready: the rules broken, each at the operator or value where it is."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from zoo.records import RuleBreak
from zoo.tflite import constant_chain, operator_label
from zoo.xnnpack import _rules as rules
from zoo.xnnpack._compatibility import Layout
from zoo.xnnpack._delegate import CONVOLUTIONS
from zoo.xnnpack._graph import Node, NodeGraph
from zoo.xnnpack._means import flattens, misreduced, reads_inside
from zoo.xnnpack._regions import Analysis, Region

_CONVOLUTIONS = ("CONV_2D", "DEPTHWISE_CONV_2D", "TRANSPOSE_CONV")


def label(graph: NodeGraph, node: Node) -> str:
    """What messages call the node."""
    return operator_label(graph.model.main, node.operator)


def obstacles(analysis: Analysis) -> list[RuleBreak]:
    """What keeps a region from forming at all, in the order of the graph."""
    graph = analysis.graph
    ends = [node for node in graph.nodes if analysis.findings[node.index].layout & Layout.END]
    last = _last_convolutions(graph, ends)
    candidate = _candidate(analysis, [*ends, *last])
    if not any(node.is_pointwise for node in graph.nodes):
        return [_without_pointwise(graph), *_roles_missing(analysis, candidate), *_missing_start(analysis, candidate)]
    found = [
        *_roles_missing(analysis, candidate),
        *_missing_start(analysis, candidate),
        *_readers_outside(analysis, candidate),
        *(rules.REGION_END.broken(f"{label(graph, node)}: no MEAN or DEPTH_TO_SPACE after it") for node in last),
    ]
    return found or [rules.REGION_END.broken("the graph: no 1x1 convolution lies between a region's start and its end")]


def _without_pointwise(graph: NodeGraph) -> RuleBreak:
    """What a network that has no 1x1 convolution could do in its place."""
    names = {node.operator.name for node in graph.nodes}
    if names & set(_CONVOLUTIONS):
        advice = rules.WITHOUT_POINTWISE
    else:
        advice = rules.DENSE_LAYERS if "FULLY_CONNECTED" in names else rules.NOTHING_TO_PRUNE
    return rules.REGION_END.broken("the graph: it has no 1x1 convolution", (), advice=advice)


def leaks(analysis: Analysis, regions: Iterable[Region]) -> list[RuleBreak]:
    """Where values of a region are misread, in it or behind it: XNNPACK runs it sparse all the same."""
    graph, readers, outputs = analysis.graph, analysis.graph.consumers, set(analysis.graph.model.outputs)
    found = []
    for region in regions:
        members = {node.index for node in region.nodes}
        for node in region.nodes:
            reading = [reader for value in node.outputs for reader in readers.get(value, [])]
            outside = [reader for reader in reading if reader.index not in members]
            at_end = node.index in analysis.ends
            if node.kind == "mean":
                found.extend(_mean_misread(graph, node, reading, at_end=at_end))
            if at_end:
                continue
            is_output = bool(outputs.intersection(node.outputs))
            if (outside or is_output) and (mean := _mean_before(graph, node)) is not None:
                where = f"{label(graph, mean)}: read by {label(graph, node)}, whose value leaves the region"
                found.append(rules.MEAN_KEEPS_DIMS.broken(where))
            elif outside:
                found.append(rules.LEFT_EARLY.broken(f"{label(graph, node)}: read by {label(graph, outside[0])}"))
            elif is_output:
                found.append(rules.OUTPUT_INSIDE.broken(f"{label(graph, node)}: it is an output of the model"))
    return found


def misread_kernels(graph: NodeGraph) -> list[RuleBreak]:
    """Layers that XNNPACK's delegate leaves alone although their kernel comes through DENSIFY and then DEQUANTIZE."""
    producers = graph.model.main.producers
    found = []
    for node in graph.nodes:
        if node.alone is None or node.operator.name not in CONVOLUTIONS or len(node.operator.inputs) <= 1:
            continue
        unpacked = constant_chain(graph.model.main, node.operator.inputs[1])
        sparse = [value for value in unpacked if (made := producers.get(value)) and made.name == "DENSIFY"]
        if any(graph.tensor(value).dtype != "float32" for value in sparse):
            found.append(rules.KERNEL_MISREAD.broken(f"{label(graph, node)}: {node.alone}"))
    return found


def _mean_before(graph: NodeGraph, node: Node) -> Node | None:
    """The mean that a 1x1 convolution reads: a dense kernel would take its shape at its word, and refuse it."""
    read = [graph.producers.get(value) for value in graph.dynamic_inputs(node)] if node.is_pointwise else []
    return next((producer for producer in read if producer is not None and producer.kind == "mean"), None)


def _mean_misread(graph: NodeGraph, node: Node, reading: list[Node], *, at_end: bool) -> list[RuleBreak]:
    called, wrong = label(graph, node), misreduced(graph, node, at_end=at_end)
    if wrong is not None:
        return [rules.MEAN_AXES.broken(f"{called}: {wrong}")]
    if at_end:
        kept = node.operator.options.keep_dims
        strangers = [reader for reader in reading if kept and not flattens(reader.operator)]
        rule = rules.MEAN_KEEPS_DIMS
    else:
        strangers = [reader for reader in reading if not reads_inside(graph, node, reader)]
        rule = rules.MEAN_INSIDE
    return [rule.broken(f"{called}: read by {label(graph, reader)}") for reader in strangers]


def candidate_nodes(analysis: Analysis) -> list[Node]:
    """The nodes that would be in a region if no rule were broken: all that lead to a region's end."""
    ends = [node for node in analysis.graph.nodes if analysis.findings[node.index].layout & Layout.END]
    return _candidate(analysis, [*ends, *_last_convolutions(analysis.graph, ends)])


def _candidate(analysis: Analysis, targets: list[Node]) -> list[Node]:
    producers = analysis.graph.producers

    def before(node: Node) -> list[Node]:
        if analysis.findings[node.index].layout & Layout.START:
            return []
        return [producers[value] for value in analysis.graph.dynamic_inputs(node) if value in producers]

    reached = _reachable(targets, before)
    return [node for node in analysis.graph.nodes if node.index in reached]


def _last_convolutions(graph: NodeGraph, ends: list[Node]) -> list[Node]:
    """Convolutions after which comes neither a convolution nor a region's end."""
    convolutions = [node for node in graph.nodes if node.operator.name in _CONVOLUTIONS]

    def before(node: Node) -> list[Node]:
        return [graph.producers[value] for value in graph.dynamic_inputs(node) if value in graph.producers]

    followed = _reachable([earlier for node in (*convolutions, *ends) for earlier in before(node)], before)
    return [node for node in convolutions if node.index not in followed]


def _reachable(starts: Iterable[Node], step: Callable[[Node], list[Node]]) -> set[int]:
    seen: set[int] = set()
    waiting = list(starts)
    while waiting:
        node = waiting.pop()
        if node.index not in seen:
            seen.add(node.index)
            waiting.extend(step(node))
    return seen


def _roles_missing(analysis: Analysis, candidate: list[Node]) -> list[RuleBreak]:
    found = []
    for node in candidate:
        finding = analysis.findings[node.index]
        if finding.rule is not None:
            found.append(finding.rule.broken(f"{label(analysis.graph, node)}: {finding.detail}", finding.remedies))
    return found


def _missing_start(analysis: Analysis, candidate: list[Node]) -> list[RuleBreak]:
    graph, producers = analysis.graph, analysis.graph.producers
    return [
        rules.REGION_START.broken(f"{label(graph, node)}: it reads the model's input")
        for node in candidate
        if analysis.findings[node.index].layout & Layout.INSIDE
        and any(value not in producers for value in graph.dynamic_inputs(node))
    ]


def _readers_outside(analysis: Analysis, candidate: list[Node]) -> list[RuleBreak]:
    graph, readers = analysis.graph, analysis.graph.consumers
    inside = {node.index for node in candidate}
    found = []
    for node in candidate:
        reading = [reader for value in node.outputs for reader in readers.get(value, [])]
        strangers = [
            reader
            for reader in reading
            if reader.index not in inside and not analysis.findings[reader.index].layout & Layout.INSIDE
        ]
        at_end = bool(analysis.findings[node.index].layout & Layout.END)
        if strangers and not at_end and any(reader.index in inside for reader in reading):
            found.append(rules.READ_OUTSIDE.broken(f"{label(graph, node)}: read by {label(graph, strangers[0])}"))
    return found

"""Whether XNNPACK will run a file sparse on a target, and if not, what stops it."""

from __future__ import annotations

from collections.abc import Sequence

from zoo.errors import InputError
from zoo.records import EngagementVerdict, RuleBreak
from zoo.tflite import Model
from zoo.xnnpack import _rules as rules
from zoo.xnnpack._diagnosis import candidate_nodes, label, leaks, misread_kernels, obstacles
from zoo.xnnpack._graph import NodeGraph, lower
from zoo.xnnpack._regions import Analysis, Region, analyse
from zoo.xnnpack._targets import TARGETS

_DENSE_ONLY = {"x86-avx": "XNNPACK has only SSE sparse kernels for x86 and runs dense where the processor has AVX"}
_SPARSE_DTYPES = ("float16", "float32", "int8")
_WRONG = {rule.name for rule in rules.WRONG_OUTPUTS}


def engagement(model: Model, target: str) -> EngagementVerdict:
    """Whether XNNPACK runs the model with sparse kernels on the target, with every rule that stops it.

    `sparse` is True only where sparse kernels run and compute the right outputs. The rules mirror the
    XNNPACK and the TFLite delegate of LiteRT 2.5. Raises InputError for an unknown target or an unreadable constant.
    """
    return engagements(model, [target])[0]


def engagements(model: Model, targets: Sequence[str] = TARGETS) -> list[EngagementVerdict]:
    """`engagement` for several targets, with the graph analysed once."""
    return verdicts(analyse(lower(model)), targets)


def verdicts(analysis: Analysis, targets: Sequence[str]) -> list[EngagementVerdict]:
    """`engagements` of a graph that is analysed already."""
    for target in targets:
        if target not in TARGETS:
            raise InputError(f"Target '{target}' is not known; use one of {', '.join(TARGETS)}.")
    model_breaks = _model_breaks(analysis)
    return [_verdict(analysis, model_breaks, target) for target in targets]


def readiness(model: Model) -> list[RuleBreak]:
    """The structural rules that the model breaks, as if its 1x1 kernels were pruned and stored sparse.

    Empty when the model is ready to be pruned.
    Raises InputError where a constant cannot be read.
    """
    return readiness_and_hindrances(model)[0]


def hindrances(model: Model) -> list[RuleBreak]:
    """The rules that operators break on the way to where a region could end, whether or not one forms without them.

    Where one forms, `readiness` tells only how its values leave; this tells what would have to be mended to keep more
    of the model inside. Raises InputError where a constant cannot be read.
    """
    return readiness_and_hindrances(model)[1]


def readiness_and_hindrances(model: Model) -> tuple[list[RuleBreak], list[RuleBreak]]:
    """`readiness` and `hindrances`, with the graph analysed once."""
    analysis = analyse(lower(model))
    regions, found = _with_pointwise(analysis), obstacles(analysis)
    if not regions:
        return found, found
    return leaks(analysis, regions), [part for part in found if part.rule != rules.REGION_END.name]


def _model_breaks(analysis: Analysis) -> list[RuleBreak]:
    """All but the processor's rule."""
    return [*_of_regions(analysis), *misread_kernels(analysis.graph)]


def _of_regions(analysis: Analysis) -> list[RuleBreak]:
    regions = _with_pointwise(analysis)
    stored = (
        []
        if _reads_densify(analysis.graph)
        else [rules.THROUGH_DENSIFY.broken("the file: no kernel is stored sparse and read through DENSIFY")]
    )
    if not regions:
        return [*obstacles(analysis), *stored, *_too_few_zeros(analysis, _candidate_region(analysis))]
    running = [region for region in regions if region.enough_zeros]
    if not running:
        return [*stored, *(part for region in regions for part in _too_few_zeros(analysis, region))]
    return [*stored, *leaks(analysis, running)]


def _verdict(analysis: Analysis, model_breaks: list[RuleBreak], target: str) -> EngagementVerdict:
    breaks = list(model_breaks)
    if target in _DENSE_ONLY:
        breaks.insert(0, rules.CPU_ALLOWS.broken(f"target {target}: {_DENSE_ONLY[target]}"))
    regions = _with_pointwise(analysis)
    running = [region for region in regions if region.enough_zeros] or regions
    nodes = [node for region in running for node in region.nodes]
    weights = sum(region.weights for region in running)
    share = sum(region.zeros for region in running) / weights if weights else _candidate_region(analysis).zero_share
    names = [label(analysis.graph, node) for node in (nodes[0], nodes[-1])] if nodes else [None, None]
    return EngagementVerdict(
        target=target,
        sparse=not breaks,
        summary=_summary(analysis, running, breaks, target),
        first_operator=names[0],
        last_operator=names[1],
        zero_share=share,
        breaks=breaks,
    )


def _summary(analysis: Analysis, running: list[Region], breaks: list[RuleBreak], target: str) -> str:
    if not breaks:
        inside = sum(region.pointwise for region in running)
        share = sum(region.zeros for region in running) / max(sum(region.weights for region in running), 1)
        kernels = f"{inside} of {len(analysis.counts)} 1x1 convolutions"
        return f"Sparse on {target}: {kernels}, {share:.1%} of their weights zero."
    names = {part.rule for part in breaks}
    wrong = [found for found in breaks if found.rule in _WRONG]
    if wrong and (len(wrong) == len(breaks) or rules.KERNEL_MISREAD.name in names):
        return f"Wrong on {target}: it runs, but computes something else, by {wrong[0].rule} at {wrong[0].where}."
    more = f", and {len(breaks) - 1} more" if len(breaks) > 1 else ""
    return f"Dense on {target}: {breaks[0].rule} at {breaks[0].where}{more}."


def _with_pointwise(analysis: Analysis) -> list[Region]:
    return [region for region in analysis.regions if region.weights]


def _candidate_region(analysis: Analysis) -> Region:
    nodes = candidate_nodes(analysis)
    counts = [analysis.counts[node.index] for node in nodes if node.index in analysis.counts]
    return Region(tuple(nodes), sum(count.weights for count in counts), sum(count.zeros for count in counts))


def _too_few_zeros(analysis: Analysis, region: Region) -> list[RuleBreak]:
    if region.enough_zeros or not region.nodes:
        return []
    first, last = (label(analysis.graph, region.nodes[place]) for place in (0, -1))
    found = f"{region.zeros:,} of {region.weights:,} 1x1 weights are zero"
    return [rules.ZERO_SHARE.broken(f"{first} to {last}: {found}")]


def _reads_densify(graph: NodeGraph) -> bool:
    """Whether any weight comes from a sparse constant through DENSIFY: then the delegate asks for sparse inference."""
    tensors = graph.model.tensors
    for operator in graph.model.operators:
        if operator.name != "DENSIFY" or not operator.inputs or not operator.outputs:
            continue
        source, result = tensors[operator.inputs[0]], tensors[operator.outputs[0]]
        if source.sparsity is not None and source.dtype in _SPARSE_DTYPES and result.dtype == source.dtype:
            return True
    return False

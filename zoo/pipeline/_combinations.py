"""Sparsity together with every way to store and compute weights: which engage, what it does to size and latency."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from zoo.errors import InputError
from zoo.pipeline._ladder_files import TWIN_MARK, dense_stage, find_start
from zoo.pipeline._ladder_output import write_combinations
from zoo.pipeline._ladder_plan import LadderPlan, dense_name
from zoo.pipeline._ladder_steps import at_work, file_ref, make_files, time_together
from zoo.pipeline._provenance import provenance_of
from zoo.pipeline._stage import Reads, Stage, StageRun
from zoo.progress import Progress
from zoo.records import Combination, CombinationsRecord, StageRecord, TimedTogether

if TYPE_CHECKING:
    from zoo.convert import Stored
    from zoo.tflite import Keep

SPARSITY = 0.8
BASELINE = "float16"
"""What users run today, and so what every combination is held against beside its own twin."""
FLOAT, QUANTIZED = "float", "int8"
"""What is timed together: all at once would be more than the twelve files that one bench takes."""


@dataclass(frozen=True)
class Recipe:
    """One combination. `keep` chooses the weights that stay; `in_float`: int8 kernels are dequantized when loaded."""

    name: str
    title: str
    stored: Stored
    pattern: str
    sparsity: float
    keep: Keep
    group: str
    in_float: bool = False


def recipes(sparsity: float) -> list[Recipe]:
    """All combinations; 2:4 has half of its weights zero whatever `sparsity` says."""
    from zoo.tflite import largest, output_blocks, two_of_four

    any_weight, keep = "any weight", largest(sparsity)
    blocks = output_blocks(sparsity, outputs=4)
    return [
        Recipe("float32", "float32", "float32", any_weight, sparsity, keep, FLOAT),
        Recipe("float16", "float16", "float16", any_weight, sparsity, keep, FLOAT),
        Recipe("float16-2of4", "float16, 2:4", "float16", "2 of 4 inputs", 0.5, two_of_four(), FLOAT),
        Recipe("float16-blocks", "float16, blocks 1x4", "float16", "4 outputs together", sparsity, blocks, FLOAT),
        Recipe("int8-weights", "dynamic-range int8", "int8-weights", any_weight, sparsity, keep, QUANTIZED),
        Recipe("int8", "full int8, calibrated", "int8", any_weight, sparsity, keep, QUANTIZED),
        Recipe(
            "int8-in-float",
            "int8 weights, computed in float",
            "int8-weights",
            any_weight,
            sparsity,
            keep,
            QUANTIZED,
            in_float=True,
        ),
    ]


def measure_combinations(plan: LadderPlan, *, progress: Progress) -> CombinationsRecord:
    """Make every combination in one shot, by magnitude, and measure it; write the record.

    `plan` gives one share of zeros, or none for `SPARSITY`. What is kept and what is measured anew, and what is
    raised, is as for `climb_ladder`.
    """
    shares = plan.options.sparsities or (SPARSITY,)
    if len(shares) != 1:
        raise InputError(f"--combinations takes one --sparsity, and {len(shares)} were given.")
    if plan.options.precisions or plan.options.data is not None:
        raise InputError("--combinations has its own precisions and measures no quality; leave --precision and --data.")
    started = time.time()
    wanted = recipes(shares[0])
    with at_work(plan, progress):
        start = find_start(plan, progress=progress)
        precisions = list(dict.fromkeys(recipe.stored for recipe in wanted))
        dense = {stored: dense_stage(start, stored) for stored in precisions}
        stages = [*dense.values(), *(_stage(recipe, dense[recipe.stored]) for recipe in wanted)]
        paths = make_files(plan, stages, progress)
        baseline = paths[dense_name(BASELINE)]
        table = _Table(
            plan,
            started,
            CombinationsRecord(
                provenance=provenance_of(plan.options.command)(started),
                model=plan.spec.name,
                title=plan.spec.title,
                start=start.title,
                measured_only=plan.measured_only,
                complete=False,
                baseline=file_ref(baseline),
                baseline_gzip_bytes=_gzip(baseline),
                combinations=[_described(recipe, paths) for recipe in wanted],
                timings=[],
                limits=plan.limits,
            ),
        )
        for group in (FLOAT, QUANTIZED):
            names = [recipe.name for recipe in wanted if recipe.group == group]
            table.add(_timed(plan, group, names, paths, table.add, progress))
        return table.finish()


class _Table:
    """The record while it grows, written anew whenever a part is finished."""

    def __init__(self, plan: LadderPlan, started: float, record: CombinationsRecord) -> None:
        self._plan, self._started, self._record = plan, started, record
        self._update()

    def add(self, together: TimedTogether) -> None:
        self._update(timings=[*self._record.timings, together])

    def finish(self) -> CombinationsRecord:
        self._update(complete=True)
        return self._record

    def _update(self, **changes: object) -> None:
        provenance = provenance_of(self._plan.options.command)(self._started)
        self._record = self._record.model_copy(update={**changes, "provenance": provenance})
        write_combinations(self._record, self._plan.folder.root)


def _timed(
    plan: LadderPlan,
    group: str,
    names: Sequence[str],
    paths: Mapping[str, Path],
    keep: Callable[[TimedTogether], None],
    progress: Progress,
) -> TimedTogether:
    """Each combination against its twin and against the baseline, all interleaved."""
    twins = {name: f"{name}{TWIN_MARK}" for name in names}
    return time_together(
        plan,
        group,
        {name: paths[name] for name in (dense_name(BASELINE), *twins, *twins.values())},
        ratios=[(name, dense_name(BASELINE)) for name in names],
        controls=list(twins.items()),
        progress=progress,
        keep=keep,
    )


def _stage(recipe: Recipe, dense: Stage) -> Stage:
    source = f"{dense_name(recipe.stored)}.tflite"

    def run(run: StageRun) -> Sequence[StageRecord]:
        from zoo.tflite import compute_in_float, densified_twin, prune_kernels, sparsify

        data = prune_kernels(run.path(dense.name, source).read_bytes(), recipe.keep, name=recipe.name)
        if recipe.in_float:
            data = compute_in_float(data, name=recipe.name)
        made = sparsify(data, name=recipe.name).data
        (run.folder / f"{recipe.name}.tflite").write_bytes(made)
        (run.folder / f"{recipe.name}{TWIN_MARK}.tflite").write_bytes(densified_twin(made, name=recipe.name))
        return []

    return Stage(
        name=f"combination-{recipe.name}",
        purpose=f"prune and store sparse: {recipe.title}",
        version="1",
        run=run,
        parameters={
            "pattern": recipe.pattern,
            "sparsity": recipe.sparsity,
            "in_float": recipe.in_float,
        },
        reads=[Reads(dense.name, source)],
    )


def _described(recipe: Recipe, paths: Mapping[str, Path]) -> Combination:
    from zoo.tflite import inventory, read_model, sparsify
    from zoo.xnnpack import engagement

    path, dense = paths[recipe.name], paths[dense_name(recipe.stored)]
    model = read_model(path)
    # Asked again of the twin, which is dense: what is not stored sparse, and why.
    asked = sparsify(paths[f"{recipe.name}{TWIN_MARK}"].read_bytes(), name=recipe.name).tensors
    # Rounding to int8 makes a few zeros in kernels that were not pruned.
    pruned = [tensor for tensor in asked if tensor.sparsity > recipe.sparsity / 2]
    left = max((tensor for tensor in pruned if tensor.kept), key=lambda tensor: tensor.bytes_before, default=None)
    return Combination(
        name=recipe.name,
        title=recipe.title,
        stored=recipe.stored,
        pattern=recipe.pattern,
        sparsity=recipe.sparsity,
        zeros=inventory(model).pointwise_sparsity,
        file=file_ref(path),
        gzip_bytes=_gzip(path),
        dense=file_ref(dense),
        dense_gzip_bytes=_gzip(dense),
        stored_sparse=sum(tensor.kept is None for tensor in pruned),
        kernels=len(pruned),
        kept=left.kept if left is not None else None,
        verdict=engagement(model, "wasm"),
    )


def _gzip(path: Path) -> int:
    from zoo.tflite import gzip_bytes

    return gzip_bytes(path.read_bytes())

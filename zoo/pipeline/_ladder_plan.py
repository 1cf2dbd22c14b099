"""What a ladder was asked for: the network, the shares of zeros, the precisions, the places to measure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import cast, get_args

from zoo.errors import InputError
from zoo.pipeline._folders import BuildFolder, build_folder
from zoo.spec import MOST_RUNGS, AnySpec, ModelSpec, NetworkSpec, Precision, load_any_spec

LADDER_FOLDER = "ladder"
"""Below `OUT/MODEL`: the ladder's record, table, figures and files, and its own store."""
SPARSITIES = (0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95)
"""The rungs of a model whose spec does not name any: from where XNNPACK runs dense to where accuracy is long gone."""
DEFAULT_TARGETS = ("wasm",)
TRAINED_PRECISION: Precision = "float16"
"""What builds make."""


@dataclass(frozen=True)
class LadderOptions:
    """A ladder as a person asks for it.

    `sparsities` and `precisions` empty: the spec's own, or the usual ones. `seconds`: at most so long for the blocks
    of one precision on one target; None for the bench's own limit. `command` goes into the record.
    """

    model: str
    out: Path
    command: str
    sparsities: Sequence[float] = ()
    precisions: Sequence[str] = ()
    targets: Sequence[str] = DEFAULT_TARGETS
    data: Path | None = None
    seconds: float | None = None


@dataclass(frozen=True)
class LadderPlan:
    """A ladder that can be climbed: options that were checked against the spec. `sparsities` ascend."""

    options: LadderOptions
    spec: AnySpec
    sparsities: tuple[float, ...]
    precisions: tuple[Precision, ...]
    folder: BuildFolder

    @property
    def measured_only(self) -> bool:
        """Whether the network has no quality to measure."""
        return isinstance(self.spec, NetworkSpec)

    @property
    def limits(self) -> list[str]:
        """What the figures do not say, in sentences for their readers."""
        if isinstance(self.spec, NetworkSpec):
            return list(self.spec.limits)
        return ["Rungs are pruned in one shot and not trained: size and latency are those of a trained model."]


def make_ladder_plan(options: LadderOptions) -> LadderPlan:
    """Check options against the spec. Raises InputError for what cannot be measured."""
    from zoo.bench import check_target_name

    spec = load_any_spec(options.model)
    if options.data is not None:
        if isinstance(spec, NetworkSpec):
            raise InputError(f"{spec.name} is only measured and has no quality; leave --data out.")
        if not options.data.is_dir():
            raise InputError(f"--data: there is no folder {options.data}; name one that holds pictures.")
    for target in options.targets:
        check_target_name(target)
    own = spec.ladder if isinstance(spec, NetworkSpec) else None
    sparsities = sorted(options.sparsities or (own.sparsities if own else SPARSITIES))
    precisions = list(options.precisions or (own.precisions if own else [TRAINED_PRECISION]))
    _check_rungs(sparsities)
    for precision in precisions:
        if precision not in get_args(Precision) or precisions.count(precision) > 1:
            raise InputError(
                f"--precision '{','.join(precisions)[:80]}' must name each of {', '.join(get_args(Precision))} once "
                "at most."
            )
    return LadderPlan(
        options=options,
        spec=spec,
        sparsities=tuple(sparsities),
        precisions=cast("tuple[Precision, ...]", tuple(precisions)),
        folder=BuildFolder(build_folder(options.out, spec.name).root / LADDER_FOLDER),
    )


def model_spec(plan: LadderPlan) -> ModelSpec:
    """The spec of a model that can be trained. Raises InputError where it is only measured."""
    if isinstance(plan.spec, NetworkSpec):
        raise InputError(f"{plan.spec.name} is only measured and cannot be trained; leave --train out.")
    return plan.spec


def rung_name(precision: str, sparsity: float) -> str:
    """What a rung is called: `float16-80`, or `float16-97p5` for a share of 0.975."""
    return f"{precision}-{format(sparsity * 100, 'g').replace('.', 'p')}"


def dense_name(precision: str) -> str:
    """What the dense file of a precision is called."""
    return f"{precision}-dense"


def _check_rungs(sparsities: Sequence[float]) -> None:
    if len(sparsities) > MOST_RUNGS:
        raise InputError(
            f"--sparsity names {len(sparsities)} shares; at most {MOST_RUNGS} are timed together, so leave some out."
        )
    names = [rung_name("", share) for share in sparsities]
    for first, second in pairwise(sparsities):
        if names.count(rung_name("", second)) > 1:
            raise InputError(f"--sparsity {first!r} and {second!r} are too close to be two rungs; leave one out.")

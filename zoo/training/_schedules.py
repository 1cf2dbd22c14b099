"""Learning rates of the three steps, from the spec's table.

The relation between the steps is the announcement's (Table 1): pruning runs at a constant rate that is the mean of the
regular schedule, fine-tuning repeats the regular schedule without its warm-up.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from zoo.spec import LearningRate, TrainingStep

MEAN_POINTS = 10_000
"""Points at which a schedule is sampled for its mean."""


@dataclass(frozen=True)
class Cosine:
    """Linear warm-up over the share `warmup`, then half a cosine from `peak` to `final`; shares are in [0, 1]."""

    peak: float
    final: float
    warmup: float

    def at(self, share: float) -> float:
        """Rate at a share of the step's updates."""
        if share < self.warmup:
            return self.peak * share / self.warmup
        done = (share - self.warmup) / (1 - self.warmup)
        return self.final + (self.peak - self.final) * 0.5 * (1 + math.cos(math.pi * min(done, 1.0)))

    def describe(self) -> str:
        """Say it in a table cell."""
        warm = f", warm-up over {self.warmup:.0%}" if self.warmup else ""
        return f"cosine {self.peak:g} to {self.final:g}{warm}"


@dataclass(frozen=True)
class Constant:
    """One rate throughout."""

    rate: float

    def at(self, share: float) -> float:
        """Rate at any share of the step's updates."""
        return self.rate

    def describe(self) -> str:
        """Say it in a table cell."""
        return f"constant {self.rate:.3g}"


Schedule = Cosine | Constant


def resolve_schedule(rate: LearningRate, steps: Sequence[TrainingStep]) -> Schedule:
    """Turn a declared learning rate into a schedule; `mean_of` and `same_as` look up the step that they name."""
    if rate.schedule == "cosine":
        if rate.peak is None or rate.final is None:
            raise ValueError("schedule 'cosine' needs peak and final")
        return Cosine(peak=rate.peak, final=rate.final, warmup=rate.warmup)
    named = next(step for step in steps if step.name == rate.step)
    base = resolve_schedule(named.learning_rate, steps)
    if rate.schedule == "mean_of":
        return Constant(rate=sum(base.at((i + 0.5) / MEAN_POINTS) for i in range(MEAN_POINTS)) / MEAN_POINTS)
    return Cosine(peak=base.peak, final=base.final, warmup=0.0) if isinstance(base, Cosine) else base


def sample(schedule: Schedule, updates: int) -> list[float]:
    """Rates of each of a step's updates."""
    return [schedule.at((update + 1) / updates) for update in range(updates)]

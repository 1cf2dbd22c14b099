"""Learning rates of the three steps, from the spec's table.

The relation between the steps is the announcement's (Table 1): pruning runs at a constant rate that is the mean of the
regular schedule, fine-tuning repeats the regular schedule without its warm-up. A step may have a warm-up of its own:
the optimizer starts anew with each, and its first updates at a full rate would throw a good start away.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

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
        return f"cosine {self.peak:g} to {self.final:g}{_warm(self.warmup)}"


@dataclass(frozen=True)
class Constant:
    """Linear warm-up over the share `warmup`, then one rate."""

    rate: float
    warmup: float = 0.0

    def at(self, share: float) -> float:
        """Rate at a share of the step's updates."""
        return self.rate * share / self.warmup if share < self.warmup else self.rate

    def describe(self) -> str:
        """Say it in a table cell."""
        return f"constant {self.rate:.3g}{_warm(self.warmup)}"


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
        mean = sum(base.at((i + 0.5) / MEAN_POINTS) for i in range(MEAN_POINTS)) / MEAN_POINTS
        return Constant(rate=mean, warmup=rate.warmup)
    return replace(base, warmup=rate.warmup)


def _warm(share: float) -> str:
    return f", warm-up over {share:.0%}" if share else ""


def sample(schedule: Schedule, updates: int) -> list[float]:
    """Rates of each of a step's updates."""
    return [schedule.at((update + 1) / updates) for update in range(updates)]

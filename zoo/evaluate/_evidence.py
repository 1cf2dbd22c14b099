"""What a fairness hook is given: what each model did on each picture, and the groups that the pictures show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from zoo.evaluate._statistics import Ratio, Statistic
from zoo.evaluate._tally import Tallies
from zoo.spec import SMALLEST_GROUP

Better = Literal["higher", "lower"]
DENSE, SPARSE = "dense", "sparse"


@dataclass(frozen=True)
class FairnessEvidence:
    """Per-picture results of every model on the same P pictures, of any family of models.

    `metrics[metric][model]`: the metric as a function of how often each picture counts, such as recall of a detector,
    or the mean landmark error or the agreement on presence of a landmark model. `better[metric]`: which direction is
    better. `groups`: (P,), the labels of each picture by column; a picture without a label in a column is no part of
    it. `unit`: what a sample of the metrics is, in the plural. `smallest_group`: the samples below which a group is
    left out. `notes`: what a reader must know about the metrics.

    Raises ValueError where a metric has no direction or is of another number of pictures.
    """

    metrics: Mapping[str, Mapping[str, Statistic]]
    better: Mapping[str, Better]
    groups: Sequence[Mapping[str, str]]
    unit: str
    smallest_group: int = SMALLEST_GROUP
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for metric, models in self.metrics.items():
            if metric not in self.better:
                raise ValueError(f"it is not said which direction of {metric} is better")
            for model, statistic in models.items():
                if statistic.pictures != len(self.groups):
                    raise ValueError(
                        f"{metric} of {model} is of {statistic.pictures} pictures, the groups of {len(self.groups)}"
                    )

    @property
    def columns(self) -> list[str]:
        """Every column that a picture has a label in, sorted."""
        return sorted({column for row in self.groups for column in row})


def value_of(statistic: Statistic) -> float:
    """The statistic on all its pictures; NaN where it has no value."""
    return float(statistic.values(np.ones((1, statistic.pictures)))[0])


def detection_evidence(
    tallies: Tallies,
    groups: Sequence[Mapping[str, str]],
    *,
    reference: str,
    noun: str,
    smallest_group: int = SMALLEST_GROUP,
) -> FairnessEvidence:
    """Recall of what the reference found, of all models but itself, and of labelled faces, where there are such.

    `noun`: what is detected, in the plural.
    """
    metrics: dict[str, Mapping[str, Statistic]] = {}
    if tallies.faces:
        metrics["recall"] = {
            name: Ratio.of_trials(tally.found, tallies.face_picture, tallies.pictures)
            for name, tally in tallies.models.items()
            if name != reference
        }
    meaning = "recall is against the reference model's detections"
    if tallies.labelled.any():
        meaning += ", labelled_recall against labelled faces"
        picture = np.flatnonzero(tallies.labelled)
        metrics["labelled_recall"] = {
            name: Ratio.of_trials(tally.hits[picture], picture, tallies.pictures)
            for name, tally in tallies.models.items()
        }
    return FairnessEvidence(
        metrics={metric: models for metric, models in metrics.items() if models},
        better={"recall": "higher", "labelled_recall": "higher"},
        groups=groups,
        unit=noun,
        smallest_group=smallest_group,
        notes=(f"{meaning}.",),
    )

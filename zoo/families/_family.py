"""What the pipeline asks of a family of models, whatever it finds in pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from zoo.errors import InputError
from zoo.progress import Progress
from zoo.records import DropinCell
from zoo.spec import Detector, Drop, ModelSpec

if TYPE_CHECKING:
    from zoo.evaluate import FairnessHook, QualityResult
    from zoo.sources import Picture
    from zoo.sources.annotations import LabelledSet
    from zoo.training import Place

LOW_THRESHOLD = 0.1
"""Score threshold at which candidates are run: low enough to see what a lower operating point would bring."""

FEWEST_OBJECTS = 20
"""Objects without which no threshold is chosen: with a handful, the choice would follow single ones."""

NOTHING_TO_COMPARE = "so nothing could be compared"
"""Of the reason why a place was not tried, where the pictures show nothing that the original finds."""

NOUNS = {
    "face_detection": "faces",
    "pose_detection": "persons",
    "palm_detection": "palms",
    "hand_landmark": "hands",
    "pose_landmark": "persons",
}


class Family(Protocol):
    """One family. Everything runs through MediaPipe's own graphs; `models` are files by a name of ours.

    Methods raise InputError for a file that the graph does not take, OutsideError where the runtime dies.
    """

    noun: str
    """What is found, in the plural, such as faces."""

    def locate(self, model: Path, pictures: Sequence[Path], *, progress: Progress) -> list[list[Place]]:
        """Where training aims at: the places of each picture in which the graph finds something."""

    def evaluate(
        self,
        models: Mapping[str, Path],
        *,
        reference: str,
        pictures: Sequence[Picture],
        hook: FairnessHook,
        progress: Progress,
        calibration: Sequence[Picture] = (),
        labels: Sequence[LabelledSet] = (),
    ) -> QualityResult:
        """Quality and fairness of every model against the one named `reference`; `hook` judges groups of people.

        `calibration`: pictures to choose a detector's best score threshold on. `labels`: annotated pictures.
        """

    def try_dropin(
        self, models: Mapping[str, Path], *, drops: Sequence[Drop], pictures: Sequence[Path], progress: Progress
    ) -> list[DropinCell]:
        """Each model in each declared place; one cell for each of both, places first."""


def check_evaluation(models: Mapping[str, Path], reference: str, pictures: Sequence[Picture]) -> None:
    """Raise InputError where the reference is not run, or there is nothing to run on."""
    if reference not in models:
        raise InputError(f"the reference '{reference}' is not among the models to evaluate: {', '.join(models)}")
    if not pictures:
        raise InputError("there is no picture in the evaluation split; give more pictures with --data")


def noun_of(task: str) -> str:
    """What a task finds, in the plural, such as faces."""
    return NOUNS[task]


def family_of(spec: ModelSpec) -> Family:
    """The family of a spec's task."""
    if isinstance(spec.family, Detector):
        from zoo.families._detectors import DetectorFamily

        return DetectorFamily(spec, spec.family)
    from zoo.families._landmark_models import LandmarkFamily

    return LandmarkFamily(spec, spec.family)

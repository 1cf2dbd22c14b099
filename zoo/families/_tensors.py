"""The probe of interpreters, which see tensors only: crops of the pictures go in, raw outputs come back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from zoo.families._dropin import Compared, Tried
from zoo.families._scene import Scene
from zoo.progress import Progress
from zoo.runtimes import Region, crop_region, run_interpreter
from zoo.spec import Detector, ModelSpec

REFERENCE = "ai-edge-litert==2.3.0"
"""The interpreter that this project builds and checks models with."""
WHOLE = Region(0.5, 0.5, 1.0, 1.0, 0.0)
PROBABILITIES = ("presence", "handedness")

Outputs = list[list[npt.NDArray[np.float32]]]
"""By input, in the file's order."""


@dataclass(frozen=True)
class Answered:
    """The outputs of a file in the interpreter tried, and in the reference one."""

    here: Outputs
    reference: Outputs


@dataclass(frozen=True)
class TensorProbe:
    """How outputs are compared: with the same file's in the reference interpreter, and with the original's here."""

    noun: str
    spec: ModelSpec
    scene: Scene
    runtime: str

    @property
    def pictures(self) -> int:
        return len(self.scene.paths)

    def run(self, model: Path, progress: Progress) -> Tried[Answered]:
        inputs = self._inputs()
        here, taken = run_interpreter(model, inputs, runtime=self.runtime, progress=progress)
        reference = here
        if self.runtime != REFERENCE:
            reference, _ = run_interpreter(model, inputs, runtime=REFERENCE, progress=progress)
        return Tried(Answered(here, reference), taken)

    def count(self, found: Answered) -> int:
        """On how many inputs something is seen: where nothing is, MediaPipe reads none of the other numbers."""
        return sum(self._sees(outputs) for outputs in found.here)

    def compare(self, ours: Answered, original: Answered) -> Compared:
        shapes, wanted = ([one.shape for one in answer.here[0]] for answer in (ours, original))
        if shapes != wanted:
            return Compared(f"its outputs have the shapes {shapes} where the original's have {wanted}", {})
        if not all(np.isfinite(one).all() for outputs in ours.here for one in outputs):
            return Compared("its outputs hold numbers that are not finite", {})
        measured = {"output_difference": _difference(ours.here, ours.reference)}
        error = self._error(ours.here, original.here)
        if error is not None:
            measured["output_error"] = error
        return Compared("", measured)

    def _inputs(self) -> list[npt.NDArray[np.float32]]:
        """What MediaPipe feeds the model: the whole picture to a detector, to a landmark model the region found."""
        tensor = self.spec.input
        side = tensor.shape[1]
        detector = self.spec.detector is not None
        inputs = []
        for picture, regions in zip(self.scene.pixels, self.scene.regions, strict=True):
            region = WHOLE if detector or not regions else regions[0]
            crop = crop_region(picture, region, side, border="zero" if detector else "replicate")
            inputs.append(((crop * 255 - tensor.mean) / tensor.std).astype(np.float32)[None])
        return inputs

    def _sees(self, outputs: Sequence[npt.NDArray[np.float32]]) -> bool:
        if len(outputs) != len(self.spec.outputs):
            return True  # other outputs than the original's are what `compare` tells
        seen = {output.meaning: values for output, values in zip(self.spec.outputs, outputs, strict=True)}
        family = self.spec.family
        if isinstance(family, Detector):
            return bool((seen["scores"] >= _limit(family)).any())
        return bool((seen["presence"] >= family.presence_threshold).any())

    def _error(self, ours: Outputs, original: Outputs) -> float | None:
        """The worst output's mean difference: of probabilities as it is, of others over the original's mean size.

        Of a detector only anchors count where the original sees something: MediaPipe drops the others. None where it
        sees nothing.
        """
        meanings = [output.meaning for output in self.spec.outputs]
        kept = _anchors(self.spec.detector, original[:], meanings.index("scores")) if self.spec.detector else None
        if kept is not None and not any(one.any() for one in kept):
            return None
        errors = []
        for place, meaning in enumerate(meanings):
            mine, theirs = (
                np.concatenate([_rows(outputs[place], kept, number) for number, outputs in enumerate(run)])
                for run in (ours, original)
            )
            apart = float(np.abs(mine - theirs).mean())
            errors.append(apart if meaning in PROBABILITIES else apart / max(float(np.abs(theirs).mean()), 1e-6))
        return max(errors)


def _anchors(detector: Detector, original: Outputs, scores: int) -> list[npt.NDArray[np.bool_]]:
    """(anchors,) by input: those whose score, a logit, reaches the graph's threshold."""
    return [outputs[scores].reshape(-1) >= _limit(detector) for outputs in original]


def _limit(detector: Detector) -> float:
    """The logit of the graph's threshold."""
    return float(np.log(detector.score_threshold / (1 - detector.score_threshold)))


def _rows(
    values: npt.NDArray[np.float32], kept: Sequence[npt.NDArray[np.bool_]] | None, number: int
) -> npt.NDArray[np.float32]:
    return (values if kept is None else values[0][kept[number]]).reshape(-1)


def _difference(here: Outputs, reference: Outputs) -> float:
    """The largest difference of any number, over the largest of its output."""
    return max(
        float(np.abs(one - other).max()) / max(float(np.abs(other).max()), 1e-6)
        for ours, theirs in zip(here, reference, strict=True)
        for one, other in zip(ours, theirs, strict=True)
    )

"""Stages that make files of trained weights: calibrate, convert."""

from __future__ import annotations

import math
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from zoo.families import FEWEST_OBJECTS, LOW_THRESHOLD, detect, noun_of
from zoo.files import hash_file
from zoo.pipeline._plan import Plan
from zoo.pipeline._stage import Reads, Stage, StageRun
from zoo.pipeline._stages_making import DECODERS, PICTURES, listed_pictures, student_file
from zoo.records import Artifact, CalibrateRecord, Calibration, ConvertRecord, FileRef, StageRecord
from zoo.spec import Detector

if TYPE_CHECKING:
    from zoo.runtimes import Detection


def calibrate_stage(plan: Plan) -> Stage:
    """Weights whose best operating point is the graph's own: `VARIANT.npz`.

    Where the calibration pictures show too little, and for models that have no score to move, the weights stay as they
    were trained and the record lists no calibration.
    """
    spec = plan.spec

    def run(run: StageRun) -> Sequence[StageRecord]:
        if spec.detector is None:
            for variant in spec.variants:
                weights = run.path("train", f"{variant.name}.npz")
                shutil.copyfile(weights, run.folder / weights.name)
            return [CalibrateRecord(provenance=run.provenance(), calibrations=[])]
        calibrations = _Calibrating(plan, spec.detector, run).all_variants()
        return [CalibrateRecord(provenance=run.provenance(), calibrations=calibrations)]

    teacher = f"{spec.student.teacher}.tflite"
    return Stage(
        name="calibrate",
        purpose="move each variant's best operating point to the graph's own threshold",
        version="3",
        run=run,
        parameters={
            "variants": [variant.model_dump(mode="json", exclude={"purpose"}) for variant in spec.variants],
            "task": spec.task,
            "family": spec.family.model_dump(mode="json", exclude={"augmentation", "loss"}),
            "low_threshold": LOW_THRESHOLD,
            "fewest_objects": FEWEST_OBJECTS,
        },
        reads=[Reads("train", "*.npz"), Reads("adapt", student_file(plan)), Reads("fetch", teacher), PICTURES],
        tools=["mediapipe", "tensorflow", "tf-keras", *DECODERS],
        records=["calibrate"],
    )


class _Calibrating:
    def __init__(self, plan: Plan, detector: Detector, run: StageRun) -> None:
        self._detector, self._noun = detector, noun_of(plan.spec.task)
        self._spec, self._run, self._student = plan.spec, run, student_file(plan)
        self._pictures = [picture.path for picture in listed_pictures(run, "calibration")]

    def all_variants(self) -> list[Calibration]:
        reference = self._reference_detections()
        enough = sum(len(detections) for detections in reference) >= FEWEST_OBJECTS
        if not enough:
            few = f"fewer than {FEWEST_OBJECTS} {self._noun}"
            self._run.progress.say(f"calibrate: the calibration pictures show {few}, so scores stay as trained")
        found = []
        for variant in self._spec.variants:
            weights = self._run.path("train", f"{variant.name}.npz")
            target = self._run.folder / weights.name
            calibration = self._calibrate(variant.name, weights, target, reference) if enough else None
            if calibration is None:
                shutil.copyfile(weights, target)
            else:
                found.append(calibration)
        return found

    def _reference_detections(self) -> list[list[Detection]]:
        if not self._pictures:
            return []
        return self._found(self._run.path("fetch", f"{self._spec.student.teacher}.tflite"), None)

    def _found(self, model: Path, threshold: float | None) -> list[list[Detection]]:
        run = detect(
            self._spec.task,
            {"model": model},
            self._pictures,
            score_threshold=threshold,
            progress=self._run.progress,
        )
        return run.detections["model"]

    def _calibrate(
        self, variant: str, weights: Path, target: Path, reference: list[list[Detection]]
    ) -> Calibration | None:
        """Write the shifted weights and say what the shift did; None where the variant finds none of them."""
        from zoo.convert import shift_scores
        from zoo.errors import InputError
        from zoo.evaluate import best_threshold, f_score_at

        graph, iou = self._detector.score_threshold, self._detector.iou_threshold
        before = self._detect(variant, weights, LOW_THRESHOLD)
        try:
            best = best_threshold(before, reference, iou_threshold=iou, graph_threshold=graph)
        except InputError:
            self._run.progress.say(
                f"calibrate: {variant} finds none of the {self._noun}, so its scores stay as trained"
            )
            return None
        shift = _logit(graph) - _logit(best.threshold)
        student = self._run.path("adapt", self._student).read_bytes()
        shift_scores(self._spec, student=student, weights=weights, shift=shift, target=target)
        after = self._detect(variant, target, None)
        return Calibration(
            variant=variant,
            shift=shift,
            graph_threshold=graph,
            best_threshold=best.threshold,
            pictures=len(self._pictures),
            reference_detections=best.reference_detections,
            f_before=f_score_at(before, reference, threshold=graph, iou_threshold=iou),
            f_after=f_score_at(after, reference, threshold=graph, iou_threshold=iou),
        )

    def _detect(self, variant: str, weights: Path, threshold: float | None) -> list[list[Detection]]:
        """What the weights find, through MediaPipe's graph on a file of them."""
        from zoo.convert import convert_variant

        student = self._run.path("adapt", self._student).read_bytes()
        with tempfile.TemporaryDirectory(dir=self._run.progress_folder) as made:
            file = convert_variant(
                self._spec, self._spec.variant(variant), student=student, weights=weights, folder=Path(made)
            ).path
            return self._found(file, threshold)


def _logit(share: float) -> float:
    return math.log(share / (1 - share))


def convert_stage(plan: Plan) -> Stage:
    """The files: `MODEL_VARIANT.tflite`, and the densified twin of the sparse one."""
    spec = plan.spec

    def run(run: StageRun) -> Sequence[StageRecord]:
        from zoo.convert import PARITY_TOLERANCE, artifact_name, convert_variant, make_twin

        student = run.path("adapt", student_file(plan)).read_bytes()
        artifacts = []
        with run.progress.task("convert", len(spec.variants)) as ticker:
            for variant in spec.variants:
                weights = run.path("calibrate", f"{variant.name}.npz")
                made = convert_variant(spec, variant, student=student, weights=weights, folder=run.folder)
                artifacts.append(
                    Artifact(
                        variant=variant.name,
                        file=_reference(made.path),
                        gzip_bytes=made.gzip_bytes,
                        precision=variant.precision,
                        max_abs_difference=made.max_abs_difference,
                        relative_difference=made.relative_difference,
                        tolerance=PARITY_TOLERANCE,
                    )
                )
                ticker.advance()
        twin = make_twin(spec, sparse=run.folder / artifact_name(spec.name, "sparse"), folder=run.folder)
        return [ConvertRecord(provenance=run.provenance(), artifacts=artifacts, twin=_reference(twin))]

    return Stage(
        name="convert",
        purpose="write the .tflite files and check that they compute what was trained",
        version="1",
        run=run,
        parameters={
            "model": spec.name,
            "title": spec.title,
            "summary": spec.card.summary,
            "input": spec.input.model_dump(mode="json"),
            "outputs": [output.model_dump(mode="json") for output in spec.outputs],
            "variants": [variant.model_dump(mode="json", exclude={"purpose"}) for variant in spec.variants],
        },
        reads=[Reads("calibrate", "*.npz"), Reads("adapt", student_file(plan))],
        tools=["tensorflow", "tf-keras", "mediapipe", "ai-edge-litert"],
        records=["convert"],
    )


def _reference(path: Path) -> FileRef:
    return FileRef(name=path.name, sha256=hash_file(path), bytes=path.stat().st_size)

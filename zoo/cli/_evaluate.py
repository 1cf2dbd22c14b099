"""`zoo evaluate`."""

from __future__ import annotations

from pathlib import Path

from zoo.cli._options import (
    DEFAULT_OUT,
    AnnotationsOption,
    DataOption,
    FileOption,
    FormatOption,
    JsonOption,
    ModelArgument,
    OutOption,
)

EXAMPLES = """\
Examples:

\b
  zoo evaluate face_detector --data ~/pictures                    the built files
  zoo evaluate face_detector --file other.tflite --data ~/pictures
  zoo evaluate face_detector --annotations ~/faces/val.xml        against labels
  zoo evaluate pose_detector --annotations ~/coco --format coco

Pictures that the build was trained or calibrated on are never judged, nor ones that nearly are the same; the answer
says how many were left out. With --file, nobody knows what the model was trained on: then only pictures of the
evaluation split are taken (a fifth, by content). Agreement with the reference model is always measured, and quality
against labels where --annotations or the folder has some. Formats: coco, yolo, dlib, lsp, freihand, wider_face, csv.
A file labels.csv or groups.csv in the folder gives groups for the fairness table.
"""


def evaluate(
    model: ModelArgument,
    file: FileOption = None,
    data: DataOption = None,
    annotations: AnnotationsOption = None,
    form: FormatOption = None,
    out: OutOption = DEFAULT_OUT,
    as_json: JsonOption = False,
) -> None:
    """Measure quality and fairness in MediaPipe."""
    from zoo.cli._command import command_line
    from zoo.cli._output import write_json
    from zoo.cli._progress import show_progress
    from zoo.pipeline import evaluate_built, named_annotations

    named = named_annotations(annotations, form)
    with show_progress() as progress:
        quality, fairness = evaluate_built(
            model,
            out=out,
            file=file,
            data=None if data is None else Path(data).expanduser(),
            annotations=named,
            command=command_line(),
            progress=progress,
        )
    if as_json:
        write_json({"quality": quality, "fairness": fairness})
        return
    from zoo.cli._evaluate_screen import show_evaluation

    show_evaluation(quality, fairness)

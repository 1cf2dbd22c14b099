"""Calibration as a change of weights: every score logit moved by the same amount."""

from __future__ import annotations

from pathlib import Path

from zoo.spec import ModelSpec
from zoo.student import import_student, load_weights, save_weights, score_heads


def shift_scores(spec: ModelSpec, *, student: bytes, weights: Path, shift: float, target: Path) -> None:
    """Write `target` with the weights of `weights` and the bias of each score head raised by `shift` logits.

    A shift of the bias moves the operating point without a new operator, so that the file drops in as before.
    Raises InputError where the weights are not this student's.
    """
    model = import_student(student, name=spec.student.start).model
    load_weights(model, weights)
    output = next(index for index, one in enumerate(spec.outputs) if one.meaning == "scores")
    for head in score_heads(model, output):
        *others, bias = head.get_weights()
        head.set_weights([*others, bias + shift])
    save_weights(model, target)

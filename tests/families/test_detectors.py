"""Detectors through MediaPipe's own graphs: what a labelled face says, and of what."""

from __future__ import annotations

from pathlib import Path

import pytest

from zoo.evaluate import QualityResult, load_hook
from zoo.families import family_of
from zoo.progress import SilentProgress
from zoo.sources import Picture, fetch_reference
from zoo.spec import FairnessRules, load_spec

FACE = (0.33, 0.15, 0.55, 0.4)
"""Where the astronaut's is."""


def judged(model: str, reference: str, picture: Path) -> QualityResult:
    """The published file against itself on one picture with a labelled face."""
    spec = load_spec(model).spec
    file = fetch_reference(reference, spec.references[reference], progress=SilentProgress()).path
    listed = Picture(picture, picture.name, "0" * 64, 512, 512, "evaluation", groups={"gender": "Female"}, face=FACE)
    return family_of(spec).evaluate(
        {reference: file, "sparse": file},
        reference=reference,
        pictures=[listed],
        hook=load_hook(FairnessRules()),
        progress=SilentProgress(),
    )


@pytest.mark.parametrize(
    ("model", "reference", "of_faces"),
    [("face_detector", "published_dense", True), ("pose_detector", "published_sparse", False)],
)
def test_a_labelled_face_is_for_face_detectors_to_find(
    model: str, reference: str, of_faces: bool, astronaut: Path
) -> None:
    result = judged(model, reference, astronaut)

    assert result.reference_detections == 1
    assert [("labelled_recall" in one.metrics) for one in result.variants] == [of_faces] * len(result.variants)
    assert not any("labelled face" in note for note in result.notes)

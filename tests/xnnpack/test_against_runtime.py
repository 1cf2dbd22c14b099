"""The verdicts against XNNPACK itself: LiteRT's web runtime on every small graph and on its densified twin.

The sparse kernels that run are counted, and outputs compared: equal but for rounding, or far apart where sparse kernels
run and something is misread.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.refresh_verdicts import FILES, published
from tests.xnnpack.cases import CASES, OUTCOMES
from tests.xnnpack.running import seen_by_web_runtime, written
from zoo.tflite import densified_twin, prune_by_magnitude, read_model, sparsify
from zoo.xnnpack import engagement

MEDIAPIPE_ONLY = ("mediapipe/face_landmark_with_attention",)


@pytest.mark.parametrize("every", [10, pytest.param(1, marks=pytest.mark.slow)])
def test_runtime_does_what_was_seen_before(every: int, tmp_path: Path) -> None:
    cases = CASES[::every]
    seen = seen_by_web_runtime(written(cases, tmp_path))
    found = {case.name: each.outcome for case, each in zip(cases, seen, strict=True)}
    assert found == {case.name: OUTCOMES[case.name].seen for case in cases}
    assert not any(each.twin_kernels for each in seen)


@pytest.mark.slow
@pytest.mark.parametrize("name", FILES)
def test_published_file_with_zeros_does_what_the_verdict_says(name: str, tmp_path: Path) -> None:
    """As it is published, with 80% of its 1x1 weights zero and stored sparse: what users try first."""
    source = published(name)
    if source is None:
        pytest.skip(f"the package that brings {name} is not installed")
    if name in MEDIAPIPE_ONLY:
        pytest.skip("it has custom operators that the web runtime of LiteRT lacks")
    made = sparsify(prune_by_magnitude(source.read_bytes(), 0.8)).data
    file, twin = tmp_path / "file.tflite", tmp_path / "twin.tflite"
    file.write_bytes(made)
    twin.write_bytes(densified_twin(made))
    (seen,) = seen_by_web_runtime([(file, twin)])
    assert engagement(read_model(made), "wasm").summary.split()[0].lower() == seen.outcome

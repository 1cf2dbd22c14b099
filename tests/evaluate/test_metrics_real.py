"""From labelled pictures through MediaPipe's graph to metrics: the published face detectors find the labelled faces."""

from __future__ import annotations

from pathlib import Path

import pytest

from zoo.evaluate import compare, detection_statistics, found_of, truth_of
from zoo.progress import SilentProgress
from zoo.runtimes import run_face_graph
from zoo.sources.annotations import read_annotations


def test_published_detectors_find_labelled_faces(
    shared_data: Path, published_dense: Path, published_sparse: Path
) -> None:
    files = [shared_data / "faces" / "dlib" / name for name in ("testing.xml", "training.xml")]
    if not all(file.is_file() for file in files):
        pytest.skip("the shared pictures lack faces/dlib")
    pictures = [picture for file in files for picture in read_annotations(file).pictures]
    models = {"dense": published_dense, "sparse": published_sparse}
    run = run_face_graph(models, [picture.path for picture in pictures], progress=SilentProgress())
    truths = [truth_of(picture) for picture in pictures]
    statistics = {
        name: detection_statistics(
            [
                found_of(detections, width=picture.width, height=picture.height)
                for detections, picture in zip(found, pictures, strict=True)
            ],
            truths,
            score_threshold=run.score_threshold,
        )
        for name, found in run.detections.items()
    }
    variants, differences = compare(statistics, [("sparse", "dense")])
    for variant in variants:
        assert variant.metrics["recall"].n == 43
        assert variant.metrics["recall"].value > 0.9
        assert variant.metrics["precision"].value > 0.9
        assert variant.metrics["ap50"].value > variant.metrics["ap"].value > 0.4
    by_metric = {one.metric: one.interval for one in differences}
    # Both find the same 41 of 43 faces, which nine pictures do not make certain.
    assert by_metric["recall"].low < 0 < by_metric["recall"].high
    assert by_metric["recall"].method.endswith("no narrower than Bonett and Price's")

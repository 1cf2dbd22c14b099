"""`zoo evaluate` against labels, on real pictures through MediaPipe's own graphs; a wrong file is one sentence."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.cli.test_start import Captured, zoo
from tests.runtimes.altered import with_scaled_output
from zoo.records import OperatingPoints, QualityRecord

SCORES = 1


def part(shared_data: Path, place: str) -> Path:
    found = shared_data / place
    if not found.exists():
        pytest.skip(f"the shared pictures lack {place}")
    return found


def evaluated(*arguments: str, capsys: Captured) -> QualityRecord:
    done = zoo("evaluate", *arguments, "--json", capsys=capsys)
    assert done.returncode == 0, done.stderr
    answer: Any = json.loads(done.stdout)
    return QualityRecord.model_validate(answer["quality"])


def hand_model(published_sparse: Path) -> Path:
    return published_sparse.parent.parent / "hand_landmark" / "hand_landmark_full.tflite"


def test_a_detector_against_labelled_faces(shared_data: Path, published_sparse: Path, capsys: Captured) -> None:
    place = part(shared_data, "faces/dlib/testing.xml")

    quality = evaluated("face_detector", "--file", str(published_sparse), "--annotations", str(place), capsys=capsys)

    (labels,) = quality.labels
    assert (labels.format, labels.pictures, labels.objects, labels.left_out) == ("dlib", 5, 25, 0)
    by_name = {one.name: one.metrics for one in labels.variants}
    assert set(by_name) == {"file", "published_dense", "published_sparse"}
    assert set(by_name["file"]) == {"ap", "ap50", "precision", "recall", "f_score"}
    assert by_name["file"] == by_name["published_sparse"]
    recall = by_name["file"]["recall"]
    assert recall.n == 25
    assert recall.value > 0.9
    assert recall.interval is not None
    same = next(
        one for one in labels.differences if (one.a, one.b, one.metric) == ("file", "published_sparse", "recall")
    )
    assert same.value == 0
    assert same.interval.low < 0 < same.interval.high
    # Five pictures hold none of the calibration split, and agreement is measured all the same.
    assert quality.operating is not None
    assert "no calibration split" in quality.operating.reason
    assert quality.variants[0].metrics["f_score"].n > 0


def test_a_timid_detector_gets_a_lower_threshold_chosen_on_other_pictures(
    shared_data: Path, published_sparse: Path, tmp_path: Path, capsys: Captured
) -> None:
    """Logits of a quarter of their height put sure faces just above one half, below the graph's 0.6."""
    timid = tmp_path / "timid.tflite"
    timid.write_bytes(with_scaled_output(published_sparse.read_bytes(), output=SCORES, factor=0.25))
    portraits = tmp_path / "portraits"
    portraits.mkdir()
    for picture in sorted(part(shared_data, "faces/congress").rglob("*.jpg"))[:300]:
        shutil.copy(picture, portraits / picture.name)

    quality = evaluated("face_detector", "--file", str(timid), "--data", str(portraits), capsys=capsys)

    operating = quality.operating
    assert isinstance(operating, OperatingPoints)
    assert operating.graph_threshold == 0.6
    points = {one.name: one for one in operating.points}
    assert set(points) == {"file", "published_sparse"}
    assert points["file"].threshold < 0.6
    assert points["file"].chosen_by == "agreement"
    assert points["file"].calibration_objects >= 20
    at_graph = next(one for one in quality.variants if one.name == "file").metrics["f_score"]
    change = next(one for one in points["file"].changes if one.metric == "f_score")
    assert points["file"].metrics["f_score"].value == pytest.approx(at_graph.value + change.value)
    assert change.interval.low > 0


def test_a_hand_model_against_labelled_points_that_lie_in_its_folder(
    shared_data: Path, published_sparse: Path, capsys: Captured
) -> None:
    folder = part(shared_data, "hands/mmpose/onehand10k")

    quality = evaluated(
        "hand_landmark", "--file", str(hand_model(published_sparse)), "--data", str(folder), capsys=capsys
    )

    (labels,) = quality.labels
    metrics = next(one for one in labels.variants if one.name == "file").metrics
    assert (labels.objects, metrics["found"].n, metrics["pck20"].n) == (4, 4, 63)
    assert metrics["mean_error"].value < 0.1
    assert metrics["pck20"].value > metrics["pck5"].value
    assert [curve.name for curve in labels.curves] == ["file", "published_dense"]
    assert labels.curves[0].shares == sorted(labels.curves[0].shares)
    assert quality.operating is None


@pytest.mark.slow
def test_a_pose_model_against_labelled_persons(
    shared_data: Path, published_sparse: Path, tmp_path: Path, capsys: Captured
) -> None:
    source = part(shared_data, "persons/coco")
    content = json.loads((source / "person_keypoints.json").read_text(encoding="utf-8"))
    content["images"] = content["images"][:12]
    kept = {image["id"] for image in content["images"]}
    content["annotations"] = [one for one in content["annotations"] if one["image_id"] in kept]
    for image in content["images"]:
        name = Path(image["file_name"]).name
        shutil.copy(source / "images" / name, tmp_path / name)
        image["file_name"] = name
    (tmp_path / "persons.json").write_text(json.dumps(content), encoding="utf-8")
    model = published_sparse.parent.parent / "pose_detection" / "pose_detection.tflite"

    quality = evaluated(
        "pose_detector", "--file", str(model), "--annotations", str(tmp_path / "persons.json"), capsys=capsys
    )

    (labels,) = quality.labels
    metrics = {one.name: one.metrics for one in labels.variants}
    assert set(metrics["file"]) == {"oks_ap", "oks_ap50", "oks_ap75", "pck10", "pdj20", "found"}
    assert metrics["file"] == metrics["published_sparse"]


@pytest.mark.slow
def test_pictures_that_may_have_been_trained_on_judge_nothing(
    shared_data: Path, published_sparse: Path, tmp_path: Path, capsys: Captured
) -> None:
    unknown = tmp_path / "unknown.tflite"
    unknown.write_bytes(with_scaled_output(published_sparse.read_bytes(), output=SCORES, factor=1.5))
    place = part(shared_data, "faces/dlib")

    quality = evaluated("face_detector", "--file", str(unknown), "--data", str(place), capsys=capsys)

    (labels,) = quality.labels
    assert 0 < labels.pictures < 9
    assert labels.pictures + labels.left_out == 9
    assert any("is not known" in note for note in quality.notes)


def test_the_screen_says_so_where_there_are_no_labels(
    shared_data: Path, published_sparse: Path, capsys: Captured
) -> None:
    folder = part(shared_data, "faces/astronaut")

    done = zoo("evaluate", "face_detector", "--file", str(published_sparse), "--data", str(folder), capsys=capsys)

    assert done.returncode == 0, done.stderr
    assert "no labels available" in done.stdout


def picture(folder: Path) -> None:
    Image.effect_noise((96, 96), 80).convert("RGB").save(folder / "a.png")


def test_a_wrong_annotation_file_is_one_sentence_with_the_line(
    tmp_path: Path, published_sparse: Path, capsys: Captured
) -> None:
    picture(tmp_path)
    file = tmp_path / "faces.xml"
    file.write_text('<dataset><images>\n<image file="a.png">\n<box top="1" left="2" width="wide" height="9"/>\n')

    done = zoo(
        *("evaluate", "face_detector", "--file", str(published_sparse), "--annotations", str(file)), capsys=capsys
    )

    assert done.returncode == 2
    assert "faces.xml line 3: width='wide' is not a number of pixels" in done.stderr
    assert done.stdout == ""


def test_annotations_of_something_else_are_bad_input(tmp_path: Path, published_sparse: Path, capsys: Captured) -> None:
    picture(tmp_path)
    content = {
        "images": [{"id": 1, "file_name": "a.png"}],
        "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 1, 20, 20]}],
        "categories": [{"id": 1, "name": "person"}],
    }
    (tmp_path / "persons.json").write_text(json.dumps(content))

    done = zoo(
        *("evaluate", "face_detector", "--file", str(published_sparse), "--annotations", str(tmp_path)), capsys=capsys
    )

    assert done.returncode == 2
    assert "persons.json labels no faces" in done.stderr


@pytest.mark.parametrize("command", ["evaluate", "build"])
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--annotations", "nowhere.json"), "--annotations: there is no nowhere.json"),
        (("--format", "coco"), "--format says how to read --annotations"),
    ],
)
def test_options_that_name_nothing_are_bad_input(
    command: str, arguments: tuple[str, str], said: str, tmp_path: Path, capsys: Captured
) -> None:
    done = zoo(command, "face_detector", *arguments, "--out", str(tmp_path), capsys=capsys)

    assert done.returncode == 2
    assert said in done.stderr

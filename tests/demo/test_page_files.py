"""The page as files, and the server that shows it."""

from __future__ import annotations

import http.client
import json
import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.demo.conftest import QUIET, served
from zoo.demo import Shown, Side, make_side, serving, write_page
from zoo.errors import InputError, OutsideError
from zoo.runtimes import role_of
from zoo.spec import ModelSpec, load_spec
from zoo.tflite import bundle_models, has_metadata, read_model, write_bundle


def test_the_page_names_no_other_place(page: Path) -> None:
    for name in ("index.html", "demo.css", "demo.js", "models.js", "pictures.js", "camera.js", "drawing.js"):
        assert not re.findall(r"(https?:)?//[a-z]", (page / name).read_text(encoding="utf-8").replace("// ", ""))
    policy = re.findall(r'Content-Security-Policy" content="([^"]+)"', (page / "index.html").read_text("utf-8"))
    assert policy[0].startswith("default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'")
    assert "unsafe-inline" not in policy[0]


def test_models_are_those_given_with_the_metadata_that_tasks_want(page: Path, sides: Sequence[Side]) -> None:
    dense, sparse = (page / "models" / f"{side.name}.tflite" for side in sides)
    assert sparse.read_bytes() == sides[1].path.read_bytes()
    assert has_metadata(read_model(dense))
    contents = json.loads((page / "demo.json").read_text(encoding="utf-8"))
    assert contents["task"] == "FaceDetector"
    assert contents["threshold"] == load_spec("face_detector").spec.detector.score_threshold  # type: ignore[union-attr]


def test_a_page_says_what_each_file_is(sides: Sequence[Side]) -> None:
    dense, sparse = sides
    assert (dense.heading, dense.bytes, dense.zeros, dense.engages) == ("Dense", 1083984, 0.0, False)
    assert (sparse.heading, sparse.bytes, sparse.engages) == ("Sparse", 676746, True)
    assert sparse.zeros == pytest.approx(0.7, abs=0.01)


def test_a_dense_file_on_the_right_is_not_called_sparse(spec: ModelSpec, sides: Sequence[Side]) -> None:
    assert make_side("sparse", "x", sides[0].path, spec).heading == "Other"


def test_text_of_the_spec_stays_text(
    page: Path, spec: ModelSpec, sides: Sequence[Side], tmp_path: Path, astronaut: Path
) -> None:
    hostile = spec.model_copy(update={"title": "<script>alert(1)</script>", "licence": '"><img src=x onerror=y>'})
    shown = [Shown("</script><b>.png", astronaut)]
    made = write_page(tmp_path / "page", spec=hostile, sides=sides, pictures=shown, progress=QUIET)
    text = (made.folder / "index.html").read_text(encoding="utf-8")
    assert "&lt;script&gt;alert(1)" in text
    assert "<script>alert" not in text
    assert "<img" not in text


def test_a_page_is_replaced_whole_and_nothing_else_is(
    page: Path, spec: ModelSpec, sides: Sequence[Side], tmp_path: Path
) -> None:
    folder = tmp_path / "page"
    shutil.copytree(page, folder)
    (folder / "old.txt").write_text("of the page before")
    write_page(folder, spec=spec, sides=sides, pictures=[], progress=QUIET)
    assert not (folder / "old.txt").exists()
    assert list(tmp_path.iterdir()) == [folder]

    other = tmp_path / "mine"
    other.mkdir()
    (other / "thesis.txt").write_text("dear")
    with pytest.raises(InputError, match="holds other files, which a page would replace"):
        write_page(other, spec=spec, sides=sides, pictures=[], progress=QUIET)
    assert (other / "thesis.txt").read_text() == "dear"


def test_a_picture_that_is_none_leaves_no_page(
    page: Path, spec: ModelSpec, sides: Sequence[Side], tmp_path: Path
) -> None:
    wrong = tmp_path / "wrong.png"
    wrong.write_bytes(b"no picture")
    with pytest.raises(InputError, match=r"wrong\.png cannot be used as a picture"):
        write_page(tmp_path / "page", spec=spec, sides=sides, pictures=[Shown("x", wrong)], progress=QUIET)
    assert list(tmp_path.iterdir()) == [wrong]


def test_a_file_of_another_task_is_refused(spec: ModelSpec, hand_model: Path) -> None:
    with pytest.raises(
        InputError, match=r"is no file for face_detector: it takes 1 x 224 x 224 x 3 where face_detector"
    ):
        make_side("sparse", "x", hand_model, spec)


def test_a_bundle_without_a_member_is_refused(tmp_path: Path, hand_model: Path) -> None:
    hands = load_spec("hand_landmark_lite").spec
    bundle = tmp_path / "hands.task"
    write_bundle(bundle, {"hand_landmarks_detector.tflite": hand_model.read_bytes()})
    with pytest.raises(InputError, match=r"has no member hand_detector\.tflite"):
        make_side("sparse", "x", bundle, hands)


@pytest.mark.parametrize(
    "name", ["hand_landmark", "hand_landmark_lite", "palm_detector", "pose_detector", "pose_landmark"]
)
def test_what_is_published_fits_its_own_spec(name: str, modules: Path) -> None:
    spec = load_spec(name).spec
    path = modules.parent.parent / spec.dropin[0].replaces
    assert make_side("dense", "x", path, spec).bytes == path.stat().st_size


def test_a_part_of_a_bundle_is_put_into_one(page: Path, hand_model: Path, tmp_path: Path) -> None:
    hands = load_spec("hand_landmark_lite").spec
    sides = [make_side(name, "x", hand_model, hands) for name in ("dense", "sparse")]
    made = write_page(tmp_path / "page", spec=hands, sides=sides, pictures=[], progress=QUIET)
    assert {"models/dense.task", "models/sparse.task"} <= set(made.files)
    members = dict(bundle_models(made.folder / "models" / "sparse.task"))
    role = role_of(hands.dropin[0].replaces)
    assert set(members) == {role.member, *role.others}
    contents = json.loads((made.folder / "demo.json").read_text(encoding="utf-8"))
    assert (contents["one"], contents["many"], len(contents["edges"])) == ("hand", "hands", 21)


def test_the_server_tells_types_and_gives_nothing_else(page: Path) -> None:
    (page.parent / "secret.txt").write_text("not for anyone")
    with served(page) as address:
        host = urlsplit(address)
        assert host.hostname == "127.0.0.1"

        def ask(path: str) -> tuple[int, str]:
            connection = http.client.HTTPConnection("127.0.0.1", host.port or 0, timeout=10)
            connection.request("GET", path)
            answer = connection.getresponse()
            assert answer.getheader("Cross-Origin-Opener-Policy") == "same-origin"
            answer.read()
            connection.close()
            return answer.status, answer.getheader("Content-Type") or ""

        assert ask("/") == (200, "text/html; charset=utf-8")
        assert ask("/demo.js") == (200, "text/javascript; charset=utf-8")
        assert ask("/runtime/vision_wasm_internal.wasm") == (200, "application/wasm")
        assert ask("/models/sparse.tflite") == (200, "application/octet-stream")
        for path in ("/../secret.txt", "/%2e%2e/secret.txt", "/runtime/", "/nothing"):
            assert ask(path)[0] == 404


def test_a_port_in_use_is_said_to_be(page: Path) -> None:
    with served(page) as address:
        port = urlsplit(address).port or 0
        with pytest.raises(OutsideError, match=f"port {port} cannot be opened"):
            serving(page, port).__enter__()

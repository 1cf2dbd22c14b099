"""`publish`, `compare`, `pull` and `verify-release` on the command line: what they print, and their exit codes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.release._keys import KeyPair, make_keys
from tests.release._releases import make_release, with_bytes, with_f_score
from zoo.cli._main import run

Zoo = Callable[..., tuple[int, str, str]]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a build, which is the current one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ZOO_SIGNING_KEY", raising=False)
    make_release(tmp_path / "build/face_detector")
    return tmp_path


@pytest.fixture
def keys(here: Path) -> KeyPair:
    return make_keys(here, "key")


@pytest.fixture
def zoo(here: Path, capsys: pytest.CaptureFixture[str]) -> Zoo:
    def call(*arguments: str) -> tuple[int, str, str]:
        code = run(arguments)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


def document(answer: tuple[int, str, str], code: int = 0) -> Any:
    assert answer[0] == code, answer
    return json.loads(answer[1])


def test_the_whole_way_from_a_build_to_a_checked_copy(zoo: Zoo, here: Path, keys: KeyPair) -> None:
    code, out, _ = zoo("publish", "face_detector", "--to", "dir:releases", "--sign", str(keys.private))
    assert code == 0
    assert "Published face_detector 0.1.0 (20 files" in out
    assert "signed with the key" in out
    code, out, _ = zoo("pull", "dir:releases/face_detector", "--key", str(keys.public))
    assert code == 0
    assert "face_detector 0.1.0 is in" in out
    assert "holder of this key signed it" in out
    assert 'model_asset_path="face_detector_sparse.tflite"' in out, "the card's own snippet"
    code, out, _ = zoo("verify-release", "face_detector-0.1.0", "--key", str(keys.public))
    assert (code, "is as it was signed" in out) == (0, True)
    (here / "face_detector-0.1.0/README.md").write_text("other")
    code, out, err = zoo("verify-release", "face_detector-0.1.0", "--key", str(keys.public))
    assert (code, out) == (1, "")
    assert err.endswith("is not the file that the manifest lists; do not use it, and fetch the release again.\n")


def test_json_of_all(zoo: Zoo, keys: KeyPair) -> None:
    to = ("--to", "dir:releases")
    planned = document(zoo("publish", "face_detector", *to, "--dry-run", "--json"))
    assert planned["dry_run"] is True
    assert {"path": "manifest.json", "bytes": planned["files"][-1]["bytes"]} == planned["files"][-1]
    published = document(zoo("publish", "face_detector", *to, "--sign", str(keys.private), "--json"))
    assert published["changes"]["since"] is None
    pulled = document(zoo("pull", "dir:releases/face_detector/0.1.0", "--json"))
    assert (pulled["signed"], pulled["key"]) == (True, None)
    assert next(one["title"] for one in pulled["use"]).startswith("MediaPipe Tasks")
    checked = document(zoo("verify-release", pulled["folder"], "--key", str(keys.public), "--json"))
    assert checked["key"] == published["key"]
    refused = document(zoo("verify-release", "build/face_detector/release", "--key", str(keys.public), "--json"), 1)
    assert "is not signed" in refused["error"]


def test_a_dry_run_lists_every_file_with_its_bytes(zoo: Zoo, here: Path) -> None:
    code, out, _ = zoo("publish", "face_detector", "--to", "dir:releases", "--dry-run")
    assert code == 0
    for name in ("face_detector_sparse.tflite", "records/bench.json", "CHANGELOG.md", "manifest.json"):
        assert name in out
    assert "5,005" in out
    assert "Would publish face_detector 0.1.0" in out
    assert "not signed" in out
    assert not (here / "releases").exists()


def test_the_key_may_come_from_the_environment(zoo: Zoo, keys: KeyPair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZOO_SIGNING_KEY", str(keys.private))
    assert document(zoo("publish", "face_detector", "--to", "dir:releases", "--json"))["key"]


def test_overrides_are_given_with_their_reasons(zoo: Zoo, here: Path) -> None:
    make_release(here / "out/face_detector", without_wasm=True)
    to = ("publish", "face_detector", "--out", "out", "--to", "dir:releases")
    code, _, err = zoo(*to)
    assert code == 1
    assert "Gate 'sparse_kernels_engage' failed" in err
    both = ("--override", "sparse_kernels_engage", "--override", "wasm_latency")
    code, _, err = zoo(*to, *both, "--reason", "One.", "--reason", "Two.", "--reason", "Three.")
    assert (code, "2 --override and 3 --reason do not match" in err) == (2, True)
    code, _, err = zoo(*to, *both)
    assert (code, "2 --override and 0 --reason do not match" in err) == (2, True)
    code, out, _ = zoo(*to, *both, "--reason", "No Node here.")
    assert code == 0
    assert "In spite of gate wasm_latency, which failed: Not measured" in out
    code, out, _ = zoo("pull", "dir:releases/face_detector")
    assert "It was published in spite of gate wasm_latency: No Node here." in out


def test_compare_shows_what_got_worse_first(zoo: Zoo, here: Path) -> None:
    changed = {"bench": with_bytes(470_000), "quality": with_f_score(0.80, 0.79, 0.81)}
    make_release(here / "new/face_detector", version="0.2.0", changed=changed)
    code, out, _ = zoo("compare", "build/face_detector", "new/face_detector")
    assert code == 0
    assert out.startswith("face_detector 0.1.0 -> face_detector 0.2.0")
    assert out.index("worse") < out.index("sparse: f score") < out.index("better") < out.index("sparse: bytes")
    assert out.index("sparse: bytes") < out.index("no difference to tell")
    found = document(zoo("compare", "build/face_detector", "new/face_detector", "--json", "--fail-on-regression"), 1)
    assert [one["what"] for one in found["regressions"]] == ["sparse: f score"]
    assert found["regressions"][0]["high"] < 0
    same = ("compare", "build/face_detector", "build/face_detector", "--fail-on-regression")
    assert zoo(*same)[0] == 0


def test_compare_takes_a_release_from_elsewhere(zoo: Zoo, here: Path) -> None:
    assert zoo("publish", "face_detector", "--to", "dir:releases")[0] == 0
    make_release(here / "new/face_detector", version="0.2.0", changed={"bench": with_bytes(470_000)})
    found = document(zoo("compare", "dir:releases/face_detector", "new/face_detector", "--json"))
    assert (found["before"], found["after"]) == ("face_detector 0.1.0", "face_detector 0.2.0")
    assert [one["what"] for one in found["improvements"]] == ["sparse: bytes"]


def test_compare_of_one_release_is_of_its_variants(zoo: Zoo) -> None:
    found = document(zoo("compare", "build/face_detector", "--json"))
    assert (found["before"], found["after"]) == ("dense", "sparse")
    assert zoo("compare", "build/face_detector", "--fail-on-regression")[0] == 1


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["compare", "nowhere"], "nowhere is no release and no build"),
        (["compare", "build/face_detector", "--variants", "dense,other"], "--variants takes two of dense, sparse"),
        (["compare", "build/face_detector", "--variants", "dense"], "--variants takes two of"),
        (["compare", "build/face_detector", "build/face_detector", "--variants", "dense,sparse"], "leave B out"),
        (["pull", "nowhere"], "There is no folder nowhere"),
        (["verify-release", "build"], "holds no manifest.json and no versions"),
        (["verify-release", "hf:ORG"], "write hf:ORG/NAME"),
        (["publish", "face_detector", "--to", "dir:x", "--sign", "nowhere.pem"], "The key nowhere.pem cannot be read"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_2(arguments: list[str], sentence: str, zoo: Zoo) -> None:
    code, out, err = zoo(*arguments)
    assert (code, out) == (2, "")
    assert sentence in err
    assert err.startswith("Error: ")
    assert err.count("\n") == 1

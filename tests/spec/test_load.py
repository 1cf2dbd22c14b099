"""A spec is found by name, a user's own first, and what is wrong in it is named in one sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from zoo.errors import InputError
from zoo.spec import list_models, load_spec, read_spec


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, project_root: Path) -> Path:
    """A copy of the shipped spec in a `models/` folder where the person stands."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "models" / "face_detector" / "spec.yaml"
    path.parent.mkdir(parents=True)
    path.write_bytes((project_root / "models" / "face_detector" / "spec.yaml").read_bytes())
    return path


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_own_models_come_before_the_shipped_ones(own: Path) -> None:
    change(own, "version: 0.1.0", "version: 9.9.9")
    found = load_spec("face_detector")
    assert found.spec.version == "9.9.9"
    assert found.folder == own.parent


def test_own_models_do_not_hide_the_shipped_ones(own: Path) -> None:
    own.parent.rename(own.parent.with_name("other"))
    assert {"face_detector", "other"} <= set(list_models())
    assert load_spec("face_detector").spec.name == "face_detector"


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("initial_sparsity:", "inital_sparsity:", "'training.pruning.inital_sparsity': is not a field that the spec"),
        ("sparsity: 0.8}", "sparsity: 1.2}", "'variants.1.sparsity': input should be less than 1 (it is '1.2')"),
        ("calibration: 0.1", "calibration: 0.8", "'data.split': calibration and evaluation together must be below 1"),
        ("{pretrain: 1, prune: 2", "{pretrain: -1, prune: 2", "'training.presets.smoke.epochs.pretrain'"),
        ("url: https://storage", "url: http://storage", "'references.published_dense.url'"),
        ("start: published_sparse", "start: published", "student.start names 'published', which is not in references"),
        ("name: face_detector", "name: other", "name is 'other', but its folder is 'face_detector'"),
    ],
)
def test_what_is_wrong_is_named(own: Path, old: str, new: str, sentence: str) -> None:
    change(own, old, new)
    with pytest.raises(InputError) as caught:
        load_spec("face_detector")
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


def test_spec_of_megabytes_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "spec.yaml"
    path.write_text("#" * ((1 << 20) + 1))
    with pytest.raises(InputError, match="is larger than 1048576 bytes"):
        read_spec(path)


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "..\\a", "a" * 300, "a\0b", "Face"])
def test_name_that_is_no_folder_is_no_model(name: str) -> None:
    with pytest.raises(InputError, match="There is no model"):
        load_spec(name)

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
    change(own, "version: 1.0.0", "version: 9.9.9")
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
        ("wasm_time: 0.55", "wasm_time: 4.5", "'variants.1.budget.wasm_time': input should be less than or equal to 4"),
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


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("title: BlazeFace full-range face", 'title: "\\uD83D\\uDE00" #', "is not valid YAML"),
        ("title: BlazeFace full-range face", 'title: "a\\u202Eb" #', "'title': holds U+202E, a mark that turns"),
        ("title: BlazeFace full-range face", 'title: "a\\u2066b" #', "'title': holds U+2066, a mark that turns"),
        ("title: BlazeFace full-range face", 'title: "a\\eb" #', "'title': holds U+001B, a control character"),
        ("title: BlazeFace full-range face", 'title: "a\\0b" #', "'title': holds U+0000, a control character"),
        ("title: BlazeFace full-range face", 'title: "a\\x9Bb" #', "'title': holds U+009B, a control character"),
        ("title: BlazeFace full-range face", 'title: "a\\nb" #', "'title': must be one line of text"),
        ("title: BlazeFace full-range face", 'title: "a\\Lb" #', "'title': must be one line of text"),
        ("title: BlazeFace full-range face", 'title: " " #', "'title': must be one line of text"),
        ("licence: apache-2.0", 'licence: "mit\\rx"', "'licence': must be one line of text"),
        ("version: 1.0.0", "version: ٠.١.٠", "'version'"),
        ("version: 1.0.0", "version: 1.0.０", "'version'"),
        ("version: 1.0.0", "version: 1.0." + "0" * 50, "'version'"),
        ("tags: [face-detection,", 'tags: ["face\\u202E",', "'card.tags': holds U+202E"),
        ("    - Counting people", '    - "Counting\\x07 people"\n    - Counting', "'card.out_of_scope': holds U+0007"),
        ("smoke:", '"smoke\\e":', "'training.presets.smoke"),
    ],
)
def test_text_is_what_a_reader_sees(own: Path, old: str, new: str, sentence: str) -> None:
    change(own, old, new)
    with pytest.raises(InputError) as caught:
        load_spec("face_detector")
    assert sentence in str(caught.value)


def test_text_of_every_script_is_taken(own: Path) -> None:
    change(own, "title: BlazeFace full-range face", 'title: "كاشف الوجوه می‌خواهم 👩‍👩‍👧 顔" #')
    assert load_spec("face_detector").spec.title == "كاشف الوجوه می‌خواهم 👩‍👩‍👧 顔"

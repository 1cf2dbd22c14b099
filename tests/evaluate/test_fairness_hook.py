"""A fairness hook of one's own: found beside the spec or installed, called, and told in one sentence what is wrong."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.card._records import digest, provenance
from tests.evaluate.test_quality import picture
from zoo.errors import InputError
from zoo.evaluate import NO_LABELS, FairnessEvidence, judge_groups, load_hook
from zoo.evaluate._statistics import Ratio
from zoo.families import family_of
from zoo.progress import SilentProgress
from zoo.records import FairnessRecord
from zoo.spec import FairnessRules, load_spec

OWN_HOOK = """\
from __future__ import annotations

from dataclasses import dataclass

from zoo.evaluate import judge_groups
from zoo.records import Fairness


@dataclass(frozen=True)
class Words:
    said: str


def judge(evidence) -> Fairness:
    answer = judge_groups(evidence)
    note = Words(f"judged {', '.join(evidence.columns)} on {len(evidence.groups)} pictures").said
    return answer.model_copy(update={"notes": [*answer.notes, note]})


def as_mapping(evidence):
    return {"columns": [], "notes": [f"smallest group {evidence.smallest_group}"]}


def nothing(evidence):
    return None


def half(evidence):
    return {"columns": []}


def unvalidated(evidence):
    return Fairness.model_construct(columns=[{"column": 3}], notes=[])


def leaves(evidence):
    raise SystemExit(0)


def fails(evidence):
    raise ZeroDivisionError("no\\nface at all")


CONSTANT = 3
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A model's folder with hooks beside the spec."""
    (tmp_path / "own_hook.py").write_text(OWN_HOOK)
    (tmp_path / "broken.py").write_text("def judge(evidence:\n")
    (tmp_path / "leaves.py").write_text("raise SystemExit(3)\n")
    return tmp_path


@pytest.fixture
def evidence() -> FairnessEvidence:
    found = Ratio.of_trials(np.ones(40, bool), np.arange(40), 40)
    groups = [{"side": "left" if number < 20 else "right"} for number in range(40)]
    return FairnessEvidence({"recall": {"dense": found, "sparse": found}}, {"recall": "higher"}, groups, "faces")


def test_the_default_is_ours() -> None:
    hook = load_hook(FairnessRules())
    assert hook.function is judge_groups
    assert hook.sha256 is None


def test_a_hook_beside_the_spec_is_called_and_named_in_the_record(folder: Path, evidence: FairnessEvidence) -> None:
    hook = load_hook(FairnessRules(hook="own_hook:judge"), beside=folder)
    record = hook.judge(evidence).record(provenance(), pictures_sha256=digest("pictures"))
    assert record.notes[-1] == "judged side on 40 pictures"
    assert [column.column for column in record.columns] == record.group_columns == ["side"]
    assert record.hook == "own_hook:judge"
    assert record.hook_sha256 == hashlib.sha256(OWN_HOOK.encode()).hexdigest()
    assert FairnessRecord.model_validate_json(record.model_dump_json()) == record


def test_a_mapping_of_the_fields_is_an_answer_too(folder: Path, evidence: FairnessEvidence) -> None:
    hook = load_hook(FairnessRules(hook="own_hook:as_mapping", smallest_group=7), beside=folder)
    assert hook.judge(replace(evidence, smallest_group=hook.smallest_group)).answer.notes == ["smallest group 7"]


def test_a_hook_comes_from_an_installed_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, evidence: FairnessEvidence
) -> None:
    (tmp_path / "site" / "our_company").mkdir(parents=True)
    (tmp_path / "site" / "our_company" / "__init__.py").touch()
    (tmp_path / "site" / "our_company" / "hooks.py").write_text(OWN_HOOK)
    monkeypatch.syspath_prepend(tmp_path / "site")
    hook = load_hook(FairnessRules(hook="our_company.hooks:judge"), beside=tmp_path)
    assert hook.judge(evidence).answer.notes[-1] == "judged side on 40 pictures"


def test_a_hook_takes_no_installed_modules_name(folder: Path) -> None:
    (folder / "json.py").write_text(OWN_HOOK)
    assert load_hook(FairnessRules(hook="json:judge"), beside=folder).sha256 is not None
    import json

    assert json.loads("[1]") == [1]


def test_without_labels_nobody_is_asked(folder: Path, evidence: FairnessEvidence) -> None:
    hook = load_hook(FairnessRules(hook="own_hook:fails"), beside=folder)
    answer = hook.judge(replace(evidence, groups=[{} for _ in evidence.groups]))
    assert (answer.answer.columns, answer.answer.notes, answer.group_columns) == ([], [NO_LABELS], [])


def one_sentence(error: InputError, hook: str) -> str:
    said = str(error)
    module, function = hook.split(":")
    assert said.startswith(f"The spec's fairness hook, function {function} of module {module},")
    assert "\n" not in said
    assert said.endswith(".")
    return said


@pytest.mark.parametrize(
    ("hook", "reason"),
    [
        ("nowhere:judge", "cannot be imported (ModuleNotFoundError: No module named 'nowhere')"),
        ("own_hook.deeper:judge", "cannot be imported (ModuleNotFoundError"),
        ("odd..dots:judge", "cannot be imported"),
        ("broken:judge", "cannot be imported (SyntaxError"),
        ("leaves:judge", "cannot be imported (SystemExit: 3)"),
        ("own_hook:missing", "is not there: own_hook has no function missing"),
        ("own_hook:CONSTANT", "is not there: own_hook has no function CONSTANT"),
    ],
)
def test_a_hook_that_is_not_there_is_one_sentence(folder: Path, hook: str, reason: str) -> None:
    with pytest.raises(InputError) as caught:
        load_hook(FairnessRules(hook=hook), beside=folder)
    assert reason in one_sentence(caught.value, hook)


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        ("fails", "raised ZeroDivisionError: no face at all"),
        ("leaves", "raised SystemExit: 0"),
        ("nothing", "must return a zoo.records.Fairness"),
        ("half", "must return a zoo.records.Fairness: in 'notes', Field required"),
        ("unvalidated", "must return a zoo.records.Fairness: in 'columns.0.column'"),
    ],
)
def test_a_wrong_answer_is_one_sentence(folder: Path, evidence: FairnessEvidence, function: str, reason: str) -> None:
    hook = load_hook(FairnessRules(hook=f"own_hook:{function}"), beside=folder)
    with pytest.raises(InputError) as caught:
        hook.judge(evidence)
    assert reason in one_sentence(caught.value, hook.name)


@pytest.mark.parametrize("hook", ["judge", "module:", ":judge", "a b:judge", "module:judge()", "../x:judge", "m:a.b"])
def test_a_hook_has_a_module_and_a_function(hook: str) -> None:
    with pytest.raises(ValueError, match="hook"):
        FairnessRules(hook=hook)


def test_it_judges_what_mediapipes_graph_found(folder: Path, published_dense: Path, published_sparse: Path) -> None:
    pictures = [
        replace(picture("skimage", "data/astronaut.png", face=None), groups={"place": "space"}),
        replace(picture("matplotlib", "mpl-data/sample_data/grace_hopper.jpg", face=None), groups={"place": "sea"}),
    ]

    result = family_of(load_spec("face_detector").spec).evaluate(
        {"dense": published_dense, "sparse": published_sparse, "published_dense": published_dense},
        reference="published_dense",
        pictures=pictures,
        progress=SilentProgress(),
        hook=load_hook(FairnessRules(hook="own_hook:judge", smallest_group=1), beside=folder),
    )
    record = result.fairness_record(provenance())
    assert record.notes[-1] == "judged place on 2 pictures"
    assert [group.group for group in record.columns[0].groups] == ["sea", "space"]
    assert record.smallest_group == 1

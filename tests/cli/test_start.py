"""The start is light, and errors are one sentence with the exit code that scripts rely on."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from zoo.cli._main import run

HEAVY = ("tensorflow", "tf_keras", "keras", "mediapipe", "matplotlib", "scipy", "sklearn", "PIL", "cv2", "jax")


Captured = pytest.CaptureFixture[str]


@dataclass(frozen=True)
class Done:
    returncode: int
    stdout: str
    stderr: str


def zoo(*arguments: str, capsys: Captured) -> Done:
    """The command within this process, since a start of Python for each sentence takes long."""
    code = run(arguments)
    captured = capsys.readouterr()
    return Done(code, captured.out, captured.err)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that is the current one."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    "arguments", [["--help"], ["build", "--help"], ["list"], ["doctor", "--json"], ["compare", "here"]]
)
def test_light_commands_import_nothing_heavy(arguments: list[str], tmp_path: Path) -> None:
    program = (
        "import sys, json\n"
        "from zoo.cli._main import run\n"
        f"run({arguments!r})\n"
        f"print(json.dumps([name for name in {HEAVY!r} if name in sys.modules]), file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=True
    )
    assert json.loads(done.stderr.splitlines()[-1]) == []


def test_help_of_zoo_does_not_even_import_the_spec(tmp_path: Path) -> None:
    program = (
        "import sys\nfrom zoo.cli._main import run\nrun(['--help'])\n"
        "print([name for name in ('pydantic', 'numpy', 'rich', 'yaml') if name in sys.modules], file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=True
    )
    assert done.stderr.splitlines()[-1] == "[]"


def test_inspect_imports_nothing_heavy(published_sparse: Path) -> None:
    program = (
        "import sys, json\n"
        "from zoo.cli._main import run\n"
        f"code = run(['inspect', {str(published_sparse)!r}, '--json', '--require', 'sparse'])\n"
        f"print(json.dumps([name for name in {HEAVY!r} if name in sys.modules]), file=sys.stderr)\n"
        "sys.exit(code)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=True)
    assert json.loads(done.stderr.splitlines()[-1]) == []
    assert json.loads(done.stdout)[0]["verdicts"][0]["sparse"] is True


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["build", "no_model"], "There is no model 'no_model'"),
        (["build", "../face_detector"], "There is no model"),
        (["build", "face_detector", "--out", "text.yaml"], "text.yaml is not a folder"),
        (["build", "face_detector", "--sparsity", "1.2"], "--sparsity 1.2 is not a share of zeros"),
        (["build", "face_detector", "--sparsity", "1.0"], "--sparsity 1 is not a share of zeros"),
        (["build", "face_detector", "--sparsity", "-0.1"], "--sparsity -0.1 is not a share"),
        (["build", "face_detector", "--sparsity", "nan"], "--sparsity nan is not a share"),
        (["build", "face_detector", "--sparsity", "a lot"], "is not a list of numbers"),
        (["build", "face_detector", "--sparsity", "0.8,0.8"], "names a share twice"),
        (["build", "face_detector", "--preset", "huge"], "has no preset 'huge'"),
        (["build", "face_detector", "--data", "nowhere"], "there is no folder nowhere"),
        (["build", "face_detector", "--from", "nowhere"], "There is no stage 'nowhere'"),
        (["build"], "takes the name of one model, or --all"),
        (["build", "face_detector", "--fast"], "No such option"),
        (["bild"], "No such command 'bild'"),
        (["inspect", "nowhere.tflite"], "nowhere.tflite"),
        (["inspect", "broken.tflite"], "broken.tflite"),
        (["inspect", "text.yaml", "--target", "moon"], "text.yaml"),
        (["inspect", "broken.tflite", "--require", "speed"], "--require 'speed' is not known"),
        (["bench", "nowhere.tflite"], "nowhere.tflite"),
        (["bench", "broken.tflite"], "broken.tflite is damaged"),
        (["publish", "face_detector", "--to", "dir:x"], "holds no release; run 'zoo build face_detector' first"),
        (["card", "face_detector"], "holds no release"),
        (["evaluate", "face_detector"], "holds no release"),
        (["dropin", "face_detector", "--file", "nowhere.tflite"], "there is no file nowhere.tflite"),
        (["dropin", "face_detector", "--file", "broken.tflite"], "broken.tflite is damaged"),
        (["evaluate", "face_detector", "--file", "broken.tflite"], "broken.tflite is damaged"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_2(
    arguments: list[str], sentence: str, here: Path, published_sparse: Path, capsys: Captured
) -> None:
    (here / "broken.tflite").write_bytes(published_sparse.read_bytes()[:5000])
    (here / "text.yaml").write_text("name: x\n")
    done = zoo(*arguments, capsys=capsys)
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_build_that_cannot_be_leaves_nothing_behind(here: Path, capsys: Captured) -> None:
    assert zoo("build", "no_model", capsys=capsys).returncode == 2
    assert list(here.iterdir()) == []


def test_model_name_cannot_lead_out_of_the_build_folder(here: Path, capsys: Captured) -> None:
    (here / "inside").mkdir()
    assert zoo("build", "../elsewhere", "--out", "inside", capsys=capsys).returncode == 2
    assert [path.name for path in here.rglob("*")] == ["inside"]


def test_without_arguments_the_help_is_shown(capsys: Captured) -> None:
    done = zoo(capsys=capsys)
    assert done.returncode == 0
    assert "zoo build face_detector" in done.stdout


@pytest.mark.parametrize("text", ["born: 2020-99-99", "seed: " + "9" * 5000, "[" * 5000, "a: &a [*a, *a", "\x00"])
def test_text_that_yaml_stumbles_over_is_bad_input(text: str, here: Path, capsys: Captured) -> None:
    folder = here / "models" / "own"
    folder.mkdir(parents=True)
    (folder / "spec.yaml").write_text(text)
    done = zoo("build", "own", capsys=capsys)
    assert done.returncode == 2, done.stderr
    assert "spec.yaml" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_name_from_a_file_cannot_break_the_line(here: Path, capsys: Captured) -> None:
    folder = here / "models" / "own"
    folder.mkdir(parents=True)
    (folder / "spec.yaml").write_text('"two\\nlines\\e[31m": 1\n')
    done = zoo("build", "own", "--json", capsys=capsys)
    assert done.returncode == 2
    assert "two lines" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert "\x1b" not in done.stderr + json.loads(done.stdout)["error"]


def test_misspelled_field_is_named(here: Path, project_root: Path, capsys: Captured) -> None:
    folder = here / "models" / "face_detector"
    folder.mkdir(parents=True)
    text = (project_root / "models" / "face_detector" / "spec.yaml").read_text()
    (folder / "spec.yaml").write_text(text.replace("initial_sparsity:", "inital_sparsity:"))
    done = zoo("build", "face_detector", capsys=capsys)
    assert done.returncode == 2
    assert (
        "'training.pruning.inital_sparsity': is not a field that the spec knows; is it 'initial_sparsity'?"
        in done.stderr
    )
    assert len(done.stderr.strip().splitlines()) == 1


def test_error_under_json_is_still_one_document(here: Path, capsys: Captured) -> None:
    done = zoo("build", "no_model", "--json", capsys=capsys)
    assert done.returncode == 2
    assert json.loads(done.stdout)["exit_code"] == 2


def test_debug_shows_the_traceback_wherever_it_stands(here: Path, capsys: Captured) -> None:
    for arguments in (["--debug", "build", "no_model"], ["build", "no_model", "--debug"]):
        done = zoo(*arguments, capsys=capsys)
        assert done.returncode == 2
        assert "Traceback" in done.stderr
        assert "InputError: There is no model 'no_model'" in done.stderr


def test_list_knows_the_shipped_model(here: Path, capsys: Captured) -> None:
    done = zoo("list", "--json", capsys=capsys)
    entry = next(entry for entry in json.loads(done.stdout) if entry["model"] == "face_detector")
    assert entry["built"] is False
    assert {"dense", "sparse"} <= set(entry["variants"])


def test_doctor_says_that_avx_hides_sparse_kernels(here: Path, capsys: Captured) -> None:
    done = zoo("doctor", "--json", capsys=capsys)
    report = json.loads(done.stdout)
    host = next(finding for finding in report["findings"] if finding["subject"] == "target host")
    assert (host["status"] == "note") == report["machine"]["has_avx"]
    assert done.returncode == (0 if report["healthy"] else 1)


def test_truncated_model_is_refused_by_inspect_as_json(here: Path, published_dense: Path, capsys: Captured) -> None:
    (here / "cut.tflite").write_bytes(published_dense.read_bytes()[:100_000])
    done = zoo("inspect", "cut.tflite", "--json", capsys=capsys)
    assert done.returncode == 2
    assert "cut.tflite" in json.loads(done.stdout)["error"]


def test_dense_model_is_not_sparse(published_dense: Path, capsys: Captured) -> None:
    done = zoo("inspect", str(published_dense), "--require", "sparse", capsys=capsys)
    assert done.returncode == 1
    assert "DENSE" in done.stdout
    assert len(done.stderr.strip().splitlines()) == 1


def test_answer_no_is_one_document_under_json(published_dense: Path, capsys: Captured) -> None:
    done = zoo("inspect", str(published_dense), "--require", "sparse", "--json", capsys=capsys)
    assert done.returncode == 1
    assert json.loads(done.stdout)[0]["verdicts"][0]["sparse"] is False
    assert "does not run sparse" in done.stderr

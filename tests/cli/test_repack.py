"""`zoo densify` and `zoo sparsify`: what they write, say and refuse."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.test_start import Captured, Done, zoo
from tests.xnnpack.graphs import Graph
from zoo.tflite import densify, prune_by_magnitude, read_model, sparsify

COMMANDS = ("densify", "sparsify")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, published_sparse: Path) -> Path:
    """The current folder: a published sparse file, it pruned further, and one with nothing to gain."""
    monkeypatch.chdir(tmp_path)
    data = published_sparse.read_bytes()
    (tmp_path / "sparse.tflite").write_bytes(data)
    (tmp_path / "pruned.tflite").write_bytes(prune_by_magnitude(data, 0.8))
    graph = Graph((1, 8, 8, 4))
    (tmp_path / "full.tflite").write_bytes(graph.output(graph.conv(graph.input, 4, zeros=0.0, stored="float32")))
    (tmp_path / "broken.tflite").write_bytes(data[:5000])
    (tmp_path / "bundle.task").write_bytes(b"PK\x03\x04" + bytes(100))
    return tmp_path


def refused(done: Done) -> str:
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    return done.stderr


def test_sparse_file_becomes_dense(here: Path, capsys: Captured) -> None:
    done = zoo("densify", "sparse.tflite", capsys=capsys)
    assert (done.returncode, done.stderr) == (0, "")
    made = (here / "sparse_densified.tflite").read_bytes()
    assert made == densify((here / "sparse.tflite").read_bytes()).data
    assert "sparse_densified.tflite: 46 of 46 tensors now dense" in done.stdout


def test_pruned_file_becomes_sparse_and_is_said_to_engage(here: Path, capsys: Captured) -> None:
    done = zoo("sparsify", "pruned.tflite", "-o", "small.tflite", capsys=capsys)
    assert (done.returncode, done.stderr) == (0, "")
    before, after = (here / "pruned.tflite").read_bytes(), (here / "small.tflite").read_bytes()
    assert after == sparsify(before).data
    assert f"{len(before):,} to {len(after):,} bytes" in done.stdout
    assert "80.0%" in done.stdout
    assert done.stdout.splitlines()[-1].startswith("Sparse on wasm: ")


def test_kernel_that_stays_dense_says_why(here: Path, capsys: Captured) -> None:
    graph = Graph((1, 8, 8, 64))
    x = graph.conv(graph.conv(graph.input, 64, stored="float32"), 64, zeros=0.1, stored="float32")
    (here / "half.tflite").write_bytes(graph.output(x))
    done = zoo("sparsify", "half.tflite", capsys=capsys)
    assert "1 of 2 tensors now sparse" in done.stdout
    assert "bytes instead of 16,384" in done.stdout


@pytest.mark.parametrize(
    ("command", "said"), [("densify", "Nothing is stored sparse"), ("sparsify", "Nothing is gained")]
)
def test_nothing_to_do_is_said_and_a_copy_is_written(command: str, said: str, here: Path, capsys: Captured) -> None:
    done = zoo(command, "full.tflite", "--out", "copy.tflite", capsys=capsys)
    assert done.returncode == 0
    assert f"{said}: copy.tflite is a copy of full.tflite" in done.stdout
    assert (here / "copy.tflite").read_bytes() == (here / "full.tflite").read_bytes()


@pytest.mark.parametrize(
    ("command", "file", "changed"), [("densify", "sparse.tflite", 46), ("sparsify", "full.tflite", 0)]
)
def test_json_is_one_document(command: str, file: str, changed: int, here: Path, capsys: Captured) -> None:
    done = zoo(command, file, "--out", "made.tflite", "--json", capsys=capsys)
    document = json.loads(done.stdout)
    assert (done.returncode, done.stderr) == (0, "")
    assert document["source"]["name"] == file
    assert document["made"]["bytes"] == (here / "made.tflite").stat().st_size
    assert document["changed"] == changed == sum(tensor["kept"] is None for tensor in document["tensors"])
    expected = {"name", "shape", "dtype", "sparsity", "bytes_before", "bytes_after", "kept"}
    assert all(set(tensor) == expected for tensor in document["tensors"])
    assert ("verdict" in document) == (command == "sparsify")


def test_sparse_storage_that_makes_a_runtime_wrong_is_told(here: Path, capsys: Captured) -> None:
    """A mean that keeps its dimensions, then a 1x1 convolution: right when dense, zeros from sparse kernels."""
    graph = Graph((1, 16, 16, 3))
    x = graph.conv(graph.stem(64, stored="dense"), 64, stored="dense")
    (here / "trap.tflite").write_bytes(graph.output(graph.conv(graph.mean(x, keep_dims=True), 64, stored="dense")))
    done = zoo("sparsify", "trap.tflite", capsys=capsys)
    assert done.returncode == 0
    assert done.stdout.splitlines()[-1].startswith("Wrong on wasm: ")


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["nowhere.tflite"], "nowhere.tflite cannot be read"),
        (["broken.tflite"], "broken.tflite is damaged"),
        (["bundle.task"], "bundle.task is a bundle or another zip; take its models out"),
        (["."], ". is not a file"),
        (["full.tflite", "--out", "sparse.tflite"], "sparse.tflite is there already; name another file with --out"),
        (["full.tflite", "--out", "full.tflite"], "full.tflite is there already"),
        (["full.tflite", "--out", "none/x.tflite"], "name a file in a folder that is there"),
        (["full.tflite", "--out", ".", "--force"], "name a file in a folder that is there"),
        (["full.tflite", "--out", "/dev/null", "--force"], "name a file in a folder that is there"),
        ([], "Missing argument 'FILE'"),
    ],
)
def test_bad_input_is_one_sentence_and_changes_no_file(
    command: str, arguments: list[str], sentence: str, here: Path, capsys: Captured
) -> None:
    before = {path.name: path.read_bytes() for path in here.iterdir()}
    assert sentence in refused(zoo(command, *arguments, capsys=capsys))
    assert {path.name: path.read_bytes() for path in here.iterdir()} == before


def test_second_run_needs_to_be_forced(here: Path, capsys: Captured) -> None:
    assert zoo("densify", "sparse.tflite", capsys=capsys).returncode == 0
    assert "sparse_densified.tflite is there already" in refused(zoo("densify", "sparse.tflite", capsys=capsys))
    assert zoo("densify", "sparse.tflite", "--force", capsys=capsys).returncode == 0


def test_file_itself_is_replaced_when_forced(here: Path, capsys: Captured) -> None:
    assert zoo("sparsify", "pruned.tflite", "--out", "pruned.tflite", "--force", capsys=capsys).returncode == 0
    assert any(tensor.sparsity for tensor in read_model(here / "pruned.tflite").tensors)


def test_names_of_tensors_cannot_steer_the_terminal(here: Path, capsys: Captured) -> None:
    graph = Graph((1, 8, 8, 64))
    x = graph.conv(graph.input, 64, stored="float32")
    for tensor in graph.tensors:
        tensor.name = "\x1b[2J[red]\nname"
    (here / "hostile.tflite").write_bytes(graph.output(x))
    done = zoo("sparsify", "hostile.tflite", capsys=capsys)
    assert done.returncode == 0
    assert all(sign.isprintable() or sign == "\n" for sign in done.stdout)
    assert "[red]" in done.stdout

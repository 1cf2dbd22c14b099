"""`zoo inspect --suggest` and `zoo adapt`: what would make a model ready, and the file that is."""

from __future__ import annotations

import json
import re
import zipfile
from pathlib import Path

import pytest

from tests.adapt.published import published
from tests.adapt.running import check_same_outputs
from tests.xnnpack.graphs import NONE, Graph
from zoo.cli._main import run
from zoo.tflite import read_model
from zoo.xnnpack import readiness


def network(*, kernel: int = 3, first: int = 2) -> bytes:
    """A PRELU, uneven padding and, with another first stride, something that nothing mends."""
    graph = Graph((1, 40, 40, 3))
    x = graph.prelu(graph.conv(graph.conv(graph.input, 16, kernel=3, stride=first), 64, activation=NONE))
    x = graph.conv(graph.depthwise(x, kernel=kernel, stride=2), 128)
    return graph.output(graph.mean(graph.conv(x, 128)))


def pooled() -> bytes:
    graph = Graph((1, 40, 40, 3))
    return graph.output(graph.mean(graph.conv(graph.conv(graph.max_pool(graph.conv(graph.stem(16), 64)), 128), 128)))


def write(folder: Path, data: bytes, name: str = "model.tflite") -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


class TestSuggest:
    def test_exact_plan_comes_with_its_prediction_and_the_command(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        file = write(tmp_path, network())
        assert run(["inspect", str(file), "--suggest"]) == 0
        text = capsys.readouterr().out
        shown = text[text.index("EXACT REWRITES") :]
        assert "rotate_half_turn, 2 places, exact" in shown
        assert "prelu_to_primitives, 1 place, exact" in shown
        assert re.search(r"about 0\.\d\d of the time of the file as it is, dense", shown)
        assert f"zoo adapt {file}\n" in shown

    def test_cheaper_inexact_plan_says_that_training_has_to_recover_it(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        file = write(tmp_path, pooled())
        assert run(["inspect", str(file), "--suggest"]) == 0
        text = capsys.readouterr().out
        shown = text[text.index("CHEAPER, INEXACT") :]
        assert "max_pool_to_depthwise, 1 place, to be recovered by training" in shown
        assert f"zoo adapt {file} --rewrite max_pool_to_depthwise\n" in shown

    def test_model_without_a_plan_says_so_and_what_stays_broken(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        file = write(tmp_path, network(first=1))
        assert run(["inspect", str(file), "--suggest"]) == 0
        text = capsys.readouterr().out
        shown = text[text.index("NO PLAN") :]
        assert "no list of the rewrites that this zoo has makes it ready" in shown
        assert "first_conv_stride at CONV_2D" in shown
        assert "zoo adapt" not in shown

    def test_ready_model_needs_none(self, published_sparse: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert run(["inspect", str(published_sparse), "--suggest"]) == 0
        assert "NO REWRITES NEEDED" in capsys.readouterr().out

    def test_json_is_the_same_list_with_a_suggestion_in_each_document(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        file = write(tmp_path, network())
        assert run(["inspect", str(file), "--json"]) == 0
        (plain,) = json.loads(capsys.readouterr().out)
        assert run(["inspect", str(file), "--json", "--suggest"]) == 0
        (part,) = json.loads(capsys.readouterr().out)
        suggestion = part.pop("suggestion")
        assert part == plain
        assert suggestion["cheaper"] is suggestion["closest"] is None
        assert suggestion["exact"]["rewrites"] == [
            {"name": "rotate_half_turn", "exact": True, "places": 2},
            {"name": "prelu_to_primitives", "exact": True, "places": 1},
        ]
        assert 0 < suggestion["exact"]["predicted_cost"] < 1
        assert suggestion["exact"]["breaks"] == []

    def test_every_model_of_a_bundle_gets_its_own(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        bundle = tmp_path / "model.task"
        with zipfile.ZipFile(bundle, "w") as archive:
            archive.writestr("one.tflite", network())
            archive.writestr("two.tflite", network(first=1))
        assert run(["inspect", str(bundle), "--suggest"]) == 0
        text = capsys.readouterr().out
        assert (
            text.index("one.tflite") < text.index("EXACT REWRITES") < text.index("two.tflite") < text.index("NO PLAN")
        )
        assert "take the model out of the bundle" in text


class TestAdapt:
    def test_exact_plan_is_applied_and_written_beside_the_file(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        file = write(tmp_path, network())
        assert run(["adapt", str(file)]) == 0
        text = capsys.readouterr().out
        assert "rotate_half_turn, 2 places, exact" in text
        assert "no structural rule is broken" in text
        after = (tmp_path / "model_adapted.tflite").read_bytes()
        assert not readiness(read_model(after))
        check_same_outputs(file.read_bytes(), after)

    def test_named_rewrites_alone_are_applied_and_what_stays_broken_is_told(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        file, out = write(tmp_path, network(kernel=5)), tmp_path / "out.tflite"
        names = ["pad_symmetric_inexact", "prelu_to_primitives"]
        command = ["adapt", str(file), "-o", str(out), "--rewrite", names[0]]
        assert run(command) == 0
        text = capsys.readouterr().out
        assert "pad_symmetric_inexact, 2 places, to be recovered by training" in text
        assert "operator_in_region at PRELU" in text
        assert run([*command, "--rewrite", names[1], "--force", "--json"]) == 0
        document = json.loads(capsys.readouterr().out)
        assert [each["name"] for each in document["rewrites"]] == names
        assert (document["exact"], document["ready"], document["breaks"]) == (False, True, [])
        assert document["made"]["bytes"] == out.stat().st_size

    def test_plan_that_gains_nothing_is_written_only_when_asked(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        file = write(tmp_path, published("hand_recrop"))
        assert run(["adapt", str(file)]) == 1
        error = capsys.readouterr().err
        assert re.search(r"gain nothing: sparse, it is predicted to take [12]\.\d\d of the time", error)
        assert list(tmp_path.iterdir()) == [file]
        assert run(["inspect", str(file), "--suggest"]) == 0
        shown = capsys.readouterr().out
        assert "EXACT REWRITES THAT GAIN NOTHING" in shown
        assert f"zoo adapt {file}" not in shown
        assert run(["adapt", str(file), "--slower"]) == 0
        assert "it would be no faster than now" in capsys.readouterr().out

    def test_ready_file_is_copied(self, published_sparse: Path, tmp_path: Path) -> None:
        out = tmp_path / "copy.tflite"
        assert run(["adapt", str(published_sparse), "--out", str(out)]) == 0
        assert out.read_bytes() == published_sparse.read_bytes()

    def test_file_that_is_there_is_replaced_only_when_asked(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        file, out = write(tmp_path, network()), write(tmp_path, b"mine", "out.tflite")
        assert run(["adapt", str(file), "--out", str(out)]) == 2
        assert "is there already" in capsys.readouterr().err
        assert out.read_bytes() == b"mine"
        assert run(["adapt", str(file), "--out", str(out), "--force"]) == 0

    @pytest.mark.parametrize(
        ("options", "code", "says"),
        [
            (["--rewrite", "make_faster"], 2, "Rewrite 'make_faster' is not known; use one of rotate_half_turn, "),
            (["--rewrite", "channel_pad_to_conv"], 2, "finds nothing to change; it needs a PAD of the channels"),
            ([], 1, "no rewrites make it ready, as first_conv_stride stays broken at CONV_2D"),
        ],
    )
    def test_what_cannot_be_done_is_one_sentence_and_no_file(
        self, options: list[str], code: int, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        file = write(tmp_path, network(first=1))
        assert run(["adapt", str(file), *options]) == code
        error = capsys.readouterr().err
        assert says in error
        assert error.count("\n") == 1
        assert list(tmp_path.iterdir()) == [file]

    def test_bundle_is_refused(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        bundle = tmp_path / "model.task"
        with zipfile.ZipFile(bundle, "w") as archive:
            archive.writestr("one.tflite", network())
        assert run(["adapt", str(bundle)]) == 2
        assert "is a bundle" in capsys.readouterr().err

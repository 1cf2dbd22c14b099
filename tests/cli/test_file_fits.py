"""A file that takes or gives something else than the model whose place it is to take: told first, by every command."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.test_start import Captured, zoo
from tests.runtimes.altered import BOXES, SCORES, with_swapped_outputs
from tests.xnnpack.graphs import Graph
from zoo.errors import InputError
from zoo.progress import SilentProgress
from zoo.runtimes import run_face_graph
from zoo.sources import sample_pictures
from zoo.spec import load_spec
from zoo.tflite import ModelEditor, write_bundle

COMMANDS = ["dropin", "evaluate", "demo"]
UINT8 = 3
"""Of the schema's TensorType."""
Made = Callable[[bytes], bytes]


def of_other_sizes(_: bytes) -> bytes:
    """What a detector of another resolution and with other boxes looks like, invented and untrained."""
    graph = Graph((1, 320, 320, 3))
    seen = graph.mean(graph.stem())
    boxes, scores = graph.dense(seen, 4800 * 4), graph.dense(seen, 4800 * 2)
    return graph.output(graph.reshape(boxes, (1, 4800, 4)), graph.reshape(scores, (1, 4800, 2)))


def swapped(published: bytes) -> bytes:
    return with_swapped_outputs(published, BOXES, SCORES)


def without_scores(published: bytes) -> bytes:
    editor = ModelEditor(published, name="one output")
    editor.tree.subgraphs[0].outputs = [editor.tree.subgraphs[0].outputs[BOXES]]
    return editor.finish()


def with_scores_twice(published: bytes) -> bytes:
    editor = ModelEditor(published, name="three outputs")
    boxes, scores = editor.tree.subgraphs[0].outputs
    editor.tree.subgraphs[0].outputs = [boxes, scores, scores]
    return editor.finish()


def of_bytes(published: bytes) -> bytes:
    editor = ModelEditor(published, name="bytes")
    editor.tree.subgraphs[0].tensors[editor.tree.subgraphs[0].inputs[0]].type = UINT8
    return editor.finish()


OTHERS: dict[str, tuple[Made, tuple[str, ...]]] = {
    "shapes": (
        of_other_sizes,
        (
            "it takes 1 x 320 x 320 x 3 where face_detector takes 1 x 192 x 192 x 3",
            "it gives 1 x 4800 x 4, 1 x 4800 x 2 where face_detector gives 1 x 2304 x 16, 1 x 2304 x 1",
        ),
    ),
    "order": (
        swapped,
        (
            "it gives the same in another order, 1 x 2304 x 1, 1 x 2304 x 16 where face_detector gives "
            "1 x 2304 x 16, 1 x 2304 x 1",
        ),
    ),
    "fewer": (without_scores, ("it gives 1 x 2304 x 16 where face_detector gives 1 x 2304 x 16, 1 x 2304 x 1",)),
    "more": (with_scores_twice, ("it gives 1 x 2304 x 16, 1 x 2304 x 1, 1 x 2304 x 1 where face_detector gives",)),
    "type": (of_bytes, ("it takes numbers of type uint8 where face_detector takes float32",)),
}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("kind", OTHERS)
def test_a_file_of_another_task_is_one_sentence_with_both_sides(
    command: str, kind: str, here: Path, published_sparse: Path, capsys: Captured
) -> None:
    make, said = OTHERS[kind]
    (here / "other.tflite").write_bytes(make(published_sparse.read_bytes()))

    done = zoo(command, "face_detector", "--file", "other.tflite", "--out", "build", "--json", capsys=capsys)

    assert done.returncode == 2
    assert "other.tflite is no file for face_detector: " in done.stderr
    for part in said:
        assert part in done.stderr
    assert "in the same order" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert [path.name for path in here.iterdir()] == ["other.tflite"]


def test_a_model_in_a_bundle_is_looked_at_too(here: Path, published_sparse: Path, capsys: Captured) -> None:
    """The whole bundle's other members may be right; what takes the place is the one of the spec's role."""
    face = published_sparse.read_bytes()
    write_bundle(here / "hands.task", {"hand_landmarks_detector.tflite": face, "hand_detector.tflite": face})

    done = zoo("dropin", "hand_landmark", "--file", "hands.task", "--out", "build", capsys=capsys)

    assert done.returncode == 2
    assert "hands.task is no file for hand_landmark: it takes 1 x 192 x 192 x 3 where hand_landmark" in done.stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_the_case_of_other_shapes(command: str, here: Path, shared_data: Path, capsys: Captured) -> None:
    case = shared_data.parent / "cases" / "k8_other_shapes.tflite"
    if not case.is_file():
        pytest.skip(f"there is no {case}")

    done = zoo(command, "face_detector", "--file", str(case), "--out", "build", capsys=capsys)

    assert done.returncode == 2
    assert "it takes 1 x 320 x 320 x 3 where face_detector takes 1 x 192 x 192 x 3" in done.stderr
    assert "num_boxes_" not in done.stderr


def test_the_order_matters_to_mediapipe_itself(here: Path, published_sparse: Path) -> None:
    """Why it is asked for: the graph takes the first output for boxes, whatever it is."""
    (here / "swapped.tflite").write_bytes(swapped(published_sparse.read_bytes()))
    picture = sample_pictures(load_spec("face_detector").spec.data.sample).pictures[0].path

    with pytest.raises(InputError, match="does not run in MediaPipe's graph"):
        run_face_graph({"swapped": here / "swapped.tflite"}, [picture], progress=SilentProgress())

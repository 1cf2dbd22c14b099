"""LiteRT's and MediaPipe's web runtimes in real headless Chromium. No test asserts a time."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from tests.bench.conversation import Conversation, Referenced, asking, read_outputs, reference, talking
from tests.xnnpack.graphs import Graph
from zoo.bench._browser import BROWSER
from zoo.bench._messages import (
    AnyEvent,
    Begin,
    Block,
    Cold,
    Done,
    Failed,
    Finish,
    Kernels,
    Loaded,
    Outputs,
    Ran,
    Ready,
    Run,
    RunnerModel,
    Timed,
)
from zoo.bench._parity import NamedArray, compare_outputs
from zoo.bench._tasks_models import ready_file
from zoo.bridges import CHROMIUM_VARIABLE, _chromium, find_chromium
from zoo.errors import InputError, OutsideError
from zoo.sources import node_binary
from zoo.tflite import METADATA, read_model

SPARSE_CONVOLUTIONS = 48
"""The 46 kernels that the published file stores sparse, and its two heads': XNNPACK packs a whole region sparse."""

needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc to find processes")


@pytest.fixture(scope="module", autouse=True)
def chromium() -> Path:
    try:
        return find_chromium()
    except OutsideError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def command(web_runtime: Path) -> tuple[str, ...]:
    return BROWSER.prepare("browser").command


@pytest.fixture(scope="module")
def tasks() -> tuple[str, ...]:
    try:
        return BROWSER.prepare("browser:tasks").command
    except OutsideError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def sparse(published_sparse: Path, tmp_path_factory: pytest.TempPathFactory) -> Referenced:
    return reference("sparse", published_sparse, tmp_path_factory.mktemp("sparse"))


@pytest.fixture(scope="module")
def dense(twin: Path, tmp_path_factory: pytest.TempPathFactory) -> Referenced:
    """The twin of `sparse`."""
    return reference("twin", twin, tmp_path_factory.mktemp("dense"))


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("browser", "litert_wasm_internal.js"),
        ("browser:plain", "litert_wasm_compat_internal.js"),
        ("browser:2", "litert_wasm_threaded_internal.js"),
    ],
)
def test_outputs_agree_with_the_reference_and_sparse_kernels_are_counted(
    name: str, file: str, sparse: Referenced, dense: Referenced, web_runtime: Path, tmp_path: Path
) -> None:
    if (os.cpu_count() or 1) < 2 and name == "browser:2":
        pytest.skip("this machine has one core")
    target = BROWSER.prepare(name)
    request = asking("check", [sparse.asked, dense.asked], tmp_path, threads=target.threads)
    with talking(target.command, request) as talk:
        events = list(talk.events())

    ready = events[0]
    assert isinstance(ready, Ready)
    assert ready.version.startswith("Chromium 1")
    assert "@litertjs/core" in ready.version
    assert file in ready.version
    assert "isolated" in ready.about
    assert {event.model: event.sparse for event in events if isinstance(event, Kernels)} == {
        "sparse": SPARSE_CONVOLUTIONS,
        "twin": 0,
    }
    for told, expected in zip(_all(events, Outputs), (sparse, dense), strict=True):
        assert _agree(told, tmp_path, expected)
    assert isinstance(events[-1], Done)


def test_commands_are_obeyed_in_order_and_every_inference_is_announced(
    command: tuple[str, ...], sparse: Referenced, dense: Referenced, tmp_path: Path
) -> None:
    with talking(command, asking("time", [sparse.asked, dense.asked], tmp_path)) as talk:
        talk.command(Run(model="twin", runs=3))
        talk.command(Block(index=7, order=["twin", "sparse"], rounds=2))
        talk.command(Finish())
        events = list(talk.events())
        assert talk.process.wait(timeout=20) == 0

    kinds = [(type(event), getattr(event, "model", None)) for event in events[1:]]
    assert kinds == [
        (Begin, "sparse"),
        (Begin, "twin"),
        (Loaded, None),
        (Begin, "twin"),
        (Ran, "twin"),
        *((Begin, name) for name in ("twin", "sparse", "sparse", "twin")),
        (Timed, "twin"),
        (Timed, "sparse"),
        (Begin, "sparse"),
        (Outputs, "sparse"),
        (Begin, "twin"),
        (Outputs, "twin"),
        (Done, None),
    ]
    assert [len(event.ms) for event in events if isinstance(event, Ran | Timed)] == [3, 2, 2]
    for told, expected in zip(_all(events, Outputs), (sparse, dense), strict=True):
        assert _agree(told, tmp_path, expected)


def test_a_cold_start_tells_times_and_the_memory_of_the_tab(
    command: tuple[str, ...], sparse: Referenced, tmp_path: Path
) -> None:
    with talking(command, asking("cold", [sparse.asked], tmp_path)) as talk:
        events = list(talk.events())

    (cold,) = _all(events, Cold)
    assert min(cold.load_ms, cold.compile_ms, cold.first_ms) > 0
    if sys.platform == "linux":
        assert cold.before_bytes is not None
        assert cold.peak_bytes is not None
        assert 10e6 < cold.before_bytes < cold.peak_bytes < 4e9


@needs_proc
def test_a_tab_that_crashes_is_told_of_the_model_at_work_and_nothing_stays(
    command: tuple[str, ...], sparse: Referenced, dense: Referenced, tmp_path: Path
) -> None:
    with talking(command, asking("time", [sparse.asked, dense.asked], tmp_path)) as talk:
        _read_until(talk, Loaded)
        talk.command(Block(index=0, order=["sparse"], rounds=1))
        _read_until(talk, Timed)
        talk.command(Block(index=1, order=["twin"], rounds=10_000))
        _read_until(talk, Begin)
        for pid in _processes(talk, "--type=renderer"):
            os.kill(pid, signal.SIGKILL)
        events = list(talk.events())
        assert talk.process.wait(timeout=20) == 1
        left = _left_running(talk)

    assert isinstance(events[-1], Failed)
    assert events[-1].reason == "the browser's tab crashed"
    assert {event.model for event in _all(events, Begin)} <= {"twin"}
    assert not left
    assert _profiles(tmp_path) == []


@needs_proc
def test_a_browser_that_ends_is_told(command: tuple[str, ...], sparse: Referenced, tmp_path: Path) -> None:
    with talking(command, asking("time", [sparse.asked], tmp_path)) as talk:
        _read_until(talk, Loaded)
        (browser,) = set(_processes(talk, "--remote-debugging-pipe")) - set(_processes(talk, "--type="))
        os.kill(browser, signal.SIGKILL)
        events = list(talk.events())

    assert isinstance(events[-1], Failed)
    assert "Chromium ended by SIGKILL" in events[-1].reason
    assert _profiles(tmp_path) == []


def _close_input(talk: Conversation) -> None:
    talk.close()


def _kill(talk: Conversation) -> None:
    talk.process.kill()


@needs_proc
@pytest.mark.parametrize("end", [_close_input, _kill])
def test_whatever_ends_the_bridge_while_a_model_runs_nothing_stays_running(
    end: Callable[[Conversation], None], command: tuple[str, ...], sparse: Referenced, tmp_path: Path
) -> None:
    before = set(Path(tempfile.gettempdir()).glob("zoo-??????"))
    with talking(command, asking("time", [sparse.asked], tmp_path)) as talk:
        _read_until(talk, Loaded)
        talk.command(Run(model="sparse", runs=10_000))
        _read_until(talk, Begin)
        assert _processes(talk, "--type=renderer")
        end(talk)
        talk.process.wait(timeout=20)
        left = _left_running(talk)

    assert not left
    if end is _kill:  # bench removes the profile with the folder that it gave; this one is left empty
        _remove_empty(set(Path(tempfile.gettempdir()).glob("zoo-??????")) - before)
    else:
        assert _profiles(tmp_path) == []


def test_a_line_at_error_level_fails_the_model_and_is_passed_on(command: tuple[str, ...], tmp_path: Path) -> None:
    """XNNPACK fails to reshape this one, and goes on with zeros."""
    graph = Graph((1, 64, 64, 3))
    pooled = graph.mean(graph.conv(graph.conv(graph.stem(16), 64, zeros=0.8), 64, zeros=0.8), keep_dims=True)
    path = tmp_path / "trap.tflite"
    path.write_bytes(graph.output(graph.reshape(graph.conv(pooled, 64, zeros=0.8), (1, 64))))
    trap = reference("trap", path, tmp_path / "inputs")
    with talking(command, asking("check", [trap.asked], tmp_path)) as talk:
        events = list(talk.events())
        lines = talk.complaints().splitlines()

    assert isinstance(events[-1], Failed)
    assert "failed to reshape runtime" in events[-1].reason
    assert any(line.startswith("ERROR: XNNPack delegate failed to reshape runtime") for line in lines)


def test_mediapipes_own_runtime_detects_the_same_from_sparse_weights_as_from_dense_ones(
    tasks: tuple[str, ...], sparse: Referenced, dense: Referenced, published_dense: Path, tmp_path: Path
) -> None:
    published = RunnerModel(name="published", path=str(published_dense), inputs=[], inputs_folder=str(tmp_path))
    with talking(tasks, asking("check", [sparse.asked, dense.asked, published], tmp_path)) as talk:
        events = list(talk.events())

    answers = {told.model: read_outputs(told, tmp_path) for told in _all(events, Outputs)}
    boxes, scores, keypoints = answers["sparse"]
    assert [one.shape for one in (boxes, scores, keypoints)] == [(1, 4), (1,), (1, 6, 2)]
    # What MediaPipe's Python runtimes find on the picture of 512 x 512 pixels.
    np.testing.assert_allclose(boxes[0] * 512, [173, 67, 103, 103], atol=1)
    np.testing.assert_allclose(scores, [0.912], atol=1e-3)
    for mine, theirs in zip(answers["sparse"], answers["twin"], strict=True):
        np.testing.assert_allclose(mine, theirs, atol=1e-5)
    np.testing.assert_allclose(answers["published"][0], boxes, atol=0.02)
    assert {event.model: event.sparse for event in _all(events, Kernels)} == {
        "sparse": SPARSE_CONVOLUTIONS,
        "twin": 0,
        "published": 0,
    }
    ready = events[0]
    assert isinstance(ready, Ready)
    assert "@mediapipe/tasks-vision 0.10.35" in ready.version
    assert "astronaut.png" in ready.about
    assert "A copy of published ran" in ready.about


def test_a_detection_is_timed_like_any_model(tasks: tuple[str, ...], sparse: Referenced, tmp_path: Path) -> None:
    again = sparse.asked.model_copy(update={"name": "again"})
    with talking(tasks, asking("time", [sparse.asked, again], tmp_path)) as talk:
        talk.command(Run(model="sparse", runs=2))
        talk.command(Block(index=0, order=["again", "sparse"], rounds=2))
        talk.command(Finish())
        events = list(talk.events())

    assert [(event.model, len(event.ms)) for event in _all(events, Timed)] == [("again", 2), ("sparse", 2)]
    assert len(_all(events, Outputs)) == 2
    assert isinstance(events[-1], Done)


def test_a_picture_without_a_face_compares_nothing(tasks: tuple[str, ...], sparse: Referenced, tmp_path: Path) -> None:
    from PIL import Image

    picture = tmp_path / "grey.png"
    Image.new("RGB", (300, 200), (90, 90, 90)).save(picture)
    request = asking("check", [sparse.asked], tmp_path).model_copy(update={"picture": str(picture)})
    with talking(tasks, request) as talk:
        events = list(talk.events())

    assert isinstance(events[-1], Failed)
    assert "no face was detected" in events[-1].reason
    assert _all(events, Outputs) == []


def test_other_models_than_face_detectors_are_refused_by_name(tasks: tuple[str, ...], tmp_path: Path) -> None:
    graph = Graph((1, 64, 64, 3))
    path = tmp_path / "other.tflite"
    path.write_bytes(graph.output(graph.mean(graph.stem(16))))
    asked = RunnerModel(name="other", path=str(path), inputs=[], inputs_folder=str(tmp_path))
    with talking(tasks, asking("check", [asked], tmp_path)) as talk:
        events = list(talk.events())

    assert [type(event) for event in events] == [Ready, Begin, Failed]
    assert isinstance(events[-1], Failed)
    assert "other.tflite is no face detector" in events[-1].reason


def test_only_a_model_without_metadata_is_copied(published_sparse: Path, published_dense: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.tflite"

    assert ready_file(published_sparse, copy) == (published_sparse, False)
    assert not copy.exists()
    assert ready_file(published_dense, copy) == (copy, True)
    made, old = read_model(copy.read_bytes()), read_model(published_dense.read_bytes())
    assert [entry.name for entry in made.metadata] == [METADATA]
    assert [tensor.shape for tensor in made.subgraphs[0].tensors] == [t.shape for t in old.subgraphs[0].tensors]


def test_the_page_gets_no_file_that_it_was_not_given(web_runtime: Path, tmp_path: Path) -> None:
    given, kept = tmp_path / "given", tmp_path / "kept"
    for file in (given, kept):
        file.write_text("text")
    script = f"""
    import {{ servePage }} from {str(Path(_chromium.__file__).with_name("_page_server.mjs"))!r};
    const server = await servePage({{
      pages: new Map(), packageFolder: {str(web_runtime)!r}, answers: {{}}, folder: {str(tmp_path / "out")!r},
      readable: new Set([{str(given)!r}]),
    }});
    const status = async (path, options) => (await fetch(new URL(path, server.address), options)).status;
    const post = {{ method: "POST", body: "x" }};
    console.log(JSON.stringify([
      await status("file?path=" + encodeURIComponent({str(given)!r})),
      await status("package/package.json"),
      await status("file?path=" + encodeURIComponent({str(kept)!r})),
      await status("/file?path=" + encodeURIComponent({str(given)!r})),
      await status("package/..%2f..%2fkept"),
      await status("package/%2e%2e%2f%2e%2e%2fkept"),
      await status("constructor"),
      await status("output?name=..%2fkept", post),
      await status("output?name=a.txt", post),
    ]));
    process.exit(0);
    """
    command = [str(node_binary()), "--input-type=module", "-e", script]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)

    assert done.stdout.strip() == "[200,200,404,404,404,404,404,400,400]", done.stderr
    assert kept.read_text() == "text"


@pytest.mark.parametrize("name", ["browser:", "browser:fast", "browser:0", "browser:-1", "browser:100", "browser:1.5"])
def test_other_names_are_input_errors(name: str) -> None:
    assert BROWSER.accepts(name)
    with pytest.raises(InputError, match="browser:2 for two threads"):
        BROWSER.prepare(name)


def test_more_threads_than_cores_are_an_input_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 2)

    with pytest.raises(InputError, match="2 cores"):
        BROWSER.prepare("browser:3")


def test_other_kinds_are_left_to_others() -> None:
    assert not BROWSER.accepts("wasm")
    assert not BROWSER.accepts("browsers")


def test_without_chromium_one_sentence_names_the_command_that_adds_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv(CHROMIUM_VARIABLE, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(OutsideError, match=r"apt install chromium .*ZOO_CHROMIUM") as caught:
        BROWSER.prepare("browser")

    assert "\n" not in str(caught.value)
    assert [(name, found.available) for name, found in BROWSER.look()] == [("browser", False)]
    assert all(found.remedy and "apt install chromium" in found.remedy for _, found in BROWSER.look())


def test_a_variable_that_names_no_program_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(CHROMIUM_VARIABLE, str(tmp_path / "nothing"))

    with pytest.raises(OutsideError, match=r"ZOO_CHROMIUM names .*nothing, which is no program"):
        BROWSER.prepare("browser")

    assert not any(found.available for _, found in BROWSER.look())


def test_a_program_that_is_no_chromium_is_told(
    sparse: Referenced, web_runtime: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(CHROMIUM_VARIABLE, str(shutil.which("false")))
    with talking(BROWSER.prepare("browser").command, asking("check", [sparse.asked], tmp_path)) as talk:
        events = list(talk.events())

    assert [type(event) for event in events] == [Failed]
    assert isinstance(events[0], Failed)
    assert "Chromium ended with status 1" in events[0].reason


def test_what_can_be_measured_is_listed_without_starting_anything() -> None:
    found = dict(BROWSER.look())

    assert list(found) == ["browser", "browser:plain", "browser:2", "browser:tasks"]
    assert all(one.available for one in found.values())


def _all(events: Sequence[AnyEvent], kind: type) -> list:
    return [event for event in events if isinstance(event, kind)]


def _agree(told: Outputs, folder: Path, expected: Referenced) -> bool:
    found = [NamedArray(str(n), values) for n, values in enumerate(read_outputs(told, folder))]
    wanted = [NamedArray(str(n), values) for n, values in enumerate(expected.answers)]
    comparison = compare_outputs(found, wanted)
    return comparison.parity is not None and comparison.parity.agrees


def _read_until(talk: Conversation, kind: type) -> None:
    for event in talk.events():
        if isinstance(event, kind):
            return
    pytest.fail(f"the runner ended before it said {kind.__name__}: {talk.complaints()[-2000:]}")


def _processes(talk: Conversation, word: str = "") -> list[int]:
    """The processes of the bridge's session whose command line holds the word; the bridge and zombies left out."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            state, *numbers = (folder / "stat").read_text().rsplit(")", 1)[1].split()
            same = int(numbers[2]) == talk.process.pid and int(folder.name) != talk.process.pid
            if same and state != "Z" and word in (folder / "cmdline").read_text(errors="replace"):
                found.append(int(folder.name))
    return found


def _left_running(talk: Conversation) -> list[int]:
    """What still runs after two seconds: helper processes end a moment after the browser."""
    for _ in range(20):
        if not (left := _processes(talk)):
            return []
        time.sleep(0.1)
    return left


def _remove_empty(folders: set[Path]) -> None:
    for folder in folders:
        with contextlib.suppress(OSError):
            folder.rmdir()


def _profiles(folder: Path) -> list[Path]:
    return list(folder.glob("chromium-*"))

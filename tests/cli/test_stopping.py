"""SIGTERM ends a command as Ctrl-C does, and a page that is served hears Ctrl-C even from a script's background."""

from __future__ import annotations

import json
import signal
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.test_bench import children, needs_proc, wait_for_timing
from tests.processes import ZOO, hear_signals, ignore_ctrl_c, running
from zoo.records import BenchRecord


@pytest.mark.slow
@needs_proc
def test_sigterm_ends_a_bench_as_ctrl_c_does_even_where_that_is_ignored(published_dense: Path, tmp_path: Path) -> None:
    file = tmp_path / "bench.json"
    command = [ZOO, "bench", published_dense, "--on", "host", "--width", "0.001", "--record", file, "--json"]
    with running(command, seconds=120, start=ignore_ctrl_c) as process:
        wait_for_timing(process)
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGTERM)
        out, _ = process.communicate(timeout=60)
    assert process.returncode == 143
    # One document, as always.
    assert BenchRecord.model_validate_json(out).interrupted
    assert BenchRecord.model_validate_json(file.read_bytes()).interrupted
    assert not children(process.pid)


@pytest.mark.parametrize(
    ("numbers", "code"),
    [
        ([signal.SIGINT], 130),
        ([signal.SIGTERM], 143),
        ([signal.SIGHUP], 129),
        ([signal.SIGINT, signal.SIGTERM, signal.SIGHUP], 130),
    ],
)
def test_who_is_stopped_cleans_up_once_and_says_by_what(numbers: list[signal.Signals], code: int) -> None:
    program = (
        "import sys, time\n"
        "import zoo.pipeline\n"
        "from zoo.cli import main\n"
        "def wait(*_):\n"
        "    try:\n"
        "        print('at work', flush=True)\n"
        "        time.sleep(60)\n"
        "    finally:\n"
        "        time.sleep(0.5)\n"
        "        print('clean', flush=True)\n"
        "zoo.pipeline.catalogue = wait\n"
        "main(['list'])\n"
    )
    with running([sys.executable, "-c", program], seconds=60) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "at work\n"
        for number in numbers:
            process.send_signal(number)
            time.sleep(0.1)
        assert process.communicate(timeout=20) == ("clean\n", "Stopped.\n")
    assert process.returncode == code


@pytest.mark.parametrize(
    ("number", "start"), [(signal.SIGINT, hear_signals), (signal.SIGINT, ignore_ctrl_c), (signal.SIGTERM, hear_signals)]
)
def test_a_served_page_is_told_in_json_and_ends_with_exit_0(
    number: signal.Signals, start: Callable[[], None], published_sparse: Path, tmp_path: Path
) -> None:
    command = [ZOO, "demo", "face_detector", "--file", published_sparse, "--serve", "--json", "--out", "builds"]
    with running(command, seconds=120, cwd=tmp_path, start=start, stderr=None) as process:
        assert process.stdout is not None
        lines = []
        while not lines or lines[-1] != "}\n":
            line = process.stdout.readline()
            if not line:
                pytest.skip("the page could not be made; the runtime may be out of reach")
            lines.append(line)
        document = json.loads("".join(lines))
        with urllib.request.urlopen(document["address"], timeout=10) as answer:
            assert b"BlazeFace" in answer.read()
        process.send_signal(number)
        assert process.wait(timeout=20) == 0
    assert document["page"] == str(Path("builds/face_detector/demo"))
    assert [side["name"] for side in document["sides"]] == ["dense", "sparse"]
    assert (tmp_path / "builds" / "face_detector" / "demo" / "index.html").is_file()

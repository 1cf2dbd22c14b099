"""A Python module as a process of its own: what it says, and how it ends."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from zoo.runtimes._child import STDERR_LINES, ChildStopped, start

# The standard library's `timeit` runs the statement that it is given: a process to do as we please.
MODULE = "timeit"


def test_passes_answers_on_in_their_order(tmp_path: Path) -> None:
    statement = "import json\nfor n in range(3): print(json.dumps({'n': n}), flush=True)\nimport os; os._exit(0)"
    with start(MODULE, statement, cwd=tmp_path) as child:
        assert [child.answer(timeout=20)["n"] for _ in range(3)] == [0, 1, 2]
        with pytest.raises(ChildStopped, match="ended with exit code 0"):
            child.answer(timeout=20)


def test_tells_the_signal_that_ended_it(tmp_path: Path) -> None:
    with start(MODULE, "import os; os.abort()", cwd=tmp_path) as child, pytest.raises(ChildStopped, match="signal 6"):
        child.answer(timeout=20)


def test_ends_a_process_that_does_not_answer(tmp_path: Path) -> None:
    begin = time.monotonic()
    with (
        start(MODULE, "import time; time.sleep(60)", cwd=tmp_path) as child,
        pytest.raises(ChildStopped, match="gave no answer for 1 seconds"),
    ):
        child.answer(timeout=1)
    assert time.monotonic() - begin < 10


def test_ends_the_process_when_its_work_is_left_early(tmp_path: Path) -> None:
    statement = "while True: print('{}', flush=True)"
    begin = time.monotonic()
    with start(MODULE, statement, cwd=tmp_path) as child:
        assert child.answer(timeout=20) == {}
    assert time.monotonic() - begin < 10


def test_keeps_only_the_last_of_a_flood_of_messages(tmp_path: Path) -> None:
    statement = (
        "import os, sys\nfor n in range(5000): print('line', n, file=sys.stderr)\nsys.stderr.flush(); os._exit(3)"
    )
    with start(MODULE, statement, cwd=tmp_path) as child, pytest.raises(ChildStopped, match="exit code 3") as stopped:
        child.answer(timeout=20)
    lines = stopped.value.stderr.splitlines()
    assert len(lines) == STDERR_LINES
    assert lines[-1] == "line 4999"


def test_does_not_take_what_is_no_answer(tmp_path: Path) -> None:
    with (
        start(MODULE, "print('hello', flush=True)", cwd=tmp_path) as child,
        pytest.raises(ChildStopped, match="not a JSON object"),
    ):
        child.answer(timeout=20)

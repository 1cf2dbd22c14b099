"""Runners that misbehave are ended, and what they were doing is known."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from zoo.bench import _child
from zoo.bench._child import RunnerDiedError, RunnerProcess
from zoo.bench._messages import Begin, Ran, Ready, Run, RunnerRequest
from zoo.bench._target import Target

READY = 'print(\'{"event": "ready", "version": "1"}\', flush=True)'
BEGIN = 'print(\'{"event": "begin", "model": "face", "doing": "load"}\', flush=True)'
DONE = 'print(\'{"event": "done"}\', flush=True)'


def _runner(*lines: str, silence_seconds: float = 120.0, grace_seconds: float = 0.5) -> RunnerProcess:
    request = RunnerRequest(task="check", folder=".", threads=1, seed=0, models=[])
    command = (sys.executable, "-c", "\n".join(("import os, sys, time, signal, json", *lines)))
    target = Target(
        name="made",
        runtime="Python",
        command=command,
        threads=1,
        native=True,
        note="",
        silence_seconds=silence_seconds,
        grace_seconds=grace_seconds,
    )
    return RunnerProcess(target, request)


def _death(runner: RunnerProcess) -> RunnerDiedError:
    with runner, pytest.raises(RunnerDiedError) as caught:
        list(runner.events())
    return caught.value


def test_events_come_in_order_until_done() -> None:
    with _runner(READY, BEGIN, DONE) as runner:
        assert [type(event) for event in runner.events()] == [Ready, Begin]


def test_the_request_arrives_on_standard_input() -> None:
    with _runner("assert json.loads(sys.stdin.readline())['task'] == 'check'", READY, DONE) as runner:
        assert len(list(runner.events())) == 1


def test_a_signal_is_named_with_the_model_at_work() -> None:
    death = _death(_runner(READY, BEGIN, "os.kill(os.getpid(), 11)"))

    assert death.model == "face"
    assert "SIGSEGV" in death.reason


def test_an_exit_status_comes_with_the_last_words() -> None:
    death = _death(_runner(READY, "sys.exit('no such kernel')"))

    assert death.model is None
    assert "status 1 (no such kernel)" in death.reason


def test_ending_without_done_is_a_death() -> None:
    assert "status 0" in _death(_runner(READY)).reason


def test_an_answer_that_is_no_event_is_a_death() -> None:
    assert "not understood" in _death(_runner("print('hello')", "time.sleep(60)")).reason


def test_numbers_that_are_none_are_a_death() -> None:
    line = '{"event": "timed", "model": "face", "block": 0, "ms": [NaN]}'

    assert "not understood" in _death(_runner(READY, f"print('{line}', flush=True)")).reason


def test_silence_is_ended() -> None:
    death = _death(_runner("time.sleep(60)", silence_seconds=0.5))

    assert "no sign" in death.reason


def test_commands_are_obeyed_in_order() -> None:
    echo = "print(json.dumps({'event': 'ran', 'model': json.loads(line)['model'], 'ms': [1.0]}), flush=True)"
    with _runner("sys.stdin.readline()", "for line in sys.stdin:", f"    {echo}") as runner:
        for name in ("face", "hand"):
            runner.command(Run(model=name, runs=1))
        answers = [runner.next_event() for _ in range(2)]

    assert [answer.model for answer in answers if isinstance(answer, Ran)] == ["face", "hand"]


def test_a_runner_that_never_reads_does_not_hold_us_up() -> None:
    with _runner("time.sleep(60)", grace_seconds=0.1) as runner:
        begun = time.monotonic()
        for _ in range(20_000):
            runner.command(Run(model="face", runs=1))
    assert time.monotonic() - begun < 10


def test_the_end_of_its_input_is_a_runners_chance_to_clean_up(tmp_path: Path) -> None:
    note = tmp_path / "clean"
    with _runner(READY, "sys.stdin.read()", "time.sleep(0.3)", f"open({str(note)!r}, 'w')", grace_seconds=20) as runner:
        runner.next_event()

    assert note.exists()


def test_endless_chatter_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_child, "ANSWER_SECONDS", 0.5)

    death = _death(_runner("while True:", f"    {BEGIN}", "    time.sleep(0.01)"))

    assert "longer than" in death.reason
    assert death.model == "face"


def test_what_the_runner_started_ends_with_it(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    start = "child = __import__('subprocess').Popen([sys.executable, '-c', 'import time; time.sleep(60)'])"
    with _runner(start, f"open({str(note)!r}, 'w').write(str(child.pid))", READY, "time.sleep(60)") as runner:
        next(runner.events())
    pid = int(note.read_text())

    for _ in range(50):
        if not _runs(pid):
            break
        time.sleep(0.1)
    assert not _runs(pid)


def test_a_flood_on_standard_error_neither_blocks_nor_hides_an_error() -> None:
    flood = "for _ in range(20000): print('WARNING: sparse tensors', file=sys.stderr)"
    with _runner("print('ERROR: failed to reshape', file=sys.stderr)", flood, READY, DONE) as runner:
        list(runner.events())
        assert runner.complaints() == ["ERROR: failed to reshape"]


def _runs(pid: int) -> bool:
    """A zombie that nobody reaps has ended too."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/stat")
    return not (status.exists() and status.read_text().rsplit(")", 1)[1].split()[0] == "Z")

"""A fixed hundred of the long run's mutants: exit 0 or 2, one sentence, no traceback, in bounded time and memory.

The long run is `benchmarks/fuzz.py`.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.fuzz import judge
from tests.fuzz.commands import arguments_of, available
from tests.fuzz.corpus import Corpus, small_corpus
from tests.fuzz.hostile import sparse_graph

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="bounds on a child are set the way of Linux")
SEED, MUTANTS = 20210721, 100
MEMORY = 300 << 20


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    """The small graphs; what every child needs is loaded before it is forked."""
    file = tmp_path_factory.mktemp("sound") / "sound.tflite"
    file.write_bytes(sparse_graph())
    for command in available():
        assert judge.command(arguments_of(command, file)) == ("described", "")
    return small_corpus()


@pytest.mark.parametrize("number", range(MUTANTS))
def test_mutant_is_described_or_refused(number: int, corpus: Corpus, tmp_path: Path) -> None:
    mutant = corpus.mutant(number, SEED)
    file = tmp_path / f"mutant{mutant.suffix}"
    file.write_bytes(mutant.data)
    for command in available():
        outcome = judge.in_bounds(lambda: judge.command(arguments_of(command, file)))  # noqa: B023
        assert outcome.sound, f"{mutant.label}, {command}: {outcome}"
        assert outcome.memory < MEMORY


def test_mutants_are_the_same_each_time(corpus: Corpus) -> None:
    assert all(corpus.mutant(number, SEED) == corpus.mutant(number, SEED) for number in range(20))


def test_mutants_reach_behind_the_reader(corpus: Corpus, tmp_path: Path) -> None:
    """Enough of them are sound enough to be described, and enough are not."""
    kinds = []
    for number in range(60):
        file = tmp_path / f"{number}.tflite"
        file.write_bytes(corpus.mutant(number, SEED).data)
        kinds.append(judge.in_bounds(lambda: judge.command(["inspect", str(file)])).kind)  # noqa: B023
    assert min(kinds.count("described"), kinds.count("refused")) >= 10


def test_real_command_line_says_one_sentence(corpus: Corpus, tmp_path: Path) -> None:
    """Without --debug nothing but the sentence is written."""
    damaged = sparse_graph()
    file = tmp_path / "mutant.tflite"
    file.write_bytes(damaged[: len(damaged) // 2])
    done = subprocess.run([sys.executable, "-m", "zoo.cli", "inspect", str(file)], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert done.stderr.startswith("Error: ")


def hanging() -> tuple[str, str]:
    while True:
        pass


def greedy() -> tuple[str, str]:
    held = bytearray(b"x") * (1 << 32)
    return "described", str(len(held))


def growing() -> tuple[str, str]:
    held = bytearray(b"x") * (1030 << 20)
    return "described", str(len(held))


def crashing() -> tuple[str, str]:
    import os
    import signal

    os.kill(os.getpid(), signal.SIGKILL)
    return "described", ""


def failing() -> tuple[str, str]:
    raise KeyError("x")


@pytest.mark.parametrize(
    ("task", "kind"),
    [(hanging, "hang"), (greedy, "memory"), (growing, "memory"), (crashing, "signal"), (failing, "traceback")],
)
def test_judge_sees_what_breaks_the_contract(task: object, kind: str) -> None:
    outcome = judge.in_bounds(task, seconds=8)  # type: ignore[arg-type]
    assert (outcome.kind, outcome.sound) == (kind, False)


@pytest.mark.parametrize(
    ("code", "out", "err"),
    [
        (3, "", "Error: Unexpected KeyError: 'x'; --debug shows where it was raised.\n"),
        (2, "", "Traceback (most recent call last):\n"),
        (2, "", ""),
        (0, "a\x1b[2J\n", ""),
        (0, "fine\n", "RuntimeWarning: overflow encountered in multiply\n"),
        (-11, "", ""),
    ],
)
def test_judge_tells_a_broken_contract_by_what_was_written(code: int, out: str, err: str) -> None:
    assert judge.judged(code, out, err, as_json=False)[0] not in judge.SOUND


@pytest.mark.parametrize("field", ['"sparsity": 1.5', '"parameters": -1', '"shape": [1, -1]'])
def test_judge_tells_a_number_that_cannot_be(field: str) -> None:
    assert judge.judged(0, f"[{{{field}}}]", "", as_json=True)[0] == "dishonest"

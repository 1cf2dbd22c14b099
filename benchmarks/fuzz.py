"""Mutated files through the commands that read files from outside, many at a time. Run by hand.

python benchmarks/fuzz.py --inputs 10000 --workers 4             in worker processes with bounds on time and memory
python benchmarks/fuzz.py --inputs 300 --through-the-shell       each through the real command line
python benchmarks/fuzz.py --only 4711                            one mutant again; --keep FOLDER saves it

Prints how the commands ended, the worst time and memory, and the numbers of those that broke the contract: exit 0 or
2, one sentence, at most 10 s and 1 GiB. Exits 1 where one did.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from tests.fuzz import judge
from tests.fuzz.commands import arguments_of, available
from tests.fuzz.corpus import Corpus, Mutant, whole_corpus

Finding = dict[str, object]


def in_process(command: str, file: Path) -> judge.Outcome:
    return judge.in_bounds(lambda: judge.command(arguments_of(command, file)))


def through_the_shell(command: str, file: Path) -> judge.Outcome:
    started, arguments = time.perf_counter(), arguments_of(command, file)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "zoo.cli", *arguments], capture_output=True, timeout=judge.SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return judge.Outcome("hang", "", judge.SECONDS, 0)
    out, err = (part.decode("utf-8", "replace") for part in (done.stdout, done.stderr))
    kind, detail = judge.judged(done.returncode, out, err, as_json="--json" in arguments)
    if kind in ("refused", "no") and err.count("\n") != 1:
        kind, detail = "not one sentence", err[:300]
    return judge.Outcome(kind, detail, time.perf_counter() - started, 0)


def tried(mutant: Mutant, command: str, run: Callable[[str, Path], judge.Outcome]) -> judge.Outcome:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"mutant{mutant.suffix}"
        file.write_bytes(mutant.data)
        return run(command, file)


def work(corpus: Corpus, seed: int, numbers: range, commands: list[str], shell: bool) -> list[Finding]:
    found: list[Finding] = []
    for number in numbers:
        mutant = corpus.mutant(number, seed)
        for command in commands:
            outcome = tried(mutant, command, through_the_shell if shell else in_process)
            found.append({"number": number, "command": command, "label": mutant.label, **vars(outcome)})
    return found


def _batch(task: tuple[int, range, list[str], bool]) -> list[Finding]:
    seed, numbers, commands, shell = task
    return work(_CORPUS, seed, numbers, commands, shell)


_CORPUS = Corpus({})


def _start(corpus: Corpus) -> None:
    global _CORPUS
    _CORPUS = corpus
    # What every child needs is loaded once, before it is forked.
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "sound.tflite"
        file.write_bytes(next(iter(corpus.files.values())))
        for command in available():
            judge.command(arguments_of(command, file))


def summary(found: list[Finding]) -> dict[str, object]:
    outcomes: dict[str, Counter[str]] = defaultdict(Counter)
    for entry in found:
        outcomes[str(entry["command"])][str(entry["kind"])] += 1
    slowest = max(found, key=lambda entry: float(str(entry["seconds"])))
    largest = max(found, key=lambda entry: int(str(entry["memory"])))
    return {
        "inputs": len({entry["number"] for entry in found}),
        "runs": len(found),
        "outcomes": {command: dict(counts.most_common()) for command, counts in sorted(outcomes.items())},
        "worst_seconds": {key: slowest[key] for key in ("seconds", "number", "command")},
        "worst_memory_mib": {"memory": int(str(largest["memory"])) >> 20, "number": largest["number"]},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inputs", type=int, default=10_000)
    parser.add_argument("--first", type=int, default=0, help="number of the first mutant")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=max((os.cpu_count() or 2) - 1, 1))
    parser.add_argument("--commands", nargs="+", default=available(), choices=available())
    parser.add_argument("--through-the-shell", action="store_true")
    parser.add_argument("--only", type=int, help="run this mutant alone, and show what went wrong")
    parser.add_argument("--keep", type=Path, help="folder for the mutants that broke the contract")
    asked = parser.parse_args()
    corpus = whole_corpus()
    numbers = (
        range(asked.first, asked.first + asked.inputs) if asked.only is None else range(asked.only, asked.only + 1)
    )
    batches = [
        (asked.seed, numbers[place : place + 20], asked.commands, asked.through_the_shell)
        for place in range(0, len(numbers), 20)
    ]
    found: list[Finding] = []
    with multiprocessing.get_context("spawn").Pool(asked.workers, _start, (corpus,)) as pool:
        for done, part in enumerate(pool.imap_unordered(_batch, batches), start=1):
            found.extend(part)
            print(f"\r{done} of {len(batches)} batches", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    broken = [entry for entry in found if entry["kind"] not in judge.SOUND]
    for entry in sorted(broken, key=lambda entry: (str(entry["kind"]), str(entry["detail"]))):
        print(json.dumps(entry))
        if asked.keep:
            asked.keep.mkdir(parents=True, exist_ok=True)
            mutant = corpus.mutant(int(str(entry["number"])), asked.seed)
            (asked.keep / f"{entry['number']}{mutant.suffix}").write_bytes(mutant.data)
    print(json.dumps(summary(found), indent=2))
    sys.exit(1 if broken else 0)


if __name__ == "__main__":
    main()

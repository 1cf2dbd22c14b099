"""What taking turns costs: the ratio of files when each runs once a turn, and when it has the processor to itself.

    .venv/bin/python benchmarks/turns.py DENSE.tflite SPARSE.tflite [MORE.tflite ...]

Models that take turns find the caches full of one another's weights. Here each runs four times in a row, in
WebAssembly, in 60 turns of random order; ratios to the first file are told apart by place in the row.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np

from zoo.bench._child import RunnerProcess
from zoo.bench._messages import Finish, Loaded, Ran, Run
from zoo.bench._once import SEED, ReferenceRun, make_request, run_reference
from zoo.bench._targets import host_target, wasm_target

TURNS, IN_A_ROW = 60, 4


def main(files: list[str]) -> int:
    target = wasm_target()
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        asked = []
        for file in files:
            reference = run_reference(Path(file).name, Path(file), host=host_target(), folder=folder)
            if not isinstance(reference, ReferenceRun):
                sys.exit(f"{file}: {reference.reason}")
            asked.append(reference.to_run(Path(file).name))
        names = [model.name for model in asked]
        taken: dict[str, list[list[float]]] = {name: [] for name in names}
        random = np.random.default_rng(SEED)
        with RunnerProcess(target, make_request("time", target, folder, asked)) as runner:
            while not isinstance(runner.next_event(), Loaded):
                pass
            for _ in range(TURNS + 1):
                for at in random.permutation(len(names)):
                    runner.command(Run(model=names[at], runs=IN_A_ROW))
                    while not isinstance(event := runner.next_event(), Ran):
                        pass
                    taken[event.model].append(event.ms)
            runner.command(Finish())
    first, *others = ({name: np.array(rows[1:]) for name, rows in taken.items()}).items()
    for name, ms in others:
        ratios = [float(np.median(ms[:, place] / first[1][:, place])) for place in range(IN_A_ROW)]
        print(f"{name} / {first[0]}: " + ", ".join(f"{ratio:.3f}" for ratio in ratios) + f" ({TURNS} turns)")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""The process in which `zoo.runtimes.run_files` runs files that may end it.

`python _outputs_process.py JOB.json` needs NumPy and `ai_edge_litert`, and nothing of this package. The job:
`{"files": [PATH, ...], "plain": BOOL, "inputs": [[PATH.npy, ...], ...], "outputs": FOLDER, "seconds": NUMBER}`, one
list of inputs a run. `plain`: without XNNPACK. It writes JSON lines: `{"ready": true}`, then for each file `{"runs":
[[PATH.npy, ...], ...]}`, or `{"fault": "load" | "run" | "runtime", "message": ...}`. The first file's runs end after
`seconds`, but not before two; later files get as many.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from pathlib import Path
from typing import Any, TextIO

_FEWEST_RUNS = 2
_MOST_MEMORY = 12 << 30
"""Bytes of addresses: a model of 2 GiB, its unpacked weights and the runtime; a size that no machine has ends here."""


def _work(job: dict[str, Any], answers: TextIO) -> None:
    def answer(**fields: Any) -> None:
        answers.write(json.dumps(fields) + "\n")
        answers.flush()

    try:
        import numpy as np
        from ai_edge_litert.interpreter import Interpreter, OpResolverType
    except Exception as error:  # noqa: BLE001, RUF100 - whatever keeps the runtime from starting is the answer
        answer(fault="runtime", message=f"{type(error).__name__}: {error}")
        return
    answer(ready=True)
    resolver = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES if job["plain"] else OpResolverType.AUTO
    inputs, end = job["inputs"], time.monotonic() + job["seconds"]
    for number, path in enumerate(job["files"]):
        step = "load"
        try:
            interpreter = Interpreter(model_path=path, num_threads=1, experimental_op_resolver_type=resolver)
            interpreter.allocate_tensors()
            step = "run"
            places = [details["index"] for details in interpreter.get_input_details()]
            runs: list[list[str]] = []
            for values in inputs:
                if number == 0 and len(runs) >= _FEWEST_RUNS and time.monotonic() > end:
                    break
                for place, value in zip(places, values, strict=True):
                    interpreter.set_tensor(place, np.load(value))
                interpreter.invoke()
                written = []
                for place, details in enumerate(interpreter.get_output_details()):
                    written.append(str(Path(job["outputs"]) / f"output-{number}-{len(runs)}-{place}.npy"))
                    np.save(written[-1], interpreter.get_tensor(details["index"]))
                runs.append(written)
            del interpreter
        except Exception as error:  # noqa: BLE001, RUF100
            answer(fault=step, message=str(error))
            continue
        inputs = inputs[: len(runs)]
        answer(runs=runs)


def main() -> None:
    """Run the job named on the command line."""
    # Answers keep the real standard output; whatever else prints there goes to standard error.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (_MOST_MEMORY, resource.getrlimit(resource.RLIMIT_AS)[1]))
    _work(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")), answers)
    answers.flush()
    os._exit(0)


if __name__ == "__main__":
    main()

"""The process in which an interpreter runs; started by `zoo.runtimes` with the Python of another environment.

`python _interpreter_process.py JOB.json` needs NumPy and `ai_edge_litert` or `tflite_runtime`, and nothing of this
package. The job: `{"package": "tflite-runtime", "model": PATH, "inputs": [PATH.npy, ...], "outputs": FOLDER}`. It
writes JSON lines: `{"ready": true}`, then for each input `{"outputs": [PATH.npy, ...], "milliseconds": ...}`, or once
`{"fault": "model" | "run" | "runtime", "message": ...}`, after which it ends.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any, TextIO


def _work(job: dict[str, Any], answers: TextIO) -> None:
    def answer(**fields: Any) -> None:
        answers.write(json.dumps(fields) + "\n")
        answers.flush()

    try:
        import numpy as np

        if job["package"] == "tflite-runtime":
            from tflite_runtime.interpreter import Interpreter
        else:
            from ai_edge_litert.interpreter import Interpreter
    except Exception as error:  # noqa: BLE001, RUF100 - whatever keeps the runtime from starting is the answer
        answer(fault="runtime", message=f"{type(error).__name__}: {error}")
        return
    try:
        interpreter = Interpreter(model_path=job["model"], num_threads=1)
        interpreter.allocate_tensors()
        (wanted,) = interpreter.get_input_details()
        outputs = interpreter.get_output_details()
    except Exception as error:  # noqa: BLE001, RUF100
        answer(fault="model", message=str(error))
        return
    answer(ready=True)
    for number, path in enumerate(job["inputs"]):
        try:
            interpreter.set_tensor(wanted["index"], np.load(path))
            start = time.perf_counter()
            interpreter.invoke()
            taken = 1e3 * (time.perf_counter() - start)
            written = []
            for place, one in enumerate(outputs):
                file = Path(job["outputs"]) / f"output-{number}-{place}.npy"
                np.save(file, interpreter.get_tensor(one["index"]))
                written.append(str(file))
        except Exception as error:  # noqa: BLE001, RUF100
            answer(fault="run", message=str(error))
            return
        answer(outputs=written, milliseconds=taken)


def main() -> None:
    """Run the job named on the command line."""
    # Answers keep the real standard output; whatever else prints there goes to standard error.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    _work(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")), answers)
    answers.flush()
    os._exit(0)


if __name__ == "__main__":
    main()

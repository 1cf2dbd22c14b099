"""Stands for Android's `benchmark_model`: takes its flags, runs the model through LiteRT here, prints what it prints.

The text is composed from the format strings of upstream's sources (tflite/tools/benchmark/benchmark_model.cc and
benchmark_tflite_model.cc, tflite/profiling/*.cc, xla/tsl/util/stats_calculator.*); the times are real ones of this
machine. The profile's operators are those that XNNPACK shows for a file with sparse weights on ARM: it names as many
SPMM convolutions as the file has sparse tensors, which no real run promises.
"""

from __future__ import annotations

import resource
import statistics
import sys
import time
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter

FLAGS = {
    "graph": "string",
    "num_threads": "int32",
    "num_runs": "int32",
    "min_secs": "float",
    "max_secs": "float",
    "warmup_runs": "int32",
    "warmup_min_secs": "float",
    "input_layer": "string",
    "input_layer_shape": "string",
    "input_layer_value_files": "string",
    "output_filepath": "string",
    "enable_op_profiling": "bool",
    "report_peak_memory_footprint": "bool",
    "use_xnnpack": "bool",
}


def say(line: str) -> None:
    print(f"INFO: {line}", flush=True)


def run(interpreter: Interpreter, least: int, seconds: float) -> list[int]:
    say(
        f"Running benchmark for at least {least} iterations and at least {seconds:g} seconds but terminate if "
        "exceeding 50 seconds."
    )
    taken: list[int] = []
    end = time.perf_counter() + seconds
    while len(taken) < least or time.perf_counter() < end:
        start = time.perf_counter_ns()
        interpreter.invoke()
        taken.append((time.perf_counter_ns() - start) // 1000)
    ordered = sorted(taken)
    at = [ordered[len(ordered) * share // 100] for share in (5, 50, 95)]
    told = f"count={len(taken)}"
    if min(taken) == max(taken):
        told += f" curr={taken[-1]}" + ("(all same)" if len(taken) > 1 else "")
    else:
        told += f" first={taken[0]} curr={taken[-1]} min={min(taken)} max={max(taken)}"
        told += f" avg={statistics.fmean(taken):g} std={int(statistics.pstdev(taken))}"
    say(f"{told} p5={at[0]} median={at[1]} p95={at[2]}\n")
    return taken


def profile(rows: list[tuple[str, str]]) -> str:
    header = ("[node type]", "[first]", "[avg ms]", "[%]", "[cdf%]", "[mem KB]", "[times called]")
    widths = (40, 9, 9, 8, 8, 10, 9)
    lines = ["============================== Run Order =============================="]
    lines.append("".join(f"\t{word:>{width}}" for word, width in zip(header, widths, strict=True)) + "\t[Name]")
    for kind, name in rows:
        fields = (kind, "0.100", "0.100", "1.000%", "1.000%", "0.000", "1")
        lines.append("".join(f"\t{word:>{width}}" for word, width in zip(fields, widths, strict=True)) + f"\t{name}")
    lines += ["", "============================== Top by Computation Time =============================="]
    lines += [lines[1], *lines[2 : 2 + min(10, len(rows))], "", f"Number of nodes executed: {len(rows)}"]
    summary = "count=2 first=5010 curr=4998 min=4998 max=5010 avg=5004 std=6"
    return "\n".join(
        [*lines, "", f"Timings (microseconds): {summary}", "Memory (bytes): count=0", f"{len(rows)} nodes observed", ""]
    )


def operators(path: str) -> list[tuple[str, str]]:
    # Not above: a process is started for every block.
    from zoo.tflite import read_model

    model = read_model(Path(path))
    sparse = sum(tensor.sparsity is not None for tensor in model.tensors)
    kinds = [
        "Convert (NC, F16, F32)",
        "Convolution (NCHW, F32) Conv2D HWC2CHW" if sparse else "Convolution (NHWC, F32) IGEMM",
    ]
    kinds += ["Convolution (NCHW, F32) DWConv"] * 3 + ["Convolution (NCHW, F32) SPMM"] * sparse
    rows = [(kind, f"Delegate/{kind}:{number}") for number, kind in enumerate(kinds)]
    return [*rows, ("TfLiteXNNPackDelegate", "[reshaped_regressor, SPMM_named_by_a_user]:164")]


def megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> int:
    say("STARTING!")
    given = dict(word[2:].split("=", 1) for word in sys.argv[1:] if "=" in word)
    if "--help" in sys.argv:
        usage = "".join(f"\t--{name}=\t{kind}\toptional\t...\n" for name, kind in FLAGS.items())
        print(f"ERROR: usage: {sys.argv[0]} <flags>\nFlags:\n{usage}\nERROR: Benchmarking failed.")
        return 1
    say("Log parameter values verbosely: [0]")
    say(f"Graph: [{given['graph']}]")
    before = megabytes()
    start = time.perf_counter_ns()
    try:
        interpreter = Interpreter(model_path=given["graph"], num_threads=int(given["num_threads"]))
        interpreter.allocate_tensors()
    except ValueError as error:
        print(f"ERROR: Failed to load model {given['graph']}\nERROR: {error}\nERROR: Benchmarking failed.")
        return 1
    init = (time.perf_counter_ns() - start) // 1000
    after = megabytes()
    say("Created TensorFlow Lite XNNPACK delegate for CPU.")
    say(f"Initialized session in {init / 1e3:g}ms.")
    files = [item.split(":")[1] for item in given["input_layer_value_files"].split(",")]
    for details, file in zip(interpreter.get_input_details(), files, strict=True):
        interpreter.set_tensor(details["index"], np.fromfile(file, dtype=details["dtype"]).reshape(details["shape"]))
    warm_up = run(interpreter, int(given["warmup_runs"]), float(given["warmup_min_secs"]))
    regular = run(interpreter, int(given["num_runs"]), float(given["min_secs"]))
    say(
        f"Inference timings in us: Init: {init}, First inference: {warm_up[0]}, Warmup (avg): "
        f"{statistics.fmean(warm_up):g}, Inference (avg): {statistics.fmean(regular):g}"
    )
    say(
        "Note: as the benchmark tool itself affects memory footprint, the following is only APPROXIMATE to the actual "
        "memory footprint of the model at runtime. Take the information at your discretion."
    )
    say(
        f"Memory footprint delta from the start of the tool (MB): init={after - before:g} "
        f"overall={megabytes() - before:g}"
    )
    if given.get("report_peak_memory_footprint") == "true":
        say(f"Overall peak memory footprint (MB) via periodic monitoring: {megabytes():g}")
    if given.get("enable_op_profiling") == "true":
        beginning = profile([("ModifyGraphWithDelegate", "ModifyGraphWithDelegate/0")])
        say(f"Profiling Info for Benchmark Initialization:\n{beginning}")
        say(f"Operator-wise Profiling Info for Regular Benchmark Runs:\n{profile(operators(given['graph']))}")
    if "output_filepath" in given:
        outputs = [interpreter.get_tensor(details["index"]).tobytes() for details in interpreter.get_output_details()]
        Path(given["output_filepath"]).write_bytes(b"".join(outputs))
    return 0


if __name__ == "__main__":
    sys.exit(main())

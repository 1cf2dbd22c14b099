# ruff: noqa: E501 (the lines are as long as the tool prints them)
"""What `benchmark_model` prints, in the formats of its builds; composed from the format strings of upstream's sources."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest

from zoo.bridges._adb_report import read_errors, read_machine, read_report, why_failed

LITERT = """\
INFO: STARTING!
INFO: Log parameter values verbosely: [0]
INFO: Num threads: [4]
INFO: Graph: [files/sparse.tflite]
INFO: Use xnnpack: [1]
INFO: Loaded model files/sparse.tflite
WARN: Tensor # 0 is named input but flags call it input0
INFO: Created TensorFlow Lite XNNPACK delegate for CPU.
INFO: Explicitly applied XNNPACK delegate, and the model graph will be completely executed by the delegate.
INFO: The input model file size (MB): 0.676746
INFO: Initialized session in 8.337ms.
INFO: Running benchmark for at least 2 iterations and at least 0.2 seconds but terminate if exceeding 50 seconds.
INFO: count=44 first=7913 curr=4502 min=4390 max=7913 avg=4584.7 std=815 p5=4401 median=4511 p95=4802

INFO: Running benchmark for at least 5 iterations and at least 0 seconds but terminate if exceeding 50 seconds.
INFO: count=5 first=4576 curr=4499 min=4469 max=4736 avg=4565.8 std=98 p5=4469 median=4549 p95=4736

INFO: Inference timings in us: Init: 8337, First inference: 7913, Warmup (avg): 4584.7, Inference (avg): 4565.8
INFO: Note: as the benchmark tool itself affects memory footprint, the following is only APPROXIMATE
INFO: Memory footprint delta from the start of the tool (MB): init=2.4375 overall=20.5
INFO: Overall peak memory footprint (MB) via periodic monitoring: 25.0
INFO: Memory status at the end of exeution:
INFO: - VmRSS              : 25 MB
INFO: Profiling Info for Benchmark Initialization:
============================== Run Order ==============================
\t                             [node type]\t  [first]\t [avg ms]\t     [%]\t  [cdf%]\t  [mem KB]\t[times called]\t[Name]
\t                 ModifyGraphWithDelegate\t    5.100\t    5.100\t 90.000%\t 90.000%\t  1700.000\t        1\tModifyGraphWithDelegate/0

Number of nodes executed: 1
Timings (microseconds): count=1 curr=5600
INFO: Operator-wise Profiling Info for Regular Benchmark Runs:
============================== Run Order ==============================
\t                             [node type]\t  [first]\t [avg ms]\t     [%]\t  [cdf%]\t  [mem KB]\t[times called]\t[Name]
\t  Convolution (NCHW, F32) Conv2D HWC2CHW\t    0.300\t    0.301\t  6.000%\t  6.000%\t     0.000\t        1\tDelegate/Convolution (NCHW, F32) Conv2D HWC2CHW:0
\t            Convolution (NCHW, F32) SPMM\t    0.100\t    0.101\t  2.000%\t  8.000%\t     0.000\t        1\tDelegate/Convolution (NCHW, F32) SPMM:1
\t            Convolution (NCHW, F32) SPMM\t    0.100\t    0.101\t  2.000%\t 10.000%\t     0.000\t        2\tDelegate/Convolution (NCHW, F32) SPMM:2
\t            Fully Connected (NC, F32) GEMM\t    0.100\t    0.101\t  2.000%\t 12.000%\t     0.000\t        1\tDelegate/Fully Connected (NC, F32) GEMM:3
\t                   TfLiteXNNPackDelegate\t    4.400\t    4.401\t 88.000%\t100.000%\t     0.000\t        1\t[Convolution (NCHW, F32) SPMM]:9

============================== Top by Computation Time ==============================
\t                             [node type]\t  [first]\t [avg ms]\t     [%]\t  [cdf%]\t  [mem KB]\t[times called]\t[Name]
\t            Convolution (NCHW, F32) SPMM\t    0.100\t    0.101\t  2.000%\t  2.000%\t     0.000\t        2\tDelegate/Convolution (NCHW, F32) SPMM:2

Timings (microseconds): count=5 first=5010 curr=4998 min=4998 max=5010 avg=5004 std=6
"""

TENSORFLOW_2_8 = """\
STARTING!
Graph: [files/dense.tflite]
Initialized session in 18.777ms.
Running benchmark for at least 1 iterations and at least 0.5 seconds but terminate if exceeding 150 seconds.
count=9 first=64791 curr=56295 min=54873 max=65831 avg=57758.2 std=4065

Running benchmark for at least 1 iterations and at least 0 seconds but terminate if exceeding 150 seconds.
count=1 curr=58154

Inference timings in us: Init: 18777, First inference: 64791, Warmup (avg): 57758.2, Inference (avg): 58154
Operator-wise Profiling Info for Regular Benchmark Runs:
============================== Run Order ==============================
\t             [node type]\t          [start]\t  [first]\t [avg ms]\t     [%]\t  [cdf%]\t  [mem KB]\t[times called]\t[Name]
\t   TfLiteXNNPackDelegate\t            0.000\t   58.000\t   58.000\t100.000%\t100.000%\t     0.000\t        1\t[out]:31

"""


def test_a_report_of_litert_is_read_whole() -> None:
    report = read_report(LITERT)

    assert report is not None
    assert (report.init_ms, report.first_ms, report.runs) == (8.337, 7.913, 5)
    assert (report.typical_ms, report.mean_ms) == (4.549, 4.5658)
    assert (report.added_bytes, report.peak_bytes) == (int(20.5 * (1 << 20)), 25 << 20)


def test_sparse_convolutions_are_counted_as_often_as_they_run() -> None:
    report = read_report(LITERT)

    assert report is not None
    assert report.sparse == 3


def test_the_runtime_here_calls_its_sparse_convolutions_so() -> None:
    found = find_spec("ai_edge_litert")
    assert found is not None
    assert found.submodule_search_locations
    library = next(Path(found.submodule_search_locations[0]).glob("libLiteRt.*")).read_bytes()

    assert b"\0Convolution (NCHW, F32)\0" in library
    assert b"\0SPMM\0" in library


def test_an_older_build_prints_less() -> None:
    report = read_report(TENSORFLOW_2_8)

    assert report is not None
    assert (report.runs, report.typical_ms, report.mean_ms) == (1, 58.154, 58.154)
    assert (report.added_bytes, report.peak_bytes) == (None, None)
    assert report.sparse is None


def test_equal_times_are_printed_as_one() -> None:
    text = LITERT.replace(
        "count=5 first=4576 curr=4499 min=4469 max=4736 avg=4565.8 std=98 p5=4469 median=4549 p95=4736",
        "count=5 curr=4500(all same) p5=4500 median=4500 p95=4500",
    )
    report = read_report(text)

    assert report is not None
    assert (report.runs, report.typical_ms, report.mean_ms) == (5, 4.5, 4.5)


@pytest.mark.parametrize("end", ["Inference timings", "INFO: count=5"])
def test_a_run_that_was_cut_is_no_report(end: str) -> None:
    assert read_report(LITERT.partition(end)[0]) is None


def test_the_last_error_with_words_is_the_reason() -> None:
    text = "INFO: STARTING!\nERROR: Failed to load model files/x.tflite\nERROR: Benchmarking failed.\n"

    assert read_errors(text) == ["ERROR: Failed to load model files/x.tflite", "ERROR: Benchmarking failed."]
    assert (
        why_failed(1, text) == "benchmark_model on the phone ended with status 1 (Failed to load model files/x.tflite)"
    )


def test_a_signal_is_named() -> None:
    assert why_failed(139, "INFO: STARTING!") == "benchmark_model on the phone was ended by SIGSEGV"


def test_a_phone_that_tells_nothing_is_described_all_the_same() -> None:
    machine = read_machine("ro.product.model=\nkernel=\narch=\ngovernor=\n")

    assert machine["cpu_model"] == "unknown"
    assert (machine["cores"], machine["governor"], machine["memory_gib"], machine["flags"]) == (1, None, None, [])


def test_clusters_with_governors_of_their_own_are_all_named() -> None:
    machine = read_machine(
        "ro.soc.manufacturer=QTI\nro.soc.model=SM8550\ngovernor=schedutil walt\nMemTotal: 8388608 kB\n"
    )

    assert machine["cpu_model"] == "QTI SM8550"
    assert (machine["governor"], machine["memory_gib"]) == ("schedutil, walt", 8.0)

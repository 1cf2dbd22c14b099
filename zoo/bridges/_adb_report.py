"""What Android's `benchmark_model` and its shell print, read into numbers.

The formats are those of the sources in tflite/tools/benchmark (benchmark_model.cc, benchmark_tflite_model.cc),
tflite/profiling (profile_summarizer.cc, profile_summary_formatter.cc) and xla/tsl/util (stats_calculator.h and .cc).
LiteRT's builds begin lines with "INFO: " or "ERROR: "; older builds of TensorFlow Lite do not.
"""

from __future__ import annotations

import contextlib
import re
import signal
from dataclasses import dataclass
from typing import Any

KERNEL_FLAGS = (
    *("neon", "asimd", "fphp", "asimdhp", "asimddp", "i8mm", "bf16", "sve", "sve2", "sme"),
    *("sse2", "sse4_1", "avx", "avx2", "fma", "f16c", "avx512f", "avx512_vnni", "avx_vnni", "v"),
)
"""Features that XNNPACK chooses its kernels by, as Linux names them on ARM, x86 and RISC-V."""

_NUMBER = r"(\d[\d.]*(?:e[+-]?\d+)?)"
_TIMINGS = re.compile(rf"Inference timings in us: Init: {_NUMBER}, First inference: {_NUMBER}, ")
_COUNT = re.compile(
    rf"^(?:INFO: )?count=(\d+)(?: first=\d+)? curr=(\d+)(?:\(all same\))?(?: min=\d+ max=\d+ avg={_NUMBER} std=\S+)?"
    r"(?: p5=-?\d+ median=(\d+) p95=-?\d+)?",
    re.MULTILINE,
)
_MEMORY = re.compile(rf"Memory footprint delta from the start of the tool \(MB\): init=\S+ overall={_NUMBER}")
_PEAK = re.compile(rf"peak memory footprint \(MB\) via periodic monitoring: {_NUMBER}")
_PROFILE = "Operator-wise Profiling Info for Regular Benchmark Runs:"
_RUN_ORDER = re.compile(r"=+ Run Order =+\n(.*?)(?:\n\s*\n|\Z)", re.DOTALL)
_SPARSE = re.compile(r"^Convolution \(NCHW, \w+\) SPMM\b")
"""XNNPACK names an operator by its type (src/enums/operator-type.yaml) and its microkernel (microkernel-type.yaml)."""

_MIB = 1 << 20


@dataclass(frozen=True)
class Report:
    """One run of `benchmark_model`. Times in milliseconds, memory in bytes; None where it did not say.

    `typical_ms`: the median of the timed inferences, or from builds that print none their mean. `mean_ms`: their mean.
    `sparse`: convolutions on sparse kernels in one inference, where the profile shows XNNPACK's own operators.
    """

    init_ms: float
    first_ms: float
    runs: int
    typical_ms: float
    mean_ms: float
    added_bytes: int | None
    peak_bytes: int | None
    sparse: int | None


def read_report(text: str) -> Report | None:
    """The report in a run's output; None where the run did not come to its end."""
    timings = _TIMINGS.search(text)
    counts = list(_COUNT.finditer(text))
    if timings is None or len(counts) < 2:
        return None
    # The first line counts the warm-up, the second the timed runs; each operator's come later, behind other words.
    regular = counts[1]
    mean = float(regular[3] or regular[2])
    added, peak = _MEMORY.search(text), _PEAK.search(text)
    return Report(
        init_ms=float(timings[1]) / 1e3,
        first_ms=float(timings[2]) / 1e3,
        runs=int(regular[1]),
        typical_ms=float(regular[4] or mean) / 1e3,
        mean_ms=mean / 1e3,
        added_bytes=round(float(added[1]) * _MIB) if added else None,
        peak_bytes=round(float(peak[1]) * _MIB) if peak else None,
        sparse=_sparse_convolutions(text),
    )


def _sparse_convolutions(text: str) -> int | None:
    """From the table of operators in the order they ran; None where XNNPACK's are not in it, as before TF 2.9.1."""
    table = _RUN_ORDER.search(text.partition(_PROFILE)[2])
    rows = [[field.strip() for field in line.split("\t")] for line in table[1].splitlines()[1:]] if table else []
    rows = [row for row in rows if len(row) >= 8]
    if not any(row[-1].startswith("Delegate/") for row in rows):
        return None
    # A row's last fields are how often it ran in one inference and its name, its first (after a tab) the operator.
    return sum(int(row[-2]) for row in rows if _SPARSE.match(row[1]) and row[-2].isdigit())


def read_errors(text: str) -> list[str]:
    """The lines at ERROR level, as they are."""
    return [line for line in text.splitlines() if line.startswith("ERROR: ")]


def why_failed(status: int, text: str) -> str:
    """A clause about a run that gave no report; the shell's status of a program that a signal ended is 128 and more."""
    if status > 128:
        with contextlib.suppress(ValueError):
            return f"benchmark_model on the phone was ended by {signal.Signals(status - 128).name}"
    lines = [line.removeprefix("ERROR: ").strip() for line in read_errors(text)]
    lines = [line for line in lines if line != "Benchmarking failed."] or [line for line in text.splitlines() if line]
    told = lines[-1].strip()[:300].rstrip(".") if lines else "no words"
    return f"benchmark_model on the phone ended with status {status} ({told})"


MACHINE_COMMAND = (
    "for p in ro.product.manufacturer ro.product.model ro.soc.manufacturer ro.soc.model ro.board.platform "
    'ro.build.version.release; do echo "$p=$(getprop $p)"; done; echo "kernel=$(uname -r)"; echo "arch=$(uname -m)"; '
    'echo "governor=$(cat /sys/devices/system/cpu/cpu*/cpufreq/scaling_governor 2>/dev/null | sort -u | xargs)"; '
    "cat /proc/meminfo 2>/dev/null | head -n 1; cat /proc/cpuinfo 2>/dev/null | head -c 65536"
)
"""For the phone's shell: all that `read_machine` reads."""


def read_machine(text: str) -> dict[str, Any]:
    """The phone, as the event `ready` tells of a machine elsewhere."""
    facts = dict(line.split("=", 1) for line in text.splitlines() if "=" in line and ":" not in line.split("=")[0])
    fields: dict[str, str] = {}
    processors = 0
    for line in text.splitlines():
        key, colon, value = (part.strip() for part in line.partition(":"))
        processors += key == "processor"
        if colon:
            fields.setdefault(key, value)
    phone = " ".join(facts.get(name, "") for name in ("ro.product.manufacturer", "ro.product.model")).strip()
    soc = " ".join(facts.get(name, "") for name in ("ro.soc.manufacturer", "ro.soc.model")).strip()
    soc = soc or facts.get("ro.board.platform", "") or fields.get("Hardware", "")
    flags = (fields.get("Features") or fields.get("flags") or "").split()
    memory = re.match(r"(\d+) kB", fields.get("MemTotal", ""))
    return {
        "system": f"Android {facts.get('ro.build.version.release') or '?'}, Linux {facts.get('kernel') or '?'}"[:200],
        "arch": facts.get("arch", "")[:200] or "unknown",
        "cpu_model": (f"{phone} ({soc})" if phone and soc else phone or soc or "unknown")[:200],
        "cores": max(1, processors),
        "flags": [flag for flag in KERNEL_FLAGS if flag in flags],
        "governor": facts.get("governor", "").strip().replace(" ", ", ")[:200] or None,
        "memory_gib": round(int(memory[1]) / (1 << 20), 1) if memory and int(memory[1]) else None,
    }

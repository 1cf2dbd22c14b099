"""Did sparse kernels run, and does that gain? Told by counting them, and by the time over the densified twin's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from zoo.bench._target import Target
from zoo.records import KernelCount, LatencyRatio, Machine

AVX_RULE = "xnn_is_chw_compatible_config in XNNPACK's src/xnnpack/hardware-config.h"
"""The upstream function that keeps sparse kernels off x86 processors with AVX."""

ENGAGED_BELOW = 0.95
"""Sparse kernels engaged if the whole interval of sparse / twin lies below this, and did not if the ratio does not.

The twin has the same graph and weights, so where dense kernels run both the ratio is 1 and only noise moves it: a host
with AVX measured 1.00 (0.99 to 1.02). The published sparse face detector, whose 70% zeros are little above the two
thirds that XNNPACK asks for, measured 0.73 to 0.86 in WebAssembly. Five hundredths tell the two apart.
"""


@dataclass(frozen=True)
class Engagement:
    """`engaged` None: not known. `how_known` says in words how it was told."""

    engaged: bool | None
    how_known: str


def judge_engagement(
    target: Target,
    machine: Machine,
    kernels: Sequence[KernelCount],
    ratios: Sequence[LatencyRatio],
    *,
    controls: Sequence[tuple[str, str]],
) -> Engagement:
    """Whether every sparse file among `controls`, pairs of a sparse model and its twin, ran on sparse kernels.

    False where XNNPACK's rule excludes them, whatever was measured. Where the target counts the kernels that run, the
    count decides. Else the ratio does: None without a timed control, and where the ratio is below the margin but its
    interval reaches over it, as on a busy machine, which more blocks would settle.
    """
    by_pair = {(ratio.numerator, ratio.denominator): ratio for ratio in ratios}
    measured = [by_pair[pair] for pair in controls if pair in by_pair]
    figures = "; ".join(_figure(ratio) for ratio in measured)
    if target.native and machine.has_avx:
        rule = f"XNNPACK runs no sparse kernels on x86 with AVX ({AVX_RULE})"
        return Engagement(False, f"{rule}; measured all the same: {figures}." if figures else f"{rule}.")
    if not controls:
        return Engagement(None, "No sparse model with a densified twin was given, so nothing tells.")
    counted = {count.name: count for count in kernels}
    if all(sparse in counted for sparse, _ in controls):
        return _by_count([(counted[sparse], counted.get(twin)) for sparse, twin in controls], figures)
    return _by_ratio(measured, controls, figures)


def _by_count(counts: Sequence[tuple[KernelCount, KernelCount | None]], figures: str) -> Engagement:
    """The twin's count is the control: it has no sparse weights, so what is counted there counts for nothing."""
    told = "; ".join(f"{count.name} {count.sparse}" for pair in counts for count in pair if count)
    words = f"Convolutions on sparse kernels: {told} ({counts[0][0].how})."
    if figures:
        words += f" Against the same weights stored dense: {figures}."
    return Engagement(all(count.sparse > (twin.sparse if twin else 0) for count, twin in counts), words)


def _by_ratio(measured: Sequence[LatencyRatio], controls: Sequence[tuple[str, str]], figures: str) -> Engagement:
    if len(measured) < len(controls):
        timed = {(ratio.numerator, ratio.denominator) for ratio in measured}
        missing = ", ".join(f"{sparse} / {twin}" for sparse, twin in controls if (sparse, twin) not in timed)
        return Engagement(None, f"Not timed: {missing}." + (f" Timed: {figures}." if figures else ""))
    against = f"Against the same weights stored dense: {figures}"
    if any(ratio.ratio >= ENGAGED_BELOW for ratio in measured):
        return Engagement(False, f"{against}; not below {ENGAGED_BELOW}, so dense kernels ran.")
    if any(ratio.interval.high >= ENGAGED_BELOW for ratio in measured):
        return Engagement(None, f"{against}; the interval reaches {ENGAGED_BELOW}, so measure again, with more blocks.")
    return Engagement(True, f"{against}; the whole interval is below {ENGAGED_BELOW}, so sparse kernels ran.")


def _figure(ratio: LatencyRatio) -> str:
    low, high = ratio.interval.low, ratio.interval.high
    return f"{ratio.numerator} / {ratio.denominator} {ratio.ratio:.2f} ({low:.2f} to {high:.2f}, {ratio.blocks} blocks)"

"""How far found key points lie from labels or from a reference model's: PCK, PDJ, the mean error, and the PCK curve."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from zoo.evaluate._aligned import Aligned, torso_size
from zoo.evaluate._statistics import Ratio, estimate_all
from zoo.evaluate._tally import Floats
from zoo.records import Estimate

CURVE = tuple(float(threshold) for threshold in np.linspace(0.0, 0.2, 41))
"""Thresholds of the PCK curve, in sizes."""


def pck(aligned: Aligned, sizes: Floats, *, threshold: float) -> Ratio:
    """Percentage of correct key points, as a share: labelled points found within `threshold` times `sizes` (N,).

    What was not found at all is not correct. Objects whose size is unknown, or 0, take no part. Which size is meant is
    part of the metric's name: the longer side of the box in Y. Yang and D. Ramanan (PAMI 2013), the head in PCKh.
    """
    counted = aligned.labelled & (sizes > 0)[:, None]
    with np.errstate(invalid="ignore"):
        near = aligned.distances <= threshold * sizes[:, None]
    picture = np.broadcast_to(aligned.picture[:, None], counted.shape)
    return Ratio.of_trials(near[counted], picture[counted], aligned.pictures)


def pdj(aligned: Aligned, names: Sequence[str], *, threshold: float = 0.2) -> Ratio:
    """Percentage of detected joints, as a share: PCK in torso diameters (B. Sapp and B. Taskar, "MODEC", CVPR 2013).

    The torso diameter is from the left shoulder to the right hip. Raises ValueError where `names` lack these.
    """
    return pck(aligned, torso_size(aligned, names), threshold=threshold)


def mean_error(aligned: Aligned, sizes: Floats) -> Ratio:
    """Mean over found objects of the mean distance of their labelled points, in `sizes` (N,).

    Objects that were not found have no distance; their share is `found_share`'s to tell.
    """
    counted = aligned.labelled & np.isfinite(aligned.distances)
    used = counted.any(axis=1) & (sizes > 0)
    total = np.where(counted, aligned.distances, 0.0).sum(axis=1)[used]
    errors = total / counted.sum(axis=1)[used] / sizes[used]
    picture = aligned.picture[used]
    return Ratio(
        np.bincount(picture, errors, aligned.pictures).astype(np.float64),
        np.bincount(picture, minlength=aligned.pictures).astype(np.float64),
        "mean",
    )


def found_share(aligned: Aligned) -> Ratio:
    """The share of labelled objects that were found at all."""
    seen = np.isfinite(np.where(aligned.labelled, aligned.distances, np.inf)).any(axis=1)
    return Ratio.of_trials(seen, aligned.picture, aligned.pictures)


@dataclass(frozen=True)
class PckCurve:
    """PCK at each threshold, and the area below over its width, in [0, 1]: 1 where every point is exact."""

    thresholds: tuple[float, ...]
    shares: tuple[Estimate, ...]
    area: Estimate


def pck_area(aligned: Aligned, sizes: Floats, *, thresholds: Sequence[float] = CURVE) -> Ratio:
    """The area below the PCK curve over its width, by trapezes; a mean over points of how far below each lies."""
    steps = [pck(aligned, sizes, threshold=threshold) for threshold in thresholds]
    width = thresholds[-1] - thresholds[0]
    # np.trapz has another name from NumPy 2 on.
    heights = np.stack([step.top for step in steps])
    area = ((heights[1:] + heights[:-1]) / 2 * np.diff(np.asarray(thresholds))[:, None]).sum(axis=0) / width
    return Ratio(area, steps[0].bottom, "mean")


def pck_curve(aligned: Aligned, sizes: Floats, *, thresholds: Sequence[float] = CURVE) -> PckCurve | None:
    """PCK at `thresholds`, in `sizes` (N,), rising and at least two; None without a labelled point of known size."""
    named = {f"{place}": pck(aligned, sizes, threshold=threshold) for place, threshold in enumerate(thresholds)}
    estimates = estimate_all({**named, "area": pck_area(aligned, sizes, thresholds=thresholds)})
    if "area" not in estimates:
        return None
    area = estimates.pop("area")
    return PckCurve(tuple(thresholds), tuple(estimates.values()), area)

"""What every metric is made of: counts picture by picture, and sums over resampled pictures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from zoo.runtimes import Box, Detection, agreement_metrics, match_runs

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

MATCHED, CANDIDATES, REFERENCES, _IOU, _ERRORS, WITH_POINTS, HITS, LABELLED = range(8)
COLUMNS = 8

RESAMPLES = 2000
SEED = 20210721


@dataclass(frozen=True)
class Tally:
    """One model's counts. P pictures, F reference faces.

    `counts`: (P, 8) in the order of the constants above. `found`: (F,), which reference faces the model has too.
    `hits`: (P,), whether a detection's centre lies in the labelled face.
    """

    counts: Floats
    found: Bools
    hits: Bools


@dataclass(frozen=True)
class Tallies:
    """All models on the same pictures. `face_picture`: (F,), the picture of each reference face.

    `labelled`: (P,), whether the picture has a labelled face.
    """

    models: dict[str, Tally]
    face_picture: npt.NDArray[np.int64]
    labelled: Bools

    @property
    def pictures(self) -> int:
        return len(self.labelled)

    @property
    def faces(self) -> int:
        """Reference faces."""
        return len(self.face_picture)

    def of(self, chosen: Bools) -> Tallies:
        """The same on some of the pictures; `chosen`: (P,)."""
        faces = chosen[self.face_picture]
        position = np.cumsum(chosen) - 1
        models = {
            name: Tally(tally.counts[chosen], tally.found[faces], tally.hits[chosen])
            for name, tally in self.models.items()
        }
        return Tallies(models, position[self.face_picture[faces]], self.labelled[chosen])


def tally_runs(
    runs: Mapping[str, Sequence[Sequence[Detection]]],
    *,
    reference: str,
    iou_threshold: float,
    faces: Sequence[Box | None] | None = None,
) -> Tallies:
    """Match every run with that of `reference`, which is one of them; `faces`: the labelled face of each picture.

    Raises ValueError when runs or labels are of different lengths.
    """
    theirs = runs[reference]
    labels = list(faces) if faces is not None else [None] * len(theirs)
    labelled = np.array([face is not None for face in labels], bool)
    models = {}
    for name, ours in runs.items():
        matches = match_runs(ours, theirs, iou_threshold=iou_threshold)
        hits = np.array([_hits(found, face) for found, face in zip(ours, labels, strict=True)], bool)
        rows = [(*match.counts, hit, face) for match, hit, face in zip(matches, hits, labelled, strict=True)]
        found = np.array([flag for match in matches for flag in match.found], bool)
        models[name] = Tally(np.array(rows, np.float64).reshape(-1, COLUMNS), found, hits)
    pictures = [number for number, detections in enumerate(theirs) for _ in detections]
    return Tallies(models, np.array(pictures, np.int64), labelled)


def _hits(detections: Sequence[Detection], face: Box | None) -> bool:
    if face is None:
        return False
    xmin, ymin, xmax, ymax = face
    centres = [((d.box[0] + d.box[2]) / 2, (d.box[1] + d.box[3]) / 2) for d in detections]
    return any(xmin <= x <= xmax and ymin <= y <= ymax for x, y in centres)


def metrics(counts: Floats) -> dict[str, Floats]:
    """Every metric from summed counts `(..., 8)`, each `(...)`; NaN where there is nothing to divide by."""
    with np.errstate(invalid="ignore", divide="ignore"):
        labelled_recall = counts[..., HITS] / counts[..., LABELLED]
    return {**agreement_metrics(counts[..., :HITS]), "labelled_recall": labelled_recall}


def resampled_sums(counts: Floats, *, resamples: int = RESAMPLES, seed: int = SEED) -> Floats:
    """Sums `(resamples, ...)` of `counts` `(P, ...)` over P pictures drawn with replacement, `resamples` times.

    One seed draws the same pictures for whatever is counted on them, so differences between models are paired.
    """
    flat = counts.reshape(len(counts), -1)
    sums = [weights @ flat for weights in resampled_weights(len(counts), resamples=resamples, seed=seed)]
    return np.concatenate(sums).reshape(resamples, *counts.shape[1:])


def resampled_weights(pictures: int, *, resamples: int = RESAMPLES, seed: int = SEED) -> Iterator[Floats]:
    """How often each of `pictures`, at least one, is drawn in each resample: slices `(some resamples, pictures)`.

    A slice at a time keeps the table of drawn pictures below 20 MB.
    """
    generator = np.random.default_rng(seed)
    step = max(1, 2_000_000 // pictures)
    for start in range(0, resamples, step):
        size = min(step, resamples - start)
        drawn = generator.integers(0, pictures, (size, pictures)) + pictures * np.arange(size)[:, None]
        counts = np.bincount(drawn.ravel(), minlength=size * pictures).reshape(size, pictures)
        yield counts.astype(np.float64)

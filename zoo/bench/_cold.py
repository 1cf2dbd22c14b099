"""Cold starts: what a user waits for before the first answer, and what it takes of memory."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from zoo.bench._messages import Cold
from zoo.bench._once import SEED, ModelFailed, ReferenceRun, run_cold
from zoo.bench._statistics import median_estimate
from zoo.bench._target import Target
from zoo.progress import Ticker
from zoo.records import ColdStart

FEWEST_STARTS = 3
MOST_SECONDS = 15.0


def time_cold_starts(
    models: Mapping[str, ReferenceRun],
    *,
    target: Target,
    starts: int,
    folder: Path,
    picture: Path | None,
    ticker: Ticker,
) -> dict[str, ColdStart]:
    """Start each model `starts` times in a fresh process, in turns of random order; one that fails is left out.

    Where starts are slow, as those of a browser, `FEWEST_STARTS` have to do once `MOST_SECONDS` are over.
    The file is in the system's cache from the check before, so reading it from the disk is not in the numbers.
    """
    taken: dict[str, list[Cold]] = {name: [] for name in models}
    random = np.random.default_rng(SEED)
    names = list(models)
    begun = time.monotonic()
    for turn in range(starts):
        if turn >= FEWEST_STARTS and time.monotonic() - begun > MOST_SECONDS:
            ticker.advance(len(names) * (starts - turn))
            break
        for at in random.permutation(len(names)):
            name = names[at]
            exchange = Path(tempfile.mkdtemp(dir=folder))
            answer = run_cold(name, models[name], target=target, folder=exchange, picture=picture)
            ticker.advance(note=f"cold start of {name}")
            if not isinstance(answer, ModelFailed):
                taken[name].append(answer)
    return {name: _summary(starts_of_one) for name, starts_of_one in taken.items() if starts_of_one}


def _summary(starts: list[Cold]) -> ColdStart:
    peaks = [start.peak_bytes for start in starts if start.peak_bytes is not None]
    added = [
        start.peak_bytes - start.before_bytes
        for start in starts
        if start.peak_bytes is not None and start.before_bytes is not None
    ]
    return ColdStart(
        load_ms=[start.load_ms for start in starts],
        compile_ms=[start.compile_ms for start in starts],
        first_ms=[start.first_ms for start in starts],
        total=median_estimate([start.load_ms + start.compile_ms + start.first_ms for start in starts], seed=SEED),
        peak_bytes=int(statistics.median(peaks)) if peaks else None,
        added_bytes=max(0, int(statistics.median(added))) if added else None,
    )

"""Where a training stands, after every epoch, in one file that is replaced whole."""

from __future__ import annotations

import json
import zipfile
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from zoo.records import CurvePoint

Arrays = list[npt.NDArray[Any]]
FILE = "checkpoint.npz"


@dataclass(frozen=True)
class Standing:
    """The next thing to train is epoch `epoch` of unit `unit` (a step of a variant), with these weights.

    `optimizer` is empty at the start of a unit: each unit has an optimizer of its own.
    """

    unit: int
    epoch: int
    model: Arrays
    optimizer: Arrays
    curve: tuple[CurvePoint, ...]
    updates: int = 0
    seconds: float = 0.0
    resumed_at: tuple[int, ...] = field(default=())


def save_standing(standing: Standing, folder: Path) -> None:
    """Replace the folder's checkpoint."""
    state = {key: value for key, value in asdict(standing).items() if key not in {"model", "optimizer", "curve"}}
    state["curve"] = [point.model_dump() for point in standing.curve]
    state["counts"] = [len(standing.model), len(standing.optimizer)]
    text = np.frombuffer(json.dumps(state).encode(), np.uint8)
    arrays = {f"a{index}": values for index, values in enumerate([*standing.model, *standing.optimizer])}
    partial = folder / f"{FILE}.tmp"
    with partial.open("wb") as out:
        np.savez(out, state=text, **arrays)
    partial.replace(folder / FILE)


def load_standing(folder: Path) -> Standing | None:
    """Read the folder's checkpoint; None where there is none, or where a version that is gone wrote it."""
    try:
        with np.load(folder / FILE, allow_pickle=False) as stored:
            state = json.loads(stored["state"].tobytes())
            models, optimizers = state.pop("counts")
            arrays = [stored[f"a{index}"] for index in range(models + optimizers)]
            curve = tuple(CurvePoint.model_validate(point) for point in state.pop("curve"))
            resumed = tuple(state.pop("resumed_at"))
            return Standing(model=arrays[:models], optimizer=arrays[models:], curve=curve, resumed_at=resumed, **state)
    except FileNotFoundError:
        return None
    except (OSError, KeyError, TypeError, ValueError, zipfile.BadZipFile):
        return None

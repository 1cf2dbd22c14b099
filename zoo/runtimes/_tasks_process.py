"""The process in which MediaPipe's Tasks run; started by `zoo.runtimes` with the Python of another environment.

`python _tasks_process.py JOB.json` needs `mediapipe` and NumPy, and nothing of this package. The job:
`{"task": "FaceDetector", "method": "detect", "model": PATH, "pictures": [PATH.npy, ...], "frames": 3}`. It writes JSON
lines: `{"ready": true}`, then for each picture a finding (`zoo.runtimes._finding.Finding.read`), or once
`{"fault": "model" | "run" | "runtime", "message": ...}`, after which it ends.
"""

from __future__ import annotations

import base64
import json
import os
import sys
import time
from pathlib import Path
from typing import Any, TextIO

FRAME_MS = 33
"""Between the frames of a video."""
MASK_SIDE = 64
"""As `zoo.runtimes.MASK_SIDE`."""


def _open(job: dict[str, Any], vision: Any, base_options: Any) -> Any:
    """The task with the job's model. Options as the defaults of its class, where the drop-in check needs no others."""
    mode = vision.RunningMode.VIDEO if job["method"] == "detect_for_video" else vision.RunningMode.IMAGE
    # As bytes: a path would be looked for below the package's resources on some systems.
    base = base_options(model_asset_buffer=Path(job["model"]).read_bytes())
    options: dict[str, dict[str, Any]] = {
        "FaceDetector": {},
        "HandLandmarker": {"num_hands": 2},
        "PoseLandmarker": {"output_segmentation_masks": True},
    }
    chosen = getattr(vision, f"{job['task']}Options")(base_options=base, running_mode=mode, **options[job["task"]])
    return getattr(vision, job["task"]).create_from_options(chosen)


def _detections(result: Any, width: int, height: int) -> list[list[float]]:
    found = []
    for one in getattr(result, "detections", []):
        box = one.bounding_box
        x, y = box.origin_x / width, box.origin_y / height
        points = [value for point in one.keypoints or [] for value in (point.x, point.y)]
        found.append([one.categories[0].score, x, y, x + box.width / width, y + box.height / height, *points])
    return found


def _figures(result: Any) -> list[dict[str, Any]]:
    kind = "hand" if hasattr(result, "hand_landmarks") else "pose"
    landmarks = getattr(result, f"{kind}_landmarks", [])
    world = getattr(result, f"{kind}_world_landmarks", [])
    labels = [found[0].category_name for found in getattr(result, "handedness", [])]
    masks = getattr(result, "segmentation_masks", None) or []
    return [
        {
            "points": [[point.x, point.y, point.z] for point in points],
            "world": [[point.x, point.y, point.z] for point in world[number]],
            "label": labels[number] if labels else "",
            "mask": _mask(masks[number]) if masks else "",
        }
        for number, points in enumerate(landmarks)
    ]


def _mask(image: Any) -> str:
    """One byte for each of MASK_SIDE x MASK_SIDE places of the picture, in base64."""
    import numpy as np

    values = np.squeeze(image.numpy_view())
    rows, columns = (np.linspace(0, side - 1, MASK_SIDE).round().astype(int) for side in values.shape)
    cells = np.nan_to_num(values[np.ix_(rows, columns)], nan=0.0)
    return base64.b64encode(np.clip(np.rint(cells * 255), 0, 255).astype(np.uint8).tobytes()).decode("ascii")


def _find(task: Any, job: dict[str, Any], image: Any, clock: list[int]) -> tuple[Any, float]:
    """What the task finds on a picture, in a video on the last of some equal frames, and the milliseconds it took."""
    video = job["method"] == "detect_for_video"
    for _ in range(job["frames"] if video else 1):
        clock[0] += FRAME_MS
        start = time.perf_counter()
        result = task.detect_for_video(image, clock[0]) if video else task.detect(image)
        taken = 1e3 * (time.perf_counter() - start)
    return result, taken


def _work(job: dict[str, Any], answers: TextIO) -> None:
    def answer(**fields: Any) -> None:
        answers.write(json.dumps(fields) + "\n")
        answers.flush()

    try:
        import mediapipe
        import numpy as np
        from mediapipe.tasks.python import BaseOptions, vision
    except Exception as error:  # noqa: BLE001, RUF100 - whatever keeps the runtime from starting is the answer
        answer(fault="runtime", message=f"{type(error).__name__}: {error}")
        return
    try:
        task = _open(job, vision, BaseOptions)
    except Exception as error:  # noqa: BLE001, RUF100
        answer(fault="model", message=str(error))
        return
    answer(ready=True)
    clock = [0]
    for path in job["pictures"]:
        picture = np.load(path)
        height, width = picture.shape[:2]
        try:
            image = mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=picture)
            result, taken = _find(task, job, image, clock)
            found = {"detections": _detections(result, width, height), "figures": _figures(result)}
        except Exception as error:  # noqa: BLE001, RUF100
            answer(fault="run", message=str(error))
            return
        answer(**found, milliseconds=taken)


def main() -> None:
    """Run the job named on the command line."""
    # Answers keep the real standard output; whatever else prints there goes to standard error.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    _work(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")), answers)
    answers.flush()
    # A task that failed may wait for itself for ever while the interpreter shuts down.
    os._exit(0)


if __name__ == "__main__":
    main()

"""What MediaPipe's packets hold, as JSON; imported where `mediapipe` is, in the graph's own process.

| reading | form |
|---|---|
| `detections` | a list of `zoo.runtimes._detection.to_numbers` |
| `region` | `[x_center, y_center, width, height, rotation]`, as `zoo.runtimes.Region` |
| `number` | a number |
| `label` | `[label, score]` |
| `landmarks` | a list of `[x, y, z, visibility, presence]`, the last two 0 where a model gives none |
| `mask` | MASK_SIDE x MASK_SIDE bytes, row by row, in base64 |
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import Any

from zoo.runtimes._graph import Reading
from zoo.runtimes._landmarks import MASK_SIDE


def readers() -> Mapping[Reading, Callable[[Any], Any]]:
    """By what a stream holds, the function from its packet to JSON.

    Importing the message classes is what lets packets be read at all: else they hold nothing that Python knows.
    """
    import mediapipe.framework.formats.classification_pb2
    import mediapipe.framework.formats.detection_pb2
    import mediapipe.framework.formats.landmark_pb2
    import mediapipe.framework.formats.rect_pb2  # noqa: F401
    from mediapipe.python.packet_getter import get_float, get_image_frame, get_proto, get_proto_list

    return {
        "detections": lambda packet: [_detection(message) for message in get_proto_list(packet)],
        "region": lambda packet: _region(get_proto(packet)),
        "number": get_float,
        "label": lambda packet: _label(get_proto(packet)),
        "landmarks": lambda packet: [[p.x, p.y, p.z, p.visibility, p.presence] for p in get_proto(packet).landmark],
        "mask": lambda packet: _mask(get_image_frame(packet).numpy_view()),
    }


def _detection(message: Any) -> list[float]:
    location = message.location_data
    box = location.relative_bounding_box
    corners = [box.xmin, box.ymin, box.xmin + box.width, box.ymin + box.height]
    points = [value for point in location.relative_keypoints for value in (point.x, point.y)]
    return [message.score[0], *corners, *points]


def _region(message: Any) -> list[float]:
    return [message.x_center, message.y_center, message.width, message.height, message.rotation]


def _label(message: Any) -> list[Any]:
    (best,) = message.classification
    return [best.label, best.score]


def _mask(values: Any) -> str:
    """(height, width) float32 in [0, 1], reduced to the mean of each of MASK_SIDE x MASK_SIDE cells."""
    import numpy as np
    from PIL import Image

    small = Image.fromarray(np.asarray(values, np.float32)).resize((MASK_SIDE, MASK_SIDE), Image.Resampling.BOX)
    cells = np.clip(np.rint(np.asarray(small) * 255), 0, 255).astype(np.uint8)
    return base64.b64encode(cells.tobytes()).decode("ascii")

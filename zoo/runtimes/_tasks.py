"""MediaPipe's Tasks with a model of ours in them, and what they want of a file: metadata, and often a bundle."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from zoo.errors import InputError
from zoo.files import read_file
from zoo.runtimes._graph import original_file
from zoo.tflite import bundle_models, has_metadata, read_model, with_normalization, write_bundle

BUNDLE_SUFFIX = ".task"
_MODULES = "mediapipe/modules"
_SIGNED, _UNIT = (127.5, 127.5), (0.0, 255.0)
"""Mean and deviation that bring pixels to [-1, 1] and to [0, 1], as the legacy graphs' ImageToTensorCalculator does."""


@dataclass(frozen=True)
class TaskRole:
    """Which task runs a published file, and as what.

    `normalization`: mean and deviation of the input, for a file that does not say. `member`: its name in the task's
    bundle, empty where the task takes a plain model. `others`: the published file of every other member.
    """

    task: str
    normalization: tuple[float, float]
    member: str = ""
    others: Mapping[str, str] = field(default_factory=dict)


_HAND, _PALM = "hand_landmarks_detector.tflite", "hand_detector.tflite"
_POINTS, _PERSON = "pose_landmarks_detector.tflite", "pose_detector.tflite"


def _path(name: str) -> str:
    folder = name.rpartition("_")[0] if name.endswith(("_full.tflite", "_lite.tflite")) else "pose_detection"
    return f"{_MODULES}/{folder}/{name}"


ROLES = {
    "face_detection_full_range_sparse.tflite": TaskRole("FaceDetector", _SIGNED),
    "hand_landmark_full.tflite": TaskRole("HandLandmarker", _UNIT, _HAND, {_PALM: _path("palm_detection_full.tflite")}),
    "hand_landmark_lite.tflite": TaskRole("HandLandmarker", _UNIT, _HAND, {_PALM: _path("palm_detection_lite.tflite")}),
    "palm_detection_full.tflite": TaskRole("HandLandmarker", _UNIT, _PALM, {_HAND: _path("hand_landmark_full.tflite")}),
    "palm_detection_lite.tflite": TaskRole("HandLandmarker", _UNIT, _PALM, {_HAND: _path("hand_landmark_lite.tflite")}),
    "pose_landmark_full.tflite": TaskRole("PoseLandmarker", _UNIT, _POINTS, {_PERSON: _path("pose_detection.tflite")}),
    "pose_detection.tflite": TaskRole(
        "PoseLandmarker", _SIGNED, _PERSON, {_POINTS: _path("pose_landmark_full.tflite")}
    ),
}
"""By the name of the published file whose place a model takes."""


def role_of(replaces: str) -> TaskRole:
    """The role of a published file. Raises InputError for one that no task of MediaPipe's takes."""
    try:
        return ROLES[PurePosixPath(replaces).name]
    except KeyError:
        raise InputError(f"dropin: no task of MediaPipe's runs {replaces}; known are {', '.join(ROLES)}") from None


def model_in(path: Path, replaces: str) -> bytes:
    """The model of a file that is one, or that is a bundle with one in this role.

    Raises InputError for a file that is neither, and for a bundle that lacks a member of its task.
    """
    if path.suffix != BUNDLE_SUFFIX:
        return read_file(path)
    role = role_of(replaces)
    if not role.member:
        raise InputError(f"{path} is a bundle, and {role.task} takes a plain model; give the .tflite file")
    members = dict(bundle_models(path))
    for name in (role.member, *role.others):
        if name not in members:
            raise InputError(f"{path} has no member {name}, without which {role.task} does not start; add it")
    return members[role.member]


def ready_for_tasks(path: Path, replaces: str, folder: Path) -> Path:
    """The file to give to the task: `path` itself where it is a bundle, else what is made of it in `folder`.

    Metadata that is there is kept; where there is none, it is added. Raises InputError as `model_in`.
    """
    role = role_of(replaces)
    if path.suffix == BUNDLE_SUFFIX:
        model_in(path, replaces)
        return path
    ours = _normalized(read_file(path), str(path), role.normalization)
    if not role.member:
        made = folder / "model.tflite"
        made.write_bytes(ours)
        return made
    members = {role.member: ours}
    for name, published in role.others.items():
        normalization = ROLES[PurePosixPath(published).name].normalization
        members[name] = _normalized(read_file(original_file(published)), published, normalization)
    made = folder / f"model{BUNDLE_SUFFIX}"
    write_bundle(made, dict(sorted(members.items())))
    return made


def _normalized(data: bytes, name: str, normalization: tuple[float, float]) -> bytes:
    if has_metadata(read_model(data, name=name)):
        return data
    return with_normalization(data, name=name, mean=normalization[0], std=normalization[1])

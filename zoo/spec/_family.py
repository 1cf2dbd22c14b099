"""What differs between the families of models: how they are trained and judged. A spec has one of the two."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from zoo.spec._part import SpecPart

Probability = Annotated[float, Field(gt=0, lt=1)]
Share = Annotated[float, Field(ge=0, le=1)]
Weight = Annotated[float, Field(ge=0)]

Metric = Literal[
    "f_score",
    "mean_iou",
    "keypoint_error",
    "landmark_error",
    "presence_agreement",
    "handedness_agreement",
    "mask_iou",
    "world_error",
    "output_difference",
    "output_error",
]
"""What the drop-in check compares with the original; errors and IoU are means over what both found.

The last two are of an interpreter's raw outputs: the largest difference from the reference interpreter, over the
output's largest number; and the worst output's mean difference from the original's, over the original's mean size.
"""


class Colours(SpecPart):
    """How colours and sharpness of a training input are changed; shares of the whole range."""

    brightness: Share
    contrast: Share
    saturation: Share
    blur_share: Share


class Augmentation(Colours):
    """How a picture is turned into training inputs of a detector; sizes are shares of the input's side.

    `native_share`: whole pictures, fitted as MediaPipe fits them. `negative_share`: pictures with nothing to find.
    """

    object_side: tuple[float, float]
    rotation_degrees: float = Field(ge=0, le=180)
    flip: bool
    mosaic_share: Share
    native_share: Share
    negative_share: Share


class DetectionLoss(SpecPart):
    """Weights of the distillation loss of a detector; see `zoo.training` for the terms."""

    scores: Weight
    boxes: Weight
    confident: Share
    operating_point: Weight


class Detector(SpecPart):
    """A detector: the operating point of MediaPipe's own graph for it, and how it is trained."""

    score_threshold: Probability
    iou_threshold: Probability = 0.5
    keypoints: list[str]
    augmentation: Augmentation
    loss: DetectionLoss


class RegionAugmentation(Colours):
    """How a region that MediaPipe's graph would feed is changed: turned, scaled, moved by shares of its side.

    `exact_share`: regions as the graph gives them. `negative_share`: places with nothing to find.
    """

    rotation_degrees: float = Field(ge=0, le=180)
    scale: tuple[float, float]
    shift: Share
    flip: bool
    exact_share: Share
    negative_share: Share


class LandmarkLoss(SpecPart):
    """Weights of the distillation loss of a landmark model, by the meaning of the output; see `zoo.training`."""

    landmarks: Weight
    presence: Weight
    world_landmarks: Weight = 0.0
    handedness: Weight = 0.0
    mask: Weight = 0.0
    heatmap: Weight = 0.0


class Landmarks(SpecPart):
    """A landmark model: what its points are, when MediaPipe's graph believes in them, and how it is trained.

    `values`: numbers a point has in the landmarks output; the first two are x and y in pixels of the input.
    `presence_threshold`: below it the graph drops the region.
    """

    points: int = Field(ge=1)
    values: int = Field(ge=2)
    presence_threshold: Probability
    augmentation: RegionAugmentation
    loss: LandmarkLoss

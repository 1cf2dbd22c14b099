"""Annotations that people bring: COCO, YOLO, dlib, LSP, FreiHAND, WIDER FACE, CSV and the hub, read to one result."""

from zoo.sources.annotations._discover import find_annotations
from zoo.sources.annotations._formats import FORMATS
from zoo.sources.annotations._freihand import HAND_POINTS
from zoo.sources.annotations._hub import hub_folder
from zoo.sources.annotations._lsp import JOINTS
from zoo.sources.annotations._read import pictures_folder, read_annotations
from zoo.sources.annotations._result import AnnotatedObject, AnnotatedPicture, AnnotatedSet, Box, Point
from zoo.sources.annotations._unseen import (
    LabelledSet,
    labelled_digest,
    read_labelled_sets,
    unseen_part,
    write_labelled_sets,
)

__all__ = [
    "FORMATS",
    "HAND_POINTS",
    "JOINTS",
    "AnnotatedObject",
    "AnnotatedPicture",
    "AnnotatedSet",
    "Box",
    "LabelledSet",
    "Point",
    "find_annotations",
    "hub_folder",
    "labelled_digest",
    "pictures_folder",
    "read_annotations",
    "read_labelled_sets",
    "unseen_part",
    "write_labelled_sets",
]

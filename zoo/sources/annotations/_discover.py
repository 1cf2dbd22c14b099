"""Annotations that lie in a folder of pictures, wherever in it, found without being named."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from zoo.errors import InputError
from zoo.progress import Progress, SilentProgress
from zoo.sources._labels import read_walked_labels
from zoo.sources._walk import walk
from zoo.sources.annotations._folder import Folder
from zoo.sources.annotations._formats import fitting_formats
from zoo.sources.annotations._read import read_file
from zoo.sources.annotations._result import AnnotatedSet

_ENDINGS = (".json", ".xml", ".mat", ".csv", ".yaml", ".yml")
_NAMED = frozenset({"classes.txt"})
_FOLDERS = frozenset({"annotations", "labels", "wider_face_split"})
_MOST_FOLDERS = 10_000
_MOST_NAMED = 3
"""Files that the name of a set lists."""


def find_annotations(root: Path, *, progress: Progress) -> list[AnnotatedSet]:
    """Every annotated set below `root`, in the order of its folder and file.

    Files of one folder that are read as one format with the same key points make one set. Of files of one format that
    speak of the same picture, the outermost and then the first by name counts. Regions to look in, which are no
    outlines, are left out, and so are pictures of which nothing is said. Nobody named these files, so one with a fault
    is passed over, and `progress` is told the line or entry.
    """
    found: list[AnnotatedSet] = []
    done: set[Path] = set()
    spoken: set[tuple[str, Path]] = set()
    for place in _candidates(root.resolve()):
        folder = _folder(place)
        if folder is None:
            continue
        for form in fitting_formats(folder):
            files = [file for file in form.find(folder) if (place / file).resolve() not in done]
            done |= {(place / file).resolve() for file in files}
            for file in files:
                try:
                    one = read_file(folder, form, file, progress=progress)
                except InputError as error:
                    progress.say(f"{place / file} is not used: {error}")
                    continue
                pictures = tuple(
                    picture
                    for picture in one.pictures
                    if picture.labelled
                    and (form.name, picture.path) not in spoken
                    and not any(thing.region for thing in picture.objects)
                )
                spoken |= {(form.name, picture.path) for picture in pictures}
                _put(found, replace(one, pictures=pictures))
    return [one for one in found if one.pictures]


def _put(found: list[AnnotatedSet], new: AnnotatedSet) -> None:
    """Add a set, or its pictures to the one of the same folder, format and key points."""
    for place, one in enumerate(found):
        if (one.root, one.format, one.keypoint_names) == (new.root, new.format, new.keypoint_names):
            pictures = tuple(sorted((*one.pictures, *new.pictures), key=lambda picture: picture.name))
            file = f"{one.file}, {new.file}" if new.pictures and one.file.count(",") < _MOST_NAMED else one.file
            found[place] = replace(one, file=file, pictures=pictures, left_out=(*one.left_out, *new.left_out))
            return
    found.append(new)


def _folder(place: Path) -> Folder | None:
    walked = walk(place)
    if not walked.pictures:
        return None
    # What its tables lack was told when the pictures were listed.
    labels = read_walked_labels(place, walked, progress=SilentProgress())
    return Folder(place, walked.pictures, walked.reasons, labels, None)


def _candidates(root: Path) -> Iterator[Path]:
    """Folders that hold a file or a folder with the name of annotations, outer ones first. Links are not followed."""
    for count, (place, folders, files) in enumerate(os.walk(root)):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        if count >= _MOST_FOLDERS:
            return
        stems = {Path(name).stem for name in files if not name.endswith(".txt")}
        if (
            any(name.lower().endswith(_ENDINGS) or name in _NAMED for name in files)
            or _FOLDERS & set(folders)
            or any(name.endswith(".txt") and name[:-4] in stems for name in files)
        ):
            yield Path(place)

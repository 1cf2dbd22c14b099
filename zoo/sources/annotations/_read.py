"""The door of this package: a folder, a file or a hub address to an annotated set."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from zoo.errors import InputError, shortened
from zoo.files import printable
from zoo.progress import Progress, SilentProgress
from zoo.records import SkippedPicture
from zoo.sources._labels import read_walked_labels
from zoo.sources._walk import walk
from zoo.sources.annotations._folder import Folder
from zoo.sources.annotations._formats import Format, Found, find_format
from zoo.sources.annotations._hub import HUB_PREFIX, hub_folder
from zoo.sources.annotations._listed import assemble
from zoo.sources.annotations._result import AnnotatedPicture, AnnotatedSet

_ANNOTATION_FOLDERS = ("annotations", "wider_face_split")


def read_annotations(
    place: str | Path,
    *,
    format: str | None = None,  # noqa: A002 - its plain name
    progress: Progress | None = None,
) -> AnnotatedSet:
    """Read the annotations of a folder of pictures, in the format that it has or that is named (one of `FORMATS`).

    `place` is a folder, an annotation file in it, or `hub:ORG/NAME@REVISION`, a data set of the Hugging Face Hub at a
    commit. A `labels.csv` or `groups.csv` gives the groups, whatever the format. Pictures are referenced, not copied,
    and of each only the header is read. Nothing outside of the folder is opened.

    Raises:
        InputError: no such place; no format fits, or two do; a file is not what it must be, with its line or entry; or
            no picture is left.
        OutsideError: the hub cannot be reached, or the disk is full.
    """
    progress = progress or SilentProgress()
    path = hub_folder(str(place), progress=progress) if str(place).startswith(HUB_PREFIX) else Path(place).expanduser()
    root, chosen = _root(path)
    walked = walk(root)
    if not walked.pictures:
        other = f" ({walked.skipped[0].file}: {walked.skipped[0].reason})" if walked.skipped else ""
        raise InputError(f"{root} has no JPEG, PNG or WebP picture{other}: give the folder of the annotated pictures")
    labels = read_walked_labels(root, walked, progress=progress)
    folder = Folder(root, walked.pictures, walked.reasons, labels, chosen)
    found = find_format(folder, named=format)
    read = _read(folder, found, progress)
    if not read.pictures:
        left_out = read.left_out
        reason = f": {left_out[0].file}: {left_out[0].reason}" if left_out else ""
        raise InputError(
            f"{found.file} annotates no picture of {root} that can be used{reason}; give the pictures with it"
        )
    return read


def read_file(folder: Folder, form: Format, file: str, *, progress: Progress) -> AnnotatedSet:
    """What a file says that was found to have a format; as `read_annotations`, but the set may hold no picture."""
    return _read(folder, Found(form, file, f"detected: {form.shape}"), progress)


def _read(folder: Folder, found: Found, progress: Progress) -> AnnotatedSet:
    parsed = found.format.read(folder, found.file)
    pictures, left_out = assemble(folder, parsed, progress=progress)
    for remark in (*parsed.remarks, *_remarks(pictures, left_out)):
        progress.say(f"{found.file}: {remark}")
    return AnnotatedSet(
        root=folder.root,
        format=found.format.name,
        how=found.how,
        file=found.file,
        keypoint_names=parsed.keypoint_names,
        pictures=tuple(pictures),
        group_columns=tuple(sorted({column for picture in pictures for column in picture.groups})),
        left_out=tuple(left_out),
    )


def _remarks(pictures: Sequence[AnnotatedPicture], left_out: Sequence[SkippedPicture]) -> Iterator[str]:
    """What of a file does not count, so that nothing is dropped without a word."""
    if left_out:
        count = f"{len(left_out)} of {len(left_out) + len(pictures)} pictures are left out"
        yield f"{count}; the first is {printable(shortened(left_out[0].file))}: {left_out[0].reason}"
    empty = [
        thing.where
        for picture in pictures
        for thing in picture.objects
        if thing.box is None and not thing.labelled_points
    ]
    if empty:
        yield f"{len(empty)} objects have neither an area nor a key point and do not count; the first is {empty[0]}"


def pictures_folder(place: Path) -> Path:
    """The folder of the pictures that the annotations at `place`, a file or a folder, are about, resolved.

    Raises:
        InputError: there is no such file or folder.
    """
    return _root(place)[0]


def _root(path: Path) -> tuple[Path, str | None]:
    """The folder of the pictures, resolved, and the annotation file in it that `path` names, if any."""
    try:
        resolved = path.resolve()
        is_folder, is_file = resolved.is_dir(), resolved.is_file()
    except (OSError, ValueError, RuntimeError) as error:
        raise InputError(f"{path!s} cannot be read: give a folder of annotated pictures") from error
    if is_folder:
        return resolved, None
    if not is_file:
        raise InputError(f"{path} is neither a folder nor a file: give a folder of annotated pictures")
    root = resolved.parent.parent if resolved.parent.name in _ANNOTATION_FOLDERS else resolved.parent
    if resolved.suffix.lower() == ".txt":
        # A YOLO label lies in a tree of labels beside that of the pictures.
        root = next((folder.parent for folder in resolved.parents if folder.name == "labels"), root)
    return root, resolved.relative_to(root).as_posix()

"""A user's folder of pictures as a set: checked, without duplicates, split by content, labelled."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from zoo.errors import InputError
from zoo.progress import Progress
from zoo.records import SkippedPicture
from zoo.sources._clusters import leaders
from zoo.sources._decode import Decoded
from zoo.sources._header import read_header, stored_not_shown
from zoo.sources._index import Outcome, inspect_all
from zoo.sources._labels import Label, PixelBox, read_walked_labels
from zoo.sources._pictures import Picture, PictureSet, PictureSplit, set_digest
from zoo.sources._walk import Walked, walk
from zoo.spec import DataSplit

_MOST_CREDITS = 200
_MOST_CREDIT_LETTERS = 200
_NO_LABEL = Label({}, None)


def scan_pictures(folder: Path, split: DataSplit, *, progress: Progress) -> PictureSet:
    """All usable pictures below `folder`, however deep: JPEG, PNG and WebP.

    A picture that is damaged, exceeds a bound or has a side below `split.smallest_side` is skipped with its reason. Of
    files with the same content one is kept. The split follows from the content hash, and near-duplicates fall into one
    split (`zoo.sources._clusters`). Files whose size and times are unchanged since an earlier scan are not read again.

    Raises:
        InputError: no such folder, no usable picture in it, or a label table that cannot be used.
    """
    if not folder.is_dir():
        raise InputError(f"{folder} is not a folder: give --data a folder with pictures")
    root = folder.resolve()
    walked = walk(root)
    if not walked.pictures:
        raise InputError(_nothing_found(folder, walked))
    labels = read_walked_labels(root, walked, progress=progress)
    outcomes = inspect_all(root, walked.pictures, progress=progress)
    usable, skipped = _usable(outcomes, split.smallest_side)
    if not usable:
        raise InputError(
            f"{folder} has no usable picture among {len(outcomes)}, the first ({skipped[0].file}) for: "
            f"{skipped[0].reason}: give --data a folder with pictures"
        )
    kept = _without_duplicates(usable, labels)
    splits = split_by_content({usable[name].sha256: usable[name].look for name in kept}, split)
    pictures = tuple(_picture(root, name, usable[name], labels.get(name, _NO_LABEL), splits) for name in kept)
    all_skipped = sorted((*walked.skipped, *skipped), key=lambda one: one.file)
    return PictureSet(
        name=root.name or "pictures",
        sample=False,
        pictures=pictures,
        found=len(outcomes) + len(walked.skipped),
        duplicates=len(usable) - len(kept),
        skipped=tuple(all_skipped),
        group_columns=tuple(sorted({column for picture in pictures for column in picture.groups})),
        sources=tuple(_credit(root, name) for name in walked.credits[:_MOST_CREDITS]),
        sha256=set_digest(pictures),
    )


def split_by_content(looks: Mapping[str, int], split: DataSplit) -> dict[str, PictureSplit]:
    """The split of each picture, by its SHA-256; `looks` maps that to the difference hash.

    The first 64 bits of the hash of a cluster's leader, as a number in [0, 1), fall into the shares of evaluation,
    calibration and training, in this order. So a picture stays where it is when others come, unless one of them is its
    near-duplicate.
    """
    return {sha256: share_of(leader, split) for sha256, leader in leaders(looks).items()}


def share_of(sha256: str, split: DataSplit) -> PictureSplit:
    """The split that a cluster falls to, by the SHA-256 of its leader."""
    place = int(sha256[:16], 16) / 2**64
    if place < split.evaluation:
        return "evaluation"
    return "calibration" if place < split.evaluation + split.calibration else "train"


def _usable(outcomes: Mapping[str, Outcome], smallest_side: int) -> tuple[dict[str, Decoded], list[SkippedPicture]]:
    usable: dict[str, Decoded] = {}
    skipped: list[SkippedPicture] = []
    for name, outcome in outcomes.items():
        if isinstance(outcome, str):
            skipped.append(SkippedPicture(file=name, reason=outcome))
        elif min(outcome.width, outcome.height) < smallest_side:
            reason = f"{outcome.width} x {outcome.height} pixels, a side below {smallest_side}"
            skipped.append(SkippedPicture(file=name, reason=reason))
        else:
            usable[name] = outcome
    return usable, skipped


def _without_duplicates(usable: Mapping[str, Decoded], labels: Mapping[str, Label]) -> list[str]:
    """One name for each content: of copies the one with the most labels, then the first by name. Sorted."""
    copies: dict[str, list[str]] = defaultdict(list)
    for name, decoded in usable.items():
        copies[decoded.sha256].append(name)

    def rank(name: str) -> tuple[int, str]:
        label = labels.get(name, _NO_LABEL)
        return (-len(label.groups) - (label.box is not None), name)

    return sorted(min(names, key=rank) for names in copies.values())


def _picture(root: Path, name: str, decoded: Decoded, label: Label, splits: Mapping[str, PictureSplit]) -> Picture:
    return Picture(
        path=root / name,
        name=name,
        sha256=decoded.sha256,
        width=decoded.width,
        height=decoded.height,
        split=splits[decoded.sha256],
        groups=dict(sorted(label.groups.items())),
        face=_face(root, name, decoded, label.box) if label.box else None,
        look=decoded.look,
    )


def _face(root: Path, name: str, decoded: Decoded, box: PixelBox) -> tuple[float, float, float, float]:
    """As `PixelBox.shares`; a box of the picture before its EXIF turn is told from one that is merely wrong."""
    right, bottom = box.x + box.width, box.y + box.height
    if right > decoded.width + 1 or bottom > decoded.height + 1:
        header = read_header(root / name)
        if header.stored != header.shown and right <= header.stored[0] + 1 and bottom <= header.stored[1] + 1:
            raise InputError(stored_not_shown(box.where, name, header))
    return box.shares(decoded.width, decoded.height)


def _credit(root: Path, name: str) -> str:
    """A folder and the first heading of its SOURCE.md, on one line of printable text."""
    folder = name.rpartition("/")[0] or root.name
    try:
        with (root / name).open(encoding="utf-8", errors="replace") as lines:
            text = lines.read(1 << 16)
    except OSError:
        return folder
    heading = _first_heading(text.splitlines())
    return f"{folder}: {heading}" if heading else folder


def _first_heading(lines: Sequence[str]) -> str:
    heading = next((line for line in lines if line.startswith("#")), "").lstrip("#")
    return "".join(letter if letter.isprintable() else " " for letter in heading).strip()[:_MOST_CREDIT_LETTERS]


def _nothing_found(folder: Path, walked: Walked) -> str:
    links = f" ({walked.links} links to folders were not followed)" if walked.links else ""
    skipped = f" ({walked.skipped[0].file}: {walked.skipped[0].reason})" if walked.skipped else ""
    return f"{folder} has no JPEG, PNG or WebP picture{links or skipped}: give --data a folder with pictures"

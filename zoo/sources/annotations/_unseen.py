"""Annotated pictures that a model may be judged by: those that its training did not see, nor nearly the same ones."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from zoo.errors import InputError
from zoo.progress import Progress
from zoo.sources._cache import write_whole
from zoo.sources._decode import Decoded
from zoo.sources._index import inspect_all
from zoo.sources._pictures import Picture, PictureSplit
from zoo.sources._scan import share_of
from zoo.sources._seen import Seen
from zoo.sources._walk import walk
from zoo.sources.annotations._result import AnnotatedPicture, AnnotatedSet
from zoo.spec import DataSplit

_MOST_BYTES = 1 << 30


@dataclass(frozen=True)
class LabelledSet:
    """An annotated set without what training saw, each part in the order of the pictures' content hashes.

    `place`: the folder as a person knows it, in words. `named`: a person named the annotations, so that they are of
    what the model finds. `evaluation` judges, and `calibration` chooses thresholds. `left_out`: annotated pictures
    that were trained or calibrated on, or nearly are, or are copies of others.
    """

    place: str
    file: str
    format: str
    how: str
    named: bool
    keypoint_names: tuple[str, ...]
    evaluation: tuple[AnnotatedPicture, ...]
    calibration: tuple[AnnotatedPicture, ...]
    left_out: int


def unseen_part(
    annotated: AnnotatedSet,
    listed: Sequence[Picture],
    *,
    split: DataSplit,
    named: bool,
    listed_is_all: bool,
    progress: Progress,
) -> LabelledSet:
    """Sort the pictures of `annotated` by the splits of `listed`, the pictures of a build.

    A picture that the list holds keeps its split. Another is judged by its content and look: with that of a listed
    picture it shares the split, and otherwise falls by content to calibration or to evaluation. `listed_is_all` says
    that training saw no other pictures than the listed; where that is not known, a picture which the content gives to
    training counts as seen.
    """
    by_path = {picture.path: picture for picture in listed}
    parts: dict[PictureSplit, list[tuple[str, AnnotatedPicture]]] = {"train": [], "calibration": [], "evaluation": []}
    others: list[AnnotatedPicture] = []
    for picture in annotated.pictures:
        known = by_path.get(picture.path)
        if not picture.labelled:
            continue
        if known is None:
            others.append(picture)
        else:
            parts[known.split].append((known.sha256, picture))
    for sha256, share, picture in _by_content(annotated.root, others, listed, split, progress):
        parts["evaluation" if share == "train" and listed_is_all else share].append((sha256, picture))
    taken = {part: _once(found) for part, found in parts.items()}
    judged = len(taken["evaluation"]) + len(taken["calibration"])
    return LabelledSet(
        place=annotated.root.name,
        file=annotated.file,
        format=annotated.format,
        how=annotated.how,
        named=named,
        keypoint_names=annotated.keypoint_names,
        evaluation=taken["evaluation"],
        calibration=taken["calibration"],
        left_out=sum(picture.labelled for picture in annotated.pictures) - judged,
    )


def _once(found: Iterable[tuple[str, AnnotatedPicture]]) -> tuple[AnnotatedPicture, ...]:
    """One picture for each content, in the order of the hashes."""
    first: dict[str, AnnotatedPicture] = {}
    for sha256, picture in found:
        first.setdefault(sha256, replace(picture, sha256=sha256))
    return tuple(first[sha256] for sha256 in sorted(first))


def _by_content(
    root: Path, pictures: Sequence[AnnotatedPicture], listed: Sequence[Picture], split: DataSplit, progress: Progress
) -> Iterable[tuple[str, PictureSplit, AnnotatedPicture]]:
    """SHA-256 and split of each usable picture; those that look like one of `listed` that was seen are left out."""
    if not pictures:
        return
    outcomes = inspect_all(root, walk(root).pictures, progress=progress)
    looks = {one.sha256: one.look for picture in pictures if isinstance(one := outcomes.get(picture.name), Decoded)}
    seen, led = Seen(listed).among(looks)
    for picture in pictures:
        one = outcomes.get(picture.name)
        if isinstance(one, Decoded) and one.sha256 not in seen:
            yield one.sha256, share_of(led[one.sha256], split), picture


_SETS: TypeAdapter[list[LabelledSet]] = TypeAdapter(list[LabelledSet])


def labelled_digest(sets: Sequence[LabelledSet]) -> str:
    """SHA-256 over all that is labelled, and the pictures, and nothing that differs where the same folder is held."""
    rows = [asdict(one) for one in sets]
    for row in rows:
        for picture in (*row["evaluation"], *row["calibration"]):
            del picture["path"]
    return hashlib.sha256(json.dumps(rows, sort_keys=True).encode()).hexdigest()


def write_labelled_sets(sets: Sequence[LabelledSet], path: Path) -> None:
    """Write the sets as JSON, whole or not at all. Raises OutsideError where the disk does not take it."""
    write_whole(path, _SETS.dump_json(list(sets), indent=1))


def read_labelled_sets(path: Path) -> list[LabelledSet]:
    """What `write_labelled_sets` wrote. Raises InputError where the file is missing, too large or something else."""
    again = "build again from the stage 'data'"
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise InputError(f"{path} is larger than {_MOST_BYTES} bytes: {again}")
        return _SETS.validate_json(path.read_bytes())
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}): {again}") from error
    except ValidationError as error:
        raise InputError(f"{path} is no list of labelled pictures: {again}") from error

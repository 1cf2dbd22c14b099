"""A set of pictures: what each is, how it is split, and the file in which the list passes from stage to stage."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from zoo.errors import InputError
from zoo.files import hash_file
from zoo.records import SkippedPicture
from zoo.sources._cache import write_whole

PictureSplit = Literal["train", "calibration", "evaluation"]
_MOST_LIST_BYTES = 1 << 30


@dataclass(frozen=True)
class Picture:
    """One usable picture.

    `name` is its path below the scanned folder, with forward slashes; `width` and `height` are in pixels after the EXIF
    turn. `groups` maps a group column to the picture's group. `face` is a labelled face region, (xmin, ymin, xmax,
    ymax) as shares of width and height in [0, 1]; a detection finds it if its centre lies inside. `look`: the
    difference hash, by which near-duplicates are known (`zoo.sources._clusters`); None where nothing was compared.
    """

    path: Path
    name: str
    sha256: str
    width: int
    height: int
    split: PictureSplit
    groups: dict[str, str]
    face: tuple[float, float, float, float] | None
    look: int | None = None


@dataclass(frozen=True)
class PictureSet:
    """Pictures in the order of their names. `found` counts files: used, `duplicates` and `skipped` together.

    `sources` credits the folders that came with a SOURCE.md. `sha256` stands for names, contents, splits and labels,
    and for nothing that differs between two machines that hold the same folder.
    """

    name: str
    sample: bool
    pictures: tuple[Picture, ...]
    found: int
    duplicates: int
    skipped: tuple[SkippedPicture, ...]
    group_columns: tuple[str, ...]
    sources: tuple[str, ...]
    sha256: str

    def of(self, split: PictureSplit) -> tuple[Picture, ...]:
        """The pictures of one split, in the order of their names."""
        return tuple(picture for picture in self.pictures if picture.split == split)


def set_digest(pictures: Sequence[Picture]) -> str:
    """SHA-256 over (name, sha256, split, groups, face) of all pictures, in the order given."""
    digest = hashlib.sha256()
    for picture in pictures:
        row = [picture.name, picture.sha256, picture.split, sorted(picture.groups.items()), picture.face]
        digest.update(json.dumps(row, ensure_ascii=True, separators=(",", ":")).encode())
        digest.update(b"\n")
    return digest.hexdigest()


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    path: str
    name: str
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    width: int = Field(ge=1)
    height: int = Field(ge=1)
    split: PictureSplit
    groups: dict[str, str]
    face: tuple[float, float, float, float] | None
    look: Annotated[str, Field(pattern=r"^[0-9a-f]{1,64}$")] | None = None
    """Hexadecimal, since JSON readers lose digits of wide integers. Lists of earlier versions have none."""


class _List(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    name: str
    sample: bool
    found: int = Field(ge=0)
    duplicates: int = Field(ge=0)
    skipped: list[SkippedPicture]
    group_columns: list[str]
    sources: list[str]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    pictures: list[_Row]


def write_picture_set(pictures: PictureSet, path: Path) -> None:
    """Write the set as JSON, whole or not at all; the same set gives the same bytes.

    Raises:
        OutsideError: the disk is full or may not be written.
    """
    rows = [
        _Row(
            path=str(picture.path),
            name=picture.name,
            sha256=picture.sha256,
            width=picture.width,
            height=picture.height,
            split=picture.split,
            groups=dict(sorted(picture.groups.items())),
            face=picture.face,
            look=None if picture.look is None else f"{picture.look:x}",
        )
        for picture in pictures.pictures
    ]
    listed = _List(
        name=pictures.name,
        sample=pictures.sample,
        found=pictures.found,
        duplicates=pictures.duplicates,
        skipped=list(pictures.skipped),
        group_columns=list(pictures.group_columns),
        sources=list(pictures.sources),
        sha256=pictures.sha256,
        pictures=rows,
    )
    write_whole(path, listed.model_dump_json(indent=1).encode())


def read_picture_set(path: Path) -> PictureSet:
    """Read what `write_picture_set` wrote.

    Raises:
        InputError: the file is missing, too large, not such a list, or was changed so that its hash no longer holds.
    """
    again = "build again from the stage 'data'"
    try:
        if path.stat().st_size > _MOST_LIST_BYTES:
            raise InputError(f"{path} is larger than {_MOST_LIST_BYTES} bytes: {again}")
        listed = _List.model_validate_json(path.read_bytes())
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}): {again}") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the document"
        raise InputError(f"{path} is not a list of pictures ({where}: {first['msg']}): {again}") from error
    found = tuple(
        Picture(
            **{
                **row.model_dump(),
                "path": Path(row.path),
                "look": None if row.look is None else int(row.look, 16),
            }
        )
        for row in listed.pictures
    )
    if set_digest(found) != listed.sha256:
        raise InputError(f"{path} was changed by hand, its hash no longer holds: {again}")
    return PictureSet(
        name=listed.name,
        sample=listed.sample,
        pictures=found,
        found=listed.found,
        duplicates=listed.duplicates,
        skipped=tuple(listed.skipped),
        group_columns=tuple(listed.group_columns),
        sources=tuple(listed.sources),
        sha256=listed.sha256,
    )


class Listed(Protocol):
    """A picture that a list names by its path. `sha256` None: its content was not looked at."""

    @property
    def path(self) -> Path: ...

    @property
    def sha256(self) -> str | None: ...


def check_unaltered(pictures: Sequence[Listed]) -> None:
    """Hold the files against the SHA-256 that they had when they were listed.

    Raises:
        InputError: one was altered or removed since, or the list has no hash of it; its name, and what to do, are in
            the sentence.
    """
    for picture in pictures:
        if picture.sha256 is None:
            raise InputError(f"{picture.path} is listed without its SHA-256: build again from the stage 'data'")
        try:
            same = hash_file(picture.path) == picture.sha256
        except OSError as error:
            raise InputError(
                f"{picture.path} cannot be read any more ({error.strerror}): bring it back, or build again from the "
                "stage 'data'"
            ) from error
        if not same:
            raise InputError(
                f"{picture.path} was altered after the build listed it: bring it back as it was, or build again from "
                "the stage 'data'"
            )

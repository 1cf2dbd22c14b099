"""The annotated pictures of a build or an evaluation: named by a person, or found in the folder of pictures."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from zoo.errors import InputError
from zoo.progress import Progress, SilentProgress

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zoo.sources import Picture
    from zoo.sources.annotations import AnnotatedSet, LabelledSet
    from zoo.spec import DataSplit


@dataclass(frozen=True)
class Annotations:
    """Annotations as a person names them: a file or folder, and the format where it is not to be detected."""

    place: Path
    format: str | None = None

    @property
    def folder(self) -> Path:
        """The folder whose files count as what is named. Raises InputError where there is none."""
        if not self.place.exists():
            raise InputError(f"--annotations: there is no {self.place}; name an annotation file or its folder.")
        from zoo.sources.annotations import pictures_folder

        return pictures_folder(self.place)

    def read(self, progress: Progress) -> AnnotatedSet:
        """Raises InputError as `zoo.sources.annotations.read_annotations`."""
        from zoo.sources.annotations import read_annotations

        return read_annotations(self.place, format=self.format, progress=progress)


def named_annotations(place: str | None, form: str | None) -> Annotations | None:
    """What `--annotations` and `--format` name together; a data set of the hub is brought.

    Raises InputError for a format of nothing or a wrong address, OutsideError where the hub is out of reach.
    """
    if place is None:
        if form is not None:
            raise InputError("--format says how to read --annotations; give both, or neither.")
        return None
    if place.startswith("hub:"):
        from zoo.sources.annotations import hub_folder

        return Annotations(hub_folder(place, progress=SilentProgress()), form)
    return Annotations(Path(place).expanduser(), form)


def labelled_sets(
    annotations: Annotations | None,
    *,
    data: Path | None,
    listed: Sequence[Picture],
    listed_is_all: bool,
    split: DataSplit,
    progress: Progress,
) -> list[LabelledSet]:
    """The annotated pictures that may judge: of the named annotations, or else of those that lie in `data`.

    `listed` and `listed_is_all` as in `zoo.sources.annotations.unseen_part`. Raises InputError for named annotations
    that cannot be read.
    """
    from zoo.sources.annotations import find_annotations, unseen_part

    if annotations is not None:
        sets = [annotations.read(progress)]
    else:
        sets = [] if data is None else find_annotations(data, progress=progress)
    return [
        unseen_part(
            one,
            listed,
            split=split,
            named=annotations is not None,
            listed_is_all=listed_is_all,
            progress=progress,
        )
        for one in sets
    ]

"""The embedded sample: free pictures that installed packages ship, for a build without any folder of pictures."""

from __future__ import annotations

from collections.abc import Sequence

from zoo.errors import OutsideError
from zoo.records import SkippedPicture
from zoo.sources._decode import UnusableError, inspect_picture
from zoo.sources._download import OutOfReachError
from zoo.sources._origins import installed_path
from zoo.sources._pictures import Picture, PictureSet, set_digest
from zoo.spec import SamplePicture


def sample_pictures(sample: Sequence[SamplePicture]) -> PictureSet:
    """The sample's pictures that are installed, each with its split from the spec; the others are listed as skipped.

    Raises:
        OutsideError: none of them is installed.
    """
    pictures: dict[str, Picture] = {}
    skipped: list[SkippedPicture] = []
    credit: dict[str, str] = {}
    for one in sample:
        try:
            path = installed_path(one.package, one.path)
            decoded = inspect_picture(path)
        except (OutOfReachError, UnusableError) as error:
            skipped.append(SkippedPicture(file=one.path, reason=f"package {one.package}: {error}"))
            continue
        pictures[decoded.sha256] = Picture(
            path=path,
            name=one.path,
            sha256=decoded.sha256,
            width=decoded.width,
            height=decoded.height,
            split=one.split,
            groups={},
            face=None,
            look=decoded.look,
        )
        credit[one.path] = f"{one.path} (package {one.package}): {one.licence}"
    if not pictures:
        packages = ", ".join(sorted({one.package for one in sample})) or "none named"
        raise OutsideError(
            f"no picture of the spec's sample is installed (packages: {packages}): install one, or give --data a folder"
        )
    ordered = tuple(sorted(pictures.values(), key=lambda picture: picture.name))
    return PictureSet(
        name="embedded sample",
        sample=True,
        pictures=ordered,
        found=len(sample),
        duplicates=len(sample) - len(skipped) - len(ordered),
        skipped=tuple(skipped),
        group_columns=(),
        sources=tuple(credit[picture.name] for picture in ordered),
        sha256=set_digest(ordered),
    )

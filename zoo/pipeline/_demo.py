"""Dense beside sparse: which two files are shown of a model, on a page, in a picture or in a film."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from zoo.errors import InputError
from zoo.files import check_writable
from zoo.pipeline._catalogue import BUILD_AGAIN, built_file, built_model
from zoo.pipeline._folders import build_folder
from zoo.progress import Progress
from zoo.spec import ModelSpec, load_spec

if TYPE_CHECKING:
    from zoo.demo import DemoPage, Rendered, Side

DEMO_FOLDER = "demo"
"""Of a build, where its page goes."""


def write_demo(
    name: str, *, out: Path, file: Path | None, to: Path | None, pictures: Path | None, progress: Progress
) -> tuple[DemoPage, tuple[Side, Side]]:
    """The page of a model, by default in its build folder; with the files of both sides.

    Left is the published dense file, or the built dense variant where none is published; right the built sparse one, or
    `file`. Raises InputError where one of them is not there or none of the model's task, or for what is no picture.
    """
    from zoo.demo import check_place, shown_pictures, write_page

    spec = load_spec(name).spec
    folder = to or build_folder(out, spec.name).root / DEMO_FOLDER
    check_place(folder)
    sides = demo_sides(spec, out, file, progress)
    shown, there = shown_pictures(spec, pictures)
    if there > len(shown):
        progress.say(f"The page carries the first {len(shown)} of {there} pictures.")
    return write_page(folder, spec=spec, sides=sides, pictures=shown, progress=progress), sides


def render_demo(
    name: str,
    *,
    out: Path,
    file: Path | None,
    target: Path,
    pictures: Path | None,
    video: Path | None,
    progress: Progress,
) -> tuple[Rendered, tuple[Side, Side]]:
    """Pictures as one PNG, or a video as an MP4, both sides through MediaPipe's own graph; files as `write_demo`.

    Raises InputError also where what is given does not fit the ending of `target`, OutsideError where it cannot be
    written.
    """
    from zoo.demo import FILM_SUFFIX, SHEET_SUFFIX, render_film, render_sheet, shown_pictures

    spec = load_spec(name).spec
    suffix = target.suffix.lower()
    if suffix not in (SHEET_SUFFIX, FILM_SUFFIX):
        raise InputError(f"--render {target} ends in neither .png nor .mp4; name one of these.")
    if not target.parent.is_dir():
        raise InputError(f"--render {target}: there is no folder {target.parent}; make it first.")
    check_writable(target)
    if suffix == FILM_SUFFIX:
        if video is None:
            raise InputError(f"--render {target} makes a film; name the video with --video, or a .png for pictures.")
        sides = demo_sides(spec, out, file, progress)
        return render_film(target, video, spec=spec, sides=sides, progress=progress), sides
    if video is not None:
        raise InputError(f"--render {target} makes a picture; name an .mp4 for the video {video}.")
    shown, there = shown_pictures(spec, pictures)
    sides = demo_sides(spec, out, file, progress)
    if there > len(shown):
        progress.say(f"The first {len(shown)} of {there} pictures are shown.")
    return render_sheet(target, shown, spec=spec, sides=sides, progress=progress), sides


def demo_sides(spec: ModelSpec, out: Path, file: Path | None, progress: Progress) -> tuple[Side, Side]:
    """The two files. Raises as `write_demo`."""
    from zoo.demo import make_side
    from zoo.sources import fetch_reference

    if not spec.dropin:
        raise InputError(f"{spec.name} declares no dropin, which tells which task of MediaPipe's runs it.")
    if file is not None and not file.is_file():
        raise InputError(f"--file: there is no file {file}.")
    right = file or _built(spec, out, "sparse")
    title = str(file.name) if file else f"{spec.title}, {spec.version}"
    sparse = make_side("sparse", title, right, spec)
    reference = spec.references.get("published_dense")
    if reference is None:
        return make_side("dense", "Before pruning", _built(spec, out, "dense"), spec), sparse
    fetched = fetch_reference("published_dense", reference, progress=progress)
    return make_side("dense", reference.title, fetched.path, spec), sparse


def _built(spec: ModelSpec, out: Path, variant: str) -> Path:
    folder = built_model(out, spec.name)
    path = built_file(folder, variant)
    if path is None:
        raise InputError(f"{folder.release} has no file of the variant '{variant}'; {BUILD_AGAIN}.")
    return path

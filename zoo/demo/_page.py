"""The page: a folder of plain files for any file server, complete or not there at all."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zoo.demo._shown import Shown, read_shown
from zoo.demo._side import Side
from zoo.demo._skeletons import COLOURS, KINDS
from zoo.errors import InputError, OutsideError
from zoo.files import check_writable
from zoo.progress import Progress
from zoo.spec import ModelSpec

PAGE_FILE = "index.html"
CONTENTS_FILE = "demo.json"
"""What the page shows; a folder that holds it is a page of ours, and may be replaced."""
SCRIPTS = ("camera.js", "demo.js", "drawing.js", "models.js", "pictures.js", "timing.js", "view.js")
RUNTIME_FILES = {
    # Servers know .js; of .mjs many do not, and browsers run no module that comes as plain bytes.
    "vision_bundle.mjs": "vision_bundle.js",
    "wasm/vision_wasm_internal.js": "vision_wasm_internal.js",
    "wasm/vision_wasm_internal.wasm": "vision_wasm_internal.wasm",
}
"""Of the npm package `@mediapipe/tasks-vision`, and their names in the page's `runtime` folder."""


@dataclass(frozen=True)
class DemoPage:
    """A page that was written: its folder, the files in it by their paths below the folder, and their bytes."""

    folder: Path
    files: list[str]
    bytes: int


def write_page(
    folder: Path, *, spec: ModelSpec, sides: Sequence[Side], pictures: Sequence[Shown], progress: Progress
) -> DemoPage:
    """Write the page to `folder`, in the place of a page that was there.

    MediaPipe's web runtime is fetched once, by its hash, and copied. Pictures are written as PNG.

    Raises:
        InputError: `folder` holds something that is no such page; a file of a side or a picture cannot be used.
        OutsideError: the runtime cannot be had, or the folder cannot be written.
    """
    from zoo.sources import tasks_vision_package

    check_place(folder)
    runtime = tasks_vision_package()
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".zoo-demo-", ignore_cleanup_errors=True) as work:
            made = Path(work) / "made"
            made.mkdir()
            contents = _contents(spec, sides, runtime)
            contents["sides"] = [_write_side(made / "models", side, spec) for side in sides]
            contents["pictures"] = _write_pictures(made / "pictures", pictures, progress)
            _write_texts(made, spec, sides, contents)
            _copy_runtime(runtime, made / "runtime")
            _put(made, folder, Path(work))
    except OSError as error:
        raise OutsideError(
            f"{folder} cannot be written ({error.strerror}); give another --to or make it writable."
        ) from error
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    names = [path.relative_to(folder).as_posix() for path in files]
    return DemoPage(folder, names, sum(path.stat().st_size for path in files))


def check_place(folder: Path) -> None:
    """Raise InputError where a page may not be put at `folder`: something else is there.

    And as `zoo.files.check_writable` does, where it could not be written beside its place or put there.
    """
    if not os.path.lexists(folder):
        check_writable(folder, folder=True)
        return
    if not folder.is_dir() or folder.is_symlink():
        raise InputError(f"{folder} is not a folder; give another --to.")
    if any(folder.iterdir()) and not (folder / CONTENTS_FILE).is_file():
        raise InputError(f"{folder} holds other files, which a page would replace; give --to a new or empty folder.")
    check_writable(folder.parent, folder=True)


def _contents(spec: ModelSpec, sides: Sequence[Side], runtime: Path) -> dict[str, Any]:
    from zoo.runtimes import role_of

    task = role_of(spec.dropin[0].replaces).task
    kind = KINDS[task]
    package = json.loads((runtime / "package.json").read_text(encoding="utf-8"))
    return {
        "model": spec.name,
        "task": task,
        # A landmark model's graph has the detector's own threshold, which is the runtime's default too.
        "threshold": spec.detector.score_threshold if spec.detector else None,
        "one": kind.one,
        "many": kind.many,
        "edges": kind.edges,
        "colours": [COLOURS[side.name] for side in sides],
        "runtime": f"{package['name']} {package['version']}",
    }


def _write_side(folder: Path, side: Side, spec: ModelSpec) -> dict[str, Any]:
    """The file as the task takes it: with its metadata, and where needed in a bundle."""
    from zoo.runtimes import ready_for_tasks

    folder.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as work:
        ready = ready_for_tasks(side.path, spec.dropin[0].replaces, Path(work))
        file = folder / f"{side.name}{ready.suffix}"
        shutil.copyfile(ready, file)
    return {"name": side.name, "heading": side.heading, "file": f"{folder.name}/{file.name}"}


def _write_pictures(folder: Path, pictures: Sequence[Shown], progress: Progress) -> list[dict[str, str]]:
    from PIL import Image

    folder.mkdir()
    listed = []
    with progress.task("pictures", len(pictures)) as ticker:
        for number, picture in enumerate(pictures, start=1):
            file = folder / f"{number:02}.png"
            Image.fromarray(read_shown(picture.path)).save(file)
            listed.append({"file": f"{folder.name}/{file.name}", "name": picture.caption})
            ticker.advance()
    return listed


def _write_texts(folder: Path, spec: ModelSpec, sides: Sequence[Side], contents: dict[str, Any]) -> None:
    from zoo.rendering import Page, render

    seen = [
        {"name": side.name, "title": side.title, "heading": side.heading, "facts": side.facts, "engages": side.engages}
        for side in sides
    ]
    values = {"spec": spec.model_dump(mode="json"), "sides": seen, "contents": contents}
    files = [("demo.html.jinja", values), ("card.css", {}), ("demo.css", {})]
    page, *styles = render([Page(name, "html", shown) for name, shown in files])
    texts = {PAGE_FILE: page, "demo.css": "".join(styles), CONTENTS_FILE: json.dumps(contents, indent=1)}
    for name, text in texts.items():
        (folder / name).write_text(text.strip() + "\n", encoding="utf-8", newline="\n")
    for name in SCRIPTS:
        shutil.copyfile(Path(__file__).with_name("page") / name, folder / name)


def _copy_runtime(package: Path, folder: Path) -> None:
    folder.mkdir()
    for name, copied in RUNTIME_FILES.items():
        shutil.copyfile(package / name, folder / copied)


def _put(made: Path, folder: Path, work: Path) -> None:
    """Folders cannot be exchanged in one step everywhere: the old page lies in `work` for a moment."""
    made.chmod(0o755)
    if folder.exists():
        folder.rename(work / "before")
    try:
        made.rename(folder)
    except OSError:
        if (work / "before").exists():
            (work / "before").rename(folder)
        raise

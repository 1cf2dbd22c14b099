"""`zoo demo`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from zoo.cli._options import DEFAULT_OUT, JsonOption, ModelArgument, OutOption
from zoo.errors import InputError

if TYPE_CHECKING:
    from zoo.demo import Side

EXAMPLES = """\
Examples:

\b
  zoo demo face_detector --serve                                open the page at once
  zoo demo face_detector --file other.tflite --to ~/page        with another file on the right
  zoo demo face_detector --render faces.png --pictures ~/pictures
  zoo demo face_detector --render faces.mp4 --video clip.mp4

Left is the published dense file, or the built dense one where none is published; right the built sparse one, or --file.
The page is plain files for any file server, and needs no network. --render runs MediaPipe's graph, and no browser.
"""


def demo(
    model: ModelArgument,
    file: Annotated[
        Path | None,
        typer.Option("--file", metavar="FILE", help="A .tflite or .task file for the right side; needs no build."),
    ] = None,
    to: Annotated[
        Path | None, typer.Option("--to", metavar="DIR", help="Folder of the page; without it, OUT/MODEL/demo.")
    ] = None,
    serve: Annotated[
        bool, typer.Option("--serve", help="Serve the page on this machine (127.0.0.1) until Ctrl-C.")
    ] = False,
    port: Annotated[
        int, typer.Option("--port", metavar="N", min=0, max=65535, help="With --serve; 0 takes a free one.")
    ] = 0,
    render: Annotated[
        Path | None,
        typer.Option("--render", metavar="OUT", help="Instead: draw pictures into a .png, or a video into an .mp4."),
    ] = None,
    pictures: Annotated[
        Path | None,
        typer.Option("--pictures", metavar="DIR", help="A picture, or a folder of them. Without it: free samples."),
    ] = None,
    video: Annotated[
        Path | None, typer.Option("--video", metavar="FILE", help="With --render OUT.mp4: the video.")
    ] = None,
    out: OutOption = DEFAULT_OUT,
    as_json: JsonOption = False,
) -> None:
    """Show dense beside sparse, on a page or in a picture.

    Both models find things on the same pictures, or the camera, drawn and timed side by side in the browser."""
    _check(to=to, serve=serve, port=port, render=render, pictures=pictures, video=video)
    if render is not None:
        _render(model, render, out=out, file=file, pictures=pictures, video=video, as_json=as_json)
        return
    from zoo.cli._progress import show_progress
    from zoo.pipeline import write_demo

    with show_progress() as progress:
        page, sides = write_demo(model, out=out, file=file, to=to, pictures=pictures, progress=progress)
    document = {"model": model, "page": page.folder, "files": page.files, "bytes": page.bytes, "sides": _plain(sides)}
    if serve:
        _serve(page.folder, port, document, as_json=as_json)
        return
    from zoo.cli._output import person, write_json

    if as_json:
        write_json({**document, "address": None})
    else:
        person().print(f"{page.folder} is a page for any file server ({page.bytes:,} bytes); --serve opens it at once.")


def _check(
    *, to: Path | None, serve: bool, port: int, render: Path | None, pictures: Path | None, video: Path | None
) -> None:
    if render is not None and (to is not None or serve):
        raise InputError("--render makes a picture or film and no page; leave out --to and --serve.")
    if video is not None and render is None:
        raise InputError("--video goes with --render OUT.mp4; on the page, choose pictures or the camera.")
    if pictures is not None and video is not None:
        raise InputError("--pictures and --video cannot both be shown; give one of them.")
    if port and not serve:
        raise InputError("--port goes with --serve.")


def _render(
    model: str, target: Path, *, out: Path, file: Path | None, pictures: Path | None, video: Path | None, as_json: bool
) -> None:
    from zoo.cli._output import person, write_json
    from zoo.cli._progress import show_progress
    from zoo.pipeline import render_demo

    with show_progress() as progress:
        made, sides = render_demo(
            model, out=out, file=file, target=target, pictures=pictures, video=video, progress=progress
        )
    if as_json:
        write_json({"model": model, "sides": _plain(sides), **vars(made)})
        return
    counts = ", ".join(f"{name} {sum(found)}" for name, found in made.found.items())
    person().print(f"{made.file} shows {made.frames} {'frames' if video else 'picture(s)'}; found: {counts}.")


def _serve(folder: Path, port: int, document: dict[str, Any], *, as_json: bool) -> None:
    import sys

    from zoo.cli._output import person, write_json
    from zoo.cli._stopping import obey_ctrl_c
    from zoo.demo import serving

    obey_ctrl_c()
    with serving(folder, port) as (server, address):
        if as_json:
            write_json({**document, "address": address})
        else:
            person().print(f"{address} shows {folder}, to this machine alone; Ctrl-C ends it.")
        sys.stdout.flush()
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            return  # the way to end it


def _plain(sides: tuple[Side, Side]) -> list[dict[str, Any]]:
    return [{**vars(side), "heading": side.heading} for side in sides]

"""Rendering a card: README.md for the hub, card.html for everywhere else, and their figures."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path

from zoo.card._context import CardContext, Snippet, make_context
from zoo.card._front_matter import front_matter
from zoo.card._hub_results import ENTRIES_PATH, eval_entries
from zoo.card._records import CardRecords
from zoo.errors import InputError
from zoo.records import GateOverride, ReleaseChanges, StageRecord
from zoo.rendering import Page, render
from zoo.spec import ModelSpec

TASKS_RUNTIME = "mediapipe>=1.2"
"""The first releases whose Tasks API takes full-range face models: 0.10.21 refuses them."""
LEGACY_SNIPPETS = {
    "face_detection": ("legacy_faces.py.jinja", "face_detection"),
    "palm_detection": ("legacy_hands.py.jinja", "hand_landmark"),
    "hand_landmark": ("legacy_hands.py.jinja", "hand_landmark"),
    "pose_detection": ("legacy_poses.py.jinja", "pose_landmark"),
    "pose_landmark": ("legacy_poses.py.jinja", "pose_landmark"),
}
"""How the legacy graph of a task is driven, and the module of MediaPipe that holds the graph; a detector's file lies in
another."""
CARD_TEMPLATES = ("body.jinja", "README.md.jinja", "card.html.jinja", "card.css", "markdown.jinja", "html.jinja")
METHOD = re.compile(r"[A-Za-z]\w*\.\w+")
"""How a drop names a method of a task or an interpreter, which is no graph."""


def render_card(
    spec: ModelSpec,
    records: Mapping[str, StageRecord],
    folder: Path,
    *,
    overrides: Sequence[GateOverride] = (),
    templates: Sequence[Path] = (),
) -> list[Path]:
    """Write `README.md`, `card.html`, `figures/*.svg` and, with labels of the hub, `.eval_results/labels.yaml`.

    Returns the files written. Every number comes from the records by name (`zoo.records.RECORDS`); what they do not
    hold the card calls not measured. `overrides`: gates in spite of which it is published, which the card says first.
    `templates`: folders of a person's own, whose templates come before the project's (`zoo.rendering`). The same of all
    these gives the same bytes. Raises TypeError where a record is not of its class, InputError where a template of a
    person's is wrong.
    """
    from zoo.card._figures import draw_figures

    read = CardRecords.of(records)
    figures = draw_figures(read)
    context = make_context(spec, read, figures=figures, snippets=use_snippets(spec, templates), overrides=overrides)
    readme, page = _render_both(context, front_matter(spec, read), templates)
    texts = {"README.md": readme, "card.html": page, **{figure.path: figure.file_svg for figure in figures.values()}}
    if entries := eval_entries(read):
        texts[ENTRIES_PATH] = entries
    return [_write(folder / name, text) for name, text in texts.items()]


def check_templates(spec: ModelSpec, templates: Sequence[Path]) -> None:
    """Try a person's templates on a card without records, so that what is wrong is told before a build of hours.

    Raises InputError where one cannot be rendered.
    """
    context = make_context(spec, CardRecords(), figures={}, snippets=use_snippets(spec, templates))
    _render_both(context, "", templates)


def require_templates(folder: Path) -> None:
    """Raises InputError where there is no such folder, or it holds nothing that a card is made from."""
    if not folder.is_dir():
        raise InputError(f"--template: there is no folder {folder}; name one that holds templates, such as body.jinja.")
    if not any((folder / name).is_file() for name in CARD_TEMPLATES) and not any(folder.glob("snippets/*.jinja")):
        names = ", ".join(CARD_TEMPLATES)
        raise InputError(f"--template: {folder} holds no template of a card; their names are {names}.")


def _render_both(context: CardContext, yaml: str, templates: Sequence[Path]) -> list[str]:
    """README.md and card.html."""
    values = _values(context)
    pages = [
        # The front matter was written by a YAML library; escaping it as Markdown would break it.
        Page("README.md.jinja", "markdown", values, ready={"front_matter": yaml}),
        Page("card.html.jinja", "html", values),
    ]
    return render(pages, templates)


def _values(context: CardContext) -> dict[str, object]:
    """What the card's templates see: of the spec its words and numbers, for a pydantic object can read files too."""
    values = {field.name: getattr(context, field.name) for field in fields(context)}
    return values | {"spec": context.spec.model_dump(mode="json")}


def use_snippets(spec: ModelSpec, templates: Sequence[Path] = ()) -> list[Snippet]:
    """Code for each way into MediaPipe: the Tasks API where it takes this file, then every legacy graph of the spec."""
    file = f"{spec.name}_sparse.tflite"
    headings: list[tuple[str, str]] = []
    pages: list[Page] = []
    if spec.task == "face_detection" and spec.detector is not None:
        # Other tasks take a bundle of two models, and not this file.
        values: dict[str, object] = {"file": file, "score_threshold": spec.detector.score_threshold}
        headings.append(("MediaPipe Tasks, where the model is an argument", TASKS_RUNTIME))
        pages.append(Page("snippets/tasks_api.py.jinja", "python", values))
    snippet, module = LEGACY_SNIPPETS[spec.task]
    for drop in spec.dropin:
        if METHOD.fullmatch(drop.graph):
            continue
        values = {
            "file": file,
            "graph": f"mediapipe/modules/{module}/{drop.graph}.binarypb",
            "replaces": drop.replaces,
            "complexity": int(not drop.replaces.endswith("_lite.tflite")),
        }
        headings.append(("A legacy MediaPipe graph, with its file replaced", drop.runtime))
        pages.append(Page(f"snippets/{snippet}", "python", values))
    codes = render(pages, templates)
    return [Snippet(title, needs=needs, code=code) for (title, needs), code in zip(headings, codes, strict=True)]


def render_changelog(title: str, changes: Sequence[ReleaseChanges], folder: Path) -> Path:
    """Write `CHANGELOG.md` into `folder`, newest version first; its path."""
    values = {"title": title, "changes": [entry.model_dump(mode="json") for entry in changes]}
    (text,) = render([Page("CHANGELOG.md.jinja", "markdown", values)])
    return _write(folder / "CHANGELOG.md", text)


def _write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text.strip() + "\n", encoding="utf-8", newline="\n")
    return path

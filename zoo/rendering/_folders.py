"""Where templates lie, and how they are read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from jinja2 import BaseLoader, Environment, TemplateNotFound, TemplateRuntimeError
from jinja2.loaders import split_template_path

OWN = "zoo"
"""`zoo/NAME` is this project's template of that name, for templates that extend it under the same name."""
MOST_TEMPLATE_BYTES = 1 << 20
"""The largest template of this project has 13 thousand."""


def own_folders() -> list[Path]:
    """The project's templates: the wheel's and the source checkout's, whichever is there."""
    package = Path(__file__).resolve().parent.parent
    return [folder for folder in (package / "_cards", package.parent / "cards") if folder.is_dir()]


def template_folders(asked: Path | None, beside: Path | None) -> list[Path]:
    """The folders of a person's own templates, first match wins: the one asked for, the one beside the models.

    The project's own folder is none of them, whoever names it.
    """
    ours = own_folders()
    given = [folder.resolve() for folder in (asked, beside) if folder is not None and folder.is_dir()]
    return [folder for folder in dict.fromkeys(given) if folder not in ours]


class FolderLoader(BaseLoader):
    """Templates of the folders, first match wins, and this project's after them and as `zoo/NAME`.

    A file that lies elsewhere, such as behind a link, is not read: its text would stand on a card that is published.
    """

    def __init__(self, folders: Sequence[Path]) -> None:
        self._folders = [*folders, *own_folders()]

    def get_source(self, environment: Environment, template: str) -> tuple[str, str, Callable[[], bool] | None]:
        """Text and place of a template. Raises TemplateNotFound, or TemplateRuntimeError where it cannot be read."""
        found = self._find(template)
        if found is None:
            raise TemplateNotFound(template)
        return _read(*found), str(found[0]), None

    def place_of(self, template: str) -> str:
        """Where the template lies; its name where it does not."""
        found = self._find(template)
        return template if found is None else str(found[0])

    def _find(self, template: str) -> tuple[Path, Path] | None:
        """The file of that name, and the folder that it was looked for in."""
        parts = split_template_path(template)
        folders = self._folders
        if parts[:1] == [OWN] and len(parts) > 1:
            folders, parts = own_folders(), parts[1:]
        return next(((path, folder) for folder in folders if (path := folder.joinpath(*parts)).is_file()), None)


def _read(path: Path, folder: Path) -> str:
    if not path.resolve().is_relative_to(folder.resolve()):
        raise TemplateRuntimeError(f"{path} lies outside the folder {folder}; put the file itself there")
    try:
        with path.open("rb") as stream:
            content = stream.read(MOST_TEMPLATE_BYTES + 1)
    except OSError as error:
        raise TemplateRuntimeError(f"{path} cannot be read: {error.strerror}") from error
    if len(content) > MOST_TEMPLATE_BYTES:
        raise TemplateRuntimeError(f"{path} is larger than {MOST_TEMPLATE_BYTES:,} bytes, so it is no template")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        raise TemplateRuntimeError(f"{path} is not UTF-8 text; save it as UTF-8") from None

"""Finding and loading specs: a user's own `models/` folder first, then the models that ship with the package."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from zoo.bounded_yaml import load_yaml
from zoo.errors import InputError, shortened
from zoo.spec._model import MODEL_NAME, ModelSpec
from zoo.spec._network import NetworkSpec
from zoo.spec._shape import fields_at, near

_NAME = re.compile(MODEL_NAME)
MAX_SPEC_BYTES = 1 << 20
"""Specs are kilobytes; a larger file is not one."""


AnySpec = ModelSpec | NetworkSpec
_KINDS: dict[str, type[ModelSpec] | type[NetworkSpec]] = {"measured_only": NetworkSpec}
"""Which class declares a spec with that task; all other tasks are those of models that are built."""


@dataclass(frozen=True)
class LoadedSpec:
    """A spec and the folder that it came from."""

    spec: ModelSpec
    folder: Path

    @property
    def cards(self) -> Path:
        """Where a person's own templates of the card lie, if they keep some: beside the `models` folder of the spec."""
        return self.folder.parent.with_name("cards")


def model_folders() -> list[Path]:
    """Folders that hold models, first match wins: `./models`, the wheel's own, the source checkout's."""
    package = Path(__file__).resolve().parent.parent
    candidates = [Path.cwd() / "models", package / "_models", package.parent / "models"]
    found: list[Path] = []
    for folder in candidates:
        if folder.is_dir() and folder.resolve() not in found:
            found.append(folder.resolve())
    return found


def list_models() -> list[str]:
    """Names of all models that have a `spec.yaml`, sorted."""
    return sorted({path.parent.name for folder in model_folders() for path in folder.glob("*/spec.yaml")})


def load_spec(name: str) -> LoadedSpec:
    """Load the spec of a model by name.

    Raises InputError where there is no such model, its spec is not valid, or it is only measured.
    """
    path = find_spec(name)
    return LoadedSpec(spec=_as_named(read_spec(path), path), folder=path.parent)


def load_any_spec(name: str) -> AnySpec:
    """Load the spec of a model, or of a network that is only measured, by name.

    Raises InputError where there is none of that name or its spec is not valid.
    """
    path = find_spec(name)
    return _as_named(read_any_spec(path), path)


AnyNamed = TypeVar("AnyNamed", ModelSpec, AnySpec)


def _as_named(spec: AnyNamed, path: Path) -> AnyNamed:
    if spec.name != path.parent.name:
        raise InputError(f"{path}: name is '{spec.name}', but its folder is '{path.parent.name}'; make them the same.")
    return spec


def find_spec(name: str) -> Path:
    """The `spec.yaml` of a model by name. Raises InputError where there is none, with the name most like it."""
    for folder in model_folders():
        path = folder / name / "spec.yaml"
        # What cannot be a model's name is not looked for: it could lead out of the folder.
        if _NAME.fullmatch(name) and path.is_file():
            return path
    models = list_models()
    meant = near(name[:80], models)
    known = ", ".join(models) or "none"
    raise InputError(f"There is no model '{shortened(name)}'{meant or '.'} Known models: {known}.")


def read_spec(path: Path) -> ModelSpec:
    """Read the `spec.yaml` of a model. Raises InputError with the first wrong field, or where it is only measured."""
    spec = read_any_spec(path)
    if isinstance(spec, NetworkSpec):
        raise InputError(f"{spec.name} is only measured, not built; run 'zoo ladder {spec.name}'.")
    return spec


def read_any_spec(path: Path) -> AnySpec:
    """Read one `spec.yaml`, of a model or of a network that is only measured; its `task` tells which.

    Raises InputError with the first wrong field.
    """
    try:
        if path.stat().st_size > MAX_SPEC_BYTES:
            raise InputError(f"{path} is larger than {MAX_SPEC_BYTES} bytes; a spec is a short text file.")
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not UTF-8 text; save it as UTF-8 and run again.") from error
    raw = load_yaml(text, str(path))
    if not isinstance(raw, dict):
        raise InputError(f"{path} must hold one mapping of fields, such as 'name: face_detector'.")
    task = raw.get("task")
    kind = _KINDS.get(task, ModelSpec) if isinstance(task, str) else ModelSpec
    try:
        return kind.model_validate(raw)
    except ValidationError as error:
        raise InputError(f"{path}: {describe_first_error(error, kind)}") from error


def describe_first_error(error: ValidationError, kind: type[BaseModel] | None = None) -> str:
    """One sentence for the first error of a pydantic validation, naming the field, and of class `kind` the one meant.

    An unknown field comes before all others: where it is misspelled, it is why another is missing.
    """
    errors = error.errors(include_url=False, include_context=False, include_input=True)
    first = next((one for one in errors if one["type"] == "extra_forbidden"), errors[0])
    field = shortened(".".join(shortened(part) for part in first["loc"]), 160) or "the document"
    if first["type"] == "extra_forbidden":
        known = fields_at(kind, first["loc"][:-1]) if kind else []
        meant = near(str(first["loc"][-1]), known)
        reason = f"is not a field that the spec knows{meant or '; remove it or correct its spelling'}"
    elif first["type"] == "missing":
        reason = "is missing"
    else:
        reason = shortened(first["msg"].removeprefix("Value error, "), 300)
        reason = reason[:1].lower() + reason[1:]
        if not isinstance(first["input"], dict | list):
            reason += f" (it is {shortened(first['input'], 60)!r})"
    more = f" ({len(errors) - 1} more)" if len(errors) > 1 else ""
    return f"field '{field}': {reason}{more}."

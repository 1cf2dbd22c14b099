"""The fairness hook that a spec names: found, imported, called, and held to the shape of the record."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from pydantic import ValidationError

from zoo.errors import InputError
from zoo.evaluate._evidence import FairnessEvidence
from zoo.evaluate._fairness import NO_LABELS
from zoo.records import Fairness, FairnessRecord, Provenance
from zoo.spec import FairnessRules


@dataclass(frozen=True)
class JudgedFairness:
    """A hook's answer about some evidence."""

    hook: FairnessHook
    group_columns: list[str]
    answer: Fairness

    def record(self, provenance: Provenance, *, pictures_sha256: str) -> FairnessRecord:
        """The record of the fairness stage."""
        return FairnessRecord(
            provenance=provenance,
            pictures_sha256=pictures_sha256,
            hook=self.hook.name,
            hook_sha256=self.hook.sha256,
            smallest_group=self.hook.smallest_group,
            group_columns=self.group_columns,
            columns=self.answer.columns,
            notes=self.answer.notes,
        )


@dataclass(frozen=True)
class FairnessHook:
    """A hook that can be called. `sha256`: of its module's file; None for a hook of this package."""

    name: str
    function: Callable[[FairnessEvidence], object]
    smallest_group: int
    sha256: str | None

    def judge(self, evidence: FairnessEvidence) -> JudgedFairness:
        """Call the hook; without any label of a group there is nothing to ask it.

        Raises InputError where it raises, or its answer is not a `zoo.records.Fairness` or a mapping of such fields.
        """
        columns = evidence.columns
        if not columns:
            return JudgedFairness(self, columns, Fairness(columns=[], notes=[NO_LABELS]))
        try:
            answer: Any = self.function(evidence)
        except (Exception, SystemExit) as error:
            raise InputError(f"{_where(self.name)} raised {_said(error)}; correct the function.") from error
        try:
            # Validated from plain values, so that one made without validation is held to the same.
            checked = Fairness.model_validate(
                answer.model_dump(warnings=False) if isinstance(answer, Fairness) else answer
            )
        except ValidationError as error:
            first = error.errors(include_url=False, include_context=False, include_input=False)[0]
            field = ".".join(str(part) for part in first["loc"])
            wrong = f"in '{field}', {first['msg']}" if field else first["msg"]
            raise InputError(f"{_where(self.name)} must return a zoo.records.Fairness: {wrong}.") from error
        return JudgedFairness(self, columns, checked)


def load_hook(rules: FairnessRules, *, beside: Path | None = None) -> FairnessHook:
    """The hook that the spec names: from a module in the folder `beside`, that of the spec, or an installed package.

    Raises InputError, naming module and function, where it cannot be imported or has no such function.
    """
    module_name, _, function_name = rules.hook.partition(":")
    try:
        module = _import(module_name, beside)
    except (Exception, SystemExit) as error:
        raise InputError(
            f"{_where(rules.hook)} cannot be imported ({_said(error)}); name a module that is installed, or one that "
            "lies beside the spec."
        ) from error
    function = getattr(module, function_name, None)
    if not callable(function):
        raise InputError(f"{_where(rules.hook)} is not there: {module_name} has no function {function_name}.")
    return FairnessHook(rules.hook, function, rules.smallest_group, _sha256(module))


def _import(name: str, beside: Path | None) -> ModuleType:
    file = None if beside is None else beside.joinpath(*name.split(".")).with_suffix(".py")
    if file is None or not file.is_file():
        return importlib.import_module(name)
    # A name of its own keeps it from taking the place of an installed module that is called the same.
    own_name = f"zoo_hook_{hashlib.sha256(str(file.resolve()).encode()).hexdigest()[:16]}"
    spec = importlib.util.spec_from_file_location(own_name, file)
    if spec is None or spec.loader is None:
        raise ImportError(f"{file.name} is no Python module")
    module = importlib.util.module_from_spec(spec)
    sys.modules[own_name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[own_name]
        raise
    return module


def _sha256(module: ModuleType) -> str | None:
    file = getattr(module, "__file__", None)
    if module.__name__.partition(".")[0] == "zoo" or file is None:
        return None
    return hashlib.sha256(Path(file).read_bytes()).hexdigest()


def _where(hook: str) -> str:
    module, _, function = hook.partition(":")
    return f"The spec's fairness hook, function {function} of module {module},"


def _said(error: BaseException) -> str:
    """An error of someone else's code in one line."""
    text = " ".join(str(error).split())[:200]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__

"""Fields of gates held against the classes of records, when a spec is loaded and not after the training."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import is_dataclass
from typing import Any, Literal, get_args, get_origin, get_type_hints

from pydantic import BaseModel

from zoo.errors import InputError, shortened
from zoo.records import QUALITY_METRICS, RECORDS
from zoo.release._address import AddressError, Step, parse_address
from zoo.spec import Gate, ModelSpec, alternatives, near

_FILES = {
    ("sizes", "name"),
    ("timings", "name"),
    ("variants", "name"),
    ("files", "name"),
    ("ratios", "numerator"),
    ("ratios", "denominator"),
    ("differences", "a"),
    ("differences", "b"),
    ("cells", "variant"),
    ("artifacts", "variant"),
}
"""Lists of records, and what in their entries names a file: a variant, a reference, or the densified twin."""
_RUNG = "sparse-"
"""How variants begin that a build adds on request; a spec cannot tell which."""


def check_gates(spec: ModelSpec, place: str) -> None:
    """Hold every gate of the spec, which was read from `place`, against the records that a build writes.

    Raises InputError, naming the gate, where its field can never name a value that its limit fits; and where it names a
    variant, reference, target or metric that the spec does not have, unless the gate says `when_missing: skip`.
    """
    for number, gate in enumerate(spec.gates):
        try:
            _check(gate, spec)
        except AddressError as error:
            gate_field = f"field 'gates.{number}.field' of gate '{gate.name}'"
            raise InputError(f"{place}: {gate_field} {error} (it is '{shortened(gate.field, 160)}').") from error


def _check(gate: Gate, spec: ModelSpec) -> None:
    record, *steps = parse_address(gate.field)
    kinds: list[Any] = [RECORDS[record.name]]
    above = ""
    for step in steps:
        kinds = _follow(step, kinds, above, gate, spec)
        above = step.name
    _check_limit(gate, kinds)


def _follow(step: Step, kinds: list[Any], above: str, gate: Gate, spec: ModelSpec) -> list[Any]:
    """The types that stand where the step leads."""
    held = [kind for holder in kinds for kind in _member(step.name, holder, above, gate)]
    if not step.wanted:
        return held
    entries = [entry for kind in held if get_origin(kind) is list for entry in alternatives(get_args(kind)[0])]
    if not entries:
        raise AddressError(f"has a choice in brackets after '{step.name}', which is not a list")
    for key, text in step.wanted:
        for entry in entries:
            _check_choice(step.name, key, text, _member(key, entry, step.name, gate), gate, spec)
    return entries


def _member(name: str, holder: Any, above: str, gate: Gate) -> list[Any]:
    if fields := _fields(holder):
        if name not in fields:
            meant = near(name, fields) or f"; the fields are {', '.join(fields)}"
            raise AddressError(f"names '{shortened(name)}', which is no field there{meant}")
        return alternatives(fields[name])
    if get_origin(holder) is dict:
        if above == "metrics":
            _require(name, "metric", QUALITY_METRICS, gate)
        return alternatives(get_args(holder)[1])
    if get_origin(holder) is list:
        raise AddressError(f"needs a choice such as [name=...] before '{name}', because a list stands there")
    raise AddressError(f"goes on with '{name}' after a single value")


def _fields(kind: Any) -> dict[str, Any]:
    """The fields of a record's part with their types; none of a single value, a list or a mapping."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return {name: field.annotation for name, field in kind.model_fields.items()}
    return get_type_hints(kind) if is_dataclass(kind) and isinstance(kind, type) else {}


def _check_choice(listed: str, key: str, text: str, kinds: list[Any], gate: Gate, spec: ModelSpec) -> None:
    fixed = [str(value) for kind in kinds if get_origin(kind) is Literal for value in get_args(kind)]
    if fixed and text not in fixed:
        raise AddressError(f"has {key}={shortened(text)}, which can be {', '.join(fixed)} only{near(text, fixed)}")
    if (listed, key) in _FILES and not text.startswith(_RUNG):
        variants = [variant.name for variant in spec.variants]
        _require(text, "variant or reference", [*variants, *map(str, spec.references), "twin"], gate)
    elif (listed, key) == ("targets", "target"):
        _require(text, "target", spec.targets, gate)
    elif (listed, key) == ("differences", "metric"):
        _require(text, "metric", QUALITY_METRICS, gate)


def _require(name: str, what: str, known: Iterable[str], gate: Gate) -> None:
    names = sorted(known)
    if name not in names and gate.when_missing != "skip":
        meant = near(name, names) or f"; known: {', '.join(names)}"
        raise AddressError(f"names the {what} '{shortened(name)}', which this spec does not have{meant}")


def _check_limit(gate: Gate, kinds: list[Any]) -> None:
    for kind in kinds:
        if fields := _fields(kind):
            raise AddressError(f"names a group of fields; go on with one of {', '.join(fields)}")
    if any(get_origin(kind) in (list, dict) for kind in kinds):
        raise AddressError("names a list or mapping; name one value in it")
    fixed = [value for kind in kinds if get_origin(kind) is Literal for value in get_args(kind)]
    held = {*(kind for kind in kinds if get_origin(kind) is not Literal), *(type(value) for value in fixed)}
    if gate.equals is None:
        if not held & {int, float}:
            raise AddressError("names no number, which at_most and at_least need; write equals")
    elif type(gate.equals) not in held:
        raise AddressError(f"can never equal {shortened(gate.equals)!r}, which is of another type")
    elif fixed and held == {type(value) for value in fixed} and gate.equals not in fixed:
        names = [str(value) for value in fixed]
        raise AddressError(f"can be {', '.join(names)} only, not '{gate.equals}'{near(str(gate.equals), names)}")

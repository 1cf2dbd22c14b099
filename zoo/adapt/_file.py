"""A file to a file: rewritten, and what is left to mend; and suggestions for each model of a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from zoo.adapt._check import outputs_kept
from zoo.adapt._plan import Plan, Suggestion, suggest
from zoo.adapt._rewrite import Adapted, Applied, Rewrite, apply_rewrites
from zoo.errors import InputError, RefusedError
from zoo.files import ZIP_MARK, printable, read_file, write_file
from zoo.records import FileRef, RuleBreak
from zoo.tflite import Model, bundle_models, file_ref, read_model, read_one_model
from zoo.xnnpack import predicted_cost, readiness_and_hindrances


@dataclass(frozen=True)
class AdaptedFile:
    """A file that is made but not yet written. `breaks`: the structural rules that it still breaks.

    `cost`: the predicted time of this file, pruned, over the source's; None where it is not ready to run sparse.
    """

    source: FileRef
    made: FileRef
    applied: tuple[Applied, ...]
    breaks: tuple[RuleBreak, ...]
    cost: float | None
    place: Path
    data: bytes = field(repr=False)

    @property
    def exact(self) -> bool:
        """Whether outputs stay the same but for rounding."""
        return all(each.exact for each in self.applied)

    def write(self) -> None:
        """Write the file whole or not at all. Raises as `zoo.files.write_file` does."""
        write_file(self.place, self.data)


def adapt_file(
    path: Path,
    out: Path | None,
    rewrites: Mapping[str, Rewrite],
    *,
    names: Sequence[str] = (),
    slower: bool = False,
    replace: bool = False,
) -> AdaptedFile:
    """The file after the rewrites of these names, in this order, for `out` or, beside it, `NAME_adapted.tflite`.

    Without names, those of the cheapest exact plan; `slower`: also where that plan is predicted to gain nothing. It was
    run beside the source, and its outputs are what the rewrites promise.

    Raises InputError where the file cannot be read, is no sound TFLite model or a bundle of them, where a name is not
    known or its rewrite finds nothing to change, or where a file is at the place already and `replace` is False;
    RefusedError where no names are given and no exact plan is found or gains anything, where outputs move more than the
    rewrites promise, and where LiteRT does not run the file, so that nothing is known of them.
    """
    place = out or path.parent / f"{path.stem}_adapted{path.suffix}"
    data = read_one_model(path, place, replace=replace)
    chosen = chosen_rewrites(names, rewrites)
    if not chosen:
        plan = _planned(data, rewrites, path, slower=slower)
        # After an exact plan no rule is broken.
        return _made(path, place, data, plan.adapted, (), plan.cost)
    adapted = apply_checked(data, chosen, name=str(path))
    made = read_model(adapted.data, name=str(path))
    breaks = _broken(made)
    cost = None if breaks else predicted_cost(made, read_model(data, name=str(path)))
    return _made(path, place, data, adapted, breaks, cost)


def apply_checked(data: bytes, rewrites: Sequence[Rewrite], *, name: str) -> Adapted:
    """`apply_rewrites`, then both files run on the same inputs. `name` is what messages call the file.

    Raises InputError as that does, and RefusedError where an output moves more than the rewrites promise, or where
    LiteRT does not run the file.
    """
    adapted = apply_rewrites(data, rewrites, name=name)
    wrong = outputs_kept(data, adapted, rewrites, name=name)
    if wrong:
        raise RefusedError(f"{name}: {wrong}; nothing is written.")
    return adapted


def _made(
    path: Path, place: Path, data: bytes, adapted: Adapted, breaks: tuple[RuleBreak, ...], cost: float | None
) -> AdaptedFile:
    made = adapted.data
    return AdaptedFile(file_ref(path, data), file_ref(place, made), adapted.applied, breaks, cost, place, made)


def chosen_rewrites(names: Sequence[str], rewrites: Mapping[str, Rewrite]) -> list[Rewrite]:
    """The rewrites of these names. Raises InputError for a name that is not known."""
    for name in names:
        if name not in rewrites:
            raise InputError(f"Rewrite '{printable(name)}' is not known; use one of {', '.join(rewrites)}.")
    return [rewrites[name] for name in names]


def suggestions(path: Path, rewrites: Mapping[str, Rewrite]) -> list[Suggestion]:
    """What is suggested for a `.tflite` file, or for each model of a `.task` bundle, in its order.

    Raises InputError where the file cannot be read, is damaged or hostile.
    """
    data = read_file(path)
    if not data.startswith(ZIP_MARK):
        return [suggest(data, rewrites, name=str(path))]
    del data
    return [suggest(model, rewrites, name=f"{path}:{name}") for name, model in bundle_models(path)]


def _planned(data: bytes, rewrites: Mapping[str, Rewrite], path: Path, *, slower: bool) -> Plan:
    found = suggest(data, rewrites, name=str(path))
    plan = found.exact
    if plan is not None and (slower or not plan.names or not plan.slower):
        return plan
    if plan is not None:
        raise RefusedError(
            f"{path}: exact rewrites would make it ready ({', '.join(plan.names)}), but gain nothing: sparse, it is "
            f"predicted to take {plan.cost:.2f} of the time that it takes now; nothing is written, give --slower to "
            "write it all the same."
        )
    if found.unproven:
        raise RefusedError(f"{path}: {found.unproven}; nothing is written.")
    best = found.best
    if best is not None and best.ready:
        options = " ".join(f"--rewrite {name}" for name in best.names)
        raise RefusedError(
            f"{path}: no exact rewrites make it ready, but others do, whose outputs training has to recover; for these "
            f"give {options}."
        )
    if best is None:
        reason = found.unfinished or "no rewrites make it ready"
        raise RefusedError(f"{path}: {reason}; name what you want with --rewrite.")
    first = best.breaks[0]
    unfinished = f"{found.unfinished}; " if found.unfinished else ""
    raise RefusedError(
        f"{path}: {unfinished}no rewrites make it ready, as {first.rule} stays broken at {first.where}; "
        "'zoo inspect --suggest' shows the list that comes closest."
    )


def _broken(model: Model) -> tuple[RuleBreak, ...]:
    """What keeps operators out of a region, then how values leave one that forms all the same."""
    found, hindering = readiness_and_hindrances(model)
    return (*(each for each in hindering if each not in found), *found) if found else ()

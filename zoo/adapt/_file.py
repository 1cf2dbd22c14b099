"""A file to a file: rewritten, and what is left to mend; and suggestions for each model of a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from zoo.adapt._plan import Suggestion, suggest
from zoo.adapt._rewrite import Adapted, Applied, Rewrite, apply_rewrites
from zoo.errors import InputError, RefusedError
from zoo.files import ZIP_MARK, printable, read_file, write_file
from zoo.records import FileRef, RuleBreak
from zoo.tflite import Model, bundle_models, file_ref, read_model, read_one_model
from zoo.xnnpack import readiness_and_hindrances


@dataclass(frozen=True)
class AdaptedFile:
    """A file that is made but not yet written. `breaks`: the structural rules that it still breaks."""

    source: FileRef
    made: FileRef
    applied: tuple[Applied, ...]
    breaks: tuple[RuleBreak, ...]
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
    replace: bool = False,
) -> AdaptedFile:
    """The file after the rewrites of these names, in this order, for `out` or, beside it, `NAME_adapted.tflite`.

    Without names, those of the cheapest exact plan. Raises InputError where the file cannot be read, is no sound TFLite
    model or a bundle of them, where a name is not known or its rewrite finds nothing to change, or where a file is at
    the place already and `replace` is False; RefusedError where no names are given and no exact plan is found.
    """
    place = out or path.parent / f"{path.stem}_adapted{path.suffix}"
    data = read_one_model(path, place, replace=replace)
    chosen = chosen_rewrites(names, rewrites)
    adapted = apply_rewrites(data, chosen, name=str(path)) if chosen else _planned(data, rewrites, path)
    # After an exact plan none is broken.
    breaks = _broken(read_model(adapted.data, name=str(path))) if chosen else ()
    made = adapted.data
    return AdaptedFile(file_ref(path, data), file_ref(place, made), adapted.applied, breaks, place, made)


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


def _planned(data: bytes, rewrites: Mapping[str, Rewrite], path: Path) -> Adapted:
    found = suggest(data, rewrites, name=str(path))
    if found.exact is not None:
        return found.exact.adapted
    best = found.best
    if best.ready:
        options = " ".join(f"--rewrite {name}" for name in best.names)
        raise RefusedError(
            f"{path}: no exact rewrites make it ready, but others do, whose outputs training has to recover; for these "
            f"give {options}."
        )
    first = best.breaks[0]
    raise RefusedError(
        f"{path}: no rewrites make it ready, as {first.rule} stays broken at {first.where}; 'zoo inspect --suggest' "
        "shows the list that comes closest."
    )


def _broken(model: Model) -> tuple[RuleBreak, ...]:
    """What keeps operators out of a region, then how values leave one that forms all the same."""
    found, hindering = readiness_and_hindrances(model)
    return (*(each for each in hindering if each not in found), *found) if found else ()

"""What a build was asked for: the spec with the asked sparsities, the preset, the data, the place."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from zoo.errors import InputError
from zoo.pipeline._folders import BuildFolder, build_folder
from zoo.pipeline._labels import Annotations
from zoo.spec import OWN_HOOK, LoadedSpec, ModelSpec, Preset, Variant, load_spec

if TYPE_CHECKING:
    from zoo.evaluate import FairnessHook


@dataclass(frozen=True)
class BuildOptions:
    """A build as a person asks for it.

    `sparsities` empty: the spec's own. `data` None: the free sample pictures that installed packages ship.
    `annotations` None: those that lie in `data`. `templates`: a folder whose templates of the card come first.
    `command` goes into every record.
    """

    model: str
    out: Path
    command: str
    preset: str = "quick"
    sparsities: Sequence[float] = ()
    data: Path | None = None
    annotations: Annotations | None = None
    templates: Path | None = None
    rerun_from: str | None = None


@dataclass(frozen=True)
class Plan:
    """A build that can be made: options that were checked against the spec."""

    options: BuildOptions
    spec: ModelSpec
    preset_name: str
    preset: Preset
    data: Path | None
    folder: BuildFolder
    templates: tuple[Path, ...]
    """Folders of a person's own templates of the card, which come before the project's."""
    own_hook: FairnessHook | None
    """A fairness hook of the user's, loaded; None where the spec names that of this package, which is heavy."""

    @property
    def hook(self) -> FairnessHook:
        """The hook that judges groups."""
        from zoo.evaluate import load_hook

        return self.own_hook or load_hook(self.spec.fairness)


def make_plan(options: BuildOptions) -> Plan:
    """Check options against the spec, and that a fairness hook of the user's is there: it is called hours later.

    Raises InputError for what cannot be built.
    """
    from zoo.release import check_gates

    loaded = load_spec(options.model)
    spec = loaded.spec
    check_gates(spec, str(loaded.folder / "spec.yaml"))
    presets = {str(name): preset for name, preset in spec.training.presets.items()}
    if options.preset not in presets:
        raise InputError(f"{spec.name} has no preset '{options.preset}'; its presets are {', '.join(presets)}.")
    if options.data is not None and not options.data.is_dir():
        raise InputError(f"--data: there is no folder {options.data}; name one that holds pictures.")
    if options.annotations is not None:
        # Said here, and not by the stage that lists the pictures, after the download of the published models.
        _ = options.annotations.folder
    templates = card_templates(loaded, options.templates)
    if templates:
        from zoo.card import check_templates

        # Tried now, so that a wrong one is found out before the training.
        check_templates(spec, templates)
    if spec.training.distribution == "multi_worker":
        from zoo.training import read_cluster

        # Read now, so that a wrong TF_CONFIG is found out before the stages that lead to the training.
        read_cluster()
    if options.sparsities:
        spec = with_sparsities(spec, options.sparsities)
    return Plan(
        options=options,
        spec=spec,
        preset_name=options.preset,
        preset=presets[options.preset],
        data=options.data,
        folder=build_folder(options.out, spec.name),
        templates=templates,
        own_hook=_own_hook(loaded),
    )


def card_templates(loaded: LoadedSpec, asked: Path | None) -> tuple[Path, ...]:
    """Folders of a person's own templates: what `--template` names, then `cards` beside the spec's `models` folder.

    A folder that merely lies where one stands is not taken: templates are programs of whoever wrote them. Raises
    InputError where the one asked for is none.
    """
    from zoo.rendering import template_folders

    if asked is not None:
        from zoo.card import require_templates

        require_templates(asked)
    return tuple(template_folders(asked, loaded.cards))


def _own_hook(loaded: LoadedSpec) -> FairnessHook | None:
    if loaded.spec.fairness.hook == OWN_HOOK:
        return None
    from zoo.evaluate import load_hook

    return load_hook(loaded.spec.fairness, beside=loaded.folder)


def parse_sparsities(text: str) -> tuple[float, ...]:
    """Shares of zeros from a list such as '0.8,0.85'. Raises InputError for anything else."""
    try:
        shares = tuple(float(part) for part in text.split(","))
    except ValueError as error:
        raise InputError(f"--sparsity '{text}' is not a list of numbers; write for example 0.8 or 0.8,0.85.") from error
    for share in shares:
        if not math.isfinite(share) or not 0.0 <= share < 1.0:
            raise InputError(f"--sparsity {share:g} is not a share of zeros; give numbers from 0 to below 1.")
    if len(set(shares)) != len(shares):
        raise InputError(f"--sparsity '{text}' names a share twice; name each once.")
    return shares


def with_sparsities(spec: ModelSpec, sparsities: Sequence[float]) -> ModelSpec:
    """The spec with one sparse variant for each share.

    The release's `sparse` is the spec's own share where it is listed, else the first; the others are `sparse-85` and
    so on, by percent. Raises InputError where two shares are too close for names of their own.
    """
    own = spec.variant("sparse")
    main = own.sparsity if own.sparsity in sparsities else sparsities[0]
    variants = [variant for variant in spec.variants if not variant.pruned]
    for share in sorted(sparsities, key=lambda share: share != main):
        name = "sparse" if share == main else f"sparse-{format(share * 100, 'g').replace('.', 'p')}"
        purpose = own.purpose if share == main else f"{share:.4g} zeros instead of {main:.4g}."
        if name in {variant.name for variant in variants}:
            raise InputError(f"--sparsity {share!r} is too close to another share for a name of its own; leave it out.")
        variants.append(Variant(name=name, purpose=purpose, precision=own.precision, sparsity=share))
    return spec.model_copy(update={"variants": variants})

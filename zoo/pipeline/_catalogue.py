"""What models there are, and what a build folder holds of them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from zoo.errors import InputError
from zoo.pipeline._folders import BuildFolder, build_folder
from zoo.pipeline._stage import read_record
from zoo.pipeline._summary import ComparisonRow, compare
from zoo.records import LATER_RECORDS, RECORDS, GatesRecord, StageRecord
from zoo.spec import AnySpec, ModelSpec, NetworkSpec, find_spec, list_models, load_any_spec, load_spec

if TYPE_CHECKING:
    from zoo.release import Shipped

BUILD_AGAIN = "build the model again"


@dataclass(frozen=True)
class ReleasedModel:
    """A release that ships with the package, and how its sparse file compares with the published files."""

    version: str
    folder: Path
    bytes: int
    row: ComparisonRow | None

    @classmethod
    def of(cls, release: Shipped) -> ReleasedModel:
        """As its own records say. Raises RefusedError where it lists no sparse file or a record was altered."""
        from zoo.release import RECORDS_FOLDER, read_release_records

        shown = {name: digest for name, digest in release.manifest.records.items() if name in {"bench", "quality"}}
        manifest = release.manifest.model_copy(update={"records": shown})
        records = read_release_records(release.folder / RECORDS_FOLDER, manifest, advice="install the package again")
        row = next((each for each in compare(records) if each.name == "sparse"), None)
        return cls(release.manifest.version, release.folder, release.sparse_bytes, row)


@dataclass(frozen=True)
class ModelEntry:
    """A model, and its build if there is one. `gates` None: not built.

    `released`: the newest release that ships with the package, if there is one. `task` is `measured_only` for a network
    that is never built; it has neither variants nor presets. `problem`: what is wrong with a spec that cannot be read,
    of which nothing but the name is known; else empty.
    """

    name: str
    title: str
    version: str
    task: str
    variants: tuple[str, ...]
    presets: tuple[str, ...]
    release: Path | None
    gates: GatesRecord | None
    released: ReleasedModel | None = None
    problem: str = ""


def catalogue(out: Path) -> list[ModelEntry]:
    """Every model, with what `out` holds of it; one whose spec is broken too, with what is wrong."""
    from zoo.release import shipped_releases

    released = {each.manifest.model: ReleasedModel.of(each) for each in shipped_releases()}
    entries = []
    for name in list_models():
        try:
            spec = _checked_spec(name)
        except InputError as error:
            entries.append(ModelEntry(name, "", "", "", (), (), release=None, gates=None, problem=str(error)))
            continue
        if isinstance(spec, NetworkSpec):
            entries.append(ModelEntry(name, spec.title, spec.version, spec.task, (), (), release=None, gates=None))
            continue
        folder = build_folder(out, name)
        gates = folder.records / "gates.json"
        built = folder.release.is_dir() and gates.is_file()
        entries.append(
            ModelEntry(
                name=name,
                title=spec.title,
                version=spec.version,
                task=spec.task,
                variants=tuple(variant.name for variant in spec.variants),
                presets=tuple(str(preset) for preset in spec.training.presets),
                release=folder.release if built else None,
                gates=read_record(gates, GatesRecord) if built else None,
                released=released.get(name),
            )
        )
    return entries


def _checked_spec(name: str) -> AnySpec:
    from zoo.release import check_gates

    spec = load_any_spec(name)
    if isinstance(spec, ModelSpec):
        check_gates(spec, str(find_spec(name)))
    return spec


def buildable_models() -> list[str]:
    """Names of the models that a build makes, or would say what is wrong with; networks only measured are none."""
    return [name for name in list_models() if not _only_measured(name)]


def _only_measured(name: str) -> bool:
    try:
        return isinstance(load_any_spec(name), NetworkSpec)
    except InputError:
        return False


def built_model(out: Path, name: str) -> BuildFolder:
    """The build folder of a model that was built. Raises InputError where there is no such model or build."""
    load_spec(name)
    folder = build_folder(out, name)
    if not folder.release.is_dir():
        raise InputError(f"{folder.root} holds no release; run 'zoo build {name}' first, or give its --out.")
    return folder


def built_file(folder: BuildFolder, variant: str) -> Path | None:
    """A variant's file in the release of a build, held against its manifest; None where there is none.

    Raises RefusedError where it is not the file that was built.
    """
    from zoo.release import check_listed

    name = f"{folder.root.name}_{variant}.tflite"
    if not (folder.release / name).is_file():
        return None
    check_listed(folder.release, name, advice=BUILD_AGAIN)
    return folder.release / name


def read_records(folder: Path) -> dict[str, StageRecord]:
    """All records of a build by name. Raises InputError where one is not valid."""
    return {
        name: read_record(folder / f"{name}.json", kind)
        for name, kind in (RECORDS | LATER_RECORDS).items()
        if (folder / f"{name}.json").is_file()
    }

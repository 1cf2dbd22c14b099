"""Stages that judge and present: gates, card, release. They read records and measure nothing."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from zoo.pipeline._fingerprint import content_hash
from zoo.pipeline._plan import Plan
from zoo.pipeline._stage import Reads, ReadsRecord, Stage, StageRun
from zoo.pipeline._stages_measuring import artifact_name
from zoo.records import RECORDS, DataRecord, GatesRecord, StageRecord


def record_sources(stages: Sequence[Stage]) -> list[ReadsRecord]:
    """Every record of these stages, as inputs of one that reads them all."""
    return [ReadsRecord(stage.name, record) for stage in stages for record in stage.records]


def gather_records(run: StageRun, sources: Sequence[ReadsRecord]) -> dict[str, StageRecord]:
    """The records themselves, by name."""
    return {source.record: run.record(source.stage, RECORDS[source.record]) for source in sources}


def gates_stage(plan: Plan, before: Sequence[Stage]) -> Stage:
    """The declared limits against the records: whether this may be released."""
    spec, sources = plan.spec, record_sources(before)

    def run(run: StageRun) -> Sequence[StageRecord]:
        from zoo.release import judge

        records = gather_records(run, sources)
        results = judge(spec, records)
        data = records["data"]
        sample = data.sample if isinstance(data, DataRecord) else True
        fit = not sample and all(result.passed for result in results)
        return [GatesRecord(provenance=run.provenance(), sample_data=sample, releasable=fit, results=results)]

    return Stage(
        name="gates",
        purpose="hold the records against the declared limits",
        version="3",
        run=run,
        parameters={
            "gates": [gate.model_dump(mode="json") for gate in spec.gates],
            "fairness": spec.fairness.model_dump(mode="json"),
        },
        reads=sources,
        records=["gates"],
    )


def card_stage(plan: Plan, before: Sequence[Stage]) -> Stage:
    """The model card: `README.md`, `card.html` and figures."""
    from zoo.rendering import own_folders

    spec, sources, templates = plan.spec, record_sources(before), plan.templates

    def run(run: StageRun) -> Sequence[StageRecord]:
        from zoo.card import render_card

        render_card(spec, gather_records(run, sources), run.folder, templates=templates)
        return []

    return Stage(
        name="card",
        purpose="write the model card",
        version="3",
        run=run,
        parameters={
            "spec": spec.model_dump(mode="json"),
            "templates": [content_hash(folder) for folder in (*templates, *own_folders())],
        },
        reads=sources,
        tools=["jinja2", "matplotlib"],
    )


def release_stage(plan: Plan, before: Sequence[Stage], *, command: str) -> Stage:
    """The complete release: artifacts, card and manifest."""
    spec, sources = plan.spec, record_sources(before)

    def run(run: StageRun) -> Sequence[StageRecord]:
        from zoo.release import write_manifest

        for variant in spec.variants:
            name = artifact_name(spec.name, variant.name)
            shutil.copyfile(run.path("convert", name), run.folder / name)
        card = run.inputs["card"]
        for name in card.files:
            target = run.folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(card.path(name), target)
        write_manifest(
            run.folder,
            spec=spec,
            records=gather_records(run, sources),
            records_folder=copy_records(run, sources, run.progress_folder / "records"),
            command=command,
        )
        return []

    return Stage(
        name="release",
        purpose="put the release together",
        version="2",
        run=run,
        parameters={"spec": spec.model_dump(mode="json")},
        reads=[*sources, Reads("convert", "*.tflite"), Reads("card")],
    )


def copy_records(run: StageRun, sources: Sequence[ReadsRecord], folder: Path) -> Path:
    """Copy the records' files into one folder, `NAME.json` each, and return it."""
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    for source in sources:
        shutil.copyfile(run.inputs[source.stage].record_path(source.record), folder / f"{source.record}.json")
    return folder

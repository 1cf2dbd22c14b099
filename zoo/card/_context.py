"""All that the templates see: texts of the spec and views of the records."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from zoo.card._blocks import Fact, Figure, NotMeasured, Table
from zoo.card._facts import key_facts
from zoo.card._latency import LatencyView, latency_view
from zoo.card._making import (
    DataView,
    TrainingView,
    calibration_table,
    data_view,
    import_sentences,
    training_view,
)
from zoo.card._metrics import metrics_table
from zoo.card._quality import DropinView, FairnessView, QualityView, dropin_view, fairness_views, quality_view
from zoo.card._records import CardRecords
from zoo.card._sizes import SizeView, size_view
from zoo.card._trace import TraceView, gates_answer, gates_counts, gates_table, overrides_table, trace_view
from zoo.records import GateOverride
from zoo.spec import ModelSpec


@dataclass(frozen=True)
class Snippet:
    """Code that a reader can run: what it needs, and its text."""

    title: str
    needs: str
    code: str


@dataclass(frozen=True)
class CardContext:
    """The card's content.

    `gates_answer`: "hold", "do not hold", "cannot be told" where data lacks, or "not judged"; `gates_counts`: how many
    gave each answer. `overrides`: gates in spite of which this was published. `snippets` are rendered before, as they
    are templates themselves.
    """

    spec: ModelSpec
    sample_data: bool
    gates_answer: str
    gates_counts: str
    facts: list[Fact | NotMeasured]
    sizes: SizeView
    latency: LatencyView
    metrics: Table | NotMeasured
    quality: QualityView | NotMeasured
    fairness: list[FairnessView] | NotMeasured
    fairness_notes: list[str]
    dropin: DropinView | NotMeasured
    imported: list[str]
    training: TrainingView | NotMeasured
    calibration: Table | NotMeasured
    data: DataView | NotMeasured
    trace: TraceView
    gates: Table | NotMeasured
    overrides: Table | None
    figures: dict[str, Figure]
    snippets: list[Snippet]


def make_context(
    spec: ModelSpec,
    records: CardRecords,
    *,
    figures: dict[str, Figure],
    snippets: list[Snippet],
    overrides: Sequence[GateOverride] = (),
) -> CardContext:
    """The card's content from the spec, the records and what was drawn from them."""
    return CardContext(
        spec=spec,
        sample_data=records.data.sample if records.data else False,
        gates_answer=gates_answer(records.gates),
        gates_counts=gates_counts(records.gates),
        facts=key_facts(records),
        sizes=size_view(records),
        latency=latency_view(spec, records),
        metrics=metrics_table(records),
        quality=quality_view(records),
        fairness=fairness_views(records),
        fairness_notes=list(records.fairness.notes) if records.fairness else [],
        dropin=dropin_view(records),
        imported=import_sentences(records),
        training=training_view(records),
        calibration=calibration_table(records),
        data=data_view(records),
        trace=trace_view(spec, records),
        gates=gates_table(records.gates),
        overrides=overrides_table(overrides),
        figures=figures,
        snippets=snippets,
    )

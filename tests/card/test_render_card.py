"""A card says what the records say, in a README.md for the hub, a page of its own, and figures."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest
import yaml
from huggingface_hub import ModelCard, parse_eval_result_entries
from huggingface_hub.repocard_data import model_index_to_eval_results

from tests.card import _records
from tests.card._reading import Page, read_page
from tests.release._releases import gates
from zoo.card import render_card
from zoo.card._figure_style import SERIES
from zoo.card._metrics import MEANINGS
from zoo.card._names import METRICS
from zoo.records import (
    BudgetedKernel,
    BudgetedVariant,
    BudgetRecord,
    OperatingPoints,
    QualityRecord,
    StageRecord,
    WorksInRecord,
)
from zoo.rendering import own_folders
from zoo.spec import HubSource

FIGURES = ["fairness-1", "graph", "latency", "latency-ratio", "quality", "size", "sparsity", "training"]


def all_records() -> dict[str, StageRecord]:
    records = _records.measured()
    return records | {"gates": gates(_records.spec(), records)}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The files of a card of a whole build."""
    return render_card(_records.spec(), all_records(), tmp_path_factory.mktemp("card"))


@pytest.fixture(scope="module")
def card(written: list[Path]) -> Path:
    """The folder of that card."""
    return written[0].parent


@pytest.fixture(scope="module")
def page(card: Path) -> Page:
    return read_page((card / "card.html").read_text())


def test_it_writes_a_readme_a_page_and_figures_and_says_so(written: list[Path], card: Path) -> None:
    assert sorted(path.relative_to(card).as_posix() for path in written) == sorted(
        ["README.md", "card.html", *(f"figures/{name}.svg" for name in FIGURES)]
    )
    assert {path for path in card.rglob("*") if path.is_file()} == set(written)


def test_the_same_records_give_the_same_bytes(card: Path, tmp_path: Path) -> None:
    for path in render_card(_records.spec(), all_records(), tmp_path):
        assert path.read_bytes() == (card / path.relative_to(tmp_path)).read_bytes()


def test_the_hub_reads_the_front_matter(card: Path) -> None:
    data = ModelCard.load(card / "README.md").data
    assert (data.license, data.library_name, data.pipeline_tag) == ("apache-2.0", "litert", "object-detection")
    assert data.tags == _records.spec().card.tags
    assert data.base_model is None
    quality = _records.quality()
    sparse = next(variant for variant in quality.variants if variant.name == "sparse")
    values = [r.metric_value for r in data.eval_results if r.metric_type == "f1" and " of sparse " in r.metric_name]
    assert values == [sparse.metrics["f_score"].value]
    assert {result.dataset_name for result in data.eval_results} == {"faces"}


def test_the_hub_client_reads_back_what_was_measured(tmp_path: Path) -> None:
    """By the client's own classes: `ModelCardData` with its `model-index`, and the entries of `.eval_results`."""
    commit = "0123456789abcdef0123456789abcdef01234567"
    labels = _records.labelled().model_copy(update={"place": f"faces-org--crowds.v2--{commit}"})
    record = _records.quality().model_copy(update={"labels": [_records.labelled(), labels]})
    spec = _records.spec()
    hub = HubSource(repo="some-org/face", revision=commit, path="face.tflite")
    references = {name: one.model_copy(update={"hub": hub}) for name, one in spec.references.items()}
    render_card(spec.model_copy(update={"references": references}), {"quality": record}, tmp_path)

    data = ModelCard.load(tmp_path / "README.md").data
    assert (data.base_model, data.datasets, data.model_name) == ("some-org/face", ["faces-org/crowds.v2"], spec.name)
    read = model_index_to_eval_results(data.to_dict()["model-index"])[1]
    on_hub = [one for one in read if one.dataset_type == "faces-org/crowds.v2"]
    assert [(one.dataset_revision, one.metric_type) for one in on_hub] == [(commit, "ap"), (commit, "ap")]
    ours = [variant for variant in record.variants if variant.name not in spec.references]
    assert len(read) == sum(len(variant.metrics) for variant in ours) + 2 * len(labels.variants)

    (entry,) = parse_eval_result_entries(yaml.safe_load((tmp_path / ".eval_results" / "labels.yaml").read_text()))
    assert (entry.dataset_id, entry.dataset_revision, entry.task_id, entry.value) == (
        "faces-org/crowds.v2",
        commit,
        "ap",
        0.6037,
    )


def test_labels_of_a_folder_are_no_entry_of_a_hub_benchmark(tmp_path: Path) -> None:
    record = _records.quality().model_copy(update={"labels": [_records.labelled()]})
    render_card(_records.spec(), {"quality": record}, tmp_path)
    assert not (tmp_path / ".eval_results").exists()
    assert ModelCard.load(tmp_path / "README.md").data.get("datasets") is None


def test_a_licence_that_the_hub_does_not_know_is_named(tmp_path: Path) -> None:
    spec = _records.spec().model_copy(update={"licence": "Model Terms 2.0"})
    render_card(spec, {}, tmp_path)
    data = ModelCard.load(tmp_path / "README.md").data
    assert (data.license, data.license_name) == ("other", "model-terms-2.0")


@pytest.mark.parametrize(
    "said",
    [
        "482,244",  # size
        "411,873",  # size after gzip
        "0.704",  # paired ratio
        "0.686 to 0.722",  # its interval
        "0.861",  # F-score
        "−0.008 to +0.016",  # paired difference
        "−0.005 (−0.030 to +0.020)",  # fairness, change of a group
        "+0.007 (−0.021 to +0.034)",  # fairness, change of the gap
        "The smallest group has n = 60.",
        "0.746",  # F-score before calibration
        "5,178",  # training pictures
        "on 256 inputs",  # how kernels were pruned
        "lfw/broken.jpg",
        "zoo build face_detector --data faces",
        "Sparse kernels did not run: this target runs the sparse model dense",
        "This processor has AVX, where XNNPACK never uses its sparse kernels.",
    ],
)
def test_both_cards_say_what_the_records_say(card: Path, page: Page, said: str) -> None:
    assert said in page.text
    assert said in (card / "README.md").read_text().replace("\\_", "_")


def test_no_number_stands_in_the_words_of_a_template() -> None:
    for name in ("body.jinja", "README.md.jinja"):
        source = (own_folders()[0] / name).read_text()
        words = re.sub(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", "", source, flags=re.DOTALL).replace("SHA-256", "")
        assert not re.findall(r"\d", words)


def test_the_page_asks_for_nothing_from_outside(page: Page) -> None:
    assert not {"script", "link", "img", "iframe", "object", "image"} & set(page.tags)
    assert "default-src 'none'" in page.content_security_policy
    assert "@import" not in page.source
    assert not re.findall(r"url\((?!#)", page.source)
    assert page.links
    assert all(link.startswith(("#", "https://")) for link in page.links)


def test_the_page_is_well_formed_for_those_who_hear_it(page: Page) -> None:
    assert page.tags[0] == "html"
    assert page.headings[0] == 1
    assert page.headings.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(page.headings))
    assert page.tables
    assert all(table.caption and table.scopes == {"col", "row"} for table in page.tables)
    assert all(set(table.widths) == {table.columns} for table in page.tables)
    assert len(page.ids) == len(set(page.ids))
    assert {link[1:] for link in page.links if link.startswith("#")} <= set(page.ids)
    assert len(page.drawings) == len(FIGURES)
    assert all(len(label) > 40 for label in page.drawings)


def test_figures_follow_the_page_into_the_dark(page: Page) -> None:
    drawn = "".join(re.findall(r"<svg.*?</svg>", page.source, flags=re.DOTALL))
    used = set(re.findall(r"var\((--[a-z-]+)\)", drawn))
    assert not re.findall(r"#[0-9a-f]{6}\b", drawn)
    light, dark = page.source.split("@media (prefers-color-scheme: dark)")[:2]
    assert {"--ink", "--series-sparse"} <= used
    for variable in used - {"--font"}:
        assert f"{variable}:" in light
        assert f"{variable}:" in dark.split("@media")[0]


def test_figures_are_whole_documents_without_a_date(card: Path) -> None:
    for name in FIGURES:
        drawing = (card / "figures" / f"{name}.svg").read_text()
        assert drawing.startswith("<svg ")
        assert "date" not in drawing
        assert f"](figures/{name}.svg)" in (card / "README.md").read_text()


def test_the_sections_are_those_of_model_cards_for_model_reporting(card: Path, page: Page) -> None:
    sections = ["Use it in MediaPipe", "Intended use", "Data", "Training", "Metrics", "Quantitative analyses"]
    sections += ["Ethical considerations", "Caveats", "Gates", "Make it again", "References and licences"]
    assert re.findall(r"^## (.*)$", (card / "README.md").read_text(), flags=re.MULTILINE) == sections
    places = [page.source.index(f">{title}</h2>") for title in sections]
    assert places == sorted(places)


def test_it_says_what_each_metric_means_and_which_way_is_better(page: Page) -> None:
    assert "F-score Precision and recall in one, their harmonic mean more" in page.text
    assert (
        "Key point error Of boxes that both find: mean distance of their key points, in sides of the box less"
        in page.text
    )


def test_every_metric_that_is_named_is_explained() -> None:
    assert set(MEANINGS) == set(METRICS)


def spent() -> BudgetRecord:
    kernels = [
        BudgetedKernel(
            layer=f"conv_2d_{number}",
            weights=1_000,
            zeros=zeros,
            rise=rise,
            time=0.01 * (1 - zeros),
            dense_time=0.04,
            bytes=1_000,
            dense_bytes=2_000,
        )
        for number, (zeros, rise) in enumerate([(0.5, 0.07), (0.8, 0.02), (0.97, 0.004)])
    ]
    variant = BudgetedVariant(
        variant="sparse",
        reference="published_dense",
        wasm_time_limit=0.48,
        bytes_limit=None,
        wasm_time=0.479,
        bytes=0.35,
        rest_time=0.24,
        kernels=kernels,
    )
    return BudgetRecord(provenance=_records.provenance(), variants=[variant])


def test_a_budget_is_told_with_what_it_was_spent_on(tmp_path: Path) -> None:
    train = _records.trained().model_copy(update={"target_sparsity": None})
    render_card(_records.spec(), {**_records.measured(), "train": train, "budget": spent()}, tmp_path)
    text = read_page((tmp_path / "card.html").read_text()).text
    assert "Asked for at most 48.0% of its predicted time in WebAssembly (of the published dense file)" in text
    drawing = (tmp_path / "figures" / "budget.svg").read_text()
    assert "zeros, %" in drawing
    readme = (tmp_path / "README.md").read_text()
    assert "Bars of 3 kernels: 50.0% to 97.0% zeros each." in readme


def test_without_a_budget_none_is_drawn(card: Path) -> None:
    assert not (card / "figures" / "budget.svg").exists()
    assert "Asked for 80.0% zeros" in (card / "README.md").read_text()


def test_the_sparse_region_is_drawn_and_told(card: Path, page: Page) -> None:
    (told,) = [label for label in page.drawings if label.startswith("Strip of layers.")]
    assert "46 layers from left to right: 1 to 46 in the sparse region" in told
    strip = ElementTree.parse(card / "figures" / "graph.svg").getroot()  # noqa: S314  (our own drawing)
    bars = [one for one in strip.iter("{http://www.w3.org/2000/svg}rect") if SERIES["sparse"] in one.get("style", "")]
    assert len(bars) == 46 + 1 + 1  # each layer, the band below them, the legend


@pytest.mark.parametrize("missing", ["bench", "inspect", "gates"])
def test_without_a_record_the_card_says_not_measured(missing: str, tmp_path: Path) -> None:
    records = {name: record for name, record in all_records().items() if name in {"bench", "inspect", "gates"}}
    del records[missing]
    render_card(_records.spec(), records, tmp_path)
    text = read_page((tmp_path / "card.html").read_text()).text
    assert "not measured" in text
    assert "not measured" in (tmp_path / "README.md").read_text()


def test_without_any_record_there_is_a_card_and_no_figure(tmp_path: Path) -> None:
    written = render_card(_records.spec(), {}, tmp_path)
    assert [path.name for path in written] == ["README.md", "card.html"]
    text = read_page((tmp_path / "card.html").read_text()).text
    for part in ("File sizes", "Target wasm", "Quality", "Fairness", "Works in", "Training", "Data", "Gates"):
        assert f"{part}: not measured" in text


def test_a_failed_target_is_told_with_its_reason_and_claims_nothing(tmp_path: Path) -> None:
    render_card(_records.spec(), {"bench": _records.bench(without_wasm=True)}, tmp_path)
    text = read_page((tmp_path / "card.html").read_text()).text
    assert "Target wasm: not measured, because Node is not installed." in text
    assert "on no measured target are they known to have run" in text
    assert "Sparse kernels ran here." not in text


def test_a_file_whose_output_differs_has_no_latency(tmp_path: Path) -> None:
    wasm = _records.wasm()
    timing = wasm.timings[3]
    assert timing.parity is not None
    wrong = timing.model_copy(
        update={
            "parity": timing.parity.model_copy(update={"agrees": False}),
            "median_ms": None,
            "p10_ms": None,
            "p90_ms": None,
            "note": "its outputs are zeros",
        }
    )
    target = wasm.model_copy(update={"timings": [*wasm.timings[:3], wrong], "ratios": [], "engaged": None})
    bench = _records.bench().model_copy(update={"targets": [target]})
    render_card(_records.spec(), {"bench": bench}, tmp_path)
    page = read_page((tmp_path / "card.html").read_text())
    assert "not timed" in page.text
    assert "its outputs are zeros" in page.text
    assert "Whether sparse kernels ran is not known here" in page.text
    assert "This release, sparse" not in next(label for label in page.drawings if "median" in label)


@pytest.mark.parametrize("sample", [True, False])
def test_sample_data_has_a_banner(sample: bool, tmp_path: Path) -> None:
    render_card(_records.spec(), {"data": _records.data(sample=sample), "quality": _records.quality()}, tmp_path)
    readme = (tmp_path / "README.md").read_text()
    assert ("Sample data, not for release." in readme) == sample
    assert ("Sample data, not for release." in (tmp_path / "card.html").read_text()) == sample
    assert ("(sample data, not for release)" in readme.split("---")[1]) == sample


def test_sample_data_alone_does_not_mean_that_a_gate_failed(tmp_path: Path) -> None:
    record = gates(_records.spec(), _records.measured()).model_copy(update={"sample_data": True, "releasable": False})
    render_card(_records.spec(), {"data": _records.data(sample=True), "gates": record}, tmp_path)
    assert "Not fit for release" not in (tmp_path / "README.md").read_text()
    failed = [one.model_copy(update={"passed": False, "verdict": "failed"}) for one in record.results]
    render_card(_records.spec(), {"gates": record.model_copy(update={"results": failed})}, tmp_path)
    assert "Not fit for release: a declared limit does not hold." in (tmp_path / "README.md").read_text()


def test_too_little_data_to_tell_is_neither_passed_nor_failed(tmp_path: Path) -> None:
    records = _records.measured() | {"fairness": _records.fairness(left_out={"Micronesia": 4})}
    render_card(_records.spec(), records | {"gates": gates(_records.spec(), records)}, tmp_path)
    readme = (tmp_path / "README.md").read_text()
    assert "Not fit for release: there is not enough data to tell whether a declared limit holds." in readme
    assert "does not hold" not in readme
    assert "Left out, with the number of their samples: Micronesia (4)." in readme
    text = read_page((tmp_path / "card.html").read_text()).text
    assert "0 fail, 1 lacks data to tell" in text
    assert "not enough data" in text


def test_a_record_under_the_wrong_name_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="record 'bench' is a QualityRecord"):
        render_card(_records.spec(), {"bench": _records.quality()}, tmp_path)


def test_quality_without_intervals_says_so(tmp_path: Path) -> None:
    quality = _records.quality()
    bare = {name: one.model_copy(update={"interval": None}) for name, one in quality.variants[0].metrics.items()}
    variant = quality.variants[0].model_copy(update={"metrics": bare})
    record: QualityRecord = quality.model_copy(update={"variants": [variant], "differences": []})
    render_card(_records.spec(), {"quality": record}, tmp_path)
    assert "not estimated" in read_page((tmp_path / "card.html").read_text()).text


def test_quality_against_labels_is_shown_with_what_it_was_measured_on(tmp_path: Path) -> None:
    record = _records.quality().model_copy(update={"labels": [_records.labelled()]})
    render_card(_records.spec(), {"quality": record}, tmp_path)
    for text in (read_page((tmp_path / "card.html").read_text()).text, (tmp_path / "README.md").read_text()):
        assert "no labels available" not in text
        # The set, what is in it, what was left out, a metric, its difference and a step of the curve.
        for said in ("crowds/val.xml", "873 labelled", "211 pictures", "37 labelled", "0.613", "-0.009", "0.923"):
            assert said in text.replace("\u2212", "-"), said


def test_without_labels_the_card_says_so(tmp_path: Path) -> None:
    render_card(_records.spec(), {"quality": _records.quality()}, tmp_path)
    assert "no labels available" in read_page((tmp_path / "card.html").read_text()).text


def test_the_best_threshold_stands_beside_the_graph_s(tmp_path: Path) -> None:
    record = _records.quality().model_copy(update={"operating": _records.operating()})
    render_card(_records.spec(), {"quality": record}, tmp_path)
    text = read_page((tmp_path / "card.html").read_text()).text
    for said in ("0.432", "labels, 417 of 98", "0.871", "+0.021", "own score threshold, 0.6"):
        assert said in text, said


def test_where_no_threshold_was_chosen_the_card_says_why(tmp_path: Path) -> None:
    none = OperatingPoints(graph_threshold=0.6, points=[], reason="there is no calibration split")
    render_card(_records.spec(), {"quality": _records.quality().model_copy(update={"operating": none})}, tmp_path)
    assert "there is no calibration split" in read_page((tmp_path / "card.html").read_text()).text


def test_what_was_tried_after_the_build_is_what_the_card_says_works(tmp_path: Path) -> None:
    (tried, untried) = _records.dropin().cells
    cells = [
        tried.model_copy(update={"runtime": "mediapipe==1.2.2", "milliseconds": 12.34, "reference_milliseconds": 15.0}),
        untried.model_copy(update={"runtime": "mediapipe==0.10.35", "status": "not supported", "reason": "It aborts."}),
    ]
    later = WorksInRecord(provenance=_records.provenance(seconds=90), cells=cells)
    render_card(_records.spec(), {"dropin": _records.dropin(), "works_in": later}, tmp_path)

    readme = (tmp_path / "README.md").read_text()
    assert "Works in" in readme
    row = next(line for line in readme.splitlines() if "mediapipe==1.2.2" in line and "passed" in line)
    assert "12.3 / 15.0" in row
    row = next(line for line in readme.splitlines() if "mediapipe==0.10.35" in line)
    assert "not supported" in row
    assert "It aborts." in row
    assert "mediapipe==1.2.2" in (tmp_path / "card.html").read_text()

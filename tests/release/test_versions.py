"""Versions only go up, each tells what it changed, and one that is worse than the last needs a person's reason."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.card import _records
from tests.release._releases import (
    contents,
    make_release,
    publish_to,
    with_bytes,
    with_f_score,
    with_latency,
)
from zoo.errors import InputError, RefusedError
from zoo.release import read_manifest
from zoo.release._version import in_order, parse_version


@pytest.fixture
def registry(tmp_path: Path) -> Path:
    """A registry that holds 0.1.0."""
    place = tmp_path / "registry"
    publish_to(make_release(tmp_path / "first"), f"dir:{place}")
    return place


def test_versions_are_ordered_by_number() -> None:
    assert in_order(["0.10.0", "main", "0.9.1", "1.0.0-rc1", "v2.0.0", "0.9.10", "01.0.0"]) == [
        "0.9.1",
        "0.9.10",
        "0.10.0",
    ]
    assert parse_version("9" * 50 + ".0.0") is None


def test_a_version_older_than_the_newest_is_refused(registry: Path, tmp_path: Path) -> None:
    publish_to(make_release(tmp_path / "newest", version="0.10.0"), f"dir:{registry}")
    before = contents(registry)
    with pytest.raises(RefusedError, match=r"0\.9\.0 is older than 0\.10\.0"):
        publish_to(make_release(tmp_path / "late", version="0.9.0"), f"dir:{registry}")
    assert contents(registry) == before


def test_the_changelog_tells_what_changed_since_the_version_before(registry: Path, tmp_path: Path) -> None:
    publish_to(make_release(tmp_path / "b", version="0.2.0", changed={"bench": with_bytes(470_000)}), f"dir:{registry}")
    publish_to(
        make_release(tmp_path / "c", version="0.3.0", changed={"bench": with_latency(0.8, 0.02)}),
        f"dir:{registry}",
        overrides={"sparse_bytes": "Kernels got faster, which is worth 12 kB."},
    )
    folder = registry / "face_detector/0.3.0"
    newest, second, first = read_manifest(folder).changes
    assert (newest.version, newest.since, first.since) == ("0.3.0", "0.2.0", None)
    assert second.improvements == ["sparse: bytes 482,244 -> 470,000 (-12,244)"]
    assert second.regressions == []
    assert newest.regressions == ["sparse: bytes 470,000 -> 482,244 (+12,244)"]
    assert len(newest.improvements) == 1
    assert newest.improvements[0].startswith(
        "sparse: time on wasm over that of published_sparse 0.921 [0.897 to 0.945]"
    )
    text = (folder / "CHANGELOG.md").read_text()
    assert [line for line in text.splitlines() if line.startswith("## ")] == ["## 0.3.0", "## 0.2.0", "## 0.1.0"]
    assert text.index("### Worse") < text.index("### Better")


def test_a_release_with_a_worse_gate_number_needs_a_reason(registry: Path, tmp_path: Path) -> None:
    # Within the gate's own limit of 500,000, and still more than before.
    larger = make_release(tmp_path / "b", version="0.2.0", changed={"bench": with_bytes(490_000)})
    with pytest.raises(RefusedError, match=r"Gate 'sparse_bytes' is worse than in 0\.1\.0.*--override sparse_bytes"):
        publish_to(larger, f"dir:{registry}")
    assert not (registry / "face_detector/0.2.0").exists()
    published = publish_to(larger, f"dir:{registry}", overrides={"sparse_bytes": "A head was added."})
    assert [one.gate for one in published.overrides] == ["sparse_bytes"]


def test_worse_by_less_than_the_interval_is_not_worse(registry: Path, tmp_path: Path) -> None:
    noisy = make_release(tmp_path / "b", version="0.2.0", changed={"bench": with_latency(0.93, 0.024)})
    publish_to(noisy, f"dir:{registry}")
    (entry, _) = read_manifest(registry / "face_detector/0.2.0").changes
    assert entry.regressions == []


def test_worse_beyond_the_interval_is_worse(registry: Path, tmp_path: Path) -> None:
    slower = make_release(tmp_path / "b", version="0.2.0", changed={"bench": with_latency(0.965, 0.004)})
    with pytest.raises(RefusedError, match=r"Gate 'wasm_latency' is worse than in 0\.1\.0"):
        publish_to(slower, f"dir:{registry}")


def test_what_no_gate_limits_is_told_and_stops_nothing(registry: Path, tmp_path: Path) -> None:
    release = make_release(tmp_path / "b", version="0.2.0", changed={"quality": with_f_score(0.80, 0.79, 0.81)})
    published = publish_to(release, f"dir:{registry}")
    assert any(line.startswith("sparse: f score 0.861") for line in published.changes.regressions)


def test_an_override_stands_in_the_manifest_and_on_both_cards(tmp_path: Path) -> None:
    release = make_release(tmp_path / "b", without_wasm=True)
    reasons = {
        "sparse_kernels_engage": "Measured <b>by hand</b> on a phone.",
        "wasm_latency": "As above.",
    }
    publish_to(release, f"dir:{tmp_path / 'to'}", overrides=reasons)
    folder = tmp_path / "to/face_detector/0.1.0"
    overrides = {one.gate: one for one in read_manifest(folder).overrides}
    assert {name: one.reason for name, one in overrides.items()} == reasons
    assert overrides["wasm_latency"].stood.startswith("failed: Not measured")
    page, readme = (folder / "card.html").read_text(), (folder / "README.md").read_text()
    for card in (page, readme):
        assert "Published in spite of" in card
        assert "on a phone." in card
        assert "<b>by hand</b>" not in card
        assert "sparse kernels engage" in card


@pytest.mark.parametrize(
    ("overrides", "error", "sentence"),
    [
        ({}, RefusedError, r"Gate 'sparse_kernels_engage' failed: Not measured.*\(also in the way: wasm_latency\)"),
        ({"sparse_kernels_engage": "Why."}, RefusedError, "Gate 'wasm_latency' failed"),
        ({"sparse_kernels_engage": "Why.", "wasm_latency": " "}, InputError, "say why with --reason"),
        ({"sparse_kernels_engage": "Why.", "wasm_latency": "a\nb"}, InputError, "say why with --reason"),
        (
            {"sparse_kernels_engage": "Why.", "wasm_latency": "Why.", "drops_in": "Why."},
            InputError,
            "--override drops_in: no such gate stands in the way",
        ),
        (
            {"sparse_kernels_engage": "Why.", "wasm_latency": "Why.", "no_gate": "Why."},
            InputError,
            "--override no_gate: no such gate stands in the way",
        ),
    ],
)
def test_every_obstacle_needs_an_override_and_every_override_an_obstacle(
    overrides: dict[str, str], error: type[Exception], sentence: str, tmp_path: Path
) -> None:
    release = make_release(tmp_path / "b", without_wasm=True)
    with pytest.raises(error, match=sentence):
        publish_to(release, f"dir:{tmp_path / 'to'}", overrides=overrides)
    assert not (tmp_path / "to").exists()


def test_gates_are_judged_again_on_the_records(tmp_path: Path) -> None:
    release = make_release(tmp_path / "b")
    path = release / "manifest.json"
    document = json.loads(path.read_text())
    document["gates"][0] |= {"verdict": "not enough data", "passed": False}
    path.write_text(json.dumps(document))
    with pytest.raises(RefusedError, match="Gate 'sparse_bytes' was 'not enough data' when the card was written"):
        publish_to(release, f"dir:{tmp_path / 'to'}")


def test_a_record_that_was_changed_after_the_build_is_refused(tmp_path: Path) -> None:
    release = make_release(tmp_path / "b", without_wasm=True)
    (tmp_path / "b/records/bench.json").write_text(_records.bench().model_dump_json())
    with pytest.raises(RefusedError, match=r"bench\.json is not the record that the release was made from"):
        publish_to(release, f"dir:{tmp_path / 'to'}")
    (tmp_path / "b/records/bench.json").unlink()
    with pytest.raises(RefusedError, match=r"bench\.json cannot be read"):
        publish_to(release, f"dir:{tmp_path / 'to'}")


def test_a_model_that_the_records_did_not_measure_is_refused(tmp_path: Path) -> None:
    release = make_release(tmp_path / "b")
    other = make_release(tmp_path / "other", payload=b"other" * 1000)
    # Swapped together with its manifest, so that the manifest alone tells nothing.
    for name in ("face_detector_sparse.tflite", "manifest.json"):
        (release / name).write_bytes((other / name).read_bytes())
    with pytest.raises(RefusedError, match=r"convert\.json is not the record"):
        publish_to(release, f"dir:{tmp_path / 'to'}")
    document = json.loads((release / "manifest.json").read_text())
    document["records"] = read_manifest(make_release(tmp_path / "again")).records
    (release / "manifest.json").write_text(json.dumps(document))
    with pytest.raises(RefusedError, match=r"face_detector_sparse\.tflite is not the file that the records"):
        publish_to(release, f"dir:{tmp_path / 'to'}")


def test_a_damaged_last_release_is_told_before_the_next_is_published(registry: Path, tmp_path: Path) -> None:
    damaged = registry / "face_detector/0.1.0/README.md"
    damaged.write_text("other")
    with pytest.raises(RefusedError, match=r"README\.md is not the file that the manifest lists; mend or remove"):
        publish_to(make_release(tmp_path / "b", version="0.2.0"), f"dir:{registry}")

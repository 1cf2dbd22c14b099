"""Small releases on disk, with real records and manifests, for the publishing tests."""

from __future__ import annotations

from pathlib import Path

from tests.card import _records
from zoo.records import GatesRecord, StageRecord
from zoo.release import judge, write_manifest
from zoo.spec import ModelSpec


def spec_version(version: str) -> ModelSpec:
    return _records.spec().model_copy(update={"version": version})


def gates(spec: ModelSpec, records: dict[str, StageRecord]) -> GatesRecord:
    results = judge(spec, records)
    return GatesRecord(
        provenance=_records.provenance(),
        sample_data=False,
        releasable=all(result.passed for result in results),
        results=results,
    )


def make_release(
    folder: Path,
    *,
    version: str = "0.1.0",
    sample: bool = False,
    without_wasm: bool = False,
    left_out: dict[str, int] | None = None,
    payload: bytes = b"model" * 1000,
) -> Path:
    """A release folder of a few files with its manifest; its records lie beside it. `left_out`: too small groups."""
    spec = spec_version(version)
    records = _records.measured(sample=sample, without_wasm=without_wasm)
    records["fairness"] = _records.fairness(left_out=left_out)
    records["gates"] = gates(spec, records)
    release, records_folder = folder / "release", folder / "records"
    (release / "figures").mkdir(parents=True)
    records_folder.mkdir()
    for name, record in records.items():
        (records_folder / f"{name}.json").write_text(record.model_dump_json())
    (release / "face_detector_sparse.tflite").write_bytes(payload + version.encode())
    (release / "README.md").write_text("---\nlicense: apache-2.0\n---\n# Card\n")
    (release / "figures" / "size.svg").write_text("<svg/>")
    write_manifest(
        release, spec=spec, records=records, records_folder=records_folder, command="zoo build face_detector"
    )
    return release

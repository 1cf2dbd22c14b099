"""Small releases on disk, with real records and manifests, for the publishing tests."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from tests.card import _records
from zoo.progress import SilentProgress
from zoo.records import BenchRecord, ConvertRecord, FileRef, GatesRecord, QualityRecord, StageRecord
from zoo.release import Published, Wish, judge, publish, write_manifest
from zoo.spec import ModelSpec, content_sha256


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


def converted(folder: Path) -> ConvertRecord:
    """The record of the conversion that made the model file in `folder`."""
    content = (folder / "face_detector_sparse.tflite").read_bytes()
    file = FileRef(
        name="release/face_detector_sparse.tflite", sha256=hashlib.sha256(content).hexdigest(), bytes=len(content)
    )
    record = _records.converted()
    made = next(one for one in record.artifacts if one.variant == "sparse").model_copy(update={"file": file})
    return record.model_copy(update={"artifacts": [made]})


def with_latency(ratio: float, spread: float = 0.02) -> BenchRecord:
    """A bench record in which the sparse file takes this share of the published sparse one's time in WebAssembly."""
    wasm = _records.wasm()
    ratios = [
        _records.ratio("sparse", "published_sparse", ratio, spread) if one.denominator == "published_sparse" else one
        for one in wasm.ratios
    ]
    targets = [_records.host(), wasm.model_copy(update={"ratios": ratios})]
    return _records.bench().model_copy(update={"targets": targets})


def with_bytes(count: int) -> BenchRecord:
    """A bench record in which the sparse file has so many bytes."""
    record = _records.bench()
    sizes = [
        one.model_copy(update={"file": FileRef(name=one.file.name, sha256=one.file.sha256, bytes=count)})
        if one.name == "sparse"
        else one
        for one in record.sizes
    ]
    return record.model_copy(update={"sizes": sizes})


def with_f_score(value: float, low: float, high: float) -> QualityRecord:
    """A quality record with another F-score of the sparse file."""
    record = _records.quality()
    variants = [
        one.model_copy(
            update={
                "metrics": one.metrics
                | {
                    "f_score": one.metrics["f_score"].model_copy(
                        update={"value": value, "interval": _records.interval(low, high)}
                    )
                }
            }
        )
        if one.name == "sparse"
        else one
        for one in record.variants
    ]
    return record.model_copy(update={"variants": variants})


def make_release(
    folder: Path,
    *,
    version: str = "0.1.0",
    sample: bool = False,
    without_wasm: bool = False,
    left_out: dict[str, int] | None = None,
    payload: bytes = b"model" * 1000,
    changed: Mapping[str, StageRecord] | None = None,
    dense: bytes | None = None,
) -> Path:
    """A release folder of a few files with its manifest; its records lie beside it.

    `left_out`: too small groups. `changed`: records that take the place of the usual ones. `dense`: the dense file.
    """
    spec = spec_version(version)
    records = _records.measured(sample=sample, without_wasm=without_wasm)
    records["fairness"] = _records.fairness(left_out=left_out)
    records |= changed or {}
    release, records_folder = folder / "release", folder / "records"
    (release / "figures").mkdir(parents=True)
    records_folder.mkdir()
    (release / "face_detector_sparse.tflite").write_bytes(payload + version.encode())
    if dense is not None:
        (release / "face_detector_dense.tflite").write_bytes(dense)
    (release / "README.md").write_text("---\nlicense: apache-2.0\n---\n# Card\n")
    (release / "figures" / "size.svg").write_text("<svg/>")
    records["convert"] = converted(release)
    records["gates"] = gates(spec, records)
    for name, record in records.items():
        (records_folder / f"{name}.json").write_text(record.model_dump_json())
    write_manifest(
        release, spec=spec, records=records, records_folder=records_folder, command="zoo build face_detector"
    )
    return release


def publish_to(
    release: Path,
    to: str,
    *,
    allow_sample: bool = False,
    dry_run: bool = False,
    overrides: Mapping[str, str] | None = None,
    key: Path | None = None,
    private: bool = False,
) -> Published:
    """Publish a release of `make_release`; `overrides` are reasons by gate."""
    return publish(
        release,
        to,
        records=release.parent / "records",
        allow_sample=allow_sample,
        dry_run=dry_run,
        overrides=[Wish(gate, reason) for gate, reason in (overrides or {}).items()],
        key=key,
        private=private,
        progress=SilentProgress(),
    )


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, by its path there."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def as_of_another_version(folder: Path) -> None:
    """Make a published release what another version of this package would write: its spec and a record have more."""
    path, record = folder / "manifest.json", folder / "records/bench.json"
    record.write_text(json.dumps(json.loads(record.read_text()) | {"later": 1}))
    digest, size = hashlib.sha256(record.read_bytes()).hexdigest(), record.stat().st_size
    document = json.loads(path.read_text())
    document["zoo_version"] = "9.0.0"
    document["records"]["bench"] = digest
    document["spec"]["later"] = {"kind": 1.5}
    document["spec_sha256"] = content_sha256(document["spec"])
    for file in document["files"]:
        if file["path"] == "records/bench.json":
            file |= {"sha256": digest, "bytes": size}
    path.write_text(json.dumps(document, indent=1))

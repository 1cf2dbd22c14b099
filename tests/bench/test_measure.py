"""Bench on the real runtimes with the published face detectors. No test asserts a time."""

from __future__ import annotations

import contextlib
import math
import os
import signal
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from tests.xnnpack.graphs import Graph
from zoo.bench import ENGAGED_BELOW, FileComparison, compare_files, measure
from zoo.bench._blocks import random_order, time_models
from zoo.bench._measure import _measure_on
from zoo.bench._once import ModelFailed, ReferenceRun, run_check, run_reference
from zoo.bench._targets import host_target, wasm_target
from zoo.errors import InputError
from zoo.machine import describe_machine
from zoo.progress import SilentProgress
from zoo.records import ModelTiming, TargetResult

BLOCKS = 40


class SilentTicker:
    def advance(self, amount: float = 1.0, note: str | None = None) -> None:
        return None


DENSE = "face_detection_full_range"
SPARSE = "face_detection_full_range_sparse"
TWIN = "face_detection_full_range_sparse (twin)"


@pytest.fixture(scope="module")
def result(published_dense: Path, published_sparse: Path, web_runtime: Path) -> FileComparison:
    return compare_files(
        [published_dense, published_sparse], targets=["host", "wasm"], blocks=BLOCKS, progress=SilentProgress()
    )


@pytest.fixture(scope="module")
def references(
    published_dense: Path, published_sparse: Path, twin: Path, tmp_path_factory: pytest.TempPathFactory
) -> Mapping[str, ReferenceRun]:
    folder = tmp_path_factory.mktemp("references")
    runs = {}
    for name, path in (("published_dense", published_dense), ("sparse", published_sparse), ("twin", twin)):
        run = run_reference(name, path, host=host_target(), folder=folder)
        assert isinstance(run, ReferenceRun)
        runs[name] = run
    return runs


def _target(result: FileComparison, name: str) -> TargetResult:
    assert not result.failed
    return next(target for target in result.targets if target.target == name)


def _timing(target: TargetResult, name: str) -> ModelTiming:
    return next(timing for timing in target.timings if timing.name == name)


def test_sparse_kernels_engage_in_webassembly(result: FileComparison) -> None:
    wasm = _target(result, "wasm")

    control = next(ratio for ratio in wasm.ratios if (ratio.numerator, ratio.denominator) == (SPARSE, TWIN))
    assert wasm.engaged is True
    assert control.interval.low <= control.ratio <= control.interval.high < ENGAGED_BELOW
    assert f"{control.ratio:.2f}" in wasm.how_known


@pytest.mark.skipif(not describe_machine().has_avx, reason="this processor has no AVX, so sparse kernels may run")
def test_a_host_with_avx_runs_sparse_files_dense(result: FileComparison) -> None:
    host = _target(result, "host")

    assert host.engaged is False
    assert "xnn_is_chw_compatible_config" in host.how_known
    assert "AVX" in host.note


@pytest.mark.parametrize("target", ["host", "wasm"])
def test_every_model_agrees_with_the_reference_kernels_and_is_timed(result: FileComparison, target: str) -> None:
    for timing in _target(result, target).timings:
        assert timing.parity is not None
        assert timing.parity.agrees
        assert timing.parity.max_abs_difference < timing.parity.tolerance < timing.parity.output_magnitude
        assert timing.note is None
        assert timing.n == len(timing.samples_ms) >= BLOCKS
        assert timing.p10_ms is not None
        assert timing.p90_ms is not None
        assert timing.median_ms is not None
        assert min(timing.samples_ms) <= timing.p10_ms <= timing.median_ms <= timing.p90_ms <= max(timing.samples_ms)


def test_files_compare_with_the_first_and_a_twin_is_made_for_the_sparse_one(result: FileComparison) -> None:
    for target in ("host", "wasm"):
        ratios = _target(result, target).ratios
        assert [(ratio.numerator, ratio.denominator) for ratio in ratios] == [
            (SPARSE, DENSE),
            (SPARSE, TWIN),
        ]
        assert all(ratio.blocks == BLOCKS for ratio in ratios)


def test_sizes_are_those_of_the_files_named(result: FileComparison) -> None:
    assert [(size.name, size.file.bytes) for size in result.sizes] == [(DENSE, 1_083_984), (SPARSE, 676_746)]
    assert all(0 < size.gzip_bytes < size.file.bytes for size in result.sizes)


def test_the_runtime_names_its_version(result: FileComparison) -> None:
    assert _target(result, "host").version.startswith("ai-edge-litert ")
    assert _target(result, "wasm").version.startswith("@litertjs/core 2.5.3 on Node ")


def test_a_model_that_does_not_match_its_reference_is_not_timed(
    references: Mapping[str, ReferenceRun], published_sparse: Path, tmp_path: Path
) -> None:
    """The reference of another network: the one published file as it is, held against a copy with flipped weights."""
    damaged = bytearray(published_sparse.read_bytes())
    middle = len(damaged) // 2
    damaged[middle : middle + 64] = bytes(byte ^ 0x40 for byte in damaged[middle : middle + 64])
    path = tmp_path / "flipped.tflite"
    path.write_bytes(damaged)
    wrong = run_reference("flipped", path, host=host_target(), folder=tmp_path)
    assert isinstance(wrong, ReferenceRun)
    wrong = replace(references["sparse"], outputs=wrong.outputs)

    host = _measure_on(
        host_target(),
        {"sparse": wrong, "twin": references["twin"], "published_dense": references["published_dense"]},
        [("sparse", "twin"), ("twin", "published_dense")],
        [("sparse", "twin")],
        5,
        tmp_path,
        SilentTicker(),
    )

    refused = _timing(host, "sparse")
    assert refused.parity is not None
    assert not refused.parity.agrees
    assert refused.samples_ms == []
    assert refused.median_ms is None
    assert refused.note is not None
    assert "differs" in refused.note
    assert [(ratio.numerator, ratio.denominator) for ratio in host.ratios] == [("twin", "published_dense")]
    assert host.engaged in (None, False)


def test_a_network_that_fails_with_a_log_line_and_zeros_but_no_error_is_refused(
    web_runtime: Path, tmp_path: Path
) -> None:
    """MEAN with kept dimensions, a sparse 1x1 convolution, RESHAPE: the web runtime answers zeros, and very fast."""
    graph = Graph((1, 64, 64, 3))
    pooled = graph.mean(graph.conv(graph.conv(graph.stem(16), 64, zeros=0.8), 64, zeros=0.8), keep_dims=True)
    path = tmp_path / "trap.tflite"
    path.write_bytes(graph.output(graph.reshape(graph.conv(pooled, 64, zeros=0.8), (1, 64))))
    reference = run_reference("trap", path, host=host_target(), folder=tmp_path)
    assert isinstance(reference, ReferenceRun)

    run = run_check("trap", reference, target=wasm_target(), folder=tmp_path)

    assert isinstance(run, ModelFailed)
    assert "ERROR: XNNPack delegate failed to reshape runtime" in run.reason


class KillOnce:
    """Kills the runner, a child of this process, when the third block is done."""

    def __init__(self) -> None:
        self.blocks = 0

    def advance(self, amount: float = 1.0, note: str | None = None) -> None:
        self.blocks += 1
        if self.blocks == 3:
            for pid in _children():
                os.kill(pid, signal.SIGKILL)


def _children() -> list[int]:
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            if int(status.read_text().rsplit(")", 1)[1].split()[1]) == os.getpid():
                found.append(int(status.parent.name))
    return found


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc to find the runner")
def test_a_crash_in_the_middle_drops_one_model_and_keeps_the_numbers_of_the_others(
    references: Mapping[str, ReferenceRun], web_runtime: Path, tmp_path: Path
) -> None:
    timed = time_models(references, target=wasm_target(), folder=tmp_path, blocks=BLOCKS, ticker=KillOnce())

    assert len(timed.dropped) == 1
    (lost,) = timed.dropped
    assert "SIGKILL" in timed.dropped[lost]
    assert len(timed.blocks) == BLOCKS
    for block in timed.blocks:
        assert set(block) == set(references) - {lost}
        assert all(ms > 0 and math.isfinite(ms) for samples in block.values() for ms in samples)


def test_a_target_that_cannot_run_is_reported_and_a_file_that_cannot_be_read_is_not_timed(
    published_sparse: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An empty cache and no network: WebAssembly fails, the host goes on, and so does the good model."""
    monkeypatch.setenv("ZOO_CACHE", str(tmp_path / "empty"))
    monkeypatch.setenv("npm_config_cache", str(tmp_path / "npm"))
    monkeypatch.setenv("npm_config_offline", "true")
    short = tmp_path / "short.tflite"
    short.write_bytes(published_sparse.read_bytes()[:100_000])

    result = measure(
        {"sparse": published_sparse, "short": short},
        targets=["wasm", "host"],
        ratios=[("sparse", "short")],
        blocks=5,
        progress=SilentProgress(),
    )

    assert [failed.target for failed in result.failed] == ["wasm"]
    assert "npm could not fetch @litertjs/core@2.5.3" in result.failed[0].reason
    (host,) = result.targets
    assert _timing(host, "sparse").n >= 5
    broken = _timing(host, "short")
    assert broken.parity is None
    assert broken.median_ms is None
    assert broken.note is not None
    assert host.ratios == []


def test_orders_are_random_complete_and_the_same_every_time() -> None:
    names = ["a", "b", "c", "d"]
    order = random_order(names, 40)

    assert order == random_order(names, 40)
    assert all(sorted(block.order) == names for block in order)
    assert {block.order[0] for block in order} == set(names)


def test_an_unknown_target_is_an_input_error(published_dense: Path) -> None:
    with pytest.raises(InputError, match="target 'phone' is not known"):
        measure({"dense": published_dense}, targets=["phone"], ratios=[], blocks=5, progress=SilentProgress())


def test_a_missing_file_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nothing\.tflite"):
        measure(
            {"dense": tmp_path / "nothing.tflite"}, targets=["host"], ratios=[], blocks=5, progress=SilentProgress()
        )


def test_a_ratio_of_an_unknown_model_is_an_input_error(published_dense: Path) -> None:
    with pytest.raises(InputError, match="'sparse'"):
        measure(
            {"dense": published_dense},
            targets=["host"],
            ratios=[("sparse", "dense")],
            blocks=5,
            progress=SilentProgress(),
        )

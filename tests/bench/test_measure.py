"""Bench on the real runtimes with the published face detectors. No test asserts a time."""

from __future__ import annotations

import contextlib
import math
import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.bench.ticking import Ticking
from tests.xnnpack.graphs import Graph
from zoo.bench import Effort, FileComparison, _targets, compare_files, measure
from zoo.bench._check import check_models
from zoo.bench._once import ModelFailed, ReferenceRun, run_check, run_reference
from zoo.bench._parity import NamedArray
from zoo.bench._sessions import Contender, Taken, time_models
from zoo.bench._target import Target
from zoo.bench._targets import host_target, wasm_target
from zoo.errors import InputError
from zoo.machine import describe_machine
from zoo.progress import SilentProgress
from zoo.records import ModelTiming, TargetResult

BLOCKS = 10
DISTURBING = Path(__file__).with_name("disturbing.py")
EFFORT = Effort(blocks=BLOCKS, cold_starts=2)

DENSE = "face_detection_full_range"
SPARSE = "face_detection_full_range_sparse"
TWIN = "face_detection_full_range_sparse (twin)"


@pytest.fixture(scope="module")
def result(published_dense: Path, published_sparse: Path, web_runtime: Path) -> FileComparison:
    return compare_files(
        [published_dense, published_sparse], targets=["host", "wasm"], effort=EFFORT, progress=SilentProgress()
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


def test_sparse_kernels_are_counted_in_webassembly(result: FileComparison) -> None:
    wasm = _target(result, "wasm")

    assert wasm.engaged is True
    assert {count.name: count.sparse for count in wasm.kernels} == {DENSE: 0, SPARSE: 48, TWIN: 0}
    assert f"{SPARSE} 48" in wasm.how_known


@pytest.mark.skipif(not describe_machine().has_avx, reason="this processor has no AVX, so sparse kernels may run")
def test_a_host_with_avx_runs_sparse_files_dense(result: FileComparison) -> None:
    host = _target(result, "host")

    assert host.engaged is False
    assert "xnn_is_chw_compatible_config" in host.how_known
    assert "AVX" in host.note


@pytest.mark.parametrize("target", ["host", "wasm"])
def test_every_model_agrees_with_the_reference_kernels_and_is_timed(result: FileComparison, target: str) -> None:
    for timing in _target(result, target).timings:
        assert timing.outcome == "timed"
        assert timing.parity is not None
        assert timing.parity.agrees
        assert timing.parity.max_abs_difference < timing.parity.tolerance < timing.parity.output_magnitude
        assert timing.note is None
        assert [len(session) for session in timing.samples_ms] == [5, 5]
        flat = [sample for session in timing.samples_ms for block in session for sample in block]
        assert timing.n == len(flat) >= BLOCKS
        assert timing.p10_ms is not None
        assert timing.p90_ms is not None
        assert timing.median_ms is not None
        assert min(flat) <= timing.p10_ms <= timing.median_ms <= timing.p90_ms <= max(flat)


@pytest.mark.parametrize("target", ["host", "wasm"])
def test_a_cold_start_is_timed_in_fresh_processes(result: FileComparison, target: str) -> None:
    for timing in _target(result, target).timings:
        assert timing.cold is not None
        assert len(timing.cold.load_ms) == len(timing.cold.compile_ms) == len(timing.cold.first_ms) == 2
        assert timing.cold.total.n == 2
        assert timing.cold.total.value > 0
        if Path("/proc/self/status").exists():
            assert timing.cold.peak_bytes is not None
            assert timing.cold.added_bytes is not None
            assert 0 < timing.cold.added_bytes < timing.cold.peak_bytes


@pytest.mark.parametrize("target", ["host", "wasm"])
def test_the_first_file_is_timed_against_itself(result: FileComparison, target: str) -> None:
    noise = _target(result, target).noise

    assert noise is not None
    assert (noise.ratio.numerator, noise.ratio.denominator) == (f"{DENSE} (again)", DENSE)
    assert noise.noisy is not (noise.ratio.interval.low <= 1 <= noise.ratio.interval.high)
    assert noise.again.n > 0


def test_every_target_tells_of_the_machine(result: FileComparison) -> None:
    for name in ("host", "wasm"):
        assert _target(result, name).machine == describe_machine()


def test_files_compare_with_the_first_and_a_twin_is_made_for_the_sparse_one(result: FileComparison) -> None:
    for target in ("host", "wasm"):
        ratios = _target(result, target).ratios
        assert [(ratio.numerator, ratio.denominator) for ratio in ratios] == [
            (SPARSE, DENSE),
            (SPARSE, TWIN),
        ]
        assert all((ratio.blocks, ratio.sessions) == (BLOCKS, 2) for ratio in ratios)
        assert _target(result, target).stopped == "blocks done"


def test_sizes_are_those_of_the_files_named(result: FileComparison) -> None:
    assert [(size.name, size.file.bytes) for size in result.sizes] == [(DENSE, 1_083_984), (SPARSE, 676_746)]
    assert all(0 < size.gzip_bytes < size.file.bytes for size in result.sizes)


def test_the_runtime_names_its_version(result: FileComparison) -> None:
    assert _target(result, "host").version.startswith("ai-edge-litert ")
    assert _target(result, "wasm").version.startswith("@litertjs/core 2.5.3, relaxed build, on Node ")


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

    checked = check_models(
        {"sparse": wrong, "twin": references["twin"]},
        target=host_target(),
        controls=[("sparse", "twin")],
        folder=tmp_path,
        picture=None,
        ticker=Ticking(),
    )

    assert list(checked.agreeing) == ["twin"]
    assert "differs from LiteRT's reference kernels" in checked.differing["sparse"]
    parity = checked.parity["sparse"]
    assert parity is not None
    assert not parity.agrees


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


def _contenders(references: Mapping[str, ReferenceRun]) -> dict[str, Contender]:
    return {name: Contender(run.to_run(name), run.outputs) for name, run in references.items()}


def _time(
    contenders: Mapping[str, Contender],
    folder: Path,
    *,
    effort: Effort,
    ticker: Ticking | None = None,
    target: Target | None = None,
) -> Taken:
    return time_models(
        contenders,
        target=target or wasm_target(),
        folder=folder,
        effort=effort,
        narrow=lambda taken: True,
        energy=False,
        picture=None,
        ticker=ticker or Ticking(),
    )


def _children() -> list[int]:
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            if int(status.read_text().rsplit(")", 1)[1].split()[1]) == os.getpid():
                found.append(int(status.parent.name))
    return found


def _kill_children() -> None:
    for pid in _children():
        os.kill(pid, signal.SIGKILL)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc to find the runner")
def test_a_crash_in_the_middle_drops_one_model_and_keeps_the_numbers_of_the_others(
    references: Mapping[str, ReferenceRun], web_runtime: Path, tmp_path: Path
) -> None:
    taken = _time(
        _contenders(references), tmp_path, effort=Effort(blocks=BLOCKS), ticker=Ticking(after=3, do=_kill_children)
    )

    assert len(taken.dropped) == 1
    (lost,) = taken.dropped
    assert "SIGKILL" in taken.dropped[lost]
    assert taken.blocks == BLOCKS
    for block in (block for session in taken.sessions for block in session):
        assert set(block) == set(references) - {lost}
        assert all(ms > 0 and math.isfinite(ms) for samples in block.values() for ms in samples)


def test_ctrl_c_keeps_the_blocks_that_are_done(references: Mapping[str, ReferenceRun], tmp_path: Path) -> None:
    taken = _time(
        _contenders(references),
        tmp_path,
        effort=Effort(blocks=BLOCKS),
        ticker=Ticking(after=7, do=signal.default_int_handler, arguments=(signal.SIGINT, None)),
        target=host_target(),
    )

    assert taken.stopped == "interrupted"
    assert taken.blocks == 7
    assert not taken.dropped


def test_timing_ends_when_intervals_are_narrow_but_not_before_there_are_sessions_to_compare(
    references: Mapping[str, ReferenceRun], tmp_path: Path
) -> None:
    alone = {"published_dense": _contenders(references)["published_dense"]}

    taken = _time(alone, tmp_path, effort=Effort(seconds=600), target=host_target())

    assert taken.stopped == "narrow enough"
    assert len(taken.sessions) == 10


def test_timing_ends_at_the_time_limit_after_the_session_at_work(
    references: Mapping[str, ReferenceRun], tmp_path: Path
) -> None:
    taken = _time(_contenders(references), tmp_path, effort=Effort(seconds=0.1), target=host_target())

    assert taken.stopped == "time limit"
    assert [len(session) for session in taken.sessions] == [5]


def test_a_model_whose_answer_changes_while_it_is_timed_loses_its_numbers(
    references: Mapping[str, ReferenceRun], tmp_path: Path
) -> None:
    contenders = _contenders(references)
    other = [NamedArray(array.name, np.asarray(array.values) + 9.0) for array in contenders["sparse"].expected]
    contenders["sparse"] = replace(contenders["sparse"], expected=other)

    taken = _time(contenders, tmp_path, effort=Effort(blocks=BLOCKS), target=host_target())

    assert "after it was timed, its output differs" in taken.dropped["sparse"]
    assert all("sparse" not in block for session in taken.sessions for block in session)


def test_the_noise_check_catches_a_run_that_was_disturbed(
    published_dense: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Something holds the runner up for three milliseconds whenever the second copy is at work."""
    host = host_target()
    disturbed = replace(host, name="disturbed", command=(sys.executable, str(DISTURBING), *host.command))
    kind = replace(_targets.HOST, accepts=lambda name: name == "disturbed", prepare=lambda name: disturbed)
    monkeypatch.setattr(_targets, "KINDS", (kind,))

    result = measure(
        {DENSE: published_dense},
        targets=["disturbed"],
        ratios=[],
        effort=Effort(blocks=50, cold_starts=0),
        progress=SilentProgress(),
    )

    noise = result.targets[0].noise
    assert noise is not None
    assert noise.noisy
    assert noise.ratio.interval.low > 1.0
    assert "does not contain 1: something disturbed this run" in noise.verdict


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
        effort=Effort(blocks=5, cold_starts=1),
        progress=SilentProgress(),
    )

    assert [failed.target for failed in result.failed] == ["wasm"]
    assert "npm could not fetch @litertjs/core@2.5.3" in result.failed[0].reason
    (host,) = result.targets
    assert _timing(host, "sparse").n >= 5
    broken = _timing(host, "short")
    assert broken.outcome == "failed"
    assert broken.parity is None
    assert broken.median_ms is None
    assert broken.note is not None
    assert host.ratios == []


def test_an_unknown_target_is_an_input_error(published_dense: Path) -> None:
    with pytest.raises(InputError, match="target 'phone' is not known"):
        measure({"dense": published_dense}, targets=["phone"], ratios=[], progress=SilentProgress())


def test_a_missing_file_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nothing\.tflite"):
        measure({"dense": tmp_path / "nothing.tflite"}, targets=["host"], ratios=[], progress=SilentProgress())


def test_a_ratio_of_an_unknown_model_is_an_input_error(published_dense: Path) -> None:
    with pytest.raises(InputError, match="'sparse'"):
        measure(
            {"dense": published_dense},
            targets=["host"],
            ratios=[("sparse", "dense")],
            progress=SilentProgress(),
        )

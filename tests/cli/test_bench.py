"""`zoo bench` as scripts use it: one document, exit codes, and numbers that survive what fails beside them."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.processes import ZOO, running
from zoo.records import BenchRecord

QUICK = ("--seconds", "1")


def bench(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [ZOO, "bench", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)


def benching(*arguments: str | Path) -> contextlib.AbstractContextManager[subprocess.Popen[str]]:
    return running([ZOO, "bench", *arguments], seconds=300)


def children(parent: int) -> list[tuple[int, str]]:
    """Process and command line of each child."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            if int(status.read_text().rsplit(")", 1)[1].split()[1]) == parent:
                found.append((int(status.parent.name), (status.parent / "cmdline").read_bytes().decode()))
    return found


def wait_for_timing(process: subprocess.Popen[str]) -> None:
    """Until the bar of the timing has moved: at least one session is done."""
    assert process.stderr
    for line in process.stderr:
        if "timing" in line and "left" in line:
            return


def test_the_document_is_the_record_and_the_record_file_is_the_same(published_dense: Path, tmp_path: Path) -> None:
    file = tmp_path / "bench.json"

    done = bench(published_dense, "--on", "host", *QUICK, "--json", "--record", file)

    assert done.returncode == 0
    record = BenchRecord.model_validate_json(done.stdout)
    assert record == BenchRecord.model_validate_json(file.read_bytes())
    assert record.provenance.command.startswith("zoo bench ")
    assert not record.interrupted
    assert record.targets[0].timings[0].n > 0


def test_an_unreachable_host_is_named_exits_3_and_the_other_numbers_stand(
    published_dense: Path, tmp_path: Path
) -> None:
    # Nothing listens on port 1.
    done = bench(published_dense, "--on", "ssh://nobody@127.0.0.1:1,host", *QUICK, "--json")

    assert done.returncode == 3
    record = BenchRecord.model_validate_json(done.stdout)
    assert [failed.target for failed in record.failed] == ["ssh://nobody@127.0.0.1:1"]
    assert [target.target for target in record.targets] == ["host"]


@pytest.mark.parametrize("name", ["phone", "host:0", "host:x", "wasm:fast", "ssh://", "ssh://-oProxyCommand=x"])
def test_a_target_that_is_none_is_bad_input_told_in_one_sentence(name: str, published_dense: Path) -> None:
    done = bench(published_dense, "--on", name)

    assert done.returncode == 2
    assert done.stdout == ""
    assert len(done.stderr.strip().splitlines()) == 1
    assert name in done.stderr


@pytest.mark.parametrize(
    ("place", "code"), [("nowhere/bench.json", 2), ("link", 2), (".", 2), ("/proc/bench.json", 3), ("/dev/full", 2)]
)
def test_a_place_for_the_record_that_cannot_be_written_is_told_before_anything_is_measured(
    place: str, code: int, published_dense: Path, tmp_path: Path
) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "gone")
    before = sorted(tmp_path.iterdir())

    done = bench(published_dense, "--on", "host", "--record", tmp_path / place)

    assert done.returncode == code
    assert done.stdout == ""
    assert len(done.stderr.strip().splitlines()) == 1
    assert str(tmp_path / place) in done.stderr
    assert sorted(tmp_path.iterdir()) == before


needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc to find the runner")


@needs_proc
@pytest.mark.parametrize("form", [[], ["--json"]])
def test_what_was_measured_is_shown_where_its_record_cannot_be_kept_any_more(
    form: list[str], published_dense: Path, tmp_path: Path
) -> None:
    place = tmp_path / "place"
    place.mkdir()
    with benching(published_dense, "--on", "host", *QUICK, "--record", place / "bench.json", *form) as process:
        while not any("_host_runner" in command for _, command in children(process.pid)):
            assert process.poll() is None
        place.rmdir()
        out, errors = process.communicate(timeout=120)

    assert process.returncode == 3
    if form:
        assert BenchRecord.model_validate_json(out).targets[0].timings[0].n > 0
    else:
        assert "timing ended" in out
    assert f"Error: What was measured is shown, and not kept: {place / 'bench.json'} cannot be written" in errors


@needs_proc
def test_a_model_that_takes_the_runtime_down_is_named_exits_3_and_the_others_keep_their_numbers(
    published_dense: Path, published_sparse: Path, tmp_path: Path
) -> None:
    file = tmp_path / "bench.json"
    with benching(published_dense, published_sparse, "--on", "host", "--seconds", "8", "--record", file) as process:
        wait_for_timing(process)
        killed = False
        while not killed and process.poll() is None:
            for child, command in children(process.pid):
                if "_host_runner" in command:
                    time.sleep(0.5)
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(child, signal.SIGKILL)
                        killed = True
        out, _ = process.communicate(timeout=120)

    record = json.loads(file.read_bytes())
    outcomes = {timing["name"]: timing["outcome"] for timing in record["targets"][0]["timings"]}
    if "failed" in outcomes.values():
        assert process.returncode == 3
        assert list(outcomes.values()).count("failed") == 1
        assert "SIGKILL" in out
    # The second copy of the dense file may have been at work: then no file's own numbers are lost.
    assert list(outcomes.values()).count("timed") >= 2


@needs_proc
def test_ctrl_c_keeps_a_record_that_is_marked_as_a_part(published_dense: Path, tmp_path: Path) -> None:
    file = tmp_path / "bench.json"
    with benching(published_dense, "--on", "host,wasm", "--width", "0.001", "--record", file) as process:
        wait_for_timing(process)
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=60)

    assert process.returncode == 130
    assert "this is a part of what was asked" in out
    record = BenchRecord.model_validate_json(file.read_bytes())
    assert record.interrupted
    assert record.targets[0].stopped == "interrupted"
    assert record.targets[0].timings[0].n > 0
    assert [failed.target for failed in record.failed] == ["wasm"]
    assert not children(process.pid)

"""The engine: same key runs nothing, a changed input runs what depends on it, nothing half-written appears."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Sequence
from datetime import datetime, timezone
from pathlib import Path

import pytest

from zoo.errors import InputError, OutsideError
from zoo.pipeline import Reads, ReadsRecord, Stage, StageRun, Store, full_disk_said, run_stages, stage_key
from zoo.progress import Progress, SilentProgress
from zoo.records import RECORDS, AdaptRecord, Machine, Provenance, StageRecord

MACHINE = Machine(system="Linux", arch="x86_64", cpu_model="test", cores=1, has_avx=False, memory_gib=1)


def provenance(started: float) -> Provenance:
    return Provenance(
        command="zoo build",
        zoo_version="0",
        versions={},
        machine=MACHINE,
        started_at=datetime.fromtimestamp(started, tz=timezone.utc),
        seconds=0,
    )


class Notes:
    """Which stages ran, in order."""

    def __init__(self) -> None:
        self.ran: list[str] = []

    def stage(
        self,
        name: str,
        *,
        content: str = "",
        reads: Sequence[Reads | ReadsRecord] = (),
        also: Callable[[StageRun], None] | None = None,
        version: str = "1",
        reasons: list[str] | None = None,
    ) -> Stage:
        """A stage that writes `out.txt`: its content and that of each file it reads."""

        def work(run: StageRun) -> list[StageRecord]:
            self.ran.append(name)
            text = content + "".join(
                stored.path(file).read_text() for stored in run.inputs.values() for file in stored.files
            )
            (run.folder / "out.txt").write_text(text)
            if also is not None:
                also(run)
            if reasons is None:
                return []
            return [AdaptRecord(provenance=run.provenance(), rewrites=[], ready=True, reasons=reasons)]

        return Stage(
            name=name,
            purpose="for a test",
            version=version,
            run=work,
            parameters={"content": content, "reasons": reasons},
            reads=reads,
            records=() if reasons is None else ("adapt",),
        )


class Told(SilentProgress):
    """Keeps what is said."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def say(self, message: str) -> None:
        self.said.append(message)


@pytest.fixture
def notes() -> Notes:
    return Notes()


@pytest.fixture
def work(tmp_path: Path) -> Path:
    return tmp_path / "work"


def run(
    stages: list[Stage], work: Path, *, rerun_from: str | None = None, progress: Progress | None = None
) -> dict[str, str]:
    outcomes = run_stages(
        stages,
        store=Store(work),
        provenance=provenance,
        progress=progress or Told(),
        rerun_from=rerun_from,
    )
    return {outcome.name: outcome.stored.path("out.txt").read_text() for outcome in outcomes}


def test_same_inputs_run_nothing(notes: Notes, work: Path) -> None:
    stages = [notes.stage("a", content="x"), notes.stage("b", reads=[Reads("a")])]
    first = run(stages, work)
    assert first == run(stages, work) == {"a": "x", "b": "x"}
    assert notes.ran == ["a", "b"]


def test_changed_parameter_runs_what_depends_on_it(notes: Notes, work: Path) -> None:
    run([notes.stage("a", content="x"), notes.stage("b", reads=[Reads("a")]), notes.stage("c")], work)
    outputs = run([notes.stage("a", content="y"), notes.stage("b", reads=[Reads("a")]), notes.stage("c")], work)
    assert outputs == {"a": "y", "b": "y", "c": ""}
    assert notes.ran == ["a", "b", "c", "a", "b"]


def test_new_version_with_the_same_output_stops_there(notes: Notes, work: Path) -> None:
    run([notes.stage("a", content="x"), notes.stage("b", reads=[Reads("a")])], work)
    run([notes.stage("a", content="x", version="2"), notes.stage("b", reads=[Reads("a")])], work)
    assert notes.ran == ["a", "b", "a"]


def test_reader_of_files_ignores_a_new_record_and_reader_of_the_record_does_not(notes: Notes, work: Path) -> None:
    def stages(reason: str) -> list[Stage]:
        return [
            notes.stage("a", content="x", reasons=[reason]),
            notes.stage("files", reads=[Reads("a")]),
            notes.stage("record", reads=[ReadsRecord("a", "adapt")]),
        ]

    run(stages("one"), work)
    run(stages("two"), work)
    assert notes.ran == ["a", "files", "record", "a", "record"]


def test_only_matching_files_are_read(notes: Notes, work: Path) -> None:
    def other(text: str) -> Callable[[StageRun], None]:
        return lambda run: (run.folder / "other.bin").write_text(text) and None

    first = [notes.stage("a", also=other("1")), notes.stage("b", reads=[Reads("a", "*.txt")])]
    again = [notes.stage("a", also=other("2"), version="2"), notes.stage("b", reads=[Reads("a", "*.txt")])]
    run(first, work)
    run(again, work)
    assert notes.ran == ["a", "b", "a"]


def test_undeclared_file_cannot_be_read(notes: Notes, work: Path) -> None:
    def peek(run: StageRun) -> None:
        run.path("a", "other.bin")

    def write(run: StageRun) -> None:
        (run.folder / "other.bin").write_text("1")

    with pytest.raises(KeyError, match=r"other\.bin"):
        run([notes.stage("a", also=write), notes.stage("b", reads=[Reads("a", "*.txt")], also=peek)], work)


def test_rerun_from_runs_that_stage_and_all_after_it(notes: Notes, work: Path) -> None:
    stages = [notes.stage("a"), notes.stage("b"), notes.stage("c")]
    run(stages, work)
    run(stages, work, rerun_from="b")
    assert notes.ran == ["a", "b", "c", "b", "c"]
    with pytest.raises(InputError, match="no stage 'd'; the stages are a, b, c"):
        run(stages, work, rerun_from="d")


def test_failed_stage_leaves_nothing_but_its_progress(notes: Notes, work: Path) -> None:
    def fail(run: StageRun) -> None:
        (run.progress_folder / "checkpoint").write_text("half way")
        raise ValueError("boom")

    with pytest.raises(ValueError, match="boom"):
        run([notes.stage("a"), notes.stage("b", also=fail)], work)
    assert [path.name for path in (work / "store").glob("b/*")] == []
    assert [path.name for path in (work / "progress").glob("b/*/*")] == ["checkpoint"]

    seen: list[str] = []

    def go_on(run: StageRun) -> None:
        seen.append((run.progress_folder / "checkpoint").read_text())

    run([notes.stage("a"), notes.stage("b", also=go_on)], work)
    assert seen == ["half way"]
    assert list((work / "progress").glob("b/*")) == []
    assert notes.ran == ["a", "b", "b"]


def test_rerun_from_forgets_progress(notes: Notes, work: Path) -> None:
    stage = notes.stage("a")
    folder = Store(work).progress_folder("a", stage_key(stage, {}))
    (folder / "checkpoint").write_text("old")
    found: list[bool] = []
    run([notes.stage("a", also=lambda run: found.append(any(run.progress_folder.iterdir())))], work, rerun_from="a")
    assert found == [False]


def test_what_a_dead_build_was_writing_is_removed(notes: Notes, work: Path) -> None:
    leftover = work / "store" / "a" / "0123.tmp-999"
    leftover.mkdir(parents=True)
    (leftover / "half").write_text("x")
    run([notes.stage("a")], work)
    assert not leftover.exists()


def test_file_that_was_cut_short_runs_its_stage_again(notes: Notes, work: Path) -> None:
    stage = notes.stage("a", content="complete")
    run([stage], work)
    next((work / "store").glob("a/*/out.txt")).write_text("comp")
    assert run([stage], work) == {"a": "complete"}
    assert notes.ran == ["a", "a"]


def flip_one_bit(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def test_file_of_the_same_size_with_one_bit_flipped_runs_its_stage_again_and_says_so(notes: Notes, work: Path) -> None:
    stages = [notes.stage("a", content="complete"), notes.stage("b", reads=[Reads("a")])]
    run(stages, work)
    flip_one_bit(next((work / "store").glob("a/*/out.txt")))
    told = Told()

    assert run(stages, work, progress=told) == {"a": "complete", "b": "complete"}

    assert notes.ran == ["a", "b", "a"]
    assert "a: what was kept of it cannot be used (out.txt in" in told.said[0]
    assert "made again" in told.said[0]


def test_record_that_was_changed_runs_its_stage_again(notes: Notes, work: Path) -> None:
    stages = [notes.stage("a", reasons=["0.80"]), notes.stage("b", reads=[ReadsRecord("a", "adapt")])]
    run(stages, work)
    record = next((work / "store").glob("a/*/records/adapt.json"))
    record.write_text(record.read_text().replace("0.80", "0.99"))

    run(stages, work)

    assert notes.ran == ["a", "b", "a", "b"]
    assert "0.99" not in next((work / "store").glob("a/*/records/adapt.json")).read_text()


@pytest.mark.parametrize(
    "damage",
    [
        lambda folder: (folder / "outputs.json").unlink(),
        lambda folder: (folder / "outputs.json").write_text("{"),
        lambda folder: (folder / "out.txt").unlink(),
        lambda folder: ((folder / "out.txt").unlink(), (folder / "out.txt").mkdir()),
        lambda folder: (folder / "outputs.json").write_text(
            (folder / "outputs.json").read_text().replace("out.txt", "../../../../elsewhere.txt")
        ),
    ],
)
def test_damaged_stage_is_made_again(notes: Notes, work: Path, damage: Callable[[Path], object]) -> None:
    (work.parent / "elsewhere.txt").write_text("complete")
    stage = notes.stage("a", content="complete")
    run([stage], work)
    damage(next((work / "store").glob("a/*")))
    told = Told()

    assert run([stage], work, progress=told) == {"a": "complete"}

    assert notes.ran == ["a", "a"]
    assert "cannot be used" in told.said[0]


def test_record_that_this_version_does_not_read_runs_its_stage_again(notes: Notes, work: Path) -> None:
    import hashlib
    import json

    stage = notes.stage("a", reasons=[])
    run([stage], work)
    folder = next((work / "store").glob("a/*"))
    record, outputs = folder / "records/adapt.json", json.loads((folder / "outputs.json").read_text())
    # As another version of the package would have written it, whole.
    record.write_text(record.read_text().replace('"ready"', '"prepared"'))
    (entry,) = (file for file in outputs["files"] if file["name"] == "records/adapt.json")
    entry |= {"sha256": hashlib.sha256(record.read_bytes()).hexdigest(), "bytes": record.stat().st_size}
    (folder / "outputs.json").write_text(json.dumps(outputs))
    told = Told()

    run([stage], work, progress=told)

    assert notes.ran == ["a", "a"]
    assert "the record 'adapt' is one that this version does not read" in told.said[0]
    assert '"ready"' in record.read_text()


@pytest.mark.parametrize("wrapped", [False, True])
def test_full_disk_is_said_in_one_sentence_and_leaves_nothing(notes: Notes, work: Path, wrapped: bool) -> None:
    def fill(run: StageRun) -> None:
        if wrapped:
            raise RuntimeError("cannot write: No space left on device")
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(OutsideError, match=r"The disk that holds .* is full"), full_disk_said(work):
        run([notes.stage("a", also=fill)], work)
    assert list((work / "store").glob("a/*")) == []


def test_records_must_be_the_declared_ones(notes: Notes, work: Path) -> None:
    honest = notes.stage("a", reasons=[])
    silent = Stage(name="a", purpose="", version="1", run=honest.run)
    with pytest.raises(RuntimeError, match="returned records"):
        run([silent], work)


def test_key_depends_on_the_version_of_a_tool() -> None:
    def stage(tool: str) -> Stage:
        return Stage(name="a", purpose="", version="1", run=lambda run: [], tools=[tool])

    assert len({stage_key(stage(tool), {}) for tool in ("pydantic", "typer", "no-such-package")}) == 3


def test_key_depends_on_what_its_record_may_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    class Changed(AdaptRecord):
        seconds_of_rewriting: float

    class Reworded(AdaptRecord):
        """The same fields, in other words."""

    stage = Stage(name="a", purpose="", version="1", run=lambda run: [], records=["adapt"])
    before = stage_key(stage, {})
    for kind, same in ((Changed, False), (Reworded, True)):
        monkeypatch.setitem(RECORDS, "adapt", kind)
        assert (stage_key(stage, {}) == before) is same


def test_half_removal_by_a_dead_process_of_the_same_id_is_in_nobodys_way(notes: Notes, work: Path) -> None:
    stage = notes.stage("a", content="x")
    run([stage], work)
    (folder,) = (work / "store").glob("a/*")
    left = [work / place / "a" / f"{folder.name}.tmp-{os.getpid()}-old" for place in ("store", "progress")]
    store = Store(work)
    for leftover in left:
        leftover.mkdir(parents=True)
        (leftover / "half.bin").write_bytes(b"half")

    store.progress_folder("a", folder.name)
    store.forget_progress("a", folder.name)
    store.invalidate("a", folder.name)
    assert run([stage], work) == {"a": "x"}

    assert list(work.rglob("*.tmp-*")) == []

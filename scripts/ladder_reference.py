"""Bring ladders that were measured into docs/ladder.md: `.venv/bin/python scripts/ladder_reference.py build`.

From a folder of builds it takes each `MODEL/ladder/ladder.json` and `combinations.json` into docs/ladder/, without the
single timings, draws the figures beside them, and writes the tables of the page anew. Without a folder it does the
last two alone.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

from zoo.card import ladder_figures
from zoo.records import (
    Combination,
    CombinationsRecord,
    LadderFile,
    LadderRecord,
    LatencyRatio,
    Provenance,
    TargetResult,
    TimedTogether,
)

DOCS = Path(__file__).resolve().parent.parent / "docs"
PAGE, FOLDER = DOCS / "ladder.md", DOCS / "ladder"
TABLE = re.compile(r"(<!-- (ladder|combinations): (\w+) -->\n).*?(<!-- end -->)", flags=re.DOTALL)
MISSING = "Not measured yet.\n"
Record = TypeVar("Record", LadderRecord, CombinationsRecord)


def take(builds: Path) -> None:
    """Copy the complete records of all ladders below a folder of builds."""
    FOLDER.mkdir(exist_ok=True)
    for kind, name in ((LadderRecord, "ladder"), (CombinationsRecord, "combinations")):
        for path in sorted(builds.glob(f"*/ladder/{name}.json")):
            record = kind.model_validate_json(path.read_bytes())
            if not record.complete:
                sys.exit(f"{path} is not complete; measure it again.")
            text = without_samples(record).model_dump_json(indent=1) + "\n"
            (FOLDER / f"{record.model}-{name}.json").write_text(text, encoding="utf-8")


def without_samples(record: Record) -> Record:
    """The record without single timings: they stay in the ladder's own folder."""
    return record.model_copy(update={"timings": [_together(one) for one in record.timings]})


def _together(together: TimedTogether) -> TimedTogether:
    return together.model_copy(update={"targets": [_target(target) for target in together.targets]})


def _target(target: TargetResult) -> TargetResult:
    timings = [timing.model_copy(update={"samples_ms": []}) for timing in target.timings]
    noise = target.noise
    if noise is not None:
        noise = noise.model_copy(update={"again": noise.again.model_copy(update={"samples_ms": []})})
    return target.model_copy(update={"timings": timings, "noise": noise})


def figures(record: LadderRecord) -> dict[str, str]:
    """The figures' files below docs/ladder by name."""
    return {f"{record.model}-{figure.name}.svg": figure.svg for figure in ladder_figures(record)}


def render(page: str) -> str:
    """The page with its tables made anew from the records beside it."""
    return TABLE.sub(lambda found: f"{found[1]}{_body(found[2], found[3])}{found[4]}", page)


def _body(kind: str, model: str) -> str:
    path = FOLDER / f"{model}-{kind}.json"
    if not path.is_file():
        return MISSING
    if kind == "ladder":
        return "\n".join(_ladder(LadderRecord.model_validate_json(path.read_bytes()))) + "\n"
    return "\n".join(_combinations(CombinationsRecord.model_validate_json(path.read_bytes()))) + "\n"


def _ladder(record: LadderRecord) -> Iterator[str]:
    yield from _measured(record.provenance)
    yield f"Starts from {record.start}."
    yield ""
    for figure in ladder_figures(record):
        yield f"![{figure.caption}](ladder/{record.model}-{figure.name}.svg)"
        yield ""
    for precision in dict.fromkeys(file.precision for file in record.files):
        files = [file for file in record.files if file.precision == precision]
        targets = [target for one in record.timings if one.name == precision for target in one.targets]
        scores = ["F-score"] if record.quality else []
        head = [
            "file",
            "zeros",
            "bytes",
            "of dense",
            "gzip",
            "of dense",
            *(f"{t.target}, time / dense" for t in targets),
        ]
        yield _row([*head, *scores])
        yield "|" + "---|" * (len(head) + len(scores))
        for file in files:
            score = [_score(record, file.name)] if record.quality else []
            yield _row([*_sizes(file, files[0]), *(_ratio(t, file.name, files[0].name) for t in targets), *score])
        yield ""
    yield from _how(record.timings)
    yield from (f"- {sentence}" for sentence in (*record.left_out, *record.limits))


def _combinations(record: CombinationsRecord) -> Iterator[str]:
    yield from _measured(record.provenance)
    targets = [(one.name, target) for one in record.timings for target in one.targets]
    names = list(dict.fromkeys(target.target for _, target in targets))
    yield ""
    head = ["combination", "zeros", "bytes, dense to sparse", "after gzip", "stored sparse", "rules say"]
    head += [column for name in names for column in (f"{name}, time / its twin", f"{name}, time / float16 dense")]
    yield _row(head)
    yield "|" + "---|" * len(head)
    for one in record.combinations:
        times = [
            cell
            for name in names
            for other in (f"{one.name}-twin", "float16-dense")
            for cell in [_first_ratio([t for _, t in targets if t.target == name], one.name, other)]
        ]
        yield _row([*_bytes(one), *times])
    yield ""
    yield from _how(record.timings)
    yield from (f"- {sentence}" for sentence in record.limits)


def _measured(provenance: Provenance) -> Iterator[str]:
    machine = provenance.machine
    avx = ", with AVX" if machine.has_avx else ""
    yield f"`{_public(provenance.command)}`, {provenance.started_at:%d %B %Y}, {provenance.seconds / 60:.0f} minutes;"
    yield f"{machine.cores} cores of {machine.cpu_model} ({machine.arch}{avx})."


def _public(command: str) -> str:
    """The command without the folder it wrote to, which is of one machine."""
    return re.sub(r" --(out|data) \S+", lambda found: " --data PICTURES" if found[1] == "data" else "", command)


def _how(timings: list[TimedTogether]) -> Iterator[str]:
    for together in timings:
        for target in together.targets:
            blocks = [ratio.blocks for ratio in target.ratios]
            count = f"{min(blocks)} interleaved blocks" if blocks else "no block"
            sessions = f" in {min(ratio.sessions for ratio in target.ratios)} processes" if blocks else ""
            methods = {ratio.interval.method for ratio in target.ratios}
            kind = "t" if all("Student" in method for method in methods) else "bootstrap"
            noise = f" {target.noise.verdict}" if target.noise is not None else ""
            yield (
                f"- {together.name} on {target.target}: {target.runtime} {target.version}; {count}{sessions}, 95% "
                f"{kind} intervals.{noise}"
            )
        for failed in together.failed:
            yield f"- {together.name} on {failed.target}: not measured, {failed.reason}."


def _sizes(file: LadderFile, dense: LadderFile) -> list[str]:
    raw, packed = file.file.bytes / dense.file.bytes, file.gzip_bytes / dense.gzip_bytes
    zeros = f"{file.zeros:.0%}" if file.sparsity is None else f"{file.sparsity:.4g}"
    return [file.name, zeros, f"{file.file.bytes:,}", f"{raw:.2f}", f"{file.gzip_bytes:,}", f"{packed:.2f}"]


def _bytes(one: Combination) -> list[str]:
    return [
        one.title,
        f"{one.zeros:.0%}, {one.pattern}",
        f"{one.dense.bytes:,} to {one.file.bytes:,} ({one.file.bytes / one.dense.bytes:.2f})",
        f"{one.dense_gzip_bytes:,} to {one.gzip_bytes:,} ({one.gzip_bytes / one.dense_gzip_bytes:.2f})",
        f"{one.stored_sparse} of {one.kernels}",
        "sparse" if one.verdict.sparse else f"dense: {_rules(one)}",
    ]


def _rules(one: Combination) -> str:
    return ", ".join(f"`{rule}`" for rule in dict.fromkeys(found.rule for found in one.verdict.breaks))


def _first_ratio(targets: list[TargetResult], numerator: str, denominator: str) -> str:
    found = (_ratio(target, numerator, denominator) for target in targets)
    notes = (timing.note for target in targets for timing in target.timings if timing.name == numerator and timing.note)
    return next((cell for cell in found if cell), "") or next(iter(notes), "not timed")


def _ratio(target: TargetResult, numerator: str, denominator: str) -> str:
    found: LatencyRatio | None = next(
        (r for r in target.ratios if (r.numerator, r.denominator) == (numerator, denominator)), None
    )
    if found is None:
        return "1" if numerator == denominator else ""
    return f"{found.ratio:.3f} ({found.interval.low:.3f} to {found.interval.high:.3f})"


def _score(record: LadderRecord, name: str) -> str:
    variants = record.quality.variants if record.quality else []
    found = next((one.metrics.get("f_score") for one in variants if one.name == name), None)
    return "" if found is None else f"{found.value:.3f} (n {found.n})"


def _row(cells: list[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


if __name__ == "__main__":
    if len(sys.argv) > 1:
        take(Path(sys.argv[1]))
    for path in sorted(FOLDER.glob("*-ladder.json")):
        for name, svg in figures(LadderRecord.model_validate_json(path.read_bytes())).items():
            (FOLDER / name).write_text(svg, encoding="utf-8")
    PAGE.write_text(render(PAGE.read_text(encoding="utf-8")), encoding="utf-8")

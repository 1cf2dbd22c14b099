"""`zoo doctor`."""

from __future__ import annotations

from dataclasses import asdict

import typer

from zoo.cli._options import DEFAULT_OUT, JsonOption, OutOption

EXAMPLES = "Exits 1 when something that a build needs is missing. The network is not tried."


def doctor(out: OutOption = DEFAULT_OUT, as_json: JsonOption = False) -> None:
    """Tell what this machine can measure, and why not."""
    from zoo.cli._output import person, table, write_json
    from zoo.pipeline import diagnose

    diagnosis = diagnose(out)
    if as_json:
        write_json(
            {
                "machine": diagnosis.machine,
                "healthy": diagnosis.healthy,
                "findings": [asdict(finding) for finding in diagnosis.findings],
            }
        )
    else:
        machine = diagnosis.machine
        memory = "unknown" if machine.memory_gib is None else f"{machine.memory_gib:g} GiB"
        console = person()
        console.print(f"{machine.cpu_model}, {machine.arch}, {machine.cores} cores, {memory} memory, {machine.system}")
        rows = table("", "what", "detail")
        for finding in diagnosis.findings:
            rows.add_row(finding.status, finding.subject, finding.detail)
        console.print(rows)
        if diagnosis.healthy:
            console.print("Ready: zoo build face_detector")
        else:
            console.print("Not ready: what is missing stands above.")
    if not diagnosis.healthy:
        raise typer.Exit(1)

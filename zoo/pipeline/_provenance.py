"""Who ran a stage, with what and where."""

from __future__ import annotations

import time
from datetime import datetime, timezone

from zoo import __version__
from zoo.pipeline._engine import ProvenanceMaker
from zoo.records import Provenance


def provenance_of(command: str) -> ProvenanceMaker:
    """A maker of provenance for the stages of one command."""

    def make(started: float) -> Provenance:
        from zoo.machine import describe_machine, describe_versions

        return Provenance(
            command=command,
            zoo_version=__version__,
            versions=describe_versions(),
            machine=describe_machine(),
            started_at=datetime.fromtimestamp(started, tz=timezone.utc),
            seconds=round(max(0.0, time.time() - started), 3),
        )

    return make

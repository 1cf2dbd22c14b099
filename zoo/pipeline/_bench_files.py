"""Any files against one another, outside a build: a bench record of their own."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from zoo.pipeline._provenance import provenance_of
from zoo.progress import Progress
from zoo.records import BenchRecord

if TYPE_CHECKING:
    from zoo.bench import Effort


def bench_files(
    files: Sequence[Path],
    *,
    targets: Sequence[str],
    effort: Effort,
    picture: Path | None,
    command: str,
    progress: Progress,
) -> BenchRecord:
    """Size and latency of `.tflite` files; the first is what the others are compared with. See `zoo.bench`.

    Raises:
        InputError: a file, target or picture that is not one.
    """
    from zoo.bench import compare_files

    started = time.time()
    compared = compare_files(files, targets=targets, progress=progress, effort=effort, picture=picture)
    return BenchRecord(
        provenance=provenance_of(command)(started),
        sizes=compared.sizes,
        targets=compared.targets,
        failed=compared.failed,
        interrupted=compared.interrupted,
    )

"""What a target is, and what to write for a new one.

A **target** is a place where latency is measured. Bench knows nothing of it but a command that starts a **runner**: a
process on this machine that reads the lines of `_messages.py` on standard input and answers on standard output. For a
place elsewhere (a browser, a machine behind ssh, a phone behind adb) the runner is a bridge: it brings the files over,
starts something there, passes lines on, and brings outputs back into the request's `folder`.

To add one, write a module with a `TargetKind` and list it in `_targets.py`. `prepare` checks and fetches what the
target needs and returns a `Target`; `look` tells `zoo doctor` the same without fetching, connecting or starting.

The conversation, from the runner's side:

1. Read the first line, the request. Start the runtime and say `ready` with its version; a runner elsewhere adds
   `machine`. Where the runtime cannot start, say `failed` with a clause that names the next step, and end.
2. `check` (and `reference`, on the host only): for each model say `begin`, run it once on the inputs given, write
   every output to `folder` as raw little-endian bytes, say `outputs`. The parent holds these against the reference.
   Write the runtime's ERROR lines to standard error as they are ("ERROR: ..."): any one fails the model. Say `kernels`
   before `outputs` where the target can see which kernels run.
3. `cold`: there is one model, and the process is fresh. Say `begin`, load it, run it once, say `cold`.
4. `time`: load every model in the order given (one file may come twice, under two names: the A/A pair), say `begin`
   before each and `loaded` after all. Then obey commands in order:
   `run`: `begin`, then `ran` with each inference's milliseconds (the parent decides when a model is warm);
   `block`: every model once a round, each round one model later; `begin` before each inference; then `timed` for each
   model. Nothing but inferences may happen between the first and the last of a block;
   `finish`: each model's `outputs` once more, then `done`.
5. After `done`, `failed`, or the end of standard input, clean up and exit. Bench closes standard input, waits
   `grace_seconds`, sends SIGTERM, waits as long again, then kills the process group: a bridge that needs time to stop
   what it started elsewhere says so in its target's `grace_seconds`.

Bench does all else: references, parity, warm-up, random orders, when to stop, intervals, the A/A verdict, cold starts
in fresh processes, restarts without a model that ended the process, bounds on time and on what a runner may say.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Target:
    """A target that can run.

    `name` is as the user wrote it. `runtime` names runtime and place in a few words; its version comes with `ready`.
    `command` starts the runner. `native`: the processor's own kernels run, so that XNNPACK's rule about x86 with AVX
    holds for the machine that `ready` tells of; False in WebAssembly. `note` is a sentence for readers of the numbers.
    `end_to_end`: a whole pipeline runs, on the request's picture, and the outputs are its answers. They are not the
    model's own, so they are held against those of the same weights stored dense on the same target.
    """

    name: str
    runtime: str
    command: tuple[str, ...]
    threads: int
    native: bool
    note: str
    end_to_end: bool = False
    grace_seconds: float = 0.5
    silence_seconds: float = 120.0


@dataclass(frozen=True)
class Availability:
    """Whether a target could measure here. `detail` is a clause; `remedy` the command that adds what is missing.

    `limited`: it measures, with a limit that `detail` names.
    """

    available: bool
    detail: str
    remedy: str | None = None
    limited: bool = False


@dataclass(frozen=True)
class TargetKind:
    """A family of targets, such as `host` and `host:4`.

    `usage` is how names of this kind are written; `accepts` tells whether a name is of this kind, and `prepare` raises
    InputError for one that is written wrongly and OutsideError, in one sentence, where the target cannot run.
    """

    usage: str
    purpose: str
    accepts: Callable[[str], bool]
    prepare: Callable[[str], Target]
    look: Callable[[], list[tuple[str, Availability]]]
    """For `zoo doctor`: every variety of the kind with its availability. Quick; nothing fetched, connected, started."""

"""The files of a one-shot ladder: a dense one for each precision, and its rungs, kept in a store by content."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from zoo.errors import InputError, RefusedError
from zoo.pipeline._catalogue import built_file
from zoo.pipeline._folders import build_folder
from zoo.pipeline._keys import Json
from zoo.pipeline._ladder_plan import LadderPlan, dense_name, rung_name
from zoo.pipeline._stage import Reads, Stage, StageRun
from zoo.progress import Progress
from zoo.records import StageRecord
from zoo.spec import ModelSpec, Network, NetworkSpec, Precision

if TYPE_CHECKING:
    from zoo.convert import Stored

_FEW_ZEROS = 0.005
"""Rounding to float16 makes some in any file; they are not worth a word."""
TWIN_MARK = "-twin"
"""Ends the name of a rung's densified twin."""
CONVERTER = ("tensorflow", "tf-keras")
PARITY_TOLERANCES = {"float32": 1e-4, "float16": 5e-3}
"""Largest output difference between file and Keras over the outputs' magnitude, by how weights are stored.

Rounding a weight to float16 moves it by up to a part in 2,048; MobileNetV2's outputs moved by 6e-4, and by 2e-6 with
float32 weights. What int8 files compute differs by design; that they compute it right, the bench holds against LiteRT.
"""


@dataclass(frozen=True)
class Start:
    """Where a ladder's dense files come from: a network to be made, or a file with float weights stored dense.

    `title` says which in words, `zeros` is the share of zeros that its 1x1 kernels have already.
    """

    title: str
    zeros: float
    network: Network | None = None
    file: bytes = b""

    @property
    def key(self) -> Json:
        """What tells one start from another."""
        if self.network is not None:
            return self.network.model_dump(mode="json")
        return hashlib.sha256(self.file).hexdigest()


def find_start(plan: LadderPlan, *, progress: Progress) -> Start:
    """The dense start: of a model its built dense file or else what training would start from, of a network itself.

    Raises InputError or OutsideError where a published file cannot be had.
    """
    if isinstance(plan.spec, NetworkSpec):
        return Start(title=f"{plan.spec.title} (seed {plan.spec.network.seed})", zeros=0.0, network=plan.spec.network)
    built = built_file(build_folder(plan.options.out, plan.spec.name), "dense")
    if built is not None:
        return _of_file(built.read_bytes(), f"the built dense file {built.name}")
    return _of_file(_training_start(plan.spec, progress), f"{plan.spec.student.start}, stored dense")


def _of_file(data: bytes, title: str) -> Start:
    from zoo.tflite import densified_twin, inventory, read_model

    dense = densified_twin(data, name=title)
    zeros = inventory(read_model(dense)).pointwise_sparsity
    had = f"; {zeros:.0%} of its 1x1 weights were zero already" if zeros >= _FEW_ZEROS else ""
    return Start(title=f"{title}{had}", zeros=zeros, file=dense)


def _training_start(spec: ModelSpec, progress: Progress) -> bytes:
    from zoo.adapt import REWRITES, apply_checked, chosen_rewrites
    from zoo.sources import fetch_reference

    name = spec.student.start
    declared = next(reference for role, reference in spec.references.items() if role == name)
    source = fetch_reference(name, declared, progress=progress).path.read_bytes()
    return apply_checked(source, chosen_rewrites(list(spec.student.rewrites), REWRITES), name=name).data


def climbable(sparsities: Sequence[float], start: Start) -> tuple[tuple[float, ...], list[str]]:
    """The shares that add zeros to the start, and a sentence for each that does not.

    Raises InputError where none does.
    """
    rungs = tuple(share for share in sparsities if share >= start.zeros)
    if not rungs:
        raise InputError(f"The ladder starts from {start.title}; give --sparsity more than {start.zeros:.2f}.")
    reason = f"the ladder starts from {start.title}"
    return rungs, [f"{share:.4g} is left out: {reason}" for share in sparsities if share not in rungs]


def ladder_stages(start: Start, precision: Precision, rungs: Sequence[float]) -> list[Stage]:
    """The stages that make one precision's files: `NAME.tflite` for the dense file, each rung, and one twin.

    The sparsest rung has the twin: the same zeros stored dense, which tells what sparse storage alone does.
    """
    dense = dense_name(precision)
    made = dense_stage(start, precision)

    def make_rungs(run: StageRun) -> Sequence[StageRecord]:
        from zoo.tflite import densified_twin, prune_by_magnitude, sparsify

        data = run.path(made.name, f"{dense}.tflite").read_bytes()
        with run.progress.task(f"ladder: {precision} rungs", len(rungs)) as ticker:
            for share in rungs:
                name = rung_name(precision, share)
                rung = sparsify(prune_by_magnitude(data, share, name=name), name=name).data
                (run.folder / f"{name}.tflite").write_bytes(rung)
                ticker.advance()
        twin = f"{rung_name(precision, rungs[-1])}{TWIN_MARK}"
        (run.folder / f"{twin}.tflite").write_bytes(densified_twin(rung, name=twin))
        return []

    return [
        made,
        Stage(
            name=f"ladder-rungs-{precision}",
            purpose=f"prune the {precision} file in one shot at {len(rungs)} shares, and store the zeros away",
            version="1",
            run=make_rungs,
            parameters={"sparsities": list(rungs)},
            reads=[Reads(made.name, f"{dense}.tflite")],
        ),
    ]


def dense_stage(start: Start, stored: Stored) -> Stage:
    """The stage that makes the start's dense file at one precision; those of `zoo.convert.Stored` are known."""
    return Stage(
        name=f"ladder-dense-{stored}",
        purpose=f"make the dense {stored} file",
        version="1",
        run=partial(_make_dense, start, stored),
        parameters={"start": start.key, "stored": stored},
        tools=CONVERTER,
    )


def _make_dense(start: Start, stored: Stored, run: StageRun) -> Sequence[StageRecord]:
    from zoo.tflite import inventory, read_model

    target = run.folder / f"{dense_name(stored)}.tflite"
    if start.file and stored == "float16" and "float16" in inventory(read_model(start.file)).weights:
        target.write_bytes(start.file)
    else:
        with run.progress.task(f"ladder: convert to {stored}", None):
            target.write_bytes(_converted(start, stored))
    return []


def _converted(start: Start, stored: Stored) -> bytes:
    from zoo.convert import keras_to_tflite
    from zoo.student import import_student, measure_parity, seeded_network

    if start.network is not None:
        model = seeded_network(start.network)
    else:
        model = import_student(start.file, name="the start", batch=1).model
    data = keras_to_tflite(model, stored)
    tolerance = PARITY_TOLERANCES.get(stored)
    if tolerance is not None:
        difference = measure_parity(model, data).relative_difference
        if not difference <= tolerance:
            raise RefusedError(
                f"The {stored} file's outputs differ from Keras's by {difference:.2g} of their magnitude (at most "
                f"{tolerance:g} is allowed); the conversion is wrong, so nothing is measured."
            )
    return data

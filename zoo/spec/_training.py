"""How a model is trained, and the variants that come of it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from zoo.spec._part import SpecPart

VariantName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,63}$")]
Share = Annotated[float, Field(ge=0.0, lt=1.0)]
StepName = Literal["pretrain", "prune", "finetune"]
PresetName = Literal["smoke", "quick", "standard", "paper"]
Distribution = Literal["none", "mirrored", "multi_worker"]
ComputePrecision = Literal["float32", "mixed_bfloat16", "mixed_float16"]


class LearningRate(SpecPart):
    """`cosine`: from `peak` down to `final` after a linear warm-up over `warmup` of the step.

    `mean_of`: constant at the mean of that step's schedule. `same_as`: that step's schedule without its warm-up. Both
    may have a `warmup` of their own.
    """

    schedule: Literal["cosine", "mean_of", "same_as"]
    step: StepName | None = None
    peak: float | None = Field(default=None, gt=0)
    final: float | None = Field(default=None, ge=0)
    warmup: float = Field(default=0.0, ge=0, lt=1)

    @model_validator(mode="after")
    def _complete(self) -> LearningRate:
        if self.schedule == "cosine" and (self.peak is None or self.final is None):
            raise ValueError("schedule 'cosine' needs peak and final")
        if self.schedule != "cosine" and self.step is None:
            raise ValueError(f"schedule '{self.schedule}' needs step, the step whose schedule it takes")
        return self


class TrainingStep(SpecPart):
    name: StepName
    purpose: str
    learning_rate: LearningRate
    weight_decay: float = Field(ge=0)
    epochs: int = Field(ge=1)


class PruningSchedule(SpecPart):
    """tfmot's PolynomialDecay: from `initial_sparsity` over the share `ramp` of the prune step's updates.

    With a preset's `reconstruction_inputs`, the sparsity is the final one from the prune step's first update on.

    `head_sparsity`: of the last 1x1 convolutions before outputs, where they are in XNNPACK's sparse region. A little
    pays: a kernel whose weights are nearly all there is held in blocks, for which WebAssembly has scalar code only.
    """

    initial_sparsity: Share
    head_sparsity: Share = 0.0
    power: float = Field(default=3.0, gt=0)
    ramp: float = Field(default=0.8, gt=0, le=1)
    update_every: int = Field(default=50, ge=1)


class Preset(SpecPart):
    """How much of the table is run: epochs by step, updates an epoch, pictures evaluated.

    `bench_seconds`: the longest that models are timed on one target; narrow intervals end it sooner.
    `reconstruction_inputs`: with so many, drawn as for training, kernels are pruned one by one before the prune step,
    and what stays of each is fitted to what the dense network computes there; the prune step then trains with the
    zeros held. 0: the prune step itself sets the smallest weights to zero.
    """

    purpose: str
    epochs: dict[StepName, Annotated[int, Field(ge=0)]]
    updates_per_epoch: int = Field(ge=1)
    batch_size: int = Field(ge=1)
    evaluation_pictures: int = Field(ge=1)
    bench_seconds: float = Field(ge=1, le=3600)
    reconstruction_inputs: int = Field(default=0, ge=0, le=4096)


class Training(SpecPart):
    """How the model is trained, and on what.

    `distribution`: on one device, on all GPUs of this machine, or on those of all workers of TF_CONFIG; a preset's
    batch is divided over them. `precision`: what most layers compute in; weights are float32 always. `averaging`: the
    decay of a moving average of the weights over updates, such as 0.998, to which they are set when a step ends; 0
    keeps the last weights.
    """

    seed: int = Field(ge=0, lt=2**31)
    distribution: Distribution = "none"
    precision: ComputePrecision = "float32"
    averaging: float = Field(default=0.0, ge=0, lt=1)
    pruning: PruningSchedule
    steps: list[TrainingStep]
    presets: dict[PresetName, Preset]

    @model_validator(mode="after")
    def _three_steps(self) -> Training:
        if [step.name for step in self.steps] != ["pretrain", "prune", "finetune"]:
            raise ValueError("steps must be pretrain, prune, finetune, in this order")
        for missing in {"smoke", "quick"} - set(self.presets):
            raise ValueError(f"presets lack '{missing}'")
        return self


class Budget(SpecPart):
    """What a variant may cost, in shares of the published dense file, or of the sparse one where there is no other.

    `wasm_time`: of its time in WebAssembly, as predicted. `bytes`: of its size. Each kernel's share of zeros follows:
    those whose zeros raise the loss least, for what they save, get most of them.
    """

    wasm_time: float | None = Field(default=None, gt=0, le=4)
    bytes: float | None = Field(default=None, gt=0, le=4)

    @model_validator(mode="after")
    def _limits_something(self) -> Budget:
        if self.wasm_time is None and self.bytes is None:
            raise ValueError("give wasm_time, bytes or both")
        return self


class Variant(SpecPart):
    """One artifact; dense, or with zeros in its 1x1 kernels.

    `sparsity`: the share of zeros in each pruned kernel. `budget`: what the variant may cost, from which each kernel's
    own share follows. Neither for dense.
    """

    name: VariantName
    purpose: str
    precision: Literal["float16"] = "float16"
    sparsity: Share | None = None
    budget: Budget | None = None

    @property
    def pruned(self) -> bool:
        """Whether it has zeros, by a sparsity or a budget."""
        return self.sparsity is not None or self.budget is not None

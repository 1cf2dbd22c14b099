"""What a bench runner is asked and what it answers: one JSON document in, one JSON event a line out.

Runners live in processes of their own, so their answers are checked like any other file from outside.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

TensorType = Literal["float32", "float16", "int8", "uint8", "int16", "int32", "int64", "bool"]
RunnerTask = Literal["reference", "check", "time"]
Activity = Literal["load", "warm-up", "block", "output check"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class TensorFile(_Part):
    """A tensor's raw little-endian bytes, in a file of a known folder."""

    name: str = Field(max_length=1000)
    shape: list[Annotated[int, Field(ge=0)]] = Field(max_length=8)
    dtype: TensorType
    file: str = Field(pattern=r"^[\w-]+\.bin$")


class RunnerModel(_Part):
    """A model to run, and its inputs as files of `inputs_folder`; the task `reference` makes these itself."""

    name: str
    path: str
    inputs: list[TensorFile]
    inputs_folder: str


class Block(_Part):
    """One block: the models in the order in which they are to be timed."""

    index: int
    order: list[str]


class RunnerRequest(_Part):
    """`reference` and `check` run each model once and write its outputs; `time` runs the blocks.

    A model is warm after `warm_up_runs` runs, but no sooner and no later than the seconds say. A block runs
    every model once in each of `most_rounds` rounds, fewer if all blocks would take longer than `block_seconds` (at
    least one). `folder` is where tensors are written; `package` is the folder of the web runtime.
    """

    task: RunnerTask
    folder: str
    package: str | None
    seed: int
    models: list[RunnerModel]
    blocks: list[Block]
    warm_up_runs: int
    least_warm_up_seconds: float
    most_warm_up_seconds: float
    most_rounds: int
    block_seconds: float


class Ready(_Part):
    """The runtime is loaded."""

    event: Literal["ready"]
    version: str = Field(max_length=200)


class Begin(_Part):
    """From here on `model` is at work; if the process ends, it was this model that ended it."""

    event: Literal["begin"]
    model: str
    doing: Activity


class Outputs(_Part):
    """What the model answered, and for the task `reference` the inputs that were made."""

    event: Literal["outputs"]
    model: str
    inputs: list[TensorFile]
    outputs: list[TensorFile]


class Timed(_Part):
    """Single inferences of one model in one block, milliseconds."""

    event: Literal["timed"]
    model: str
    block: int
    ms: list[Annotated[float, Field(ge=0)]] = Field(min_length=1, max_length=100)


class Failed(_Part):
    """The runtime refused the model at work; the runner ends."""

    event: Literal["failed"]
    reason: str = Field(max_length=1000)


class Done(_Part):
    """All that was asked is answered."""

    event: Literal["done"]


Event = Annotated[Ready | Begin | Outputs | Timed | Failed | Done, Field(discriminator="event")]
EVENT: TypeAdapter[Ready | Begin | Outputs | Timed | Failed | Done] = TypeAdapter(Event)

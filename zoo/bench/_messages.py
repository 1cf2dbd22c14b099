"""What bench and a runner say to one another: one JSON object a line, requests down and events up.

The parent's first line is a `RunnerRequest`. For the tasks `reference`, `check` and `cold` the runner answers it and
ends with `done`. For the task `time` it loads every model, says `loaded`, and then obeys `Command` lines, in order,
until `finish`; several may wait in the pipe. The end of its standard input means: stop, clean up, leave nothing
running. `_target.py` tells the whole conversation to whoever writes a runner.

Runners live in processes of their own, so their answers are checked like any other file from outside.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

TensorType = Literal["float32", "float16", "int8", "uint8", "int16", "int32", "int64", "bool"]
RunnerTask = Literal["reference", "check", "cold", "time"]
Activity = Literal["load", "warm-up", "block", "output check"]

MOST_RUNS = 10_000
"""Single inferences that one command may ask for, so that an answer stays one line of bounded length."""

Word = Annotated[str, Field(max_length=200)]
Milliseconds = Annotated[float, Field(ge=0, le=1e7)]
Bytes = Annotated[int, Field(ge=0, le=1 << 50)]


class Part(BaseModel):
    """Base of all messages: unknown fields, NaN and infinity are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class TensorFile(Part):
    """A tensor's raw little-endian bytes, in a file of a known folder."""

    name: str = Field(max_length=1000)
    shape: list[Annotated[int, Field(ge=0)]] = Field(max_length=8)
    dtype: TensorType
    file: str = Field(pattern=r"^[\w-]+\.bin$")


class RunnerModel(Part):
    """A model to run, and its inputs as files of `inputs_folder`; the task `reference` makes these itself.

    Two models may have the same `path`: the runner loads it twice, as it would any two models.
    """

    name: str
    path: str
    inputs: list[TensorFile]
    inputs_folder: str


class RunnerRequest(Part):
    """`reference` and `check` run each model once and write its outputs to `folder`; `cold` times one model's start.

    `time` loads all models, in this order, and waits for commands. All paths are of this machine. `picture` is what an
    end-to-end target runs its pipeline on; other targets have no use for it.
    """

    task: RunnerTask
    folder: str
    threads: int = Field(ge=1)
    seed: int
    models: list[RunnerModel]
    picture: str | None = None


class Run(Part):
    """Run `model` so many times in a row: warming up, or, where energy is read, for its joules."""

    command: Literal["run"] = "run"
    model: str
    runs: int = Field(ge=1, le=MOST_RUNS)


class Block(Part):
    """Run every model of `order` once a round; each round begins one model later, so that neighbours are paired."""

    command: Literal["block"] = "block"
    index: int
    order: list[str]
    rounds: int = Field(ge=1, le=MOST_RUNS)


class Finish(Part):
    """Give each model's outputs once more, from the process that timed it, and end with `done`."""

    command: Literal["finish"] = "finish"


Command = Run | Block | Finish


class RunnerMachine(Part):
    """The machine that runs the models, where it is not the one that reads this.

    `flags`: of the processor's features those that change which kernels run, as `/proc/cpuinfo` writes them. `governor`
    and `memory_gib`: None where they cannot be read.
    """

    system: Word
    arch: Word
    cpu_model: Word
    cores: int = Field(ge=1)
    flags: list[Annotated[str, Field(max_length=40)]] = Field(max_length=100)
    governor: Word | None
    memory_gib: Annotated[float, Field(gt=0)] | None


class Ready(Part):
    """The runtime is there. `version` names it; `energy` is empty where joules can be read, else says why they cannot.

    `machine` None: this machine. `about`: a sentence about this start that a reader of the numbers should know.
    """

    event: Literal["ready"]
    version: Word
    machine: RunnerMachine | None = None
    energy: str = Field(default="this target does not read it", max_length=300)
    about: str = Field(default="", max_length=1000)


class Begin(Part):
    """From here on `model` is at work; if the process ends, it was this model that ended it."""

    event: Literal["begin"]
    model: str
    doing: Activity


class Loaded(Part):
    """All models of a `time` request are loaded; commands may come."""

    event: Literal["loaded"]


class Outputs(Part):
    """What the model answered, and for the task `reference` the inputs that were made."""

    event: Literal["outputs"]
    model: str
    inputs: list[TensorFile]
    outputs: list[TensorFile]


class Kernels(Part):
    """Which kernels ran in one inference, where the target can see it: stronger than any ratio.

    `sparse`: convolutions that ran on sparse kernels. `how` is a clause that says how they were counted.
    """

    event: Literal["kernels"]
    model: str
    sparse: int = Field(ge=0)
    how: str = Field(max_length=300)


class Ran(Part):
    """The answer to `run`: single inferences, and the joules that they took together, where these can be read."""

    event: Literal["ran"]
    model: str
    ms: list[Milliseconds] = Field(min_length=1, max_length=MOST_RUNS)
    joules: Annotated[float, Field(ge=0)] | None = None


class Timed(Part):
    """The answer to `block`, one a model: its single inferences in that block."""

    event: Literal["timed"]
    model: str
    block: int
    ms: list[Milliseconds] = Field(min_length=1, max_length=MOST_RUNS)


class Cold(Part):
    """The answer to `cold`: a start in a fresh process.

    `load_ms`: reading the file into the runtime. `compile_ms`: making it ready, weights packed. `first_ms`: the first
    inference. `before_bytes` and `peak_bytes`: the process's resident memory before loading and at its highest since;
    None where it cannot be read.
    """

    event: Literal["cold"]
    model: str
    load_ms: Milliseconds
    compile_ms: Milliseconds
    first_ms: Milliseconds
    before_bytes: Bytes | None
    peak_bytes: Bytes | None


class Failed(Part):
    """The runtime refused the model at work, or with none at work nothing could start; the runner ends."""

    event: Literal["failed"]
    reason: str = Field(max_length=1000)


class Done(Part):
    """All that was asked is answered."""

    event: Literal["done"]


AnyEvent = Ready | Begin | Loaded | Outputs | Kernels | Ran | Timed | Cold | Failed | Done
Event = Annotated[AnyEvent, Field(discriminator="event")]
EVENT: TypeAdapter[AnyEvent] = TypeAdapter(Event)

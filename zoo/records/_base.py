"""What every record shares: where it comes from, and numbers that carry their sample count and interval."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Frozen(BaseModel):
    """Base of all record parts: unknown fields and later changes are errors; so are NaN and infinity."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Machine(Frozen):
    """The machine that measured.

    `flags`: of the processor's features those that XNNPACK chooses kernels by, as Linux names them. `governor`: of the
    processor's clock. None or empty where the system does not tell.
    """

    system: str
    arch: str
    cpu_model: str
    cores: int = Field(ge=1)
    has_avx: bool
    memory_gib: float | None = Field(gt=0)
    flags: list[str] = []
    governor: str | None = None


class Provenance(Frozen):
    """Who measured, with what, where and for how long."""

    command: str
    zoo_version: str
    versions: dict[str, str]
    machine: Machine
    started_at: datetime
    seconds: float = Field(ge=0)


class Interval(Frozen):
    """A two-sided interval, such as a bootstrap or Wilson interval, and how it was made."""

    low: float
    high: float
    level: float = Field(default=0.95, gt=0, lt=1)
    method: str


class Estimate(Frozen):
    """A measured number with its sample count and interval."""

    value: float
    n: int = Field(ge=0)
    interval: Interval | None = None


class StageRecord(Frozen):
    """Base of the JSON that a stage writes about what it did and measured."""

    stage: str
    provenance: Provenance

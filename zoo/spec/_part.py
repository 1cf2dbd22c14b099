"""The base of every part of a spec."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class SpecPart(BaseModel):
    """Base of all parts: a misspelled field is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

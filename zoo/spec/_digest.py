"""The hash by which a release names the spec that made it."""

from __future__ import annotations

import hashlib
import json

from zoo.spec._model import ModelSpec


def spec_sha256(spec: ModelSpec) -> str:
    """SHA-256, in hexadecimal, of the spec's content: comments and layout of the YAML do not change it."""
    canonical = json.dumps(spec.model_dump(mode="json"), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()

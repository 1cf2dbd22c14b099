"""The hash by which a release names the spec that made it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from zoo.spec._model import ModelSpec


def spec_sha256(spec: ModelSpec) -> str:
    """SHA-256, in hexadecimal, of the spec's content: comments and layout of the YAML do not change it."""
    return content_sha256(spec.model_dump(mode="json"))


def content_sha256(document: Mapping[str, object]) -> str:
    """The same of a spec as a release holds it, which another version of this package may have made."""
    canonical = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()

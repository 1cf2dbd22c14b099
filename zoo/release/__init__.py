"""Releases: gates that decide, the manifest that binds, and the registries they go to."""

from zoo.release._judge import judge
from zoo.release._manifest import (
    MANIFEST_NAME,
    Manifest,
    ManifestFile,
    ManifestReference,
    read_manifest,
    write_manifest,
)
from zoo.release._publish import Published, publish
from zoo.release._sample import is_judged

__all__ = [
    "MANIFEST_NAME",
    "Manifest",
    "ManifestFile",
    "ManifestReference",
    "Published",
    "is_judged",
    "judge",
    "publish",
    "read_manifest",
    "write_manifest",
]

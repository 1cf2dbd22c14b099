"""Releases: gates that decide, the manifest that binds, signatures, and the registries they go to and come from."""

from zoo.release._compare import Comparison, Difference, compare_releases, compare_variants
from zoo.release._fitness import Wish
from zoo.release._gate_fields import check_gates
from zoo.release._judge import judge
from zoo.release._manifest import (
    MANIFEST_NAME,
    RECORDS_FOLDER,
    SIGNATURE_NAME,
    Manifest,
    ManifestData,
    ManifestFile,
    ManifestReference,
)
from zoo.release._manifest_files import check_listed, read_manifest, write_manifest
from zoo.release._measures import Measured
from zoo.release._publish import Published, SentFile, publish
from zoo.release._pull import pull, release_at
from zoo.release._records import read_measured, read_release_records
from zoo.release._shipped import Shipped, load, shipped, shipped_releases
from zoo.release._verify import Verified, verify_release

__all__ = [
    "MANIFEST_NAME",
    "RECORDS_FOLDER",
    "SIGNATURE_NAME",
    "Comparison",
    "Difference",
    "Manifest",
    "ManifestData",
    "ManifestFile",
    "ManifestReference",
    "Measured",
    "Published",
    "SentFile",
    "Shipped",
    "Verified",
    "Wish",
    "check_gates",
    "check_listed",
    "compare_releases",
    "compare_variants",
    "judge",
    "load",
    "publish",
    "pull",
    "read_manifest",
    "read_measured",
    "read_release_records",
    "release_at",
    "shipped",
    "shipped_releases",
    "verify_release",
    "write_manifest",
]

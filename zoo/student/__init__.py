"""The network to be trained: TFLite to tf_keras with a parity proof, and how its weights are kept.

Importing this package imports TensorFlow only inside the functions that need it.
"""

from zoo.student._importer import ImportedStudent, import_student
from zoo.student._network import seeded_network
from zoo.student._parity import Parity, measure_parity
from zoo.student._tensorflow import start_tensorflow
from zoo.student._weights import load_weights, save_weights, score_heads

__all__ = [
    "ImportedStudent",
    "Parity",
    "import_student",
    "load_weights",
    "measure_parity",
    "save_weights",
    "score_heads",
    "seeded_network",
    "start_tensorflow",
]

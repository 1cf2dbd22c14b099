"""Starting TensorFlow the one way this project uses it: Keras 2, quiet, and with deterministic operators."""

from __future__ import annotations

import os
import sys
from typing import Any

from zoo.errors import OutsideError


def start_tensorflow(*, seed: int = 0) -> Any:
    """Import TensorFlow with Keras 2 and operator determinism, seed it, and return the module.

    Raises OutsideError where another part of the process imported TensorFlow with Keras 3 before: tfmot needs Keras 2.
    """
    if "tensorflow" in sys.modules and os.environ.get("TF_USE_LEGACY_KERAS") != "1":
        raise OutsideError("TensorFlow was imported with Keras 3; set TF_USE_LEGACY_KERAS=1 and run again.")
    os.environ["TF_USE_LEGACY_KERAS"] = "1"
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import tensorflow as tf

    tf.get_logger().setLevel("ERROR")
    tf.keras.utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()
    return tf

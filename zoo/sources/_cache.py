"""Where fetched weights and tools are kept between runs."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs


def cache_dir() -> Path:
    """The folder for what was fetched: `$ZOO_CACHE` where set, else the user's cache folder. Not created here."""
    chosen = os.environ.get("ZOO_CACHE")
    return Path(chosen).expanduser() if chosen else platformdirs.user_cache_path("mediapipe-zoo")

"""Memory that a training keeps, instead of giving it back to the system and asking for it anew every update."""

from __future__ import annotations

import ctypes
import sys

# From glibc's malloc.h.
_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_MAX, _M_ARENA_MAX = -1, -2, -4, -8
_LARGEST = 2**31 - 1
_STEP = 256 << 20


def keep_memory() -> None:
    """Let glibc's malloc keep what is freed, for the rest of this process; elsewhere this does nothing.

    An update allocates and frees activations of tens of megabytes each. By default malloc maps such pieces one by one
    and unmaps them when they are freed, so that every update pays a page fault for each 4 KiB (mallopt(3)).
    """
    if not sys.platform.startswith("linux"):
        return
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except AttributeError:  # a C library other than glibc
        return
    settings = ((_M_MMAP_MAX, 0), (_M_TRIM_THRESHOLD, _LARGEST), (_M_TOP_PAD, _STEP), (_M_ARENA_MAX, 1))
    for option, value in settings:
        mallopt(option, value)

"""A worker ends with the server that started it."""

from __future__ import annotations

import ctypes
import signal
import sys

_SET_PARENT_DEATH_SIGNAL = 1  # prctl(2)


def end_with_parent() -> None:
    """Have the kernel end this process when the one that started it is killed.

    A worker that outlives its server goes on answering, with old code, beside the next one:
    both listen on the same port. Elsewhere than on Linux nothing happens.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGTERM)

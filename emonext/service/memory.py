"""Memory of pictures that are done with."""
from __future__ import annotations

import ctypes
from contextlib import suppress

M_MMAP_THRESHOLD = -3  # of mallopt in glibc's malloc.h
LARGE = 1 << 20  # bytes


def return_large_blocks() -> None:
    """Have glibc return large blocks to the system when they are freed.

    Otherwise it keeps them: after pictures of 25 million pixels, 440 MB instead of 130. Other C libraries are left as
    they are.
    """
    with suppress(OSError, AttributeError, TypeError):  # no glibc
        ctypes.CDLL(None).mallopt(M_MMAP_THRESHOLD, LARGE)

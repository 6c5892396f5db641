"""Memory for opened references: locked, so that it is never written to swap, left out of core dumps, wiped at the end.

Where the operating system refuses (RLIMIT_MEMLOCK), the memory is used unlocked, and `LockedMemory.refused` says so.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import resource
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

_HUGE_PAGES_FROM = 4 * 1024 * 1024
_libc = ctypes.CDLL(None, use_errno=True)


@dataclass
class LockedMemory:
    """Hands out arrays, and keeps count of what could be locked and what could not."""

    locked: int = 0
    unlocked: int = 0
    refused: str = field(default="")

    def empty(self, shape: tuple[int, ...], dtype: Any) -> NDArray[Any]:
        """Zeros of that shape, on pages of their own."""
        size = max(1, int(np.prod(shape)) * np.dtype(dtype).itemsize)
        region = mmap.mmap(-1, size)
        for advice in ("MADV_DONTDUMP", *(["MADV_HUGEPAGE"] if size >= _HUGE_PAGES_FROM else [])):
            if hasattr(mmap, advice):
                region.madvise(getattr(mmap, advice))
        flat = np.frombuffer(region, dtype=np.uint8)
        if _libc.mlock(ctypes.c_void_p(flat.ctypes.data), ctypes.c_size_t(size)) == 0:
            self.locked += size
        else:
            self.unlocked += size
            self.refused = os.strerror(ctypes.get_errno())
        wanted: NDArray[Any] = flat[: int(np.prod(shape)) * np.dtype(dtype).itemsize].view(dtype).reshape(shape)
        return wanted


def wipe(array: NDArray[Any]) -> None:
    """Overwrite with zeros; the pages themselves go when nobody holds the array any more."""
    array[...] = 0


def may_lock() -> int | None:
    """How many bytes this process may lock; None for no limit."""
    soft, _ = resource.getrlimit(resource.RLIMIT_MEMLOCK)
    return None if soft == resource.RLIM_INFINITY or os.geteuid() == 0 else soft


def refuse_dumps() -> None:
    """No core dumps of this process."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

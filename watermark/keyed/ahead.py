"""Hears windows before a scan comes to them, one on every processor core; the scan itself goes in order."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Self

from threadpoolctl import threadpool_limits

from watermark.keyed.detection import Heard
from watermark.keyed.windows import Windows

MOST = 4
"""Windows heard at once: each holds some ten megabytes while it is searched."""


class Ahead:
    """What is heard in whole windows; use it as a context, which waits for what is under way."""

    def __init__(self, windows: Windows, hear: Callable[[int], list[Heard]]) -> None:
        """`hear` listens to the window of that index; it is called from several threads."""
        cores = min(MOST, len(os.sched_getaffinity(0)))
        self._lively = [index for index, window in enumerate(windows.all) if window.lively]
        self._hear, self._cores = hear, cores
        self._pool = ThreadPoolExecutor(cores, thread_name_prefix="window")
        self._begun: dict[int, Future[list[Heard]]] = {}

    def __enter__(self) -> Self:
        self._single = threadpool_limits(limits=1, user_api="blas")  # cores are shared out by windows instead
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)
        self._single.restore_original_limits()

    def heard(self, index: int, *, further: bool) -> list[Heard]:
        """What is heard in a window; where `further` ones are likely to be wanted whole, they are begun as well."""
        coming = [one for one in self._lively if one > index][: self._cores - 1] if further else []
        for one in (index, *coming):
            if one not in self._begun:
                self._begun[one] = self._pool.submit(self._hear, one)
        found = self._begun[index].result()
        self._begun = {one: future for one, future in self._begun.items() if one > index}
        return found

"""Something done every so often while other work goes on."""

from __future__ import annotations

import threading
from collections.abc import Callable


class Ticker:
    """Calls `work` every `seconds`, in a thread of its own that ends with the program.

    Args:
        seconds: between two calls.
        work: what is called.
        name: of the thread.
        first: the first pause, if it is shorter; each one after it is twice as long as the last.
    """

    def __init__(
        self, seconds: float, work: Callable[[], None], name: str, first: float | None = None
    ) -> None:
        self._seconds, self._work = seconds, work
        self._first = seconds if first is None else min(first, seconds)
        self._over, self._stirred = False, threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End it; a call that is under way is waited for."""
        self._over = True
        self._stirred.set()
        self._thread.join()

    def again(self) -> None:
        """Begin anew with the first pause."""
        self._stirred.set()

    def _run(self) -> None:
        pause = self._first
        while True:
            stirred = self._stirred.wait(pause)
            if self._over:
                return
            if stirred:
                self._stirred.clear()
                pause = self._first
                continue
            self._work()
            pause = min(2 * pause, self._seconds)

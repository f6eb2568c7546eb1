"""Something done every so often while other work goes on."""

import threading
from collections.abc import Callable


class Ticker:
    """Calls `work` every `seconds`, in a thread of its own that ends with the program."""

    def __init__(self, seconds: float, work: Callable[[], None], name: str) -> None:
        self._seconds, self._work = seconds, work
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End it; a call that is under way is waited for."""
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._over.wait(self._seconds):
            self._work()

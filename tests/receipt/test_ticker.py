"""The pauses of a ticker, told by an event that never waits."""

import threading
from types import SimpleNamespace

import pytest

from tenth.receipt import ticker
from tenth.receipt.ticker import Ticker


class Script:
    """An event whose waits end at once, with the answers that it was given."""

    def __init__(self, answers):
        self.answers, self.pauses = list(answers), []
        self.done, self.over = threading.Event(), threading.Event()

    def wait(self, pause):
        self.pauses.append(pause)
        if self.answers:
            return self.answers.pop(0)
        self.done.set()
        self.over.wait()
        return True

    def set(self):
        self.over.set()

    def clear(self):
        pass


@pytest.mark.parametrize(
    ("first", "answers", "pauses", "calls"),
    [
        (1.0, [False] * 5, [1, 2, 4, 8, 15, 15], 5),
        (None, [False] * 2, [15, 15, 15], 2),
        (60.0, [False], [15, 15], 1),
        (1.0, [False, False, True, False], [1, 2, 4, 1, 2], 3),  # begun anew: not a call
    ],
)
def test_pauses_grow_from_the_first_to_the_last(monkeypatch, first, answers, pauses, calls):
    script, called = Script(answers), []
    events = SimpleNamespace(Event=lambda: script, Thread=threading.Thread)
    monkeypatch.setattr(ticker, "threading", events)
    ticking = Ticker(15.0, lambda: called.append(1), "test", first)
    script.done.wait()
    ticking.stop()
    assert script.pauses == pauses
    assert len(called) == calls


def test_it_ends_while_it_waits():
    ticking = Ticker(600.0, lambda: None, "test")
    ticking.again()
    ticking.stop()
    assert "test" not in {thread.name for thread in threading.enumerate()}

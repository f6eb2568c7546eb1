"""Options of the whole suite, and a disk that is full while a test says so."""

import errno
import os
from contextlib import contextmanager

import pytest
from hypothesis import settings

from tenth import files

# how long an example takes says something about the machine, not about what is tested
settings.register_profile("tenth", deadline=None)
settings.load_profile("tenth")


def pytest_addoption(parser):
    parser.addoption(
        "--update-golden",
        action="store_true",
        help="write the expected C of tests/ship/golden anew; look at the difference in git",
    )


@pytest.fixture
def full_disk(monkeypatch):
    """Inside `with full_disk(after=n):` the first n files are written, and no later one is."""

    @contextmanager
    def full(after=0):
        flush, room = files._flush, after

        def refuse(path):
            nonlocal room
            if path.is_file():
                if room == 0:
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                room -= 1
            flush(path)

        with monkeypatch.context() as patch:
            patch.setattr(files, "_flush", refuse)
            yield

    return full

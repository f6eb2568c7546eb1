"""Places that every part of keep is tested on: a folder, memory, and a bucket of a real server."""

import logging
import secrets

import pytest

from keep.places import s3
from tenth.keep.places import open_place


@pytest.fixture(scope="session")
def s3_server():
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    with s3.running() as server:
        yield server


@pytest.fixture(params=["folder", "memory"])
def near(request, tmp_path):
    """An empty store in a folder, and one in a bucket in memory: no network."""
    if request.param == "folder":
        return open_place(tmp_path / "a store", make=True)
    return open_place(f"memory://{secrets.token_hex(8)}", make=True)


@pytest.fixture(params=["folder", "memory", "s3"])
def place(request, tmp_path):
    """An empty store, one of each kind in turn."""
    if request.param == "folder":
        return open_place(tmp_path / "a store", make=True)
    if request.param == "memory":
        return open_place(f"memory://{secrets.token_hex(8)}", make=True)
    return request.getfixturevalue("s3_server").fresh()

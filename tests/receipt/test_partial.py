"""A receipt that outlives the process that it is about."""

import json
import os
import signal
import subprocess
import sys
import threading

import pytest

from tenth.errors import OutputError
from tenth.receipt import Aim, Meter, Receipt, partial
from tenth.receipt.partial import kept
from tenth.receipt.seal import broken

KILLED = """
import sys, time
from tenth.receipt import Aim, Meter, Receipt
from tenth.receipt.partial import kept
receipt = Receipt("long work", Aim("task"))
with kept(receipt, sys.argv[1], seconds=0.05):
    with Meter("first", into=receipt.stages):
        pass
    with Meter("second", into=receipt.stages) as meter:
        with meter.part("half of it"):
            pass
        meter.add_bytes(7)
        while '"value": 7,' not in open(sys.argv[1]).read():  # until it was written in between
            time.sleep(0.01)
        print("now", flush=True)
        time.sleep(600)
"""


def test_a_process_that_is_killed_leaves_a_receipt(tmp_path):
    path = tmp_path / "receipt.json"
    child = subprocess.Popen([sys.executable, "-c", KILLED, path], stdout=subprocess.PIPE)
    assert child.stdout is not None
    assert child.stdout.readline() == b"now\n"
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()
    receipt = Receipt.load(path)
    assert [stage.name for stage in receipt.stages] == ["first", "second"]
    first, second = receipt.stages
    assert not first.interrupted
    assert second.notes["interrupted"] == partial.RUNNING
    assert [part.name for part in second.parts] == ["half of it"]
    assert second.figures["written_bytes"].value == 7
    assert second.figures["wall_seconds"].value > 0
    assert broken(json.loads(path.read_text()) | {"sources": []}) != []  # packed: see validate
    assert broken(receipt.to_json()) == []


def test_it_is_there_from_the_first_moment(tmp_path):
    receipt = Receipt("t", Aim("a"))
    path = tmp_path / "r.json"
    with kept(receipt, path):
        with Meter("work", into=receipt.stages):
            assert Receipt.load(path).stages[0].interrupted
        assert not Receipt.load(path).stages[0].interrupted
    assert Receipt.load(path) == receipt
    assert len(receipt.stages) == 1
    assert not [t for t in threading.enumerate() if t.name == "tenth receipt"]


def test_stages_that_nobody_kept_are_in_the_file_once(tmp_path):
    receipt = Receipt("t", Aim("a"))
    path = tmp_path / "r.json"
    with kept(receipt, path):
        with Meter("one"):
            pass
        with Meter("two", into=receipt.stages):
            names = [stage.name for stage in Receipt.load(path).stages]
        assert names == ["one", "two"]
        assert len(Receipt.load(path).stages) == 2


def test_an_error_leaves_what_was_done(tmp_path):
    receipt = Receipt("t", Aim("a"))

    def work():
        with kept(receipt, tmp_path / "r.json"), Meter("work", into=receipt.stages):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        work()
    assert Receipt.load(tmp_path / "r.json").stages[0].notes["interrupted"] == "KeyboardInterrupt"


def test_a_place_that_cannot_be_written_is_told_before_the_work(tmp_path):
    receipt, began = Receipt("t", Aim("a")), []
    with (
        pytest.raises(OutputError),
        kept(receipt, tmp_path / "none" / "r.json"),
        Meter("work"),
    ):
        began.append(1)
    assert not began
    with Meter("next") as after:
        pass
    assert not after.stage.interrupted


def test_a_disk_that_fills_up_does_not_end_the_work(tmp_path, monkeypatch):
    receipt = Receipt("t", Aim("a"))
    path = tmp_path / "r.json"
    full = []

    def save(self, path):
        if full:
            raise OutputError("the disk is full")

    with kept(receipt, path), monkeypatch.context() as patch:
        patch.setattr(Receipt, "save", save)
        with Meter("work", into=receipt.stages):
            full.append(1)
    assert [stage.name for stage in Receipt.load(path).stages] == ["work"]


def test_a_variable_names_a_folder_of_receipts(tmp_path, monkeypatch):
    monkeypatch.setenv("TENTH_RECEIPTS", str(tmp_path / "all"))
    monkeypatch.setenv("TENTH_RUN_ID", "mine")
    with Meter("one", place="FRA") as one, one.part("inner"):
        assert len(list((tmp_path / "all").iterdir())) == 1
    with Meter("two"):
        pass
    found = [Receipt.load(path) for path in sorted((tmp_path / "all").iterdir())]
    assert {receipt.title for receipt in found} == {"one", "two"}
    assert {receipt.run.id for receipt in found} == {"mine"}
    assert not any(stage.interrupted for receipt in found for stage in receipt.stages)
    first = next(receipt for receipt in found if receipt.title == "one")
    assert first.place.code == "FRA"
    assert first.stages == [one.stage]


def test_a_forked_child_does_not_write_into_its_parents_file(tmp_path):
    receipt = Receipt("t", Aim("a"))
    path = tmp_path / "r.json"
    with kept(receipt, path):
        pid = os.fork()
        if pid == 0:
            with Meter("child"):
                pass
            os._exit(0)
        os.waitpid(pid, 0)
        assert not path.exists()


def test_a_folder_that_is_a_file_is_told_before_the_work(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("TENTH_RECEIPTS", str(tmp_path / "file"))
    with pytest.raises(OutputError, match="must be a folder"), Meter("work"):
        pass
    monkeypatch.delenv("TENTH_RECEIPTS")
    with Meter("next") as after:
        pass
    assert "instruments" in after.stage.notes  # it is nobody's part


def test_a_forked_child_that_leaves_the_block_does_not_touch_the_file(tmp_path):
    receipt = Receipt("t", Aim("a"))
    path = tmp_path / "r.json"
    with kept(receipt, path):
        meter = Meter("work", into=receipt.stages)
        with meter:
            before = path.read_bytes()
            pid = os.fork()
            if pid == 0:
                meter.__exit__(None, None, None)
                os._exit(0)
            os.waitpid(pid, 0)
            assert path.read_bytes() == before

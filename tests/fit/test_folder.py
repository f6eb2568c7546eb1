import json

import pytest

import tiny
from runs import names, same
from tenth.errors import FormatError, InputError, OutputError
from tenth.fit import Folder
from tenth.receipt import Aim, Receipt

IDENTITY = {"verb": "train", "seed": 0, "density": 0.1, "target": None}
ENDING = {"score": 0.5, "steps": 3}


@pytest.fixture
def finished(tmp_path):
    folder = Folder(tmp_path / "run", IDENTITY)
    folder.save({"step": 2})
    model = tiny.build()
    folder.finish(model, Receipt("a run", Aim("tiny")), ENDING)
    return folder, model


def test_a_new_folder_is_empty(tmp_path):
    folder = Folder(tmp_path / "deep" / "run", IDENTITY)
    assert folder.ending() is None
    assert folder.begun() is None
    assert names(folder.path) == []


def test_a_finished_run_is_read_back_and_has_no_checkpoint(finished):
    folder, model = finished
    again = Folder(folder.path, IDENTITY)
    assert names(folder.path) == ["model.safetensors", "receipt.json", "run.json"]
    assert again.ending() == ENDING
    other = tiny.build()
    assert again.result(other).title == "a run"
    assert same(model, other)


@pytest.mark.parametrize("key", IDENTITY)
def test_the_end_of_another_run_is_refused(finished, key):
    folder = Folder(finished[0].path, {**IDENTITY, key: "other"})
    with pytest.raises(FormatError, match=rf"run\.json must be of this run.* whose {key} is"):
        folder.ending()


@pytest.mark.parametrize("key", IDENTITY)
def test_the_checkpoint_of_another_run_is_refused(tmp_path, key):
    Folder(tmp_path, IDENTITY).save({"step": 1})
    with pytest.raises(FormatError, match=rf"run\.pt must be of this run.* whose {key} is"):
        Folder(tmp_path, {**IDENTITY, key: "other"}).begun()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "3",
        "{}",
        json.dumps({"kind": "other/1", "identity": IDENTITY, "ending": {}}),
        json.dumps({"kind": "tenth result/1", "identity": IDENTITY, "ending": 3}),
        json.dumps({"kind": "tenth result/1", "identity": None, "ending": {}}),
        b"\xff\xfe",
    ],
)
def test_a_damaged_end_is_named(finished, text):
    folder, _ = finished
    content = text if isinstance(text, bytes) else text.encode()
    (folder.path / "run.json").write_bytes(content)
    with pytest.raises(FormatError, match=r"run\.json must be a .*(damaged|cut short)"):
        folder.ending()


def test_a_damaged_result_is_named(finished):
    folder, _ = finished
    content = folder.model_path.read_bytes()
    folder.model_path.write_bytes(content[: len(content) // 2])
    with pytest.raises(FormatError, match="model"):
        folder.result(tiny.build())


def test_a_result_or_receipt_that_is_gone_is_named(finished):
    folder, model = finished
    folder.receipt_path.unlink()
    with pytest.raises(InputError, match=r"receipt\.json"):
        folder.result(model)
    folder.model_path.unlink()
    with pytest.raises(InputError, match=r"model\.safetensors: No such file"):
        folder.result(model)


def test_a_model_of_something_else_is_not_overwritten(tmp_path):
    (tmp_path / "model.safetensors").write_bytes(b"precious")
    with pytest.raises(FormatError, match=r"model\.safetensors must be absent"):
        Folder(tmp_path, IDENTITY)
    assert (tmp_path / "model.safetensors").read_bytes() == b"precious"


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "file").write_text("text")
    with pytest.raises(OutputError, match="must be a folder"):
        Folder(tmp_path / "file", IDENTITY)


@pytest.mark.parametrize("written", [0, 1, 2])
def test_a_full_disk_at_the_end_keeps_the_checkpoint(tmp_path, full_disk, written):
    folder = Folder(tmp_path, IDENTITY)
    folder.save({"step": 2})
    receipt = Receipt("a run", Aim("tiny"))
    with full_disk(after=written), pytest.raises(OutputError, match="No space left"):
        folder.finish(tiny.build(), receipt, ENDING)
    whole = ["model.safetensors", "receipt.json"][:written]
    assert names(tmp_path) == sorted([*whole, "run.pt"])
    again = Folder(tmp_path, IDENTITY)
    assert again.ending() is None
    assert again.begun() == {"step": 2}

"""`tenth keep` as a user types it."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
from typer.testing import CliRunner

from keep.models import files, folder, tuned, weights
from tenth.cli.main import app

RUNNER = CliRunner()


def tenth(*words, code=0):
    run = RUNNER.invoke(app, ["keep", *map(str, words)])
    assert run.exit_code == code, run.output
    assert "Traceback" not in run.output
    return run


def form(*words, code=0):
    return json.loads(tenth(*words, "--json", code=code).stdout)


@pytest.fixture
def there(tmp_path, monkeypatch):
    """A current folder with a base and a variant, and a store of both."""
    monkeypatch.chdir(tmp_path)
    folder("llama", weights())
    folder("llama-a", tuned(weights(), size=1e-6))
    tenth("put", "llama", "llama")
    tenth("put", "task-a", "llama-a", "-m", "three epochs")
    return tmp_path


VERBS = (
    "put", "get", "ls", "show", "log", "du", "diff", "export", "rebase", "rm", "gc", "verify",
    "push", "pull", "clone",
)  # fmt: skip


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_explains_itself(verb):
    assert f" {verb} " in tenth("--help").stdout
    assert "--json" in tenth(verb, "--help").stdout


def test_put_says_what_it_found_and_what_it_took(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder("llama", weights())
    folder("llama-a", tuned(weights(), size=1e-6))
    first = tenth("put", "llama", "llama").stdout
    assert "llama: version 1, 4 files" in first
    assert "base: none, nothing in the store is near" in first
    second = tenth("put", "task-a", "llama-a").stdout
    assert "base: llama, found by its weights" in second
    assert "codecs: " in second
    assert "every byte was in the store already" in tenth("put", "twin", "llama-a").stdout
    other = form("put", "task-b", "llama-a", "--base", "none", "--store", "new")
    assert other["basis"]["name"] is None
    assert other["full_bytes"] == sum(map(len, files("llama-a").values()))


def test_files_come_back(there):
    said = tenth("get", "task-a", "--out", "out").stdout
    assert "4 files restored" in said
    assert files("out") == files("llama-a")
    assert "already there and equal: 4 files" in tenth("get", "task-a", "-o", "out").stdout
    one = form("get", "task-a@1", "-o", "some", "--only", "*.json", "--threads", "1")
    assert one["written"] == ["config.json"]


def test_the_store_is_told_in_full(there):
    listed = tenth("ls").stdout
    assert "three epochs" in listed
    assert [one["name"] for one in form("ls")["names"]] == ["llama", "task-a"]
    shown = tenth("show", "task-a").stdout
    assert "base: llama" in shown
    assert "600×64" in shown
    assert form("show", "task-a")["base"] == "llama"
    assert "three epochs" in tenth("log", "task-a").stdout
    assert form("log", "task-a")["versions"][0]["generation"] == 1
    assert "3 tensors changed, 0 are the same" in tenth("diff", "llama", "task-a").stdout
    counted = form("diff", "llama", "task-a", "--values")["changed"]
    assert all(0 < one["differ"] <= one["elements"] for one in counted)
    assert "quick: 2 names, 2 packs; no problems" in tenth("verify").stdout
    assert "6 tensors decoded; no problems" in tenth("verify", "--deep").stdout


def test_the_log_says_which_versions_are_gone(there):
    tenth("put", "task-a", "llama", "-m", "back to the base")
    versions = form("log", "task-a")["versions"]
    assert [one["state"] for one in versions] == ["here", "here"]
    for _ in range(2):
        tenth("gc", "--versions", "1", "--grace", "0")
    lines = tenth("log", "task-a").stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["version", "2", "1"]
    assert " here " in lines[1]
    assert " gone " in lines[2]
    tenth("rm", "task-a")
    assert " removed" in tenth("log", "task-a").stdout.splitlines()[1]


def test_du_names_the_price_and_writes_a_receipt(there):
    said = tenth("du", "--receipt", "receipt.json").stdout
    assert "USD a year (modelled) at 0.023 USD/GB-month (given: Amazon S3" in said
    form_of = json.loads((there / "receipt.json").read_text())
    assert [size["name"] for size in form_of["sizes"]][-1] == "bytes of the store"
    assert form("du", "--price", "1")["price"]["value"] == 1


def test_du_goes_on_where_a_name_cannot_be_read(there):
    manifest = form("show", "llama")["manifest"]
    (there / "tenth-store" / "manifests" / manifest).unlink()
    said = tenth("du", "--receipt", "receipt.json", code=1).stdout
    assert "problem: llama: " in said
    assert [line.split()[:2] for line in said.splitlines()[1:3]] == [
        ["llama", "unknown"], ["task-a", "417"],
    ]  # fmt: skip
    assert (there / "receipt.json").exists()
    assert len(form("du", code=1)["problems"]) == 1


def test_put_writes_a_receipt_with_its_cost(there):
    folder("llama-b", tuned(weights(), 2))
    tenth("put", "task-b", "llama-b", "--receipt", "receipt.json")
    receipt = json.loads((there / "receipt.json").read_text())
    assert receipt["stages"][0]["name"] == "put"
    assert {"bytes of task-b", "bytes of the store"} <= {size["name"] for size in receipt["sizes"]}


def test_a_lossy_put_is_labelled(there):
    said = tenth("put", "near", "llama-a", "--base", "llama", "--lossy", "onebit").stdout
    assert "LOSSY (onebit): 2 matrices are near what was given, not equal" in said
    assert "lossy onebit, relative error" in tenth("ls").stdout
    assert "not what was given: lossy onebit" in tenth("show", "near").stdout
    told = tenth("du").stdout
    assert "near (lossy)" in told
    assert " 0 B," not in told  # a codec that took nothing
    made = form("put", "thin", "llama-a", "--base", "llama", "--lossy", "lowrank", "--rank", "2")
    assert 0 < made["relative_error"] < 1
    assert made["put"]["name"] == "thin"
    refused = tenth("put", "near", "llama-a", "--lossy", "onebit", code=2).stderr
    assert "Give --base NAME" in refused


def test_a_patch_a_rebase_and_a_removal(there):
    said = tenth("export", "task-a", "--against", "llama", "--out", "p.safetensors").stdout
    assert "numbers of" in said
    assert (there / "p.safetensors").exists()
    assert "version 2" in tenth("rebase", "task-a", "--base", "none").stdout
    assert form("rebase", "task-a", "--base", "llama")["basis"]["how"] == "declared"
    assert "is removed" in tenth("rm", "task-a").stdout
    assert "would be deleted" in tenth("gc", "--grace", "0", "--dry-run").stdout
    assert form("gc", "--grace", "0")["deleted_bytes"] > 0
    assert [one["name"] for one in form("ls")["names"]] == ["llama"]


def test_stores_are_moved_between(there):
    assert "task-a: now in far" in tenth("push", "far", "task-a").stdout
    assert "task-a: unchanged" in tenth("push", "far", "task-a").stdout
    assert form("pull", "far", "--store", "near")["names"] == ["task-a"]
    assert form("clone", "far", "again")["names"] == ["task-a"]
    tenth("get", "task-a", "--store", "again", "-o", "out")
    assert files("out") == files("llama-a")


def test_a_damaged_store_is_exit_1_and_can_be_mended(there):
    tenth("push", "copy")
    pack = max((there / "tenth-store" / "objects").rglob("*"), key=lambda p: p.stat().st_size)
    data = bytearray(pack.read_bytes())
    data[len(data) // 2] ^= 1
    pack.chmod(0o644)
    pack.write_bytes(data)
    said = tenth("verify", "--stored", code=1).stdout
    assert "llama, model.safetensors, block.0.weight: pack" in said
    assert "Another copy of the store can repair it" in said
    assert form("verify", "--deep", code=1)["problems"][0]["fetch_helps"]
    failed = RUNNER.invoke(app, ["keep", "get", "llama", "-o", "out"])
    assert failed.exit_code == 2
    assert "cannot be restored" in failed.stderr
    assert "no problems" in tenth("verify", "--stored", "--repair", "copy").stdout
    tenth("get", "llama", "-o", "out")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("get", "tusk-a", "-o", "out"), "Did you mean task-a?"),
        (("get", "task-a@9", "-o", "out"), "version of task-a must be one of 1. Got 9."),
        (("put", "x", "nowhere"), "PATH must be a model folder or a file"),
        (("put", "a b", "llama"), "name of a variant must be"),
        (("put", "x", "llama", "--base", "llamb"), "Did you mean llama?"),
        (("ls", "--store", "nowhere"), "holds no store"),
        (("ls", "--store", "llama"), "holds no store"),
        (("put", "x", "llama", "--store", "llama-a"), "holds other things"),
        (("verify", "--quick", "--deep"), "one of --quick, --stored, --deep"),
        (("rebase", "task-a", "--base", "task-a"), "base must be another variant"),
        (("push", "ftp://x"), "must be a folder or one of"),
    ],
)
def test_a_wrong_call_is_one_sentence_and_exit_2(words, said, there):
    run = tenth(*words, code=2)
    assert run.stderr.startswith("tenth: ")
    assert said in run.stderr
    assert run.stderr.count("\n") == 1
    assert not (there / "out").exists()


def test_a_store_of_a_newer_format_says_so(there):
    mark = there / "tenth-store" / "tenth-keep.json"
    mark.chmod(0o644)
    mark.write_text(mark.read_text().replace("1}", "2}"))
    assert "Install a newer tenth" in tenth("ls", code=2).stderr


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_is_said_so(there):
    (there / "tenth-store" / "objects").chmod(0o500)
    folder("llama-b", weights(3))
    assert "tenth: " in tenth("put", "b", "llama-b", code=2).stderr


def test_the_store_can_be_named_by_the_environment(there, monkeypatch):
    monkeypatch.setenv("TENTH_STORE", "tenth-store")
    monkeypatch.chdir(there / "llama")
    assert tenth("ls", "--store", there / "tenth-store")
    monkeypatch.chdir(there)
    assert [one["name"] for one in form("ls")["names"]] == ["llama", "task-a"]


@pytest.mark.slow
def test_ctrl_c_is_exit_130_and_the_same_command_goes_on(tmp_path):
    arrays = {f"w{i}": weights(i, {"w": (2048, 1024)})["w"] for i in range(12)}
    folder(tmp_path / "m", arrays)
    words = [sys.executable, "-m", "tenth", "keep", "put", "m", "m", "--threads", "1"]
    process = subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path
    )
    scratch = tmp_path / "tenth-store" / "tmp"
    before = 0
    for _ in range(3000):  # until some tensors are in its first pack, and none is being added
        there = max((path.stat().st_size for path in scratch.glob("*")), default=0)
        if there > 24 << 20 and there == before:
            break
        before = there
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=120)
    assert process.returncode == 130
    assert "the same command goes on" in said
    assert "Traceback" not in said
    again = subprocess.run([*words, "--json"], capture_output=True, text=True, cwd=tmp_path)
    assert again.returncode == 0
    assert json.loads(again.stdout)["held_bytes"] > 0


def damage(path, word=b'"manifest":"'):
    data = bytearray(path.read_bytes())
    data[data.index(word) + 20] ^= 1
    path.chmod(0o644)
    path.write_bytes(data)


def test_a_damaged_name_is_exit_1_wherever_all_names_are_asked_for(there):
    tenth("push", "copy")
    path = there / "tenth-store" / "refs" / "task-a" / "00000001.json"
    damage(path)
    listed = tenth("ls", code=1).stdout
    assert "task-a" in listed
    assert "is damaged" in listed
    assert "task-a: not moved." in tenth("push", "far", code=1).stdout
    assert "task-a: not moved." in tenth("pull", "tenth-store", "-s", "new", code=1).stdout
    cloned = tenth("clone", "tenth-store", "again", code=1).stdout
    assert "task-a: not copied." in cloned
    assert "again: 1 name" in cloned
    assert "tenth keep rm task-a" in tenth("gc", code=2).stderr
    said = tenth("verify", "--repair", "copy").stdout
    assert "found: task-a: refs/task-a/00000001.json" in said
    assert "mended: refs/task-a/00000001.json was written anew" in said
    assert "stored: 2 names" in said
    tenth("ls")


def test_a_clone_into_names_a_version_to_remove_and_a_rank_alone_are_refused(there):
    tenth("push", "copy")
    assert "store with names" in tenth("clone", "tenth-store", "copy", code=2).stderr
    said = tenth("rm", "task-a@1", code=2).stderr
    assert "rm takes a name with all its versions" in said
    assert "gc --versions" in tenth("rm", "task-a@9", code=2).stderr
    words = ("put", "x", "llama", "--rank", "3")
    assert "--lossy lowrank" in tenth(*words, code=2).stderr
    assert "--lossy lowrank" in tenth(*words, "--lossy", "onebit", code=2).stderr
    assert [one["name"] for one in form("ls")["names"]] == ["llama", "task-a"]


def test_a_put_of_the_current_folder_leaves_its_store_out(there):
    said = tenth("put", "all", ".").stdout
    assert "note: tenth-store was left out: it is a store of tenth" in said
    assert "a store of tenth" in tenth("put", "x", "tenth-store", code=2).stderr


def test_gc_tells_of_what_may_be_at_work(there):
    (there / "tenth-store" / "tmp" / "x.tmp").write_bytes(b"x")
    assert "1 temporary file younger than 24 hours" in tenth("gc").stdout
    assert "younger than 1 hour" in tenth("gc", "--grace", "0").stdout


def test_force_says_what_it_overwrites():
    for verb, said in (("push", "changed there"), ("pull", "changed here")):
        assert said in " ".join(tenth(verb, "--help").stdout.replace("│", " ").split())

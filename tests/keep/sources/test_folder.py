"""Folders and safetensors files as sources."""

import errno
import json
import os
import threading
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy

from tenth.errors import FormatError, InputError
from tenth.keep import sources
from tenth.keep.places import open_place
from tenth.keep.sources import hints
from tenth.keep.sources.files import reading
from tenth.sparsity import checkpoint


def weights(path: Path, **arrays):
    safetensors.numpy.save_file(arrays, path)
    return path


def model(folder: Path) -> Path:
    """A sharded model as a hub gives it."""
    folder.mkdir(parents=True, exist_ok=True)
    first, second = np.arange(6, dtype=np.float32).reshape(2, 3), np.ones(4, np.float16)
    weights(folder / "model-00001-of-00002.safetensors", **{"a.weight": first})
    weights(folder / "model-00002-of-00002.safetensors", **{"b.bias": second})
    index = {"weight_map": {"a.weight": "model-00001-of-00002.safetensors",
                            "b.bias": "model-00002-of-00002.safetensors"}}  # fmt: skip
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    (folder / "config.json").write_text('{"_name_or_path": "org/base"}')
    (folder / "tokenizer").mkdir()
    (folder / "tokenizer" / "vocab.txt").write_text("a\nb\n")
    (folder / "empty").touch()
    return folder


def whole(source):
    """The bytes of each file, read by segments."""
    found = {}
    for file in source.files:
        with file.reading() as opened:
            parts = [opened.read(segment.start, segment.size) for segment in file.segments]
        found[file.name] = b"".join(parts)
    return found


def tensors(source):
    return [s.tensor for file in source.files for s in file.segments if s.tensor]


def test_a_model_folder_is_seen_whole(tmp_path):
    root = model(tmp_path / "model")
    source = sources.read(root)
    assert source.kind == "folder"
    assert source.hints == ("org/base",)
    assert source.warnings == ()
    names = sorted(str(p.relative_to(root)) for p in root.rglob("*") if p.is_file())
    assert [file.name for file in source.files] == names
    assert whole(source) == {name: (root / name).read_bytes() for name in names}
    assert [tuple(t) for t in tensors(source)] == [
        ("a.weight", "F32", (2, 3)),
        ("b.bias", "F16", (4,)),
    ]
    assert source.size_bytes == sum((root / name).stat().st_size for name in names)


def test_segments_are_the_tensors_of_the_file(tmp_path):
    array = np.arange(5, dtype=np.int64)
    source = sources.read(weights(tmp_path / "w.safetensors", x=array, none=np.zeros((0, 3))))
    (file,) = source.files
    assert (source.kind, file.kind, file.name) == ("safetensors", "safetensors", "w.safetensors")
    with file.reading() as opened:
        read = {s.tensor.name: opened.read(s.start, s.size) for s in file.segments if s.tensor}
    assert read == {"x": array.tobytes(), "none": b""}


def test_a_file_of_no_known_kind_is_kept_whole(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_bytes(b"hello")
    source = sources.read(path)
    assert (source.kind, source.warnings) == ("file", ())
    assert source.files[0].segments == (sources.Segment(0, 5),)


def test_tenths_small_checkpoints(tmp_path):
    array = np.zeros((64, 64), np.float32)
    array[3, :] = 1
    checkpoint.save(tmp_path / "small.safetensors", {"w": array})
    source = sources.read(tmp_path / "small.safetensors")
    assert (source.kind, source.warnings) == ("small", ())
    assert {t.name: t.dtype for t in tensors(source)} == {"w:values": "F32", "w:mask": "U8"}


def test_a_small_checkpoint_of_a_later_version_is_told(tmp_path):
    words = {"tenth_format": "tenth-small/9"}
    safetensors.numpy.save_file({"x": np.ones(2)}, tmp_path / "new.safetensors", words)
    source = sources.read(tmp_path / "new.safetensors")
    assert source.kind == "small"
    assert "tenth-small/9" in source.warnings[0]


def test_an_adapter_names_its_base(tmp_path):
    weights(tmp_path / "adapter_model.safetensors", a=np.ones((2, 2), np.float32))
    config = {"peft_type": "LORA", "base_model_name_or_path": "org/model"}
    (tmp_path / "adapter_config.json").write_text(json.dumps(config))
    (tmp_path / "README.md").write_text("---\nbase_model: org/model\nlicense: mit\n---\n# A\n")
    source = sources.read(tmp_path)
    assert (source.kind, source.hints) == ("adapter", ("org/model",))


@pytest.mark.parametrize(
    ("card", "names"),
    [
        ("---\nbase_model: org/a\n---\n", ("org/a",)),
        ("---\nbase_model: 'org/a'  # the small one\n---\n", ("org/a",)),
        ("---\nbase_model: [org/a, \"org/b\"]\n---\n", ("org/a", "org/b")),
        ("---\nbase_model:\n- org/a\n  - org/b\ntags:\n- x\n---\n", ("org/a", "org/b")),
        ("---\nbase_model:\n---\n", ()),
        ("---\nlicense: mit\n---\nbase_model: org/a\n", ()),
        ("base_model: org/a\n", ()),
        ("---\nbase_model: " + "x" * 501 + "\n---\n", ()),
        ("", ()),
        ("\xff\xfe---", ()),
    ],
)  # fmt: skip
def test_the_card_of_a_model(card, names):
    assert hints.declared({"README.md": card.encode("latin-1")}) == names


@pytest.mark.parametrize(
    "words", [b"", b"{", b"[1]", b"3", b'{"_name_or_path": 3}', b"[" * 100_000, b"\xff"]
)
def test_a_config_that_names_nothing(words):
    assert hints.declared({"config.json": words, "adapter_config.json": words}) == ()
    assert hints.shards(words) == set()


def test_the_surest_hint_is_first():
    texts = {
        "config.json": b'{"_name_or_path": "c"}',
        "README.md": b"---\nbase_model: b\n---",
        "adapter_config.json": b'{"base_model_name_or_path": "a"}',
    }
    assert hints.declared(texts) == ("a", "b", "c")


def test_a_missing_shard_is_told(tmp_path):
    root = model(tmp_path / "model")
    (root / "model-00002-of-00002.safetensors").unlink()
    (warning,) = sources.read(root).warnings
    assert "model-00002-of-00002.safetensors" in warning


def hub(tmp_path: Path) -> Path:
    """A model in the cache of a hub: snapshots link to blobs."""
    cache = tmp_path / "models--org--m"
    (cache / "blobs").mkdir(parents=True)
    snapshot = cache / "snapshots" / "abc"
    snapshot.mkdir(parents=True)
    weights(cache / "blobs" / "1234", x=np.ones(3, np.float32))
    (snapshot / "model.safetensors").symlink_to("../../blobs/1234")
    return snapshot


def test_links_of_a_hubs_cache_are_followed(tmp_path):
    source = sources.read(hub(tmp_path))
    (file,) = source.files
    assert (file.name, file.kind) == ("model.safetensors", "safetensors")
    assert whole(source)["model.safetensors"] == file.path.read_bytes()


def test_the_cache_itself_is_no_model(tmp_path):
    snapshot = hub(tmp_path)
    with pytest.raises(InputError, match=f"Name {snapshot}"):
        sources.read(snapshot.parent.parent)


def test_a_link_to_a_folder_is_that_folder(tmp_path):
    shared = tmp_path / "tokenizer"
    shared.mkdir()
    (shared / "vocab.txt").write_text("a")
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "tokenizer").symlink_to(shared)
    (file,) = sources.read(tmp_path / "model").files
    assert file.name == "tokenizer/vocab.txt"


@pytest.mark.parametrize("target", [".", "..", "../model"])
def test_a_link_back_is_refused(tmp_path, target):
    root = model(tmp_path / "model")
    (root / "loop").symlink_to(target)
    with pytest.raises(InputError, match="a link to one that it lies in"):
        sources.read(root)


def test_links_that_lead_nowhere_or_in_a_circle_are_refused(tmp_path):
    (tmp_path / "gone").symlink_to("nothing")
    with pytest.raises(InputError, match="a link to nothing, which is not there"):
        sources.read(tmp_path)
    (tmp_path / "gone").unlink()
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(InputError, match="symbolic links"):
        sources.read(tmp_path)


def test_a_pipe_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match="Got a pipe"):
        sources.read(tmp_path)


def test_folders_of_tools_are_left_out_and_told(tmp_path):
    root = model(tmp_path / "model")
    for folder in (".git", ".cache/huggingface"):
        (root / folder).mkdir(parents=True)
        (root / folder / "data").write_text("x")
    (root / "sub" / ".git").mkdir(parents=True)
    (root / "sub" / ".git" / "mine").write_text("x")
    source = sources.read(root)
    assert [w.split()[0] for w in source.warnings] == [".cache/huggingface", ".git"]
    names = {file.name for file in source.files}
    assert "sub/.git/mine" in names
    assert not any("data" in name for name in names)


def test_too_deep_and_too_many(tmp_path, monkeypatch):
    root = model(tmp_path / "model")
    monkeypatch.setattr("tenth.keep.sources.folder.MOST_FILES", 5)
    with pytest.raises(InputError, match="at most 5 files"):
        sources.read(root)
    monkeypatch.undo()
    monkeypatch.setattr("tenth.keep.sources.folder.DEEPEST", 1)
    with pytest.raises(InputError, match="at most 1 folders deep"):
        sources.read(root)


def test_nothing_to_keep(tmp_path):
    with pytest.raises(InputError, match="an empty folder"):
        sources.read(tmp_path)
    with pytest.raises(InputError, match="No such file"):
        sources.read(tmp_path / "none")


def test_a_name_that_is_not_unicode(tmp_path):
    path = os.fsencode(tmp_path) + b"/\xff.txt"
    os.close(os.open(path, os.O_CREAT | os.O_WRONLY))
    with pytest.raises(InputError, match="Unicode"):
        sources.read(tmp_path)


def test_a_damaged_file_is_named(tmp_path):
    root = model(tmp_path / "model")
    path = root / "model-00001-of-00002.safetensors"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(FormatError, match=r"model-00001-of-00002.safetensors.*cut short"):
        sources.read(root)


def test_a_file_with_bytes_behind_is_kept_whole(tmp_path):
    path = weights(tmp_path / "w.safetensors", x=np.ones(2))
    path.write_bytes(path.read_bytes() + b"more")
    source = sources.read(path)
    assert (source.kind, tensors(source)) == ("file", [])
    assert "4 more" in source.warnings[0]
    assert whole(source)["w.safetensors"] == path.read_bytes()


def test_a_pointer_of_git_lfs_is_no_model(tmp_path):
    text = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 5\n"
    (tmp_path / "model.safetensors").write_text(text)
    with pytest.raises(FormatError, match="git lfs pull"):
        sources.read(tmp_path)


def change_while_reading(file, change):
    with file.reading() as opened:
        change()
        return opened.read(0, file.size_bytes)


def test_what_changes_while_it_is_read_is_noticed(tmp_path):
    path = weights(tmp_path / "w.safetensors", x=np.ones(200))
    (file,) = sources.read(path).files
    before = path.stat()
    data = path.read_bytes()
    new = tmp_path / "new"
    new.write_bytes(data)

    def touch(later):
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns + later))

    assert change_while_reading(file, lambda: None) == data
    with pytest.raises(InputError, match="written to"):
        change_while_reading(file, lambda: touch(1))
    with pytest.raises(InputError, match="written to"):
        change_while_reading(file, lambda: None)
    touch(0)
    with pytest.raises(InputError, match="another file took its place"):
        change_while_reading(file, lambda: new.replace(path))
    with pytest.raises(InputError, match="left alone"):
        change_while_reading(file, lambda: None)
    (file,) = sources.read(path).files
    with pytest.raises(InputError, match="shorter"):
        change_while_reading(file, lambda: os.truncate(path, 10))
    path.unlink()
    with pytest.raises(InputError, match="No such file"):
        change_while_reading(file, lambda: None)


def refusing(number):
    def refuse(*_, **__):
        raise OSError(number, os.strerror(number))

    return refuse


def test_what_the_system_does_not_give_is_named(tmp_path, monkeypatch):
    path = weights(tmp_path / "w.safetensors", x=np.ones(2))
    (file,) = sources.read(path).files
    monkeypatch.setattr(os, "preadv", refusing(errno.EIO))
    with pytest.raises(InputError, match=r"w\.safetensors.*Input/output error"):
        change_while_reading(file, lambda: None)
    monkeypatch.setattr(os, "open", refusing(errno.EACCES))
    with pytest.raises(InputError, match=r"w\.safetensors.*Permission denied"):
        sources.read(path)
    monkeypatch.setattr(os, "scandir", refusing(errno.EACCES))
    with pytest.raises(InputError, match="Permission denied"):
        sources.read(tmp_path)


def test_a_file_is_read_from_many_threads(tmp_path):
    data = np.random.default_rng(0).bytes(1 << 20)
    (tmp_path / "data").write_bytes(data)
    found = {}
    with reading(tmp_path / "data") as opened:

        def read(k):
            found[k] = b"".join(opened.read(k * 131072 + i, 1024) for i in range(0, 131072, 1024))

        threads = [threading.Thread(target=read, args=(k,)) for k in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert b"".join(found[k] for k in range(8)) == data


def test_reading_without_preadv_is_the_same(tmp_path, monkeypatch):
    (tmp_path / "data").write_bytes(bytes(range(200)))
    monkeypatch.delattr(os, "preadv", raising=False)
    with reading(tmp_path / "data") as opened:
        assert opened.read(100, 50) == bytes(range(100, 150))
        with pytest.raises(InputError, match="shorter"):
            opened.read(190, 20)


def test_a_store_inside_is_left_out_and_told(tmp_path):
    root = model(tmp_path / "model")
    names = {file.name for file in sources.read(root).files}
    (root / "deep").mkdir()
    for folder in ("tenth-store", "deep/other"):
        open_place(root / folder, make=True).create("objects/ab/cd", b"x")
    source = sources.read(root)
    assert {file.name for file in source.files} == names
    assert [w for w in source.warnings if "is a store" in w] == [
        "deep/other was left out: it is a store of tenth",
        "tenth-store was left out: it is a store of tenth",
    ]


def test_a_store_itself_is_no_model(tmp_path):
    open_place(tmp_path / "store", make=True)
    with pytest.raises(InputError, match="Got a store of tenth"):
        sources.read(tmp_path / "store")
    (tmp_path / "empty").mkdir()
    (tmp_path / "store").rename(tmp_path / "empty" / "store")
    with pytest.raises(InputError, match="nothing else: store was left out"):
        sources.read(tmp_path / "empty")


def test_a_link_that_leads_nowhere_says_where_it_led(tmp_path):
    root = model(tmp_path / "model")
    (root / "weights.bin").symlink_to("../blobs/lost")
    with pytest.raises(InputError, match=r"Got a link to \.\./blobs/lost, which is not there"):
        sources.read(root)

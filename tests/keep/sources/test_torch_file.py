"""Files of torch: read without torch, and nothing in them runs."""

import pickle
import random
import zipfile
from collections import Counter, OrderedDict, defaultdict
from pathlib import Path

import numpy as np
import pytest
import torch

from tenth.errors import FormatError, InputError
from tenth.keep import sources
from tenth.keep.sources import pickles


def tensors(source):
    return {s.tensor.name: s for file in source.files for s in file.segments if s.tensor}


def saved(path: Path, value) -> Path:
    torch.save(value, path)
    return path


def values(source, name):
    (file,) = source.files
    segment = tensors(source)[name]
    with file.reading() as opened:
        return opened.read(segment.start, segment.size)


def check_cover(source):
    for file in source.files:
        reached = 0
        for segment in file.segments:
            assert segment.start == reached
            assert segment.size >= 0
            reached += segment.size
        assert reached == file.size_bytes


def raw(tensor):
    return tensor.contiguous().view(torch.uint8).numpy().tobytes() if tensor.ndim else b""


def test_a_state_dict_gives_its_tensors(tmp_path):
    net = torch.nn.Sequential(torch.nn.Linear(8, 4), torch.nn.BatchNorm1d(4))
    state = net.state_dict()
    source = sources.read(saved(tmp_path / "net.pt", state))
    assert source.kind == "torch"
    assert source.files[0].kind == "torch"
    assert list(tensors(source)) == list(state)
    assert source.warnings == ()
    check_cover(source)
    for name, tensor in state.items():
        info = tensors(source)[name].tensor
        assert info is not None
        assert info.shape == tuple(tensor.shape)
        assert values(source, name) == tensor.numpy().tobytes()


NAMES = {
    "F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16,
    "I64": torch.int64, "I32": torch.int32, "I16": torch.int16, "I8": torch.int8,
    "U8": torch.uint8, "BOOL": torch.bool, "C64": torch.complex64,
    "U16": torch.uint16, "U32": torch.uint32, "U64": torch.uint64,
    "F8_E4M3": torch.float8_e4m3fn, "F8_E5M2": torch.float8_e5m2,
    "F8_E4M3FNUZ": torch.float8_e4m3fnuz, "F8_E5M2FNUZ": torch.float8_e5m2fnuz,
}  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_every_type_that_torch_has(tmp_path, name):
    tensor = torch.ones(6, dtype=torch.float32).to(NAMES[name]).reshape(2, 3)
    source = sources.read(saved(tmp_path / "t.pt", {"t": tensor}))
    info = tensors(source)["t"].tensor
    assert info == ("t", name, (2, 3))
    assert values(source, "t") == raw(tensor)


def test_a_type_that_safetensors_lacks_is_bytes(tmp_path):
    source = sources.read(saved(tmp_path / "t.pt", {"t": torch.ones(3, dtype=torch.complex128)}))
    assert tensors(source) == {}
    check_cover(source)


def test_a_checkpoint_with_its_optimizer(tmp_path):
    net = torch.nn.Linear(3, 2)
    chosen = torch.optim.AdamW(net.parameters())
    net(torch.ones(1, 3)).sum().backward()
    chosen.step()
    held = {"model": net.state_dict(), "opt": chosen.state_dict(), "epoch": 3, "lr": [0.1, None],
            "size": torch.Size([2]), "device": torch.device("cpu"), "dtype": torch.float32,
            "text": "é", "flag": True, "far": 2**70, "pair": (1, 2.5)}  # fmt: skip
    source = sources.read(saved(tmp_path / "last.ckpt", held))
    assert {"model.weight", "model.bias", "opt.state.0.exp_avg"} <= set(tensors(source))
    check_cover(source)


def test_tied_weights_stand_once_under_their_first_name(tmp_path):
    weight = torch.nn.Parameter(torch.ones(4, 2))
    source = sources.read(saved(tmp_path / "t.pt", {"embed": weight, "head": weight}))
    assert [s.tensor for s in source.files[0].segments if s.tensor] == [("embed", "F32", (4, 2))]


def test_views_of_one_storage_are_apart_where_they_can_be(tmp_path):
    whole = torch.arange(10, dtype=torch.float32)
    source = sources.read(saved(tmp_path / "t.pt", {"a": whole[:4], "b": whole[6:].view(2, 2)}))
    assert {n: s.tensor.shape for n, s in tensors(source).items()} == {"a": (4,), "b": (2, 2)}
    assert values(source, "b") == raw(whole[6:])
    check_cover(source)


@pytest.mark.parametrize(
    "views",
    [lambda w: (w.t(), w[0]), lambda w: (w[:2], w[1:]), lambda w: (w.t(),), lambda w: (w[:, 1],)],
)
def test_strided_and_overlapping_views_are_one_flat_tensor(tmp_path, views):
    whole = torch.arange(12, dtype=torch.float32).reshape(3, 4)
    held = {str(i): view for i, view in enumerate(views(whole))}
    source = sources.read(saved(tmp_path / "t.pt", held))
    (segment,) = tensors(source).values()
    assert segment.tensor == ("0", "F32", (12,))
    assert values(source, "0") == raw(whole)
    check_cover(source)


def test_empty_and_single_tensors(tmp_path):
    held = {"none": torch.zeros(0, 3), "one": torch.tensor(2.0)}
    found = tensors(sources.read(saved(tmp_path / "t.pt", held)))
    assert {name: (s.size, s.tensor.shape) for name, s in found.items()} == {
        "none": (0, (0, 3)),
        "one": (4, ()),
    }


def test_a_lone_tensor_has_no_path(tmp_path):
    assert list(tensors(sources.read(saved(tmp_path / "t.pt", torch.ones(2))))) == [""]


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_every_protocol(tmp_path, protocol):
    state = OrderedDict(a=torch.ones(300, 2), b=torch.zeros(1))
    torch.save(state, tmp_path / "t.pt", pickle_protocol=protocol)
    assert list(tensors(sources.read(tmp_path / "t.pt"))) == ["a", "b"]


class Evil:
    def __reduce__(self):
        return (print, ("it ran",))


def with_attribute(tensor):
    tensor.note = "x"
    return tensor


BESIDE = {
    "a counter": Counter({1: 2}),
    "a default": defaultdict(int, {1: 2}),
    "bytes": b"abc",
    "an array of bytes": bytearray(b"abc"),
    "a complex number": 3 + 2j,
    "a set": {1, 2},
    "a frozen set": frozenset({1}),
    "a layout": torch.strided,
    "a parameter with an attribute": with_attribute(torch.nn.Parameter(torch.ones(4))),
    "a tensor with an attribute": with_attribute(torch.ones(4)),
    "a buffer": torch.nn.Buffer(torch.ones(3)),
    "a sparse tensor": torch.eye(3).to_sparse(),
    "a tensor without bytes": torch.empty(3, device="meta"),
    "a bare storage": torch.ones(2).untyped_storage(),
    "a conjugate": torch.ones(2, dtype=torch.complex64).conj(),
    "a path": Path("x"),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", BESIDE)
def test_what_torch_takes_as_weights_alone_is_taken(tmp_path, name):
    path = saved(
        tmp_path / "t.pt", {"w": torch.ones(2), "beside": BESIDE[name], "z": torch.ones(3)}
    )
    try:
        torch.load(path, weights_only=True)
    except pickle.UnpicklingError:
        with pytest.raises(FormatError, match="of weights alone"):
            sources.read(path)
        return
    source = sources.read(path)
    assert {"w", "z"} <= set(tensors(source))
    check_cover(source)
    if "attribute" in name:
        assert tensors(source)["beside"].size == 16


def test_many_tensors_with_attributes_are_all_seen(tmp_path):
    state = {f"w{k}": with_attribute(torch.full((2,), float(k))) for k in range(300)}
    assert list(tensors(sources.read(saved(tmp_path / "t.pt", state)))) == list(state)


REFUSED = {
    "a whole module": (lambda p: torch.save(torch.nn.Linear(2, 2), p), "Linear"),
    "a call of a function": (lambda p: torch.save({"a": Evil()}, p), "print"),
    "a call as a key": (lambda p: torch.save({Key(): 1}, p), "print"),
    "numpy": (lambda p: torch.save({"a": np.ones(2)}, p), "numpy"),
    "the old format": (
        lambda p: torch.save({"a": torch.ones(2)}, p, _use_new_zipfile_serialization=False),
        "1.6 or newer",
    ),
    "another zip": (lambda p: zipped(p), "one data.pkl"),
    "no archive": (lambda p: p.write_bytes(b"PK\3\4" + bytes(100)), "a whole zip file"),
    "half an archive": (lambda p: (torch.save([torch.ones(99)], p), halve(p)), "a whole zip"),
}  # fmt: skip


class Key(Evil):
    def __hash__(self):
        return 1


def zipped(path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.npy", b"1234")


def halve(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_more_than_weights_is_refused_and_kept_whole_in_a_folder(tmp_path, name, capsys):
    make, words = REFUSED[name]
    make(tmp_path / "model.pt")
    with pytest.raises(FormatError, match=words):
        sources.read(tmp_path / "model.pt")
    source = sources.read(tmp_path)
    assert words in source.warnings[0]
    assert source.files[0].segments == (sources.Segment(0, source.files[0].size_bytes),)
    assert "it ran" not in capsys.readouterr().out


@pytest.mark.filterwarnings("ignore")
def test_a_program_of_torchscript_is_refused(tmp_path):
    torch.jit.script(torch.nn.Linear(2, 2)).save(tmp_path / "model.pt")
    with pytest.raises(FormatError, match="TorchScript"):
        sources.read(tmp_path / "model.pt")


@pytest.mark.parametrize("data", [b"", b"GGUF", b"\x80\x02]q\x00."])
def test_a_bin_of_another_kind_is_kept_without_a_word(tmp_path, data):
    (tmp_path / "model.bin").write_bytes(data)
    source = sources.read(tmp_path)
    assert (source.warnings, source.files[0].kind) == ((), "file")
    assert source.files[0].segments == ((sources.Segment(0, len(data)),) if data else ())


def rewritten(path, change, **how):
    """The archive again, its members changed."""
    with zipfile.ZipFile(path) as archive:
        held = {name: archive.read(name) for name in archive.namelist()}
    change(held)
    with zipfile.ZipFile(path, "w", **how) as archive:
        for name, data in held.items():
            archive.writestr(name, data)
    return path


def key_of(held, ending):
    return next(name for name in held if name.endswith(ending))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda held: held.update({key_of(held, "byteorder"): b"big"}), "little-endian"),
        (lambda held: held.pop(key_of(held, "data/0")), "in the archive"),
        (lambda held: held.update({key_of(held, "data/0"): bytes(7)}), "8 bytes long"),
        (lambda held: held.pop(key_of(held, "data.pkl")), "one data.pkl"),
        (lambda held: held.update({"other/data.pkl": b""}), "one data.pkl"),
        (lambda held: held.update({key_of(held, "data.pkl"): b"\x80\x02"}), "whole"),
    ],
)
def test_an_archive_that_does_not_fit_its_pickle(tmp_path, change, words):
    path = saved(tmp_path / "t.pt", {"a": torch.ones(2)})
    with pytest.raises(FormatError, match=words):
        sources.read(rewritten(path, change))


def test_an_archive_written_by_another_tool_is_read(tmp_path):
    path = saved(tmp_path / "t.pt", {"a": torch.ones(2)})
    source = sources.read(rewritten(path, lambda held: None))
    assert values(source, "a") == raw(torch.ones(2))
    check_cover(source)


def test_a_compressed_archive_is_refused(tmp_path):
    path = saved(tmp_path / "t.pt", {"a": torch.ones(2)})
    with pytest.raises(FormatError, match="compressed"):
        sources.read(rewritten(path, lambda held: None, compression=zipfile.ZIP_DEFLATED))


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_member_that_is_there_twice_is_refused(tmp_path):
    path = saved(tmp_path / "t.pt", {"a": torch.ones(2)})
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(key_of(archive.namelist(), "data/0"), bytes(8))
    with pytest.raises(FormatError, match="there once"):
        sources.read(path)


def test_members_that_lie_over_each_other_are_refused(tmp_path):
    path = saved(tmp_path / "t.pt", {"a": torch.ones(2), "b": torch.zeros(2)})
    with zipfile.ZipFile(path) as archive:
        first, second = (archive.getinfo(key_of(archive.namelist(), f"data/{k}")) for k in (0, 1))
    data = bytearray(path.read_bytes())
    place = data.rindex(second.filename.encode()) - 46
    assert data[place : place + 4] == b"PK\1\2"
    data[place + 42 : place + 46] = first.header_offset.to_bytes(4, "little")
    path.write_bytes(data)
    with pytest.raises(FormatError, match="beside the others"):
        sources.read(path)


def in_torch(pkl: bytes, path: Path) -> Path:
    def change(held):
        held[key_of(held, "data.pkl")] = pkl

    return rewritten(saved(path, {"a": torch.ones(2)}), change)


STORAGE = b"(X\7\0\0\0storagectorch\nFloatStorage\nX\1\0\0\0" + b"0X\3\0\0\0cpuK\2tQ"
TENSOR = b"ctorch._utils\n_rebuild_tensor_v2\n(" + STORAGE


@pytest.mark.parametrize(
    ("rest", "words"),
    [
        (b"K\0K\2\x85K\1\x85tR.", ""),
        (b"K\1K\2\x85K\1\x85tR.", "inside its storage"),
        (b"K\0K\3\x85K\1\x85tR.", "inside its storage"),
        (b"K\0K\2\x85K\2\x85tR.", "inside its storage"),
        (b"K\0J\xff\xff\xff\xff\x85K\1\x85tR.", "whole numbers from 0 up"),
        (b"J\xff\xff\xff\xffK\2\x85K\1\x85tR.", "whole numbers"),
        (b"K\0\x88\x85K\1\x85tR.", "whole numbers from 0 up"),
        (b"K\0K\2\x85)tR.", "fewer strides"),
        (b"K\0NK\1\x85tR.", "whole numbers from 0 up"),
        (b"K\0(" + b"K\1" * 65 + b"tK\1\x85tR.", "64 whole numbers"),
        (b"tR.", "storage, offset, size and stride"),
        (b"K\0K\2\x85K\1\x85\x89)ctorch\nsave\ntR.", "Got torch.save"),
    ],
)
def test_numbers_that_do_not_fit(tmp_path, rest, words):
    path = in_torch(b"\x80\2" + TENSOR + rest, tmp_path / "t.pt")
    if not words:
        assert list(tensors(sources.read(path))) == [""]
        return
    with pytest.raises(FormatError, match=words):
        sources.read(path)


@pytest.mark.parametrize(
    "storage",
    [
        b"NQ",
        b"K\1\x85Q",
        STORAGE.replace(b"K\2tQ", b"J\xff\xff\xff\xfftQ"),
        STORAGE.replace(b"FloatStorage", b"StrangeStorage"),
        STORAGE.replace(b"ctorch\n", b"cos\n"),
        STORAGE.replace(b"storagec", b"storagXc"),
    ],
)
def test_storages_that_torch_does_not_write(tmp_path, storage):
    with pytest.raises(FormatError):
        sources.read(in_torch(b"\x80\2" + storage + b".", tmp_path / "t.pt"))


def test_a_storage_of_two_lengths_is_refused(tmp_path):
    pkl = b"\x80\2" + STORAGE + STORAGE.replace(b"K\2tQ", b"K\3tQ") + b"\x86."
    with pytest.raises(FormatError, match="of one type and length"):
        sources.read(in_torch(pkl, tmp_path / "t.pt"))


HOSTILE = {
    "a cloud of tuples": b"\x80\2)q\0" + b"h\0h\0\x86q\0" * 100 + b".",
    "a list in itself": b"\x80\2]q\0h\0a.",
    "a very deep tuple": b"\x80\2)" + b"\x85" * 20_000 + b".",
    "a long key": b"\x80\2}X\x40\x9c\0\0" + b"k" * 40_000 + b"K\1s.",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_large_when_it_is_followed_is_read_once(tmp_path, name):
    assert tensors(sources.read(in_torch(HOSTILE[name], tmp_path / "t.pt"))) == {}


@pytest.mark.parametrize(
    "pkl",
    [
        b"\x80\2" + b")" + b"\x85" * 20_000 + b")R.",
        b"\x80\2]q\0h\0a)R.",
        b"\x80\2)" + b"\x85" * 20_000 + b"Q.",
        b"\x80\2" + TENSOR + b"K\0)" + b"\x85" * 20_000 + b"K\1\x85tR.",
    ],
)
def test_a_deep_value_at_a_wrong_place_is_an_error_in_words(tmp_path, pkl):
    with pytest.raises(FormatError):
        sources.read(in_torch(pkl, tmp_path / "t.pt"))


def test_damage_gives_errors_of_our_own_only(tmp_path):
    """Mutations of the pickle and of the archive: read and covered, or refused in words."""
    chosen = random.Random(3)
    whole = saved(tmp_path / "t.pt", {"a": torch.ones(3, 2), "o": {"b": torch.zeros(1)}})
    with zipfile.ZipFile(whole) as archive:
        pkl = archive.read(key_of(archive.namelist(), "data.pkl"))
    data = whole.read_bytes()
    start = data.index(pkl)
    path = tmp_path / "damaged.pt"
    for round_ in range(1500):
        broken = bytearray(data)
        for _ in range(chosen.randint(1, 3)):
            place = (
                chosen.randrange(start, start + len(pkl))
                if round_ % 2
                else chosen.randrange(len(data))
            )
            broken[place] = chosen.randrange(256)
        path.write_bytes(broken)
        try:
            check_cover(sources.read(path))
        except (FormatError, InputError):
            continue


def test_pickles_of_python_that_hold_plain_values():
    value = {"a": [1, -5, 2.5, None, True, 10**30, b"x", ("y",)], "b": {1: "z" * 300}, "s": {3}}
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        found = pickles.read(pickle.dumps(value, protocol))
        assert [key for key, _ in found.items] == ["a", "b", "s"]
        numbers = found.items[0][1]
        assert numbers[:6] == [1, -5, 2.5, None, True, 10**30]
        assert numbers[7] == ("y",)
        assert found.items[1][1].items == [(1, "z" * 300)]


def test_instructions_of_other_programs_are_refused():
    for data in (b"i", b"\x82\1.", b"P1\n.", b"\x98.", b"F1.5\n."):
        with pytest.raises(FormatError, match="one of weights alone"):
            pickles.read(data)


def test_a_program_without_an_end_is_refused(monkeypatch):
    monkeypatch.setattr(pickles, "MOST_STEPS", 100)
    with pytest.raises(FormatError, match="at most 100 instructions"):
        pickles.read(b"N0" * 1000 + b"N.")

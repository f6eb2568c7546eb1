import pickle

import pytest
import torch
from torch import nn

import tiny
from tenth import files
from tenth.errors import FormatError, OutputError
from tenth.fit import checkpoint
from tenth.fit.checkpoint import digest

IDENTITY = {"verb": "train", "task": "tiny", "seed": 0, "target": None, "model": "abc"}
STATE = {"step": 3, "weights": {"a": torch.arange(500.0)}, "history": [{"loss": 0.5}]}


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "run.pt"
    assert checkpoint.save(path, STATE, IDENTITY) == path.stat().st_size
    return path


def test_a_state_comes_back(path):
    state = checkpoint.load(path, IDENTITY)
    assert torch.equal(state["weights"]["a"], STATE["weights"]["a"])
    assert (state["step"], state["history"]) == (3, [{"loss": 0.5}])


@pytest.mark.parametrize("share", [0.0, 0.01, 0.3, 0.7, 0.99])
def test_a_file_cut_short_is_named(path, share):
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(FormatError, match=r"run\.pt must be a checkpoint .*cut short"):
        checkpoint.load(path, IDENTITY)


@pytest.mark.parametrize("missing", [1, 22, 100, 500, 1000])
def test_a_file_without_its_end_is_named(path, missing):
    path.write_bytes(path.read_bytes()[:-missing])  # torch may raise an OSError here
    with pytest.raises(FormatError, match=r"run\.pt must be a checkpoint .*cut short"):
        checkpoint.load(path, IDENTITY)


def test_garbage_is_named(path):
    path.write_bytes(bytes(range(256)) * 10)
    with pytest.raises(FormatError, match=r"run\.pt"):
        checkpoint.load(path, IDENTITY)


class Bomb:
    def __reduce__(self):
        return pytest.fail, ("code in a checkpoint was run",)


def test_code_in_a_file_is_never_run(path):
    path.write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(FormatError, match=r"run\.pt"):
        checkpoint.load(path, IDENTITY)
    torch.save({"kind": checkpoint.KIND, "identity": IDENTITY, "state": Bomb()}, path)
    with pytest.raises(FormatError, match=r"run\.pt"):
        checkpoint.load(path, IDENTITY)


@pytest.mark.parametrize(
    "content",
    [
        3,
        {},
        {"kind": "tenth run/2", "identity": IDENTITY, "state": {}},
        {"kind": checkpoint.KIND, "identity": 3, "state": {}},
        {"kind": checkpoint.KIND, "identity": IDENTITY, "state": [1]},
        {"kind": checkpoint.KIND, "identity": IDENTITY},
    ],
)
def test_a_file_of_another_kind_is_named(path, content):
    torch.save(content, path)
    with pytest.raises(FormatError, match=r"run\.pt must be a checkpoint of kind 'tenth run/1'"):
        checkpoint.load(path, IDENTITY)


@pytest.mark.parametrize("key", IDENTITY)
def test_another_run_is_refused_by_what_differs(path, key):
    with pytest.raises(FormatError, match=f"whose {key} is .* instead of 'other'"):
        checkpoint.load(path, {**IDENTITY, key: "other"})
    without = {name: value for name, value in IDENTITY.items() if name != key}
    if IDENTITY[key] is not None:
        with pytest.raises(FormatError, match=f"whose {key} is .* instead of None"):
            checkpoint.load(path, without)


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(FormatError, match=r"absent\.pt cannot be read: No such file"):
        checkpoint.load(tmp_path / "absent.pt", IDENTITY)


def test_a_full_disk_leaves_the_checkpoint_before(path, full_disk):
    before = path.read_bytes()
    with full_disk(), pytest.raises(OutputError, match="No space left on device"):
        checkpoint.save(path, {"step": 4}, IDENTITY)
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]
    files.write_bytes(path, b"room again")


def test_a_digest_tells_models_apart():
    torch.manual_seed(0)
    model = tiny.build()
    ours = digest(model)
    assert ours == digest(model)
    torch.manual_seed(0)
    assert digest(tiny.build()) == ours
    assert digest(tiny.build()) != ours
    with torch.no_grad():
        model[4].bias[0] += 1e-6
    changed = digest(model)
    assert changed != ours
    model[1].num_batches_tracked += 1
    assert digest(model) != changed


def test_a_digest_sees_names_shapes_and_types():
    def named(name, shape, dtype=torch.float32):
        model = nn.Module()
        model.register_parameter(name, nn.Parameter(torch.zeros(shape, dtype=dtype)))
        return digest(model)

    digests = {
        named("a", (2, 3)),
        named("b", (2, 3)),
        named("a", (3, 2)),
        named("a", ()),
        named("a", (2, 3), torch.bfloat16),
    }
    assert len(digests) == 5

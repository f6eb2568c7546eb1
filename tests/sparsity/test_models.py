import pytest
import safetensors.torch
import torch
from torch import nn

from tenth.errors import FormatError, InputError
from tenth.sparsity import checkpoint
from tenth.sparsity.masks import apply_masks_
from tenth.sparsity.methods import METHODS
from tenth.sparsity.models import load_into, save_dense, save_model
from tenth.sparsity.pruner import Pruner
from tenth.sparsity.schedules import Timetable


def convnet(seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Conv2d(3, 16, 3), nn.BatchNorm2d(16), nn.ReLU(), nn.AdaptiveAvgPool2d(4), nn.Flatten(),
        nn.Linear(256, 100), nn.ReLU(), nn.Linear(100, 10),
    )  # fmt: skip


def prune(net, density=0.1):
    optimizer = torch.optim.SGD(net.parameters(), 0.0)
    timetable = Timetable(1, ramp=1, rest=1)
    pruner = Pruner(net, optimizer, density=density, timetable=timetable)
    pruner.step()
    return pruner.finish()


def dense_bytes(net):
    return sum(4 * p.numel() for p in net.parameters())


def assert_same_state(one, two):
    for (name, a), (_, b) in zip(one.state_dict().items(), two.state_dict().items(), strict=True):
        assert a.dtype == b.dtype
        assert torch.equal(a, b), name


def million(kind):
    if kind == "mlp":
        return nn.Sequential(
            nn.Linear(784, 800), nn.ReLU(), nn.Linear(800, 500), nn.Linear(500, 10)
        )
    if kind == "published mlp":
        return nn.Sequential(nn.Linear(40, 980), nn.ReLU(), nn.Linear(980, 980), nn.Linear(980, 10))
    return nn.Sequential(
        nn.Conv2d(3, 64, 3), nn.BatchNorm2d(64), nn.Conv2d(64, 128, 3), nn.BatchNorm2d(128),
        nn.Conv2d(128, 256, 3), nn.BatchNorm2d(256), nn.Conv2d(256, 256, 3), nn.BatchNorm2d(256),
        nn.Flatten(), nn.Linear(256, 100),
    )  # fmt: skip


@pytest.mark.parametrize("kind", ["mlp", "published mlp", "convnet"])
def test_a_tenth_of_the_weights_takes_a_seventh_of_the_bytes(tmp_path, kind):
    net = prune(million(kind))
    wide = save_model(net, tmp_path / "wide")
    half = save_model(net, tmp_path / "half", values="float16")
    assert wide <= 0.14 * dense_bytes(net)
    assert half <= 0.09 * dense_bytes(net)
    assert save_dense(net, tmp_path / "dense") >= dense_bytes(net)


def test_the_model_gives_the_same_outputs(tmp_path):
    net, again = prune(convnet()), convnet(1)
    save_model(net, tmp_path / "x")
    load_into(again, tmp_path / "x")
    assert_same_state(net, again)
    inputs = torch.randn(2, 3, 12, 12)
    assert torch.equal(net.eval()(inputs), again.eval()(inputs))


def test_the_ordinary_file_is_a_plain_state_dict(tmp_path):
    net, again = prune(convnet()), convnet(1)
    save_dense(net, tmp_path / "x")
    again.load_state_dict(safetensors.torch.load_file(tmp_path / "x"))
    assert_same_state(net, again)
    other = convnet(2)
    load_into(other, tmp_path / "x")
    assert_same_state(net, other)


def test_special_values_survive(tmp_path):
    net = nn.Linear(40, 40, bias=False)
    values = torch.zeros(40, 40)
    values[0, :4] = torch.tensor([-0.0, torch.nan, torch.inf, -torch.inf])
    net.weight.data = values
    save_model(net, tmp_path / "x")
    assert checkpoint.is_small(tmp_path / "x")
    again = nn.Linear(40, 40, bias=False)
    load_into(again, tmp_path / "x")
    assert torch.equal(again.weight.view(torch.int32), values.view(torch.int32))


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float64])
def test_other_types_are_kept_as_they_are(tmp_path, dtype):
    net, again = convnet().to(dtype), convnet(1).to(dtype)
    save_model(net, tmp_path / "x", values="float16")
    load_into(again, tmp_path / "x")
    assert_same_state(net, again)
    loaded = checkpoint.load(tmp_path / "x")["5.weight"]
    assert torch.equal(torch.from_numpy(loaded).double(), net[5].weight.double())


def test_eight_bit_floats_and_odd_buffers(tmp_path):
    def build():
        net = nn.Module()
        net.register_buffer("eight", torch.tensor([1.0, -2.0]).to(torch.float8_e4m3fn))
        net.register_buffer("nothing", torch.zeros(0, 3))
        net.register_buffer("one", torch.tensor(3))
        net.register_buffer("flags", torch.tensor([[True], [False]]))
        return net

    save_model(build(), tmp_path / "x")
    again = build()
    again.one.zero_()
    load_into(again, tmp_path / "x")
    assert int(again.one) == 3
    assert again.eight.float().tolist() == [1, -2]


class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(40, 40)
        self.second = nn.Linear(40, 40)
        self.second.weight = self.first.weight


def test_tied_weights_are_stored_once(tmp_path):
    net, again = prune(Tied()), Tied()
    save_model(net, tmp_path / "x")
    assert "second.weight" not in checkpoint.load(tmp_path / "x")
    load_into(again, tmp_path / "x")
    assert_same_state(net, again)
    assert again.second.weight is again.first.weight
    save_dense(net, tmp_path / "y")
    assert "second.weight" in checkpoint.load(tmp_path / "y")


@pytest.mark.parametrize("name", ["first.weight", "second.weight"])
def test_a_tied_tensor_is_filled_from_any_of_its_names(tmp_path, name):
    net, again = Tied(), Tied()
    state = {key: value for key, value in net.state_dict().items() if "weight" not in key}
    safetensors.torch.save_file({**state, name: net.first.weight.detach()}, tmp_path / "x")
    load_into(again, tmp_path / "x")
    assert_same_state(net, again)
    assert again.second.weight is again.first.weight
    safetensors.torch.save_file(state, tmp_path / "x")
    with pytest.raises(FormatError, match=r"'first\.weight' must be in the file"):
        load_into(again, tmp_path / "x")


def test_a_file_of_safetensors_own_save_model_is_read(tmp_path):
    net, again = Tied(), Tied()
    # it keeps the name that comes first in the alphabet: of these two the second of the model
    net.alike, again.alike = net.first, again.first
    safetensors.torch.save_model(net, tmp_path / "x")
    load_into(again, tmp_path / "x")
    assert_same_state(net, again)


def other(name):
    if name == "missing":
        return nn.Sequential(*convnet(), nn.Linear(10, 2))
    if name == "unexpected":
        return convnet()[:7]
    if name == "shape":
        net = convnet()
        net[7] = nn.Linear(100, 11)
        return net
    net = convnet()
    net[1].num_batches_tracked = torch.tensor(1.0)
    return net


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("missing", r"tensor '8\.weight' must be in the file\. Got missing.*another model"),
        ("unexpected", r"tensor '7\.(weight|bias)' must be a tensor of the model\. Got unexpected"),
        ("shape", r"tensor '7\.weight' must be of shape \(11, 100\)\. Got \(10, 100\)"),
        ("type", r"tensor '1\.num_batches_tracked' must be torch\.float32\. Got torch\.int64"),
    ],
)
def test_the_checkpoint_of_another_model_changes_nothing(tmp_path, name, said):
    save_model(prune(convnet()), tmp_path / "x")
    net = other(name)
    before = {key: value.clone() for key, value in net.state_dict().items()}
    with pytest.raises(FormatError, match=said):
        load_into(net, tmp_path / "x")
    assert all(torch.equal(value, before[key]) for key, value in net.state_dict().items())


def test_a_truncated_checkpoint_changes_nothing(tmp_path):
    save_model(prune(convnet()), tmp_path / "x")
    raw = (tmp_path / "x").read_bytes()
    (tmp_path / "x").write_bytes(raw[:-3])
    net = convnet(1)
    before = {key: value.clone() for key, value in net.state_dict().items()}
    with pytest.raises(FormatError, match="whole safetensors file"):
        load_into(net, tmp_path / "x")
    assert all(torch.equal(value, before[key]) for key, value in net.state_dict().items())


def test_a_value_too_large_for_float16_names_its_tensor(tmp_path):
    net = prune(convnet())
    with torch.no_grad():
        net[5].weight[0, 0] = 1e6
    with pytest.raises(InputError, match=r"'5\.weight' must be within ±65504"):
        save_model(net, tmp_path / "x", values="float16")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("tensor", "said"),
    [
        (torch.zeros(2, dtype=torch.complex64), "numbers or booleans"),
        (torch.eye(2).to_sparse(), "a plain tensor"),
        (torch.zeros(2, device="meta"), "a plain tensor"),
    ],
)
def test_what_is_no_plain_tensor_is_named(tmp_path, tensor, said):
    net = nn.Linear(2, 2)
    net.register_buffer("odd", tensor)
    with pytest.raises(InputError, match=f"'odd'.*{said}"):
        save_model(net, tmp_path / "x")


def test_a_compiled_model_is_saved_under_its_own_names(tmp_path):
    net = prune(convnet())
    save_model(torch.compile(net, backend="eager"), tmp_path / "x")
    load_into(again := convnet(1), tmp_path / "x")
    assert_same_state(net, again)


def test_masks_are_those_of_the_file(tmp_path):
    """A running average of a pruned model, masked, is as small as the model."""
    net, average = convnet(), convnet(3)
    optimizer = torch.optim.SGD(net.parameters(), 0.0)
    pruner = Pruner(net, optimizer, density=0.1, method=METHODS["static"], timetable=Timetable(10))
    apply_masks_(average, pruner.masks)
    assert save_model(average, tmp_path / "a") == pytest.approx(
        save_model(net, tmp_path / "b"), rel=0.01
    )

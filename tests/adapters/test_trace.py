"""A step traced without memory, against torch's own counter and allocator, and closed forms."""

import importlib.util
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

import tenth
from tenth.adapters.trace import traced_step
from tenth.errors import UnsupportedError

WIDTH, HEADS, LENGTH, BATCH = 32, 4, 24, 3


@pytest.fixture(scope="module")
def memory():
    path = Path(__file__).parents[2] / "bench" / "memory.py"
    spec = importlib.util.spec_from_file_location("bench_memory", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def task_of(build, batch, loss=None, **more):
    return tenth.Task(
        name="net",
        model=build,
        batches=lambda seed: [batch],
        loss=loss or (lambda model, x: model(x).square().mean()),
        score=lambda model, split: 0.0,
        example=(batch,),
        **more,
    )


def counted_by_torch(task):
    model, batch = task.model(), task.first_batch()
    with FlopCounterMode(display=False) as counter:
        task.loss(model, batch).backward()
    return counter.get_total_flops()


def mlp():
    return nn.Sequential(nn.Linear(16, 64), nn.ReLU(), nn.Linear(64, 8))


def convolutions():
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1, bias=False),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.Conv2d(8, 8, 3, groups=2, stride=2),
        nn.Flatten(),
        nn.Linear(8 * 7 * 7, 4),
    )


def plain_convolutions():
    return nn.Sequential(
        nn.Conv2d(3, 16, 3, padding=1),
        nn.BatchNorm2d(16),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
    )


class Attention(nn.Module):
    """One attention layer whose scores are fused."""

    def __init__(self, causal=False):
        super().__init__()
        self.mixed, self.causal = nn.Linear(WIDTH, 3 * WIDTH), causal

    def forward(self, x):
        query, key, value = (
            part.unflatten(-1, (HEADS, -1)).transpose(1, 2) for part in self.mixed(x).chunk(3, -1)
        )
        return nn.functional.scaled_dot_product_attention(query, key, value, is_causal=self.causal)


class Recurrent(nn.Module):
    """The outputs of an LSTM."""

    def __init__(self):
        super().__init__()
        self.inner = nn.LSTM(16, WIDTH, 2, batch_first=True)

    def forward(self, x):
        return self.inner(x)[0]


@pytest.mark.parametrize(
    ("build", "shape"), [(mlp, (5, 16)), (convolutions, (2, 3, 16, 16))], ids=["mlp", "conv"]
)
def test_flops_equal_those_of_torch_where_it_is_right(build, shape):
    task = task_of(build, torch.ones(shape))
    assert traced_step(task).flops == counted_by_torch(task)


@pytest.mark.parametrize("causal", [False, True])
def test_attention_on_a_processor_counts_where_torch_counts_nothing(causal):
    task = task_of(lambda: Attention(causal), torch.ones(BATCH, LENGTH, WIDTH))
    linear = 2 * BATCH * LENGTH * WIDTH * 3 * WIDTH
    square = 2 * BATCH * LENGTH * LENGTH * WIDTH * 2
    # the first layer owes no gradient of its input; the scores are computed again
    closed = 2 * linear + square * (1 + 2.5)
    assert traced_step(task).flops == closed
    assert counted_by_torch(task) == 2 * linear  # wrong: pytorch issue 195460


def test_an_lstm_counts_where_torch_counts_nothing():
    task = task_of(Recurrent, torch.ones(BATCH, LENGTH, 16))
    matrices = 4 * WIDTH * (16 + WIDTH) + 4 * WIDTH * (WIDTH + WIDTH)
    assert traced_step(task).flops == 3 * 2 * BATCH * LENGTH * matrices
    assert counted_by_torch(task) == 0


def test_a_decoder_is_what_its_sizes_say():
    transformers = pytest.importorskip("transformers")
    from tenth.plan.models import Sizes, preset

    sizes = Sizes(layers=2, width=64, heads=4, kv_heads=2, ff_width=96, vocabulary=200)
    ours = preset("llama", sizes)
    config = transformers.LlamaConfig(
        hidden_size=64, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
        intermediate_size=96, vocab_size=200, attn_implementation="sdpa", use_cache=False,
    )  # fmt: skip
    tokens = torch.zeros(BATCH, 48, dtype=torch.long)
    task = task_of(
        lambda: transformers.LlamaForCausalLM(config),
        tokens,
        lambda model, x: model(input_ids=x, labels=x).loss,
    )
    step = traced_step(task)
    assert step.parameters == ours.parameters
    attention = ours.attention_flops(48, skip=False)
    # twice the forward pass again, and the scores of a fused attention once more
    closed = 3 * BATCH * 48 * (ours.product_flops() + attention) + BATCH * 48 * attention / 2
    assert step.flops == pytest.approx(closed, rel=0.02)
    assert step.weight_share == pytest.approx(
        ours.product_flops() / ours.forward_flops(48, skip=False), rel=0.02
    )


SMALL = {
    "mlp": (lambda m: mlp(), (256, 16)),
    "conv": (lambda m: plain_convolutions(), (8, 3, 32, 32)),
    "encoder": (
        lambda m: nn.TransformerEncoder(
            nn.TransformerEncoderLayer(64, 4, 256, dropout=0.0, batch_first=True),
            2,
            enable_nested_tensor=False,
        ),
        (4, 64, 64),
    ),
    "decoder": (lambda m: m.Decoder(500, 64, 4, 2, 64), (4, 64)),
    "lstm": (lambda m: m.Picked(nn.LSTM(64, 128, 2, batch_first=True)), (8, 100, 64)),
}


@pytest.mark.parametrize("name", SMALL)
@pytest.mark.filterwarnings("ignore")
def test_the_peak_is_that_of_torchs_allocator(name, memory, monkeypatch):
    build, shape = SMALL[name]
    monkeypatch.setitem(memory.NETS, name, (lambda: build(memory), shape))
    planned = traced_step(memory.task_of(name)).peak_bytes
    assert planned == pytest.approx(memory.measure_allocated(name), rel=0.10)


def test_what_stays_between_steps_is_weights_gradients_and_adam():
    step = traced_step(task_of(mlp, torch.ones(5, 16)))
    assert step.parameters == step.trained == 16 * 64 + 64 + 64 * 8 + 8
    left = step.state_bytes - 16 * step.parameters
    assert 0 <= left <= 5 * 16 * 4 + 64  # the batch, and Adam's counts of steps


def test_a_model_of_billions_costs_nothing_to_trace():
    def huge():
        return nn.Sequential(*(nn.Linear(40_000, 40_000, bias=False) for _ in range(5)))

    step = traced_step(task_of(huge, torch.ones(1, 40_000)))
    assert step.parameters == 8_000_000_000
    assert step.peak_bytes >= 16 * step.parameters


def test_weights_that_multiply_are_told_from_those_that_do_not():
    step = traced_step(task_of(mlp, torch.ones(5, 16)))
    assert step.multiplied == 16 * 64 + 64 * 8
    assert step.weight_share == 1


@pytest.mark.parametrize("convert", [lambda net: net.to(torch.bfloat16), lambda net: net.half()])
def test_a_model_of_16_bits_keeps_half(convert):
    batch = torch.ones(5, 16)
    narrow = traced_step(
        task_of(lambda: convert(mlp()), batch.to(next(convert(mlp()).parameters())))
    )
    wide = traced_step(task_of(mlp, batch))
    assert narrow.parameters == wide.parameters
    assert narrow.flops == wide.flops
    assert narrow.state_bytes == pytest.approx(wide.state_bytes / 2, rel=0.02)


def test_a_model_that_copies_its_layers_is_counted_once():
    import copy

    def copied():
        inner = nn.Linear(16, 16)
        return nn.Sequential(*(copy.deepcopy(inner) for _ in range(3)))

    step = traced_step(task_of(copied, torch.ones(5, 16)))
    assert step.parameters == 3 * (16 * 16 + 16)
    assert step.state_bytes == pytest.approx(16 * step.parameters, rel=0.03)


def test_frozen_weights_owe_nothing():
    def frozen():
        net = mlp()
        net[0].requires_grad_(False)
        return net

    step = traced_step(task_of(frozen, torch.ones(5, 16)))
    assert step.trained == 64 * 8 + 8
    assert step.flops == 2 * 5 * (16 * 64 + 2 * 64 * 8)


def test_a_tied_weight_counts_once():
    class Tied(nn.Module):
        def __init__(self):
            super().__init__()
            self.words, self.head = nn.Embedding(10, 4), nn.Linear(4, 10, bias=False)
            self.head.weight = self.words.weight

        def forward(self, x):
            return self.head(self.words(x))

    assert traced_step(task_of(Tied, torch.zeros(3, 5, dtype=torch.long))).parameters == 40


@pytest.mark.parametrize(
    "loss",
    [
        lambda model, x: model(x).sum() * x.sum().item(),
        lambda model, x: model(x).sum() * float(model(x).detach().numpy().sum()),
        lambda model, x: model(x).sum() if (model(x) > 0).any() else model(x).mean(),
        lambda model, x: 1 / 0,
    ],
    ids=["item", "numpy", "branch", "error"],
)
def test_a_loss_that_looks_at_numbers_is_refused_in_a_sentence(loss):
    with pytest.raises(UnsupportedError, match="the task cannot be traced by shapes alone"):
        traced_step(task_of(mlp, torch.ones(5, 16), loss))


def test_the_generator_of_the_user_is_left_as_it_was():
    torch.manual_seed(3)
    before = torch.get_rng_state()
    traced_step(task_of(lambda: nn.Sequential(mlp(), nn.Dropout(0.5)), torch.ones(5, 16)))
    assert torch.equal(torch.get_rng_state(), before)

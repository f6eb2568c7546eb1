import math

import pytest

from tenth.errors import InputError
from tenth.plan import Serve, Train
from tenth.plan.models import Sizes, preset
from tenth.plan.work import KINDS, adapted, adapter_flops, adapter_parameters

LLAMA = preset("llama", Sizes(layers=2, width=8, heads=2, ff_width=16, vocabulary=10))


def test_adapters_by_hand():
    work = Train(1.0, kind="lora", rank=3, targets=("q_proj", "up_proj"))
    assert adapter_parameters(LLAMA, work) == 2 * 3 * (8 + 8) + 2 * 3 * (8 + 16)
    assert adapter_flops(LLAMA, work) == 2 * adapter_parameters(LLAMA, work)


def test_all_targets_are_every_matrix_but_the_head():
    names = [layer.name for layer in adapted(LLAMA, Train(1.0, targets=("all",)))]
    assert "lm_head" not in names
    assert {"q_proj", "o_proj", "gate_proj", "down_proj"} <= set(names)


def test_lora_counts_what_its_library_counts():
    peft = 32 * 16 * (4 * 4096 + 4 * 4096)  # four square targets of 32 layers
    assert adapter_parameters(preset("llama"), Train(1.0, kind="lora")) == peft


@pytest.mark.parametrize("targets", [(), ("x",), ("q_proj", "lm_head"), ("all", "q_proj")])
def test_targets_that_are_none_are_refused(targets):
    with pytest.raises(InputError, match="targets must be all, or some of q_proj"):
        adapted(LLAMA, Train(1.0, targets=targets))


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_checked(kind):
    assert Train(5.0, kind=kind).checked().kind == kind


@pytest.mark.parametrize(
    ("work", "words"),
    [
        (Train(0), "samples must be"),
        (Train(math.nan), "samples must be"),
        (Train(1.0, batch=1.5), "batch must be"),
        (Train(1.0, rank=0), "rank must be"),
        (Train(1.0, sequence=-1), "sequence must be"),
        (Train(1.0, kind="sleep"), "kind of training must be one of pretrain"),
        (Serve(requests=-1), "requests must be"),
        (Serve(tokens_in=0), "tokens_in must be"),
        (Serve(tokens_out=2.5), "tokens_out must be"),
        (Serve(batch=True), "batch must be"),
        (Serve(bits=3), "bits must be one of 4, 8, 16, 32"),
        (Serve(cache_bits="8"), "cache_bits must be"),
    ],
)
def test_work_that_makes_no_sense_is_refused(work, words):
    with pytest.raises(InputError, match=words):
        work.checked()

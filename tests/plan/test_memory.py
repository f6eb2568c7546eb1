import pytest

from tenth.errors import InputError
from tenth.figures import Figure, unknown
from tenth.plan.memory import ALIASES, STRATEGIES, find, smallest_sharding, state_bytes, verdict

GB80 = Figure(80e9, "bytes")


@pytest.mark.parametrize(
    ("strategy", "count", "each"),
    [
        ("fp32-adam", 1, 16),
        ("fp32-sgd", 1, 12),
        ("mixed-adam", 8, 16),
        ("bf16-adam", 1, 8),
        ("zero-1", 4, 4 + 3),
        ("zero-2", 7, 2 + 2),
        ("zero-3", 1, 16),
    ],
)
def test_bytes_a_parameter_by_hand(strategy, count, each):
    assert state_bytes(1e9, strategy, count).value == each * 1e9


def test_zero_3_gathers_two_layers():
    figure = state_bytes(32e9, "zero-3", 16)
    assert figure.value == pytest.approx(32e9 + 4e9)
    assert figure.low == pytest.approx(32e9 + 4 * 32e9 / 96)
    assert figure.high == pytest.approx((32e9 + 4 * 32e9 / 12) * 1.1 + 1e9)


def test_zero_of_one_device_is_plain():
    for name in ("zero-1", "zero-2", "zero-3"):
        assert state_bytes(5.0, name, 1).value == state_bytes(5.0, "mixed-adam").value


def test_the_paper_example_of_7_5_billion_on_64():
    gigabytes = [state_bytes(7.5e9, s, 64).value / 1e9 for s in ("mixed-adam", "zero-1", "zero-2")]
    assert gigabytes == pytest.approx([120, 31.4, 16.6], abs=0.05)


@pytest.mark.parametrize(
    ("parameters", "count", "strategy"),
    [
        (7e9, 1, "mixed-adam"),
        (1e9, 8, "mixed-adam"),
        (7e9, 64, "zero-1"),
        (24e9, 64, "zero-2"),
        (7e10, 512, "zero-3"),
        (1e13, 8, "zero-3"),
    ],
)
def test_the_smallest_sharding_that_fits(parameters, count, strategy):
    assert smallest_sharding(parameters, GB80, count) == strategy


def test_an_unknown_capacity_takes_the_most_sharding():
    assert smallest_sharding(1e9, unknown("bytes", "not published"), 8) == "zero-3"


@pytest.mark.parametrize(
    ("need", "word"), [(72e9, "fits"), (73e9, "tight"), (80e9, "tight"), (81e9, "does not fit;")]
)
def test_the_verdict_is_never_a_bare_yes(need, word):
    text = verdict(Figure(need, "bytes"), GB80)
    assert word in text
    assert "of 80 GB" in text


def test_the_verdict_of_an_unknown_capacity_gives_the_reason():
    assert "not published" in verdict(GB80, unknown("bytes", "not published"))


def test_an_unknown_strategy_lists_the_known():
    with pytest.raises(InputError, match="one of fp32-adam"):
        state_bytes(1.0, "zero-9")
    assert "zero-9" not in STRATEGIES


@pytest.mark.parametrize(
    ("strategy", "count", "each"),
    [
        ("mixed-adam-fp32-gradients", 1, 18),
        ("8bit-adam", 1, 10),
        ("offload", 4, 2 + 0.5),
        ("fsdp", 1, 16),
    ],
)
def test_more_bytes_a_parameter_by_hand(strategy, count, each):
    assert state_bytes(1e9, strategy, count).value == each * 1e9


@pytest.mark.parametrize("name", STRATEGIES)
def test_every_strategy_keeps_less_on_more_devices_or_the_same(name):
    row = STRATEGIES[name]
    assert row.bytes_each(2) <= row.bytes_each(1)
    assert row.frozen_each(2) <= row.frozen_each(1)
    assert row.number_bytes in (2, 4)
    assert row.words


def test_aliases_lead_to_strategies():
    assert {find(alias).name for alias in ALIASES} <= set(STRATEGIES)


def test_a_device_sold_in_several_sizes_says_so():
    board = Figure(2e9, "bytes", 2e9, 16e9)
    text = verdict(Figure(5e9, "bytes"), board)
    assert (
        text == "Memory: does not fit; up to 5 GB of 2 GB a device (16 GB in its largest version)."
    )

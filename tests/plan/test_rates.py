import math

import pytest

from tenth.catalogue import devices
from tenth.errors import InputError
from tenth.plan.rates import effective_mfu, of_step

BIG = 7e9


@pytest.mark.parametrize(
    ("device", "count", "value"),
    [
        ("a100", 8, 0.45),
        ("a100", 16, 0.45),
        ("a100", 17, 0.33),
        ("a100", None, 0.33),
        ("h100", 1, 0.40),
        ("h100", 8, 0.40),
        ("h100", 9, 0.28),
        ("h100", 7999, 0.28),
        ("h100", 8000, 0.30),
        ("h100", None, 0.28),
        ("v100", 256, 0.22),
        ("tpu-v4", 1024, 0.32),
        ("tpu-v5p", 8, 0.40),
        ("rtx4090", 1, 0.35),
        ("b200", 8, 0.25),
        ("mi300x", 8, 0.22),
        ("epyc-7763", 1, 0.30),
        ("jetson-orin-nano-8", 1, 0.25),
    ],
)
def test_the_default_table(device, count, value):
    mfu = effective_mfu(devices.find(device), count=count, parameters=BIG)
    assert mfu.value == value
    assert mfu.label == "estimated"
    assert f"MFU {value}" in mfu.source


def test_fitted_rows_have_the_published_spread():
    a100 = effective_mfu(devices.find("a100"), count=64, parameters=BIG)
    h100 = effective_mfu(devices.find("h100"), count=64, parameters=BIG)
    assert a100.high / a100.value == pytest.approx(1.70)
    assert a100.value / a100.low == pytest.approx(1.70)
    assert h100.high / h100.value == pytest.approx(1.80)


def test_judged_rows_are_never_narrower_than_fitted_ones():
    for device in devices.all():
        mfu = effective_mfu(device, count=1, parameters=BIG)
        assert mfu.high / mfu.value >= 1.70 - 1e-9
        assert mfu.value / mfu.low >= 1.70 - 1e-9


def test_the_range_of_a_judged_row_is_widened_from_80_to_90_percent():
    mfu = effective_mfu(devices.find("epyc-7763"), parameters=BIG)
    assert mfu.low == pytest.approx(0.30 / 6 ** (1.645 / 1.282))


def test_a_mixture_gets_four_fifths_and_a_small_model_little():
    h100 = devices.find("h100")
    assert effective_mfu(h100, count=64, parameters=BIG, mixture=True).value == pytest.approx(0.224)
    assert effective_mfu(h100, count=64, parameters=99e6).value == 0.15


def test_fp8_is_for_hopper_alone():
    assert effective_mfu(devices.find("h800"), count=2048, precision="fp8").value == 0.35
    with pytest.raises(InputError, match=r"precision must be.*'fp8' on a100-sxm-80"):
        effective_mfu(devices.find("a100"), precision="fp8")
    with pytest.raises(InputError, match="precision"):
        effective_mfu(devices.find("h100"), precision="int4")


def test_a_given_step_mfu_loses_to_the_run():
    assert of_step(0.4).bounds() == pytest.approx((0.34, 0.26, 0.38))


@pytest.mark.parametrize("mfu", [0, -0.1, 1.1, 40, math.nan, "0.4"])
def test_a_step_mfu_is_a_fraction(mfu):
    with pytest.raises(InputError, match=r"mfu must be (in \(0, 1\]|a .*number above 0)"):
        of_step(mfu)

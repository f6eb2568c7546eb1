from hypothesis import given
from hypothesis import strategies as st

from tenth.receipt import Flops, Work

counts = st.floats(0, 1e18)
flops = st.builds(Flops, counts, counts, counts)


def test_the_total_holds_growth():
    assert Flops(1, 2, 4).total == 7


def test_work_adds_up_and_scales():
    step = Work(Flops(1, 2, 3), Flops(10, 20, 30), Flops(100, 200))
    assert step + step == step * 2 == 2 * step
    assert (step * 3).executed == Flops(30, 60, 90)


def test_nothing_is_the_start_of_a_sum():
    step = Work(Flops(1), Flops(2), Flops(3))
    assert sum([step, step], start=Work()) == step * 2


@given(flops, flops)
def test_totals_add_up(one, two):
    assert abs((one + two).total - (one.total + two.total)) <= 1e-9 * (one + two).total

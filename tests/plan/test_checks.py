import math

import numpy as np
import pytest

from tenth.errors import InputError
from tenth.plan.checks import above_zero, whole


@pytest.mark.parametrize("value", [0, -1, math.nan, math.inf, 10**400, "7", None, True, [1]])
def test_a_size_is_a_finite_number_above_zero(value):
    with pytest.raises(
        InputError, match=r"^params must be a .*number above 0\. Got .*\. Try 7e9\."
    ):
        above_zero("params", value, "Try 7e9.")
    assert above_zero("params", 7) == 7.0


@pytest.mark.parametrize("value", [0, -1, 1.0, math.nan, "7", None, True])
def test_a_count_is_whole(value):
    with pytest.raises(InputError, match=r"^count must be a whole number of at least 1"):
        whole("count", value)
    assert whole("count", 3) == 3


def test_numbers_of_numpy_are_numbers():
    assert whole("count", np.int64(3)) == 3
    assert above_zero("params", np.int64(7)) == 7.0

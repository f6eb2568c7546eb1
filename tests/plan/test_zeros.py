import pytest

from tenth.catalogue import devices
from tenth.errors import InputError
from tenth.plan import Assumptions
from tenth.plan.zeros import LAYOUTS, credit

H100, PI, V100 = (devices.find(name) for name in ("h100", "pi5", "v100"))


def work(density, zeros, device, training):
    return credit(Assumptions(density=density, zeros=zeros), device, training=training).work


def test_rows_and_columns_that_are_gone_earn_everywhere():
    for device in (H100, PI, V100):
        for training in (True, False):
            assert work(0.1, "channel", device, training) == 0.1


def test_scattered_zeros_earn_in_inference_on_processors_alone():
    assert work(0.1, "unstructured", PI, False) == 0.1
    assert work(0.1, "unstructured", PI, True) == 1
    assert work(0.1, "unstructured", H100, False) == 1
    assert work(0.1, "unstructured", H100, True) == 1


def test_two_of_four_earn_half_in_inference_where_tensor_cores_skip():
    assert work(0.5, "2:4", H100, False) == 0.5
    assert work(0.5, "2:4", H100, True) == 1
    assert work(0.5, "2:4", V100, False) == 1
    with pytest.raises(InputError, match=r"density of 2:4 must be 0.5"):
        work(0.1, "2:4", H100, False)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_each_case_says_why_and_a_dense_model_says_nothing(layout):
    for training in (True, False):
        found = credit(Assumptions(density=0.5, zeros=layout), H100, training=training)
        assert layout in found.words
        assert found.kept == 0.5
        assert credit(Assumptions(zeros=layout), H100, training=training).words == ""


def test_nonsense_is_refused():
    with pytest.raises(InputError, match="zeros must be one of unstructured"):
        work(0.5, "odd", H100, True)
    with pytest.raises(InputError, match="density must be"):
        work(10, "channel", H100, True)

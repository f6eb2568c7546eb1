"""What every instrument of the table must do, on whatever machine this is."""

import pytest

from tenth.figures import LABELS
from tenth.receipt.instruments import INSTRUMENTS
from tenth.receipt.instruments.face import COMPONENTS

from .fakes import BURN


def test_the_order_is_counters_of_boards_of_sockets_a_meter_then_the_model():
    assert list(INSTRUMENTS) == ["NVML", "AMD SMI", "RAPL", "external meter", "model"]


@pytest.mark.parametrize("name", INSTRUMENTS)
def test_each_has_the_face(name):
    one = INSTRUMENTS[name](None)
    assert one.name == name
    assert isinstance(one.missing, str)
    assert one.period is None or one.period > 0
    assert not (one.missing and one.period)
    one.sample(1e9)
    mark = one.mark()
    found = one.since(mark, BURN)
    assert set(found) <= set(COMPONENTS)
    assert not (one.missing and found)
    for figure in found.values():
        assert figure.unit == "J"
        assert figure.known or figure.reason
        assert figure.label in LABELS
        assert not figure.known or figure.source

"""What a job that had a share of the machine is billed for."""

import pytest

from tenth.figures import Figure
from tenth.receipt import Stage
from tenth.receipt.instruments.rapl import WHOLE_SOCKETS
from tenth.train.race import jobs
from tenth.train.race.jobs import Try


@pytest.mark.parametrize(
    ("source", "label", "joules"),
    [
        (WHOLE_SOCKETS, "measured", 25.0),
        (f"a meter, {WHOLE_SOCKETS}", "modelled", 25.0),
        ("RAPL counters, the share of this process", "measured", 100.0),
        ("CPU-seconds × watts", "modelled", 100.0),
    ],
)
def test_a_share_is_taken_of_what_holds_the_work_of_others(source, label, joules):
    energy = Figure(100.0, "J", 90.0, 110.0, label, source)
    one = Try(0, Stage("seed 0", {"energy_joules": energy, "wall_seconds": Figure(8.0, "s")}))
    billed = jobs._billed(one, 0.25).cost.figures
    assert billed["energy_joules"].value == joules
    assert billed["wall_seconds"].value == 8.0

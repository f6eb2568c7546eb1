import pytest

from tenth.errors import FormatError, InputError
from tenth.figures import Figure
from tenth.receipt import Aim, Meter, Origin, Receipt, Run, Stage
from tenth.receipt.instruments.rapl import WHOLE_SOCKETS
from tenth.receipt.merge import add, gathered, sorted_out
from tenth.receipt.place import Place
from tenth.receipt.validate import validate_form

from .samples import HARDWARE, costs


def part(process, node="n1", seconds=10.0, **more):
    """The receipt that one process of the run left."""
    return Receipt(
        more.pop("title", "train"),
        Aim("digits"),
        place=more.pop("place", Place.find("FRA")),
        hardware=dict(HARDWARE) | more.pop("hardware", {}),
        stages=more.pop("stages", None) or [Stage("train", costs(seconds, 1e9, 1e8))],
        run=Run(more.pop("id", "run-1"), node, process),
        created=more.pop("created", "2026-09-17T10:00:00+00:00"),
        **more,
    )


def test_processes_add_up_and_the_clock_does_not():
    whole = add([part("a"), part("b", seconds=12.0), part("c", "n2")])
    assert whole.total("wall_seconds").value == 12.0
    assert whole.total("cpu_seconds").value == pytest.approx(32 * 1.02)
    assert whole.total("flops_executed").value == 3e9
    (stage,) = whole.stages
    assert (stage.notes["processes"], stage.notes["machines"]) == (3, 2)
    assert whole.hardware["machines"] == 2
    assert "3 receipts of 3 processes on 2 machines." in whole.notes[-1]
    assert whole.run == Run("run-1")
    assert validate_form(whole.to_json()).findings == []


def test_an_instrument_of_a_whole_machine_counts_once_a_node():
    def counted(joules):
        figures = costs(1.0)
        figures["energy_joules"] = Figure(joules, "J", source=WHOLE_SOCKETS)
        return [Stage("train", figures)]

    parts = [
        part("a", stages=counted(100.0)),
        part("b", stages=counted(101.0)),
        part("c", "n2", stages=counted(50.0)),
    ]
    assert add(parts).total("energy_joules").value == 151.0


def test_a_receipt_that_is_given_twice_counts_once():
    one = part("a")
    assert add([one, one, part("b")]).total("flops_executed").value == 2e9
    alone = add([one, one])
    assert alone.stages == one.stages
    assert alone.run == one.run


def test_the_later_state_of_a_receipt_counts():
    early = part("a", seconds=3.0)
    early.stages[0].notes["interrupted"] = "had not ended when this was written"
    for order in ([early, part("a")], [part("a"), early]):
        whole = add(order)
        assert whole.total("wall_seconds").value == 10.0
        assert not whole.stages[0].interrupted


def test_several_receipts_of_one_process_follow_each_other():
    shrink = part(
        "a",
        title="shrink",
        created="2026-09-17T11:00:00+00:00",
        stages=[Stage("shrink", costs(5.0)), Stage("train", costs(1.0, 1.0, 1.0))],
    )
    whole = add([shrink, part("a"), part("b")])
    assert [stage.name for stage in whole.stages] == ["train", "shrink", "train"]
    # the first stage of this name of one process goes with the first of the other
    assert whole.stages[0].notes["processes"] == 2
    assert "processes" not in whole.stages[2].notes
    assert whole.created == "2026-09-17T11:00:00+00:00"


def test_what_one_of_them_knows_the_sum_knows():
    data = Origin("data", "digits", licence="CC0-1.0")
    known = part("b", scores={"test": Figure(0.9, "")}, provenance=[data], notes=["By hand."])
    whole = add([part("a", provenance=[data]), known])
    assert whole.scores == known.scores
    assert whole.provenance == [data]
    assert whole.notes[0] == "By hand."


def test_several_places_have_no_grid_of_their_own():
    whole = add([part("a"), part("b", "n2", place=Place.find("POL"))])
    assert whole.place.code is None
    assert whole.place.name == "France, Poland"
    assert not whole.place.carbon.known
    assert whole.total("carbon_gco2e").known
    assert Receipt.from_json(whole.to_json()).place == whole.place


def test_machines_that_differ_are_all_named():
    whole = add([part("a"), part("b", "n2", hardware={"cpu": "Apple M4"})])
    assert whole.hardware["processors"] == ["AMD EPYC 9R14", "Apple M4"]


@pytest.mark.parametrize(
    ("receipts", "message"),
    [
        ([], "at least one"),
        ([part("a"), part("b", id="run-2")], "run-1, run-2"),
        ([part("a", id=None), part("b", id=None)], "TENTH_RUN_ID"),
    ],
)
def test_receipts_of_several_runs_are_refused(receipts, message):
    with pytest.raises(InputError, match=message):
        add(receipts)


def test_a_folder_that_meters_left_adds_up(tmp_path, monkeypatch):
    monkeypatch.setenv("TENTH_RECEIPTS", str(tmp_path / "all"))
    monkeypatch.setenv("TENTH_RUN_ID", "mine")
    for _ in range(3):
        with Meter("step") as meter:
            meter.add_bytes(4)
    whole = add(gathered([tmp_path / "all"]))
    assert whole.total("written_bytes").value == 12
    assert [stage.name for stage in whole.stages] == ["step"] * 3


def test_a_folder_without_receipts_is_told(tmp_path):
    with pytest.raises(InputError, match="no JSON file"):
        gathered([tmp_path])
    (tmp_path / "a.json").write_text("[]")
    with pytest.raises(InputError, match=r"Got a\.json"):
        gathered([tmp_path])
    (tmp_path / "b.json").write_text("{")
    with pytest.raises(FormatError, match=r"b\.json"):
        gathered([tmp_path])


def test_other_files_of_a_run_are_left_out(tmp_path):
    part("a").save(tmp_path / "receipt.json")
    (tmp_path / "run.json").write_text('{"schema": "run"}')
    (tmp_path / "list.json").write_text("[1]")
    assert [one.run.process for one in gathered([tmp_path])] == ["a"]
    assert [file.name for file in sorted_out([tmp_path])[1]] == ["list.json", "run.json"]
    with pytest.raises(FormatError):
        gathered([tmp_path / "run.json"])  # what is named must be one


def test_an_edited_receipt_is_not_sealed_anew_in_a_sum(tmp_path):
    path = tmp_path / "receipt.json"
    part("a").save(path)
    path.write_text(path.read_text().replace("AMD EPYC", "AMD EPIC"))
    with pytest.raises(FormatError, match="hardware is not what was sealed"):
        gathered([path])


def test_meters_of_one_process_are_of_one_run(tmp_path, monkeypatch):
    monkeypatch.setenv("TENTH_RECEIPTS", str(tmp_path))
    monkeypatch.delenv("TENTH_RUN_ID", raising=False)
    for name in ("train", "ship"):
        with Meter(name):
            pass
    assert [stage.name for stage in add(gathered([tmp_path])).stages] == ["train", "ship"]

import json
from dataclasses import replace
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from tenth.errors import FormatError, InputError, OutputError
from tenth.figures import counted, unknown
from tenth.receipt import Aim, BeforeAfter, Flops, Meter, Receipt, Run, Stage, Work
from tenth.receipt.schema import schema
from tenth.receipt.stage import bounded

from .samples import costs, life


def test_saved_and_loaded_it_is_the_same(receipt, tmp_path):
    receipt.save(tmp_path / "receipt.json")
    assert Receipt.load(tmp_path / "receipt.json") == receipt


def test_what_is_saved_has_the_form_of_the_schema(receipt):
    Draft202012Validator(schema()).validate(receipt.to_json())


def test_a_receipt_made_on_this_machine_has_the_form_too(tmp_path):
    stages = []
    with pytest.raises(KeyboardInterrupt), Meter("train", into=stages):
        raise KeyboardInterrupt
    receipt = Receipt("mine", Aim("digits"), stages=stages)
    Draft202012Validator(schema()).validate(receipt.to_json())
    receipt.save(tmp_path / "r.json")
    assert Receipt.load(tmp_path / "r.json") == receipt


def test_saving_is_whole_or_not_at_all(receipt, tmp_path):
    path = tmp_path / "receipt.json"
    receipt.save(path)
    before = path.read_bytes()
    receipt.hardware["odd"] = float("nan")
    with pytest.raises(ValueError, match="JSON"):
        receipt.save(path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_place_that_cannot_be_written_is_said(receipt, tmp_path):
    with pytest.raises(OutputError, match="cannot be written"):
        receipt.save(tmp_path / "missing" / "receipt.json")


def damaged(change):
    form = json.loads(json.dumps(life().to_json()))
    change(form)
    return json.dumps(form)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "a receipt in JSON"),
        ("{", "a receipt in JSON"),
        ("[" * 100_000, "a receipt in JSON"),
        ("[]", "of type object"),
        ("null", "of type object"),
        ('{"schema": "tenth-receipt/1"}', "given the field 'created'"),
        (damaged(lambda f: f.update(schema="tenth-receipt/3")), "'tenth-receipt/2'"),
        (damaged(lambda f: f.update(extra=1)), "extra"),
        (damaged(lambda f: f.pop("arms")), "'arms'"),
        (damaged(lambda f: f["stages"][0].update(name=3)), r"receipt.stages\[0\].name"),
        (damaged(lambda f: f["task"].update(target="high")), "receipt.task.target"),
        (damaged(lambda f: f["arms"][0].update(seeds=0)), "at least 1"),
        (damaged(lambda f: f["arms"][0].update(successes=99)), "between 0 and seeds"),
        (damaged(lambda f: f["arms"][0].update(interval=[0.1])), "of 2 to 2 values"),
        (damaged(lambda f: f["arms"][0].update(seeds=True)), "of type integer"),
        (damaged(lambda f: f["scores"].update(a={"value": 1})), "'unit'"),
        (damaged(lambda f: f["scores"]["dense, test"].update(label="sure")), "one of measured"),
        (damaged(lambda f: f["scores"]["dense, test"].update(low=2.0)), "inside its interval"),
        (damaged(lambda f: f["scores"]["dense, test"].update(value=None)), "given a reason"),
        (damaged(lambda f: f["sizes"][0]["after"].update(unit="g")), "of one unit"),
        (damaged(lambda f: f["notes"].append(4)), r"receipt.notes\[1\]"),
        (damaged(lambda f: f).replace("2300", "NaN"), "NaN is no number"),
        (damaged(lambda f: f).replace("2300", "Infinity"), "Infinity is no number"),
    ],
)
def test_a_damaged_file_is_told_where(tmp_path, text, message):
    path = tmp_path / "receipt.json"
    path.write_text(text)
    with pytest.raises(FormatError, match=message):
        Receipt.load(path)


def test_a_file_that_is_not_there_or_not_text_is_told(tmp_path):
    with pytest.raises(FormatError, match="cannot be read"):
        Receipt.load(tmp_path / "none.json")
    with pytest.raises(FormatError, match="cannot be read"):
        Receipt.load(tmp_path)
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(FormatError, match="JSON"):
        Receipt.load(tmp_path / "binary")


def test_the_total_is_the_sum_over_stages(receipt):
    assert receipt.total("wall_seconds").value == pytest.approx(0.41 + 6.3 + 11.8 + 229.4 + 4.9)
    assert receipt.total("wall_seconds").label == "measured"
    energy = receipt.total("energy_joules")
    assert energy.low < energy.value < energy.high


def test_the_peak_is_the_largest_and_not_the_sum(receipt):
    assert receipt.total("peak_rss_bytes").value == 412_000_000


def test_flops_of_stages_that_counted_none_are_left_out_by_name(receipt):
    figure = receipt.total("flops_executed")
    assert figure.value == pytest.approx(9.8e10 + 1.9e11 + 3.2e12 + 2.2e9)
    assert figure.source.endswith("not counted in plan")


def test_any_other_unknown_makes_the_total_unknown(receipt):
    assert receipt.total("price_usd").reason.startswith("no price given")
    receipt.stages.append(Stage("odd", {"energy_joules": unknown("J", "the meter broke")}))
    assert receipt.total("energy_joules").reason == "the meter broke"


def test_stages_of_one_name_all_count():
    runs = [Stage("run", costs(1.0, flops, flops)) for flops in (1e9, 2e9, None)]
    whole = Stage.of_parts("runs", runs)
    assert whole.parts == runs
    assert whole.figures["flops_executed"].value == 3e9
    assert "not counted in run" in whole.figures["flops_executed"].source
    assert whole.figures["peak_rss_bytes"].value == 412_000_000
    with pytest.raises(InputError, match="at least one stage"):
        Stage.of_parts("none", [])


def test_totals_where_nothing_is_known():
    stage = Stage(
        "a",
        {
            "flops_executed": unknown("FLOP", "not counted"),
            "peak_rss_bytes": unknown("bytes", "no meter"),
        },
    )
    receipt = Receipt("t", Aim("a"), stages=[stage])
    assert receipt.total("flops_executed").reason == "not counted"
    assert receipt.total("peak_rss_bytes").reason == "no meter"


def test_a_figure_that_no_stage_has_is_refused(receipt):
    with pytest.raises(InputError, match="'love'"):
        receipt.total("love")


def test_two_stages_of_one_name_both_count():
    stages = [Stage("train", costs(1.0)), Stage("train", costs(2.0))]
    assert Receipt("t", Aim("a"), stages=stages).total("wall_seconds").value == 3.0


def test_before_and_after_have_one_unit():
    with pytest.raises(InputError, match="of one unit"):
        BeforeAfter("w", counted(1, "weights", ""), counted(1, "bytes", ""))


def test_a_run_of_three_days_stays_below_a_megabyte(tmp_path):
    """Three long stages, each with a part a minute that has every figure."""
    with Meter("train", place="FRA", price_usd_per_hour=1.0) as meter, meter.part("step") as part:
        part.add_work(Work(Flops(1, 2, 3), Flops(1, 2, 3), Flops(1, 2, 3)))
    step = replace(meter.stage.parts[0], notes={"started": "2026-09-17", "loss": 0.123456789})
    count, parts = 3 * 86_400 // 60, []
    for number in range(count):
        parts = bounded([*parts, replace(step, name=f"step {number}")])
    receipt = life("FRA")
    receipt.stages += [Stage.of_parts(name, parts) for name in ("train", "shrink", "search")]
    receipt.save(tmp_path / "r.json")
    assert (tmp_path / "r.json").stat().st_size < 1_000_000
    whole = receipt.stages[-1].figures["wall_seconds"].value
    assert whole == pytest.approx(count * step.figures["wall_seconds"].value)
    assert Receipt.load(tmp_path / "r.json") == receipt


def test_a_receipt_of_the_first_version_is_read():
    old = Receipt.load(Path(__file__).parent / "receipt-1.json")
    assert old.title.startswith("Conway")
    assert old.run == Run()
    assert old.provenance == []
    assert old.stages[0].price is None
    assert old.total("wall_seconds").value > 0
    Draft202012Validator(schema()).validate(old.to_json())

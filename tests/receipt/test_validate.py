"""A sound receipt is sound; whatever is done to it is found and named."""

import json
import random
from pathlib import Path

import pytest

from tenth.errors import FormatError, InputError
from tenth.receipt import Meter, Receipt, packing, seal
from tenth.receipt.validate import validate, validate_form

from .samples import life

HERE = Path(__file__).parent


def form():
    return json.loads(json.dumps(life().to_json()))


def found(changed):
    return [str(one) for one in validate_form(changed).findings]


def sealed(change):
    """What is found in a receipt that somebody changed and sealed anew."""
    changed = form()
    change(changed)
    changed["chain"] = seal.chain(changed)
    return found(changed)


def test_a_sound_receipt_is_sound(tmp_path):
    life().save(tmp_path / "r.json")
    verdict = validate(tmp_path / "r.json")
    assert verdict.sound
    assert verdict.findings == []
    assert verdict.figures > 100
    assert verdict.links == len(life().to_json()["chain"])
    assert "sound (" in str(verdict)
    assert verdict.to_json()["sound"] is True


def test_what_a_meter_makes_is_sound(tmp_path):
    stages = []
    with Meter("train", place="FRA", into=stages) as meter:
        for name in ("a", "b", "c"):
            with meter.part(name) as part:
                part.add_bytes(10)
    receipt = life("FRA")
    receipt.stages = stages
    receipt.plan_of = []
    receipt.save(tmp_path / "r.json")
    assert validate(tmp_path / "r.json").findings == []


def test_a_receipt_of_version_1_is_sound_and_has_no_chain():
    verdict = validate(HERE / "receipt-1.json")
    assert verdict.sound
    assert any("has no chain" in note for note in verdict.notes)


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ('"value": 11.8', '"value": 1.18', "stages[2] (shrink)"),
        ('"clang 20.1.2"', '"gcc 14"', "stages[4] (ship)"),
        ("FR", "DE", None),
        ('"created": "2026', '"created": "2025', "created"),
        ("CC0-1.0", "MIT-0", "provenance"),
        ("AMD EPYC 9R14", "Apple M4", "hardware"),
        ('"SLURM_JOB_ID": "4711"', '"SLURM_JOB_ID": "4712"', "run"),
        ("monotonic clock", "a sun dial", "stages[0] (plan)"),
    ],
)
def test_an_edit_of_the_file_is_named(tmp_path, old, new, named):
    path = tmp_path / "r.json"
    life().save(path)
    text = path.read_text()
    assert named is None or old in text
    path.write_text(text.replace(old, new, 1))
    told = str(validate(path))
    assert named is None or f"chain: {named} is not what was sealed" in told


def test_a_source_that_no_figure_names_is_found():
    small = packing.packed(form())
    small["sources"].append("a rumour")
    assert found(small) == [f"sources: no figure names {len(small['sources']) - 1}"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f: f.pop("chain"), "'chain'"),
        (lambda f: f["scores"]["dense, test"].update(label="certain"), "one of measured"),
        (lambda f: f["scores"]["dense, test"].update(source=3), "source must be one of the 0"),
    ],
)
def test_a_wrong_form_is_one_finding(change, message):
    changed = form()
    change(changed)
    (only,) = found(changed)
    assert only.startswith("form: ")
    assert message in only


@pytest.mark.parametrize("wrong", [None, [], 3, "x", {}, {"schema": "tenth-receipt/9"}])
def test_what_is_no_receipt_is_found(wrong):
    assert not validate_form(wrong).sound


def test_a_file_that_is_no_json_is_told(tmp_path):
    (tmp_path / "r.json").write_text("{")
    with pytest.raises(FormatError):
        validate(tmp_path / "r.json")


def at(path):
    """A place in a receipt, and the last key to it."""

    def reach(document):
        *way, last = path
        for key in way:
            document = document[key]
        return document, last

    return reach


TRAIN = ("stages", 1, "figures")


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ((*TRAIN, "wall_seconds", "low"), 9.0, "stages[1].figures.wall_seconds: figure must be"),
        ((*TRAIN, "energy_joules", "source"), "", "it is modelled and names no source"),
        ((*TRAIN, "wall_seconds", "high"), None, "it has a value and no interval"),
        ((*TRAIN, "price_usd", "low"), 1.0, "it is unknown and has an interval"),
        (("created",), "yesterday", "no date of ISO 8601"),
        (("created",), "2026-09-17T10:12:44", "no offset from UTC"),
        (("plan_of",), ["dream"], "plan_of: there is no stage 'dream'"),
        (("arms", 1, "interval"), [0.0, 1.0], "arms[1].interval: it does not follow"),
        (
            ("arms", 0, "expected_cost", "wall_seconds", "value"),
            6.2,
            "arms[0].expected_cost: it does not follow",
        ),
        (
            ("sizes", 0, "after", "label"),
            "given",
            None,
        ),
    ],
)
def test_figures_and_words_are_looked_at_even_where_the_chain_is_new(path, value, message):
    def change(document):
        place, last = at(path)(document)
        place[last] = value

    told = sealed(change)
    if message is None:
        assert told == []
    else:
        assert len(told) == 1
        assert message in told[0]


def test_an_interruption_and_an_unknown_licence_are_notes():
    changed = form()
    changed["stages"][1]["notes"]["interrupted"] = "killed"
    changed["chain"] = seal.chain(changed)
    verdict = validate_form(changed)
    assert verdict.sound
    assert "stage 'train' was interrupted: killed" in verdict.notes
    assert any("licence of the base model" in note for note in verdict.notes)


def test_a_receipt_read_is_sealed_as_it_was(tmp_path):
    life().save(tmp_path / "r.json")
    Receipt.load(tmp_path / "r.json").save(tmp_path / "again.json")
    assert (tmp_path / "r.json").read_bytes() == (tmp_path / "again.json").read_bytes()


WRONG = (None, True, 3, -1.5, "x", [], {}, {"a": 1}, 1e308, 10**30, {"value": 1, "label": "given"})


def places(node, path=()):
    """Every place in a document."""
    pairs = node.items() if isinstance(node, dict) else enumerate(node)
    for key, inner in list(pairs):
        yield (*path, key)
        if isinstance(inner, dict | list):
            yield from places(inner, (*path, key))


@pytest.mark.parametrize("seed", range(6))
def test_no_damage_ends_in_anything_but_a_verdict(seed):
    draw = random.Random(seed)
    whole = packing.packed(form()) if seed % 2 else form()
    everywhere = list(places(whole))
    for _ in range(40):
        damaged = json.loads(json.dumps(whole))
        path = draw.choice(everywhere)
        place, last = at(path)(damaged)
        place[last] = draw.choice(WRONG)
        verdict = validate_form(damaged)
        if verdict.sound:  # it was replaced by what stood there
            assert damaged == whole
        try:
            Receipt.from_json(damaged)
        except InputError:
            assert not verdict.sound

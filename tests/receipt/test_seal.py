"""The chain finds an edit anywhere, and names the piece that it is in."""

import copy
import json

import pytest

from tenth.receipt import Receipt
from tenth.receipt.seal import broken, chain, findings

from .samples import life


def form():
    return json.loads(json.dumps(life().to_json()))


def test_what_was_not_touched_is_whole():
    assert broken(form()) == []


def test_the_chain_is_the_same_on_every_machine():
    small = {"stages": [{"name": "ü", "x": 1.5}], "title": "t"}
    links = chain(small)
    import hashlib

    first = hashlib.sha256('["stages[0]",{"name":"ü","x":1.5}]'.encode()).hexdigest()
    second = hashlib.sha256((first + '["title","t"]').encode()).hexdigest()
    assert links == [{"of": "stages[0]", "sha256": first}, {"of": "title", "sha256": second}]


def leaves(node, path=()):
    """Every place in a document."""
    items = (
        node.items()
        if isinstance(node, dict)
        else enumerate(node)
        if isinstance(node, list)
        else ()
    )
    for key, inner in items:
        yield (*path, key)
        yield from leaves(inner, (*path, key))


def piece_of(path):
    return f"stages[{path[1]}]" if path[0] == "stages" and len(path) > 1 else path[0]


def test_each_edit_is_found_and_named():
    whole = form()
    whole["stages"], whole["arms"] = whole["stages"][:2], whole["arms"][:1]
    whole["chain"] = chain(whole)
    paths = [p for p in leaves(whole) if p[0] not in ("chain", "sources", "stages") or len(p) > 1]
    paths = [p for p in paths if p[0] not in ("chain", "sources")]
    assert len(paths) > 300
    for path in paths:
        edited = copy.deepcopy(whole)
        place = edited
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] = "edited"
        assert broken(edited) == [piece_of(path)]


@pytest.mark.parametrize("index", range(5))
def test_a_stage_that_is_gone_is_missed(index):
    edited = form()
    del edited["stages"][index]
    assert broken(edited)


def test_a_stage_that_is_gone_with_its_link_is_missed():
    edited = form()
    del edited["stages"][-1]
    del edited["chain"][4]
    assert broken(edited) == ["arms"]  # what stood after it


@pytest.mark.parametrize("index", range(5))
def test_a_stage_that_is_gone_is_called_missing(index):
    edited = form()
    assert findings(edited) == []
    del edited["stages"][index]
    assert findings(edited) == [f"a stage is missing: 5 were sealed, not here: {index + 1}"]


def test_a_stage_that_is_gone_hides_no_other_edit():
    edited = form()
    edited["title"] = "another"
    edited["stages"][3]["name"] = "x"
    del edited["stages"][1]
    first, *others = findings(edited)
    assert first.startswith("a stage is missing")
    assert others == ["stages[2] (x) is not what was sealed", "title is not what was sealed"]


def test_a_stage_that_is_new_is_called_added():
    edited = form()
    edited["stages"].insert(2, edited["stages"][0] | {"name": "more"})
    assert findings(edited) == [
        "a stage was added: 5 were sealed, new or changed: stages[2] (more)"
    ]


def test_a_stage_in_the_place_of_another_is_edited():
    edited = form()
    edited["stages"][0]["name"] = "x"
    assert findings(edited) == ["stages[0] (x) is not what was sealed"]


def test_stages_that_changed_places_are_found():
    edited = form()
    stages = edited["stages"]
    stages[0], stages[1] = stages[1], stages[0]
    assert broken(edited) == ["stages[0]", "stages[1]"]


def test_a_link_that_was_changed_is_found():
    edited = form()
    edited["chain"][2]["sha256"] = "0" * 64
    assert broken(edited) == ["stages[2]", "stages[3]"]


def test_a_field_or_a_chain_that_is_new_or_gone_is_named():
    edited = form()
    del edited["scores"]
    assert "scores" in broken(edited)
    edited = form()
    edited["chain"] = []
    assert len(broken(edited)) == len(form()["chain"])


def test_a_receipt_read_and_written_again_has_the_same_chain(tmp_path):
    life().save(tmp_path / "r.json")
    again = Receipt.load(tmp_path / "r.json")
    assert again.to_json()["chain"] == life().to_json()["chain"]

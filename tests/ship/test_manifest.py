"""A manifest that somebody wrote by hand, or with a purpose."""

import contextlib
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenth.errors import FormatError
from tenth.ship.manifest import Stamp, read


@pytest.fixture(scope="module")
def form(life):
    stamps = {name: Stamp(len(data), "0" * 64) for name, data in life.files.items()}
    return json.loads(life.manifest.to_json(stamps))


def changed(form, path, value):
    """A copy with the member at `path` replaced, or removed where `value` is ..."""
    copy = json.loads(json.dumps(form))
    place = copy
    for key in path[:-1]:
        place = place[key]
    if value is ...:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return copy


def test_a_manifest_and_back(life, form):
    manifest, stamps = read(json.dumps(form))
    assert manifest == life.manifest
    assert set(stamps) == set(life.files)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "3", '{"schema": "other"}', "[" * 100_000])
def test_what_is_no_manifest_is_refused(text):
    with pytest.raises(FormatError, match=r"manifest\.json must be"):
        read(text)


@pytest.mark.parametrize("key", ["version", "interface_version"])
@pytest.mark.parametrize("value", [0, 1, 3, "2", None])
def test_another_version_is_refused(form, key, value):
    with pytest.raises(FormatError, match=rf"^{key} of manifest\.json must be 2.*anew"):
        read(json.dumps(changed(form, [key], value)))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (["interface"], ...),
        (["interface"], []),
        (["interface", "name"], "../../etc"),
        (["interface", "name"], "run(void);system"),
        (["interface", "sizes"], ["n", "h"]),
        (["interface", "sizes", 0], "n m"),
        (["interface", "inputs"], "board"),
        (["interface", "inputs", 0, "dtype"], "object"),
        (["interface", "inputs", 0, "name"], ""),
        (["interface", "inputs", 0, "shape"], [-1]),
        (["interface", "inputs", 0, "shape", 1], True),
        (["interface", "inputs", 0, "shape", 1], 2**70),
        (["interface", "inputs", 0, "shape", 0], "__import__('os')"),
        (["interface", "outputs", 0, "shape", 1], 1.5),
        (["example_sizes"], {}),
        (["example_sizes", "n"], 0),
        (["layers"], {}),
        (["layers", 0], None),
        (["layers", 0, "density"], "all"),
        (["machine", "features"], [1]),
        (["relative_error"], None),
        (["compiler"], 1),
        (["values"], "float8"),
        (["values"], None),
        (["weights_bytes"], -1),
        (["weights_bytes"], "many"),
        (["files"], []),
        (["files", "model.c"], 7),
        (["files", "../model.c"], {"size_bytes": 0, "sha256": ""}),
        (["files", ".profile"], {"size_bytes": 0, "sha256": ""}),
        (["files", "model.c", "size_bytes"], "7"),
        (["files", "model.c", "sha256"], ...),
    ],
)
def test_a_part_that_is_wrong_is_refused(form, path, value):
    with pytest.raises(FormatError, match=r"manifest\.json is damaged"):
        read(json.dumps(changed(form, path, value)))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda children: (
        st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=5), children, max_size=3)
    ),
    max_leaves=5,
)


@settings(max_examples=300, deadline=None)
@given(data=st.data(), value=json_values)
def test_any_change_is_read_or_refused_but_never_a_crash(form, data, value):
    path, place = [], form
    while isinstance(place, dict | list) and place and (not path or data.draw(st.booleans())):
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        path.append(data.draw(st.sampled_from(keys)))
        place = place[path[-1]]
    with contextlib.suppress(FormatError):
        read(json.dumps(changed(form, path, value)))

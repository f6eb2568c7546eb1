"""The C of two small programs, as it was when somebody last looked at it."""

from pathlib import Path

import pytest

from tenth.ship.emit.lower import lower
from tenth.ship.emit.units import emit, model_source, weights_source

from .conftest import life_graph, words_graph

GOLDEN = Path(__file__).parent / "golden"
PROGRAMS = {
    "life": (
        life_graph(),
        {"count": "unstructured", "mix": "dense", "last": "dense"},
        {"n": 1, "h": 16, "w": 16},
    ),
    "words": (words_graph(), {"score": "unstructured"}, {"n": 2, "l": 7}),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_c_is_as_it_was(name, request):
    graph, kernels, sizes = PROGRAMS[name]
    unit = emit(lower(graph, name, kernels), sizes)
    texts = {
        "model.h": unit.header,
        "model.c": model_source([unit]),
        "weights.c": weights_source(unit),
    }
    for file, text in texts.items():
        path = GOLDEN / name / file
        if request.config.getoption("--update-golden"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        assert path.exists(), "run pytest --update-golden tests/ship, and look at the difference"
        assert path.read_text() == text, "if this is meant, run pytest --update-golden tests/ship"

"""The house itself: what the plain import loads, what is public, how large a module may be."""

import subprocess
import sys
from pathlib import Path

import pytest

import tenth

SOURCE = Path(tenth.__file__).parent


def fresh(code: str) -> str:
    """What a new interpreter prints."""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return run.stdout


def test_the_plain_import_loads_nothing_heavy():
    loaded = fresh("import sys, tenth; print(' '.join(sys.modules))").split()
    heavy = {"torch", "numpy", "ziglang", "matplotlib", "rich", "typer", "jinja2"}
    assert not heavy & set(loaded)


@pytest.mark.parametrize("room", ["plan", "receipt", "ship", "graph", "catalogue", "layouts"])
def test_light_rooms_load_without_torch(room):
    assert (
        "torch"
        not in fresh(f"import sys, tenth; tenth.{room}; print(' '.join(sys.modules))").split()
    )


def test_the_command_line_loads_without_torch():
    assert "torch" not in fresh("import sys, tenth.cli.main; print(' '.join(sys.modules))").split()


def test_every_public_name_is_there():
    for name in tenth.__all__:
        assert getattr(tenth, name) is not None
    assert set(tenth.__all__) <= set(dir(tenth))
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = tenth.nothing


@pytest.mark.parametrize("path", sorted(SOURCE.rglob("*.py")), ids=lambda p: str(p.name))
def test_a_module_that_grows_wants_a_second_room(path):
    assert len(path.read_text().splitlines()) <= 300


def test_one_word_for_one_thing():
    banned = {"utils", "common", "helpers", "base", "core", "manager", "handler", "engine", "misc"}
    for path in SOURCE.rglob("*.py"):
        assert path.stem not in banned
        assert not banned & set(path.relative_to(SOURCE).parts)

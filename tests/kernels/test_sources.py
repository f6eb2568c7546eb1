"""The C kernels as text: each piece is found, and stands behind what it uses."""

from importlib import resources

import pytest

from tenth.errors import InputError
from tenth.kernels import sources


def test_every_file_is_read_and_nothing_of_it_is_lost():
    folder = resources.files("tenth.kernels").joinpath("c")
    files = sorted(file.name for file in folder.iterdir() if file.name.endswith(".c"))
    assert files == sorted(f"{file}.c" for file in sources.FILES)
    whole = "\n\n".join(d.text for d in sources.definitions())
    assert whole == "\n\n".join(
        folder.joinpath(f"{file}.c").read_text(encoding="utf-8").strip() for file in sources.FILES
    )


def test_every_piece_has_a_comment_and_a_name_of_its_own():
    names = [name for d in sources.definitions() for name in d.defines]
    assert len(names) == len(set(names))
    for definition in sources.definitions():
        assert definition.text.startswith("/* ")
        assert definition.defines, definition.text


def test_every_piece_stands_behind_what_it_uses():
    known: set[str] = set()
    for definition in sources.definitions():
        assert definition.uses <= known, definition.text
        known |= definition.defines


def test_a_program_takes_what_it_uses_and_no_more():
    text = sources.source(["clip"])
    assert "static void clip(" in text
    assert "static void copy(" in text
    assert "conv" not in text
    assert sources.source([]) == "\n"


def test_an_unknown_kernel_is_refused():
    with pytest.raises(InputError, match="kernel"):
        sources.source(["fft"])

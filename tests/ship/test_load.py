"""Loading weights in C: what is damaged, hostile or of another program is refused, never used."""

import ctypes
import shutil
import subprocess
from pathlib import Path
from typing import get_args

import numpy as np
import pytest

from tenth.graph import Graph, Node, Value
from tenth.kernels.records import Values
from tenth.kernels.weights import HEADER, checksum
from tenth.ship import compile, load
from tenth.ship.binding import Library
from tenth.ship.buffers import aligned
from tenth.ship.emit.lower import lower
from tenth.ship.emit.steps import Kernel
from tenth.ship.emit.units import emit, model_source
from tenth.ship.interface import STATUS

from .conftest import words_graph

# those that any layer with weights may have
LAYER_KERNELS = [kernel for kernel in get_args(Kernel) if kernel != "depthwise"]
MUTATIONS = 4000
SANITIZE = ["-O1", "-std=c11", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]


def status(words, file, *, memory=None, room=None, shift=0) -> str:
    """What NAME_load says of some bytes."""
    function = Library(words.files["libmodel.so"]).functions.words_load
    needed = words.binding.weights.nbytes
    memory = aligned(needed + 64) if memory is None else memory
    data = np.frombuffer(bytes(file) or b"\0", np.uint8)
    size = ctypes.c_size_t
    return STATUS[
        function(
            ctypes.c_void_p(data.ctypes.data),
            size(len(file)),
            ctypes.c_void_p(memory.ctypes.data + shift),
            size(needed if room is None else room),
        )
    ]


@pytest.fixture(scope="module")
def file(words) -> bytes:
    """The weights of the words."""
    library = Library(words.files["libmodel.so"])
    return library.weights("words", words.manifest.weights_bytes)


def repaired(file: bytearray) -> bytearray:
    """The same with a right checksum."""
    file[40:48] = checksum(bytes(file[64:])).to_bytes(8, "little")
    return file


def test_the_file_of_the_program_loads(words, file):
    assert status(words, file) == "OK"
    assert status(words, repaired(bytearray(file))) == "OK"


def test_any_part_of_it_and_more_than_it_are_refused(words, file):
    for length in (*range(0, len(file), 7), len(file) - 1):
        assert status(words, file[:length]) == "BAD_WEIGHTS"
        assert status(words, file[length:] or b"x") == ("BAD_WEIGHTS" if length else "OK")
    assert status(words, file + bytes(8)) == "BAD_WEIGHTS"


def test_any_flipped_bit_is_noticed(words, file):
    for place in range(len(file)):
        damaged = bytearray(file)
        damaged[place] ^= 1 << place % 8
        assert status(words, damaged) == "BAD_WEIGHTS", place


@pytest.mark.parametrize("place", range(0, HEADER.size, 4))
def test_any_changed_field_of_the_header_is_noticed_beside_a_right_checksum(words, file, place):
    damaged = bytearray(file)
    damaged[place : place + 4] = b"\xfe\xff\xff\x7f"
    expected = "OK" if 40 <= place < 48 else "BAD_WEIGHTS"
    assert status(words, repaired(damaged)) == expected


def test_memory_that_is_short_or_askew_is_refused(words, file):
    needed = words.binding.weights.nbytes
    assert status(words, file, room=needed - 1) == "BAD_WEIGHTS"
    assert status(words, file, shift=4) == "BAD_WEIGHTS"


def test_the_weights_of_another_program_are_refused(words, life):
    library = Library(life.files["libmodel.so"])
    other = library.weights("life", life.manifest.weights_bytes)
    assert status(words, other) == "BAD_WEIGHTS"


def test_weights_that_did_not_load_are_not_run(words, file):
    function = Library(words.files["libmodel.so"]).functions.words_run
    memory, arena = aligned(words.binding.weights.nbytes), aligned(words.arena_bytes((1, 1)))
    arrays = [np.zeros((1, 1), np.int64), np.zeros((1, 5), "f4"), np.zeros((1, 1, 8), "f4"), arena]
    ids, y, normed, arena_at = (ctypes.c_void_p(array.ctypes.data) for array in arrays)
    size = ctypes.c_int64

    def run() -> str:
        at = ctypes.c_void_p(memory.ctypes.data)
        given = (at, ids, y, normed, size(1), size(1), arena_at, size(arena.nbytes), None)
        return STATUS[function(*given)]

    assert status(words, file, memory=memory) == run() == "OK"
    # a file that is refused takes the place of weights that were good
    assert status(words, file[:-8], memory=memory) == run() == "BAD_WEIGHTS"


@pytest.mark.parametrize("values", ["float16", "bfloat16"])
def test_rounded_weights_take_half_the_bytes_and_are_near(words, values: Values, tmp_path):
    program = compile(words_graph(), np.zeros((2, 7), np.int64), name="words", values=values)
    assert program.manifest.values == values
    assert program.manifest.weights_bytes < words.manifest.weights_bytes
    assert 1e-6 < program.manifest.relative_error < 8e-2
    ids = np.arange(10).reshape(2, 5)
    again = load(program.save(tmp_path / "words"))
    for one, other, exact in zip(program(ids), again(ids), words(ids), strict=True):
        np.testing.assert_array_equal(one, other)
        np.testing.assert_allclose(one, exact, rtol=0.1, atol=0.05)


def fuzzed_graph(rng: np.random.Generator) -> Graph:
    """Every kernel of weights, one layer after another, between a table and a sum."""
    window = {"stride": (1, 1), "padding": (1, 1), "dilation": (1, 1), "groups": 1}

    def pruned(*shape: int) -> np.ndarray:
        weight = rng.standard_normal(shape, np.float32)
        weight[rng.random(shape) < 0.7] = 0
        return weight

    constants = {"table": rng.standard_normal((11, 16), np.float32)}
    nodes = [Node("word", "embedding", ("ids", "table"))]
    image, row = "x", "word"
    for i in range(len(LAYER_KERNELS)):
        constants |= {f"cw{i}": pruned(16, 16, 3, 3), f"cb{i}": rng.standard_normal(16, np.float32)}
        constants |= {f"lw{i}": pruned(16, 16), f"lb{i}": rng.standard_normal(16, np.float32)}
        nodes.append(Node(f"c{i}", "conv", (image, f"cw{i}", f"cb{i}"), window))
        nodes.append(Node(f"l{i}", "linear", (row, f"lw{i}", f"lb{i}")))
        image, row = f"c{i}", f"l{i}"
    nodes += [
        Node("flat", "reshape", (image,), {"shape": (16, 16)}),
        Node("y", "add", ("flat", row)),
    ]
    inputs = (Value("x", (1, 16, 4, 4)), Value("ids", (16,), "int64"))
    return Graph(inputs, tuple(nodes), ("y",), constants)


def built(folder: Path, values: Values) -> Path:
    graph = fuzzed_graph(np.random.default_rng(0))
    layers = [node for node in graph.nodes if node.op in ("linear", "conv")]
    kernels = {node.name: LAYER_KERNELS[i // 2] for i, node in enumerate(layers)}
    unit = emit(lower(graph, "fuzzed", kernels, values), {})
    (folder / "model.h").write_text(unit.header)
    (folder / "model.c").write_text(model_source([unit]))
    (folder / "weights.bin").write_bytes(unit.weights.data)
    source = Path(__file__).with_name("load_fuzz.c")
    command = ["gcc", *SANITIZE, "-pthread", f"-I{folder}", source, "-lm", "-o", folder / "fuzz"]
    result = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    if "cannot find" in result.stderr:
        pytest.skip(f"gcc has no sanitizers here: {result.stderr.strip().splitlines()[0]}")
    assert result.returncode == 0, result.stderr
    return folder / "fuzz"


@pytest.mark.skipif(not shutil.which("gcc"), reason="no gcc")
@pytest.mark.parametrize("values", ["float32", "float16"])
def test_no_damaged_file_makes_a_program_read_or_write_astray(tmp_path, values: Values):
    command = [built(tmp_path, values), tmp_path / "weights.bin", str(MUTATIONS)]
    run = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stderr[:3000]
    loaded, refused = map(int, run.stdout.split())
    assert loaded + refused == MUTATIONS
    assert min(loaded, refused) > MUTATIONS / 10

"""One network on several threads: the same outputs to the bit, whoever else runs at the time."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from tenth.errors import InputError
from tenth.graph import Dim, Graph, Node, Value
from tenth.graph.shapes import bind
from tenth.ship import compile, load
from tenth.ship.binding import Binding
from tenth.ship.emit.steps import Kernel
from tenth.ship.trial import build_units

from .cases import CASES, unit_of
from .conftest import life_graph
from .test_ops import fitting

COUNTS = (2, 3, 5)
BOARD = np.random.default_rng(3).standard_normal((3, 1, 67, 45), np.float32)


def test_every_op_gives_the_same_bits_on_any_number_of_threads():
    rng = np.random.default_rng(9)
    units, examples = [], []
    for op, make in CASES.items():
        case = make(rng)
        kernels: list[Kernel] = ["dense"]
        kernels += fitting(case) if op in ("linear", "conv") else []
        for kernel in kernels:
            graph = case.graph(rng)
            inputs = [np.array(x) for x in case.inputs(rng, case.shapes)]
            sizes = bind(graph, [x.shape for x in inputs])
            units.append(unit_of(graph, f"p{len(units)}", kernel, sizes))
            examples.append((op, inputs, sizes))
    library = build_units(units)
    for unit, (op, inputs, sizes) in zip(units, examples, strict=True):
        (alone,) = Binding(library, unit.interface, unit.weights.data).run(inputs, sizes)
        for threads in COUNTS:
            binding = Binding(library, unit.interface, unit.weights.data, threads)
            for _ in range(3):
                (y,) = binding.run(inputs, sizes)
                assert y.tobytes() == alone.tobytes(), (op, threads)


@pytest.mark.parametrize(("op", "gates"), [("lstm", 4), ("gru", 3)])
def test_the_steps_of_a_single_wide_row_are_shared_out(op, gates, tmp_path):
    rng, width = np.random.default_rng(0), 150
    weight = rng.standard_normal((gates * width, width), np.float32) / np.float32(12)
    constants = {"w": weight} | (
        {"b": rng.standard_normal(width, np.float32)} if gates == 3 else {}
    )
    attributes = {"time": 0, "reverse": False} | ({"states": False} if op == "lstm" else {})
    shape = (Dim.symbol("t"), Dim.symbol("n"), gates * width)
    node = Node("y", op, ("x", *constants), attributes)
    graph = Graph((Value("x", shape),), (node,), ("y",), constants)
    x = rng.standard_normal((7, 4, gates * width), np.float32)
    alone = compile(graph, x)
    saved = alone.save(tmp_path / "program")
    for threads in COUNTS:
        threaded = load(saved, threads=threads)
        for rows in (1, 2, 4):  # fewer than threads, and as many or more
            part = np.ascontiguousarray(x[:, :rows])
            assert threaded(part).tobytes() == alone(part).tobytes(), (rows, threads)


@pytest.mark.parametrize("threads", COUNTS)
def test_a_program_is_loaded_with_threads(life, saved, threads):
    program = load(saved, threads=threads)
    for _ in range(5):
        assert program(BOARD).tobytes() == life(BOARD).tobytes()
    assert program.arena_bytes(BOARD.shape) >= life.arena_bytes(BOARD.shape)


def test_a_program_is_compiled_with_threads(life):
    program = compile(life_graph(), np.zeros((1, 1, 16, 16), np.float32), name="life", threads=2)
    np.testing.assert_allclose(program(BOARD), life(BOARD), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("threads", [0, -1, 1000, 2**40, "two", 1.5])
def test_a_number_of_threads_that_cannot_be_is_refused(saved, threads):
    with pytest.raises(InputError, match="threads must be 1 or more"):
        load(saved, threads=threads)


def test_calls_at_the_same_time_share_the_threads(life, saved):
    program, expected = load(saved, threads=3), life(BOARD).tobytes()
    wrong: list[int] = []

    def work(i: int) -> None:
        for _ in range(20):
            if program(BOARD).tobytes() != expected:
                wrong.append(i)

    callers = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert not wrong


@pytest.mark.skipif(not hasattr(os, "fork"), reason="POSIX only")
def test_a_forked_process_has_threads_of_its_own(saved):
    code = (
        "import os, numpy as np, tenth\n"
        f"program = tenth.ship.load({str(saved)!r}, threads=3)\n"
        "x = np.ones((2, 1, 9, 9), np.float32)\n"
        "y = program(x).tobytes()\n"
        "child = os.fork()\n"
        "if child == 0:\n"
        "    os._exit(0 if program(x).tobytes() == y else 1)\n"
        "assert os.waitpid(child, 0)[1] == 0\n"
        "assert program(x).tobytes() == y\n"
    )
    command = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", code]
    subprocess.run(command, check=True, timeout=60)


def test_threads_end_with_their_program(saved):
    def running() -> int:
        return len(list(tasks.iterdir()))

    tasks = Path("/proc/self/task")
    if not tasks.is_dir():
        pytest.skip("no /proc")
    before = running()
    program = load(saved, threads=5)
    program(BOARD)
    assert running() == before + 4
    del program
    assert running() == before

"""The saved folder in the hands of a C compiler: strict, sanitized, and what it prints."""

import ctypes
import itertools
import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from tenth.kernels import compile_library, toolchain
from tenth.kernels.toolchain import LIBRARY_FLAGS
from tenth.ship import Program, compile, load
from tenth.ship.binding import Binding, Library
from tenth.ship.emit import units

from .cases import everything_graph
from .conftest import life_graph
from .test_batch import deep

ZIG = toolchain.zig()
COMPILERS = [
    pytest.param(
        ["gcc"], id="gcc", marks=pytest.mark.skipif(not shutil.which("gcc"), reason="no gcc")
    ),
    pytest.param(
        [str(ZIG), "cc"], id="zig", marks=pytest.mark.skipif(not ZIG, reason="no ziglang")
    ),
]
if len({os.path.realpath(path) for path in map(shutil.which, ("cc", "gcc")) if path}) == 2:
    COMPILERS.append(pytest.param(["cc"], id="cc"))
STRICT = ["-O2", "-std=c11", "-pthread", "-Wall", "-Wextra", "-Werror"]
# four, eight and sixteen lanes; the last without the instructions, in halves
LANES = ["-msse2", "-mavx2", "-D__AVX512F__"]
SANITIZE = ["-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]


def example(folder: Path, command: list[str], flags: list[str], *sizes: int) -> str:
    """Build the folder as its README says, run it, and give back what it prints."""
    files = sorted(map(str, folder.glob("*.c")))
    out = folder / "a.out"
    build = subprocess.run(
        [*command, *flags, *files, "-lm", "-o", str(out)],
        capture_output=True,
        text=True,
        env=toolchain._environment(str(folder)),
    )
    assert build.returncode == 0, build.stderr
    assert build.stderr == ""
    run = subprocess.run([out, *map(str, sizes)], capture_output=True, text=True, cwd=folder)
    assert run.returncode == 0, run.stderr
    return run.stdout


def pattern(*shape: int) -> np.ndarray:
    """The numbers that main.c fills its input with."""
    values, state = [], 1
    for _ in range(int(np.prod(shape))):
        state = (state * 1664525 + 1013904223) % 2**32
        values.append((state >> 8) / 2**23 - 1)
    return np.array(values, np.float32).reshape(shape)


def printed(name: str, y: np.ndarray) -> list[float]:
    return [*y.ravel()[:8].tolist(), float(y.astype(np.float64).sum())]


def numbers(text: str, name: str) -> list[float]:
    values = []
    for line in text.splitlines():
        start, _, rest = line.partition(":")
        if start in (name, f"{name} sum"):
            values += [float(word) for word in rest.replace("...", "").split()]
    return values


@pytest.mark.parametrize("command", COMPILERS)
def test_the_folder_builds_without_a_warning_and_prints_what_python_computes(life, saved, command):
    text = example(saved, command, STRICT, 2, 5, 6)
    expected = printed("next", life(pattern(2, 1, 5, 6)))
    np.testing.assert_allclose(numbers(text, "next"), expected, rtol=1e-4)


@pytest.mark.parametrize("command", COMPILERS)
@pytest.mark.parametrize(
    "flags",
    [
        ["-O3", "-march=native", "-ffp-contract=fast", "-DTENTH_PROFILE"],
        ["-DTENTH_SINGLE_THREAD"],
    ],
    ids=" ".join,
)
def test_the_folder_builds_in_every_way_that_its_header_tells(life, saved, command, flags):
    text = example(saved, command, [*STRICT, *flags], 2, 5, 6)
    expected = printed("next", life(pattern(2, 1, 5, 6)))
    np.testing.assert_allclose(numbers(text, "next"), expected, rtol=1e-4)


@pytest.mark.skipif(not shutil.which("gcc"), reason="no gcc")
def test_the_example_takes_threads_and_prints_the_same(saved):
    alone = example(saved, ["gcc"], STRICT, 2, 50, 60)
    for threads in ("2", "5"):
        command = [saved / "a.out", "2", "50", "60", threads]
        assert subprocess.run(command, capture_output=True, text=True).stdout == alone
    run = subprocess.run([saved / "a.out", "2", "50", "60", "999"], capture_output=True, text=True)
    assert run.returncode == 1
    assert run.stderr.startswith("life 2: float32[n, 1, h, w] -> ")
    assert run.stderr.endswith(" cannot run at these sizes, or on so many threads\n")


@pytest.mark.skipif(not shutil.which("g++"), reason="no g++")
@pytest.mark.parametrize("largest", [2**18, 100], ids=["built in", "in a file"])
def test_the_example_is_cpp_too_and_calls_the_c(life, tmp_path, monkeypatch, largest):
    monkeypatch.setattr(units, "_EMBEDDED_BYTES", largest)
    program = compile(life_graph(), np.zeros((1, 1, 16, 16), np.float32), name="life")
    folder = program.save(tmp_path / "program")
    sources = sorted(path.name for path in folder.glob("*.c"))
    for name in sources:
        command = ["g++", "-std=c++17", "-x", "c++"] if name == "main.c" else ["gcc", "-std=c11"]
        flags = ["-O1", "-Wall", "-Wextra", "-Werror", "-c", name, "-o", f"{name}.o"]
        subprocess.run([*command, *flags], check=True, cwd=folder)
    objects = [f"{name}.o" for name in sources]
    subprocess.run(["g++", *objects, "-pthread", "-lm", "-o", "a.out"], check=True, cwd=folder)
    run = subprocess.run(["./a.out", "2", "5", "6"], capture_output=True, text=True, cwd=folder)
    expected = printed("next", life(pattern(2, 1, 5, 6)))
    np.testing.assert_allclose(numbers(run.stdout, "next"), expected, rtol=1e-4)


@pytest.mark.skipif(not shutil.which("gcc"), reason="no gcc")
def test_large_weights_stand_in_a_file_that_the_example_reads(life, tmp_path, monkeypatch):
    monkeypatch.setattr(units, "_EMBEDDED_BYTES", 100)
    program = compile(life_graph(), np.zeros((1, 1, 16, 16), np.float32), name="life")
    folder = program.save(tmp_path / "program")
    assert not (folder / "weights.c").exists()
    text = example(folder, ["gcc"], STRICT, 2, 5, 6)
    np.testing.assert_allclose(
        numbers(text, "next"), printed("next", life(pattern(2, 1, 5, 6))), rtol=1e-4
    )
    x = pattern(2, 1, 5, 6)
    np.testing.assert_array_equal(load(folder)(x), program(x))
    shutil.copy(folder / "a.out", tmp_path)
    # a program whose weights are built in takes its place, and the other way round
    assert not (life.save(folder) / "weights.bin").exists()
    program.save(folder)
    damaged = (folder / "weights.bin").read_bytes()[:-1]
    (folder / "weights.bin").write_bytes(damaged)
    for what in ("loading failed with status 5", "weights.bin cannot be read"):
        run = subprocess.run([tmp_path / "a.out"], capture_output=True, text=True, cwd=folder)
        assert (run.returncode, run.stderr.strip()) == (1, what)
        (folder / "weights.bin").unlink(missing_ok=True)


def test_a_profile_names_the_steps_and_adds_up_their_time(life, saved, tmp_path):
    flags = (*LIBRARY_FLAGS, "-DTENTH_PROFILE")
    sources = [saved / "model.c", saved / "weights.c"]
    compile_library(sources, tmp_path / "profiled.so", flags)
    library = Library((tmp_path / "profiled.so").read_bytes())
    weights = library.weights("life", life.manifest.weights_bytes)
    binding = Binding(library, life.manifest.interface, weights)
    names = (ctypes.c_char_p * 99).in_dll(library.functions, "life_profile_steps")
    steps = [name.decode() for name in itertools.takewhile(lambda name: name, names)]
    assert {layer.name for layer in life.layers} <= set(steps)
    nanoseconds = (ctypes.c_double * len(steps)).in_dll(library.functions, "life_profile")
    assert list(nanoseconds) == [0] * len(steps)
    sizes = {"n": 2, "h": 60, "w": 60}
    y = binding.run([pattern(2, 1, 60, 60)], sizes)
    first = list(nanoseconds)
    assert min(first) >= 0
    assert 0 < sum(first) < 60e9
    binding.run([pattern(2, 1, 60, 60)], sizes)
    assert sum(nanoseconds) > sum(first)
    np.testing.assert_allclose(y[0], life(pattern(2, 1, 60, 60)), rtol=1e-5)


@pytest.mark.parametrize("command", COMPILERS)
def test_a_program_with_ids_and_two_outputs_builds(words, tmp_path, command):
    text = example(words.save(tmp_path / "words"), command, STRICT)
    y, normed = words((np.arange(14) % 11).reshape(2, 7))
    for name, output in (("class_", y), ("normed", normed)):
        np.testing.assert_allclose(numbers(text, name), printed(name, output), rtol=1e-3, atol=1e-4)


@pytest.mark.skipif(not shutil.which("gcc"), reason="no gcc")
def test_sizes_that_do_not_fit_are_refused_by_the_example(saved):
    example(saved, ["gcc"], STRICT, 1, 4, 4)
    run = subprocess.run([saved / "a.out", "0"], capture_output=True, text=True)
    assert run.returncode == 1
    assert run.stderr.endswith(" cannot run at these sizes, or on so many threads\n")


@pytest.fixture(scope="module")
def everything() -> Program:
    """All ops in one program, each with inputs of its own; its layers with zeros, too."""
    graph, examples = everything_graph()
    return compile(graph, tuple(examples), name="everything")


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("gcc"), reason="no gcc")
@pytest.mark.parametrize("lanes", LANES)
def test_every_kernel_stays_inside_its_memory(everything, tmp_path, lanes):
    folder = everything.save(tmp_path / "everything")
    probe = tmp_path / "probe.c"
    probe.write_text('int main(void) { return !__builtin_cpu_supports("avx2"); }\n')
    out = tmp_path / "probe"
    built = subprocess.run(["gcc", *SANITIZE, lanes, probe, "-o", out], capture_output=True)
    if built.returncode or (lanes == "-mavx2" and subprocess.run([out]).returncode):
        pytest.skip("gcc has no sanitizers here, or the processor not these lanes")
    # gcc warns of vectors by value where the processor has none so long; these are all inlined
    example(folder, ["gcc"], [*STRICT, *SANITIZE, lanes, "-Wno-psabi"])


@pytest.mark.slow
@pytest.mark.parametrize("command", COMPILERS)
def test_every_kernel_builds_without_a_warning(everything, tmp_path, command):
    example(everything.save(tmp_path / "everything"), command, STRICT)


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("gcc"), reason="no gcc")
def test_no_thread_of_any_op_reads_what_another_writes_at_the_time(everything, tmp_path):
    folder = everything.save(tmp_path / "everything")
    probe = tmp_path / "probe.c"
    probe.write_text("int main(void) { return 0; }\n")
    built = subprocess.run(["gcc", "-fsanitize=thread", probe, "-o", tmp_path / "probe"])
    if built.returncode:
        pytest.skip("gcc has no thread sanitizer here")
    sizes = everything.manifest.example_sizes
    example(folder, ["gcc"], [*STRICT, "-O1", "-fsanitize=thread"], *sizes.values(), 3)


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("gcc"), reason="no gcc")
@pytest.mark.parametrize("sanitizer", ["address,undefined", "thread"])
def test_parts_of_a_batch_stay_in_memory_of_their_own(tmp_path, sanitizer):
    flags = ["-O1", f"-fsanitize={sanitizer}"]
    probe = tmp_path / "probe.c"
    probe.write_text("int main(void) { return 0; }\n")
    if subprocess.run(["gcc", *flags, probe, "-o", tmp_path / "probe"]).returncode:
        pytest.skip("gcc has no such sanitizer here")
    program = compile(deep(np.random.default_rng(0)), np.zeros((1, 8, 200, 200), np.float32))
    example(program.save(tmp_path / "program"), ["gcc"], [*STRICT, *flags], 11, 3)


def test_gcc_sees_no_endless_loop_after_a_row_of_whole_fours(tmp_path):
    """gcc 12 took the rest of a row for a loop that may run for ever, where none was left."""
    if not shutil.which("gcc"):
        pytest.skip("no gcc")
    torch.manual_seed(0)
    hidden = nn.Linear(16 * 64, 64)
    with torch.no_grad():
        hidden.weight *= torch.rand_like(hidden.weight) < 0.05
    convolution = nn.Conv2d(1, 16, 3, padding=1)
    layers = (convolution, nn.ReLU(), nn.Flatten(), hidden, nn.ReLU(), nn.Linear(64, 10))
    program = compile(nn.Sequential(*layers), (torch.zeros(1, 1, 8, 8),))
    output = example(program.save(tmp_path / "program"), ["gcc"], STRICT)
    told = float(output.split()[1])
    first = float(np.asarray(program(pattern(1, 1, 8, 8))).ravel()[0])
    assert told == pytest.approx(first, rel=1e-3)

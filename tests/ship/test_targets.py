"""Programs for other machines: run where that can be done, else said to be untested."""

import json
import os
import platform
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tenth.errors import CompileError, UnsupportedError
from tenth.graph import Dim, Graph, Node, Value
from tenth.kernels import cross, toolchain
from tenth.kernels.targets import TARGETS
from tenth.ship import compile, load, program
from tenth.ship.binding import Binding, Library
from tenth.ship.check import relative_error
from tenth.ship.choose import choose_by_density
from tenth.ship.libraries import build_for

from .cases import everything_graph
from .conftest import life_graph, words_graph
from .wasm import Instance

ZIG = toolchain.zig()
pytestmark = pytest.mark.skipif(ZIG is None, reason="no ziglang")
ALL = bool(os.environ.get("TENTH_ALL_TARGETS"))
ON_X86_64 = (platform.system(), platform.machine()) == ("Linux", "x86_64")
BOARD = np.random.default_rng(5).standard_normal((2, 1, 9, 7)).astype(np.float32)
IDS = np.random.default_rng(6).integers(0, 11, (3, 5))


@pytest.fixture(scope="session")
def life_wasm():
    return compile(life_graph(), np.zeros((1, 1, 16, 16), np.float32), name="life", target="wasm")


@pytest.fixture(scope="session")
def words_wasm():
    return compile(words_graph(), np.zeros((2, 7), np.int64), name="words", target="wasm")


def test_wasm_computes_what_the_host_does(life, life_wasm, words, words_wasm):
    instance = Instance(life_wasm)
    for _ in range(2):
        np.testing.assert_allclose(instance(BOARD)[0], life(BOARD), rtol=0, atol=1e-5)
    wide = np.random.default_rng(7).standard_normal((1, 1, 130, 70)).astype(np.float32)
    np.testing.assert_allclose(instance(wide)[0], life(wide), rtol=0, atol=1e-5)
    for ours, theirs in zip(Instance(words_wasm)(IDS), words(IDS), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-5)


@pytest.fixture(scope="module")
def everything():
    graph, examples = everything_graph()
    return compile(graph, tuple(examples), name="everything")


@pytest.mark.slow
def test_wasm_computes_every_op_as_the_host_does(everything):
    graph, examples = everything_graph()
    made = compile(graph, tuple(examples), name="everything", target="wasm")
    for name, ours, theirs in zip(
        graph.outputs, Instance(made)(*examples), everything(*examples), strict=True
    ):
        assert relative_error(ours, theirs) <= 1e-5, name


def test_wasm_says_what_is_wrong(words_wasm):
    instance = Instance(words_wasm)
    assert instance.status(np.full((1, 2), 11)) == "BAD_ID"
    start, size_bytes = instance.file
    loaded = instance.call("weights_bytes")
    place = instance.take(loaded)
    assert instance.call("load", start, size_bytes - 1, place, loaded) != 0
    assert instance.call("pool_bytes", 2) == 0


def test_wasm_needs_nothing_and_is_small(life_wasm):
    instance = Instance(life_wasm)  # which sees that nothing is imported
    exports = {export.name for export in instance.module.exports}
    assert exports <= {
        "memory", "__heap_base", "__stack_pointer", "life_signature", "life_input_shape",
        "life_output_shape", "life_weights_bytes", "life_load", "life_pool_bytes",
        "life_pool_open", "life_pool_close", "life_arena_bytes", "life_run", "life_file",
    }  # fmt: skip
    assert len(life_wasm.files["model.wasm"]) < 60_000


def test_a_program_for_another_machine_is_saved_and_loaded_but_not_run(life_wasm, tmp_path):
    folder = life_wasm.save(tmp_path / "web")
    names = {path.name for path in folder.iterdir()}
    assert names == {
        "model.h", "model.c", "weights.c", "main.c", "README.md", "manifest.json", "receipt.json",
        "model.wasm", "model.js", "index.html",
    }  # fmt: skip
    again = load(folder)
    assert again.files == life_wasm.files
    for one in (life_wasm, again):
        with pytest.raises(UnsupportedError, match="'wasm' does not run on this machine"):
            one(BOARD)
        with pytest.raises(UnsupportedError, match="'wasm' does not run"):
            one.arena_bytes(BOARD.shape)
    (folder / "model.wasm").unlink()
    assert load(folder).files == life_wasm.files  # built anew, and the same to the byte
    form = json.loads((folder / "manifest.json").read_text())
    assert form["target"] == "wasm"
    assert form["checked_on"] == "the host's build of the same C"
    assert form["machine"]["system"] == "WebAssembly"
    readme = (folder / "README.md").read_text()
    assert "`model.wasm` is for wasm" in readme
    assert "as the host's build of the same C" in readme


def test_layers_for_another_machine_are_chosen_by_density(life_wasm):
    kernels = {layer.path: layer.kernel for layer in life_wasm.layers}
    assert kernels == {"count": "unstructured", "mix": "dense", "last": "dense"}
    assert all(layer.dense_seconds is None for layer in life_wasm.layers)


@pytest.mark.parametrize(
    ("kept", "kernel"),
    [
        ("all", "dense"),
        ("half", "dense"),
        ("tenth", "unstructured"),
        ("pairs", "2x1"),
        ("fours", "4x1"),
        # blocks of 16 pay for few pixels only, and how many there will be is not known here
        ("rows", "4x1"),
    ],
)
def test_the_table_of_densities(kept, kernel):
    rng = np.random.default_rng(0)
    height = {"pairs": 2, "fours": 4, "rows": 16}.get(kept, 1)
    share = {"all": 1, "half": 0.5}.get(kept, 0.1)
    blocks = rng.random((64 // height, 1, 40)) < share
    mask = np.broadcast_to(blocks, (64 // height, height, 40)).reshape(64, 40)
    graph = Graph(
        (Value("x", (Dim.symbol("n"), 40)),),
        (Node("y", "linear", ("x", "w")),),
        ("y",),
        {"w": np.where(mask, rng.standard_normal((64, 40)), 0).astype(np.float32)},
    )
    assert choose_by_density(graph, TARGETS["wasm"])["y"].kernel == kernel


@pytest.mark.slow
@pytest.mark.skipif(not ALL, reason="takes minutes; run with TENTH_ALL_TARGETS=1")
@pytest.mark.parametrize("target", ["aarch64-linux", "aarch64-macos", "x86_64-windows"])
def test_the_other_targets_are_linked(target, tmp_path):
    """Threads, mathematics and all: linked, and looked at no further."""
    made = compile(words_graph(), np.zeros((2, 7), np.int64), name="words", target=target)
    names = {path.name for path in made.save(tmp_path / "program").iterdir()}
    library = TARGETS[target].library
    assert library in names
    assert ("dispatch.c" in names) == (target == "x86_64-windows")
    assert b"words_run" in made.files[library]
    assert TARGETS[target].says in made.files["README.md"].decode()
    print(target, len(made.files[library]))


def test_without_ziglang_another_target_says_what_to_install(monkeypatch):
    monkeypatch.setattr(cross, "zig", lambda: None)
    with pytest.raises(CompileError, match="pip install ziglang"):
        compile(life_graph(), np.zeros((1, 1, 8, 8), np.float32), target="aarch64-linux")


@pytest.mark.skipif(not ON_X86_64, reason="not x86-64 Linux")
def test_one_library_for_all_of_x86_64_holds_three_builds(life, tmp_path):
    fat = compile(
        life_graph(), np.zeros((1, 1, 16, 16), np.float32), name="life", target="x86_64-linux"
    )
    np.testing.assert_allclose(fat(BOARD), life(BOARD), rtol=0, atol=1e-5)
    folder = fat.save(tmp_path / "fat")
    np.testing.assert_array_equal(load(folder, threads=2)(BOARD), fat(BOARD))
    assert fat.manifest.checked_on == "this library"
    # each build on its own, as far as this processor goes
    interface, target = fat.manifest.interface, TARGETS["x86_64-linux"]
    sizes = interface.bind([BOARD.shape])
    weights = Library(fat.files["libmodel.so"]).weights("life", fat.manifest.weights_bytes)
    flags = set(Path("/proc/cpuinfo").read_text().split())
    for variant, needs in zip(target.variants, ("sse4_2", "avx2", "avx512vl"), strict=True):
        if needs not in flags:
            continue
        alone = replace(target, variants=(), cpu=variant.cpu, flags=())
        last = Binding(Library(build_for(alone, fat.files, interface)), interface, weights)
        np.testing.assert_allclose(last.run([BOARD], sizes)[0], life(BOARD), rtol=0, atol=1e-5)
    assert last.weights.nbytes == fat.binding.weights.nbytes
    np.testing.assert_array_equal(last.run([BOARD], sizes)[0], fat(BOARD))
    # and a library offers no other name than its header does
    functions = Library(fat.files["libmodel.so"]).functions
    assert functions["life_run"]
    for variant in target.variants:
        with pytest.raises(AttributeError):
            functions[f"life_run_{variant.suffix}"]


def test_the_source_of_the_choice_is_harmless_beside_the_others(tmp_path):
    """A folder with dispatch.c still builds as its README says."""
    fat = compile(
        life_graph(), np.zeros((1, 1, 8, 8), np.float32), name="life", target="x86_64-linux"
    )
    folder = fat.save(tmp_path / "fat")
    compiler = toolchain.find_compiler().command
    strict = ["-O1", "-std=c11", "-Wall", "-Wextra", "-Werror", "-pthread"]
    files = sorted(map(str, folder.glob("*.c")))
    assert len(files) == 4
    built = toolchain.run([*compiler, *strict, *files, "-lm", "-o", str(tmp_path / "a.out")])
    assert built == (0, "")
    ran = subprocess.run([tmp_path / "a.out"], capture_output=True, text=True)
    assert ran.returncode == 0
    assert "sum" in ran.stdout


@pytest.mark.skipif(not shutil.which("qemu-aarch64"), reason="no qemu-aarch64 (apt: qemu-user)")
@pytest.mark.slow
@pytest.mark.parametrize("name", ["life", "words", "everything"])
def test_aarch64_prints_what_this_machine_prints(name, request, tmp_path):
    """The example, static and so without a system around it, under emulation."""
    folder = request.getfixturevalue(name).save(tmp_path / "program")
    files = sorted(map(str, folder.glob("*.c")))
    printed = []
    for command, runner in (
        ([*toolchain.find_compiler().command], []),
        ([str(ZIG), "cc", "-target", "aarch64-linux-musl", "-static"], ["qemu-aarch64"]),
    ):
        out = tmp_path / f"a{len(printed)}.out"
        flags = ["-O2", "-std=c11", "-Wall", "-Wextra", "-Werror", "-pthread"]
        assert toolchain.run([*command, *flags, *files, "-lm", "-o", str(out)]) == (0, "")
        ran = subprocess.run([*runner, str(out)], capture_output=True, text=True)
        assert ran.returncode == 0, ran.stderr
        printed.append(_numbers(ran.stdout))
    np.testing.assert_allclose(printed[1], printed[0], rtol=1e-4, atol=1e-5)


def _numbers(text: str) -> list[float]:
    words = text.replace(":", " ").split()
    numbers = [float(word) for word in words if word.lstrip("-")[:1].isdigit()]
    assert numbers
    return numbers


def test_only_a_program_for_the_browser_makes_a_page(life, tmp_path):
    with pytest.raises(UnsupportedError, match=r"compile\(.*target='wasm'"):
        life.save_page(tmp_path / "page.html")
    assert program.LIBRARY == "libmodel.so"

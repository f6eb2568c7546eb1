"""The table of targets, and building for each of them; what is built is looked at, or run."""

import os
import shutil
import struct
import subprocess
from pathlib import Path

import pytest

from tenth.errors import CompileError, InputError
from tenth.kernels import cross, sources, toolchain
from tenth.kernels.targets import TARGETS, target_named

ZIG = toolchain.zig()
needs_zig = pytest.mark.skipif(ZIG is None, reason="no ziglang")
FOREIGN = [name for name in TARGETS if name != "host"]
# zig builds the C library of these for minutes, once a machine
ALL = bool(os.environ.get("TENTH_ALL_TARGETS"))
LONG = [
    pytest.mark.slow,
    pytest.mark.skipif(not ALL, reason="takes minutes; run with TENTH_ALL_TARGETS=1"),
]
LONG_TARGETS = ("aarch64-linux", "aarch64-macos", "x86_64-windows")
API = '__attribute__((visibility("default")))'


@pytest.mark.parametrize("name", TARGETS)
def test_every_target_is_whole(name):
    target = target_named(name)
    assert target.name == name
    assert target.says
    assert (target.triple == "") == (name == "host")
    assert bool(target.variants) != bool(target.cpu) or name == "host"
    assert "-" not in target.cpu  # zig spells processors with underscores
    assert set(target.sparse_below) == {"linear", "conv"}
    assert all(0 < density < 1 for density in target.sparse_below.values())


@pytest.mark.parametrize("name", ["toaster", "", None, ["host"]])
def test_an_unknown_target_is_refused(name):
    with pytest.raises(InputError, match="target must be one of host, x86_64-linux"):
        target_named(name)


def test_without_ziglang_there_is_no_other_machine(monkeypatch, tmp_path):
    monkeypatch.setattr(cross, "zig", lambda: None)
    with pytest.raises(CompileError, match=r"'wasm' needs .* Run `pip install ziglang`"):
        cross.cross_compile(
            TARGETS["wasm"], tmp_path / "a.c", others=[], functions=[], out_path=tmp_path / "a"
        )


def sources_of(folder: Path, target) -> tuple[Path, list[Path]]:
    """A model of one function, and for variants the source that chooses among them."""
    model = folder / "model.c"
    model.write_text(f"{API} int one(void);\nint one(void) {{ return 1; }}\n")
    if not target.variants:
        return model, []
    declared = "".join(f"int one_{v.suffix}(void);\n" for v in target.variants)
    chosen = folder / "dispatch.c"
    chosen.write_text(
        f"{declared}{API} int one(void);\n"
        f"int one(void) {{ return {' + '.join(f'one_{v.suffix}()' for v in target.variants)}; }}\n"
    )
    return model, [chosen]


@needs_zig
@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=LONG if n in LONG_TARGETS else ()) for n in FOREIGN]
)
def test_a_library_is_built_for_every_target(name, tmp_path):
    target = TARGETS[name]
    model, others = sources_of(tmp_path, target)
    out = tmp_path / "out" / target.library
    out.parent.mkdir()
    compiler = cross.cross_compile(target, model, others=others, functions=["one"], out_path=out)
    assert compiler.origin == "ziglang"
    assert [path.name for path in out.parent.iterdir()] == [target.library]
    assert kind_of(out.read_bytes()) == name
    assert b"one" in out.read_bytes()


def kind_of(data: bytes) -> str:
    """The target that a library is for, by its first bytes."""
    if data[:4] == b"\0asm":
        return "wasm"
    if data[:4] == b"\x7fELF":
        machine = struct.unpack_from("<H", data, 18)[0]
        return {62: "x86_64-linux", 183: "aarch64-linux"}[machine]
    if data[:2] == b"MZ":
        start = struct.unpack_from("<I", data, 0x3C)[0]
        assert struct.unpack_from("<H", data, start + 4)[0] == 0x8664
        return "x86_64-windows"
    assert struct.unpack_from("<II", data) == (0xFEEDFACF, 0x0100000C)
    return "aarch64-macos"


@needs_zig
def test_what_zig_refuses_is_told_and_leaves_nothing(tmp_path):
    model = tmp_path / "model.c"
    model.write_text("int one(void) { return x; }\n")
    with pytest.raises(CompileError, match=r"model\.c:1"):
        cross.cross_compile(
            TARGETS["wasm"], model, others=[], functions=[], out_path=tmp_path / "model.wasm"
        )
    assert [path.name for path in tmp_path.iterdir()] == ["model.c"]


def cpuinfo() -> dict[str, set[str]]:
    path = Path("/proc/cpuinfo")
    lines = path.read_text().splitlines() if path.exists() else []
    parts = (line.split(":", 1) for line in reversed(lines) if ":" in line)
    return {name.strip(): set(value.split()) for name, value in parts}


needs_x86 = pytest.mark.skipif("flags" not in cpuinfo(), reason="not x86-64 Linux")


@pytest.fixture(scope="module")
def level(tmp_path_factory):
    """A program that prints the level of the processor that it runs on."""
    folder = tmp_path_factory.mktemp("level")
    text = sources.source(["processor_level"])
    (folder / "level.c").write_text(
        f"#include <cpuid.h>\n#include <stdint.h>\n#include <stdio.h>\n{text}\n"
        'int main(void) { printf("%d", processor_level()); return 0; }\n'
    )
    command = [*toolchain.find_compiler().command, "-std=c11", "-O1", "-Wall", "-Wextra"]
    assert toolchain.run([*command, str(folder / "level.c"), "-o", str(folder / "l")]) == (0, "")
    return folder / "l"


@needs_x86
def test_the_level_is_what_the_system_says(level):
    flags = cpuinfo()["flags"]
    third = {"avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "abm", "movbe", "xsave"}
    fourth = {"avx512f", "avx512dq", "avx512cd", "avx512bw", "avx512vl"}
    expected = 2 if not third <= flags else 4 if fourth <= flags else 3
    assert subprocess.run([level], capture_output=True, text=True).stdout == str(expected)


@needs_x86
@pytest.mark.skipif(not shutil.which("qemu-x86_64"), reason="no qemu-x86_64 (apt: qemu-user)")
@pytest.mark.parametrize(("processor", "expected"), [("Nehalem", "2"), ("max", "3")])
def test_the_level_of_other_processors(level, processor, expected):
    command = ["qemu-x86_64", "-cpu", processor, str(level)]
    assert subprocess.run(command, capture_output=True, text=True).stdout == expected

"""Building a library for another machine, with the compiler of the `ziglang` package."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

from tenth.errors import CompileError
from tenth.files import write_bytes
from tenth.kernels.targets import Target, Variant
from tenth.kernels.toolchain import LIBRARY_FLAGS, Compiler, failure, run, zig

_COMPILE_FLAGS = tuple(flag for flag in LIBRARY_FLAGS if flag != "-shared")


def cross_compiler(target: Target) -> Compiler:
    """The compiler for a target that is not the machine at hand.

    Raises:
        CompileError: ziglang is not installed.
    """
    path = zig()
    if path is None:
        raise CompileError(
            f"Target {target.name!r} needs the compiler of the ziglang package, which is not "
            "installed. Run `pip install ziglang`."
        )
    return Compiler((str(path), "cc", "-target", target.triple), "ziglang")


def cross_compile(
    target: Target,
    model: Path,
    *,
    others: Sequence[Path],
    functions: Sequence[str],
    out_path: Path,
) -> Compiler:
    """Build a library for a target. It appears whole at `out_path`, or not.

    `model` is built once for each variant of the target; its public `functions` then end in `_`
    and the suffix of the variant, and among `others` is a source that holds the plain ones. With
    TENTH_VARIANT defined it hides its own, so that a library offers the plain ones alone.

    Raises:
        CompileError: ziglang is not installed, or it failed; the message holds its first words.
        OutputError: the library cannot be written.
    """
    compiler = cross_compiler(target)
    variants = target.variants or (Variant("", target.cpu),)
    builds = [(model, variant) for variant in variants]
    builds += [(source, Variant("", variants[0].cpu)) for source in others]
    with tempfile.TemporaryDirectory(prefix="tenth-") as name:
        folder = Path(name)
        objects: list[str] = []
        for source, variant in builds:
            made = str(folder / f"{source.stem}_{variant.suffix}.o")
            renamed = [f"-D{f}={f}_{variant.suffix}" for f in functions if variant.suffix]
            renamed += ["-DTENTH_VARIANT"] if variant.suffix else []
            # the processor is named here only: named to the linker, it makes zig build libc anew
            flags = [*_COMPILE_FLAGS, *target.flags, f"-mcpu={variant.cpu}", *renamed]
            _must_run(compiler, [*flags, "-c", str(source), "-o", made])
            objects.append(made)
        # what the linker leaves beside a library of Windows stays in this folder
        linked = folder / target.library
        _must_run(compiler, [*target.link, *objects, "-o", str(linked)])
        write_bytes(out_path, linked.read_bytes())
    return compiler


def _must_run(compiler: Compiler, arguments: Sequence[str]) -> None:
    status, words = run([*compiler.command, *arguments])
    if status != 0:
        raise CompileError(failure(compiler, words))

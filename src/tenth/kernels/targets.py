"""The machines that programs are built for: one literal table."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from tenth.errors import InputError, must

SPARSE_BELOW = {"linear": 1 / 3, "conv": 1 / 3}
"""The density below which a layer runs sparse where it cannot be timed.

Source: XNNPACK runs 1x1 convolutions sparse above two thirds of zeros; the same is taken for the
others and for linear layers.
"""

FULL_BLOCKS = 0.9
"""The share of kept blocks that must be kept weights for blocks of outputs to pay, untimed.

Source: XNNPACK takes blocks of 4 outputs from 3.6 kept weights a block on, else blocks of 2 from
1.8 on, else single weights.
"""


@dataclass(frozen=True)
class Variant:
    """One build of several in a library: its suffix in C, and the processor it is built for."""

    suffix: str
    cpu: str


@dataclass(frozen=True)
class Target:
    """A machine that programs are built for.

    Attributes:
        name: what `compile(target=…)` takes.
        library: the name of the built file.
        machine: the system and the processor's family, as Python's `platform` spells them.
        says: what is known of its running.
        triple: zig's name of the system; empty for the machine at hand.
        cpu: zig's name of the processor, in zig's spelling with underscores.
        variants: builds for several processors, of which one is chosen when it runs.
        threads: whether a program may use more than one.
        flags: further words for the compiler.
        link: words for the linker.
        sparse_below: for each op the density below which it runs sparse, where it is not timed.
    """

    name: str
    library: str
    says: str
    machine: tuple[str, str] = ("", "")
    triple: str = ""
    cpu: str = ""
    variants: tuple[Variant, ...] = ()
    threads: bool = True
    flags: tuple[str, ...] = ()
    link: tuple[str, ...] = ("-shared", "-lm")
    sparse_below: Mapping[str, float] = field(default_factory=lambda: SPARSE_BELOW)


_X86_64 = (Variant("v2", "x86_64_v2"), Variant("v3", "x86_64_v3"), Variant("v4", "x86_64_v4"))
_DISPATCH = ("-DTENTH_DISPATCH",)
_RUN = "run in our tests"
_LINKED = "linked, untested"

# glibc 2.17 of 2012 is the oldest that the systems of today are built on
TARGETS = {
    target.name: target
    for target in (
        Target("host", "libmodel.so", says=_RUN),
        Target(
            "x86_64-linux",
            "libmodel.so",
            says=_RUN,
            machine=("Linux", "x86_64"),
            triple="x86_64-linux-gnu.2.17",
            variants=_X86_64,
            flags=_DISPATCH,
        ),
        Target(
            "aarch64-linux",
            "libmodel.so",
            says="run under emulation in our tests",
            machine=("Linux", "aarch64"),
            triple="aarch64-linux-gnu.2.17",
            cpu="generic",
        ),
        Target(
            "aarch64-macos",
            "libmodel.dylib",
            says=_LINKED,
            machine=("Darwin", "arm64"),
            triple="aarch64-macos",
            cpu="apple_m1",
        ),
        Target(
            "x86_64-windows",
            "model.dll",
            says=_LINKED,
            machine=("Windows", "AMD64"),
            triple="x86_64-windows-gnu",
            variants=_X86_64,
            flags=_DISPATCH,
        ),
        # SIMD of 128 bits and bulk memory are in every browser since 2023, relaxed SIMD is not
        Target(
            "wasm",
            "model.wasm",
            says="run in wasmtime and in Chromium in our tests",
            machine=("WebAssembly", "wasm32"),
            triple="wasm32-freestanding",
            cpu="generic+simd128+bulk_memory+nontrapping_fptoint",
            threads=False,
            flags=("-DTENTH_SINGLE_THREAD",),
            link=(
                "-Wl,--no-entry",
                "-Wl,--export-dynamic",
                "-Wl,--export=__heap_base",
                "-Wl,--strip-all",
            ),
        ),
    )
}


def target_named(name: str) -> Target:
    """The target of that name.

    Raises:
        InputError: there is none.
    """
    if not isinstance(name, str) or name not in TARGETS:
        raise InputError(must("target", f"one of {', '.join(TARGETS)}", repr(name)))
    return TARGETS[name]

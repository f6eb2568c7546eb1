"""Finding a C compiler, and building with it so that nothing half-made is left behind.

The compiler is `$CC` if that is set, else clang from the `ziglang` package, else the system's `cc`.
"""

import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from tenth.errors import CompileError
from tenth.files import atomic_path

LIBRARY_FLAGS = (
    "-std=c11",
    "-O3",
    "-g0",
    "-ffp-contract=fast",
    "-fPIC",
    "-shared",
    "-fvisibility=hidden",
)
NATIVE = "-march=native"
_TIMEOUT_SECONDS = 1800
_SHOWN_LINES = 12


@dataclass(frozen=True)
class Compiler:
    """A C compiler: how it is called, and where it was found."""

    command: tuple[str, ...]
    origin: str


def find_compiler() -> Compiler:
    """The compiler of this machine.

    Raises:
        CompileError: there is none, or `$CC` names none.
    """
    chosen = os.environ.get("CC", "").strip()
    if chosen:
        command = shlex.split(chosen)
        if shutil.which(command[0]) is None:
            raise CompileError(
                f"CC must name a C compiler. Got {chosen!r}, which is not found. "
                "Correct CC, or unset it."
            )
        return Compiler(tuple(command), "CC")
    bundled = zig()
    if bundled is not None:
        return Compiler((str(bundled), "cc"), "ziglang")
    for name in ("cc", "gcc", "clang"):
        path = shutil.which(name)
        if path is not None:
            return Compiler((path,), "system")
    raise CompileError(
        "A C compiler is needed, and none is found. Run `pip install ziglang`, install gcc or "
        "clang, or name one in CC."
    )


def compile_library(
    sources: Sequence[Path], out_path: Path, flags: Sequence[str] = LIBRARY_FLAGS
) -> Compiler:
    """Build a shared library for this very processor. It appears whole at `out_path`, or not.

    A compiler that refuses `-march=native` is asked again without.

    Raises:
        CompileError: there is no compiler, or it failed; the message holds its first words.
        OutputError: the library cannot be written.
    """
    compiler = find_compiler()
    arguments = [*map(str, sources), "-lm"]
    with atomic_path(out_path) as temporary:
        words = ""
        for attempt in ((*flags, NATIVE), tuple(flags)):
            command = [*compiler.command, *attempt, "-o", str(temporary), *arguments]
            status, words = run(command)
            if status == 0 and temporary.stat().st_size:
                return compiler
        raise CompileError(failure(compiler, words))


def zig() -> Path | None:
    """The program of the ziglang package, or None where it is not installed."""
    spec = find_spec("ziglang")
    if spec is None or spec.origin is None:
        return None
    zig = Path(spec.origin).with_name("zig.exe" if os.name == "nt" else "zig")
    return zig if zig.exists() else None


def failure(compiler: Compiler, words: str) -> str:
    """What to tell about a compiler that failed: its first words, and what to do."""
    lines = words.strip().splitlines() or ["(it said nothing)"]
    more = f"\n  … {len(lines) - _SHOWN_LINES} more lines" if len(lines) > _SHOWN_LINES else ""
    shown = "\n  ".join(lines[:_SHOWN_LINES])
    return (
        f"The C compiler `{shlex.join(compiler.command)}` failed:\n  {shown}{more}\n"
        "Name another one in CC, or unset CC and run `pip install ziglang`."
    )


def run(command: Sequence[str]) -> tuple[int, str]:
    """The exit status and the words of a command; ctrl-C ends it and all that it started."""
    with tempfile.TemporaryDirectory(prefix="tenth-") as scratch:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env=_environment(scratch),
            start_new_session=True,
        )
        try:
            words, _ = process.communicate(timeout=_TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired:
            return -1, f"it did not end within {_TIMEOUT_SECONDS} s"
        finally:
            _end(process)
    return process.returncode, words


def _end(process: subprocess.Popen[str]) -> None:
    if process.poll() is None:
        if os.name == "posix":
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
        process.wait()
    if process.stdout is not None:
        process.stdout.close()


def _environment(scratch: str) -> dict[str, str]:
    """Zig keeps what every build needs in the user's cache, and what one build needs nowhere."""
    return {
        "ZIG_GLOBAL_CACHE_DIR": str(cache_folder("zig") or scratch),
        **os.environ,
        "ZIG_LOCAL_CACHE_DIR": scratch,
        "TMPDIR": scratch,
    }


def cache_folder(name: str) -> Path | None:
    """A folder of the user's cache, made if need be; None where nothing can be written there."""
    if sys.platform == "darwin":
        parent = Path("~/Library/Caches")
    elif os.name == "nt":
        parent = Path(os.environ.get("LOCALAPPDATA", "~/AppData/Local"))
    else:
        parent = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache")
    try:
        folder = parent.expanduser() / "tenth" / name
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, RuntimeError):
        return None
    return folder if os.access(folder, os.W_OK) else None

"""The library of training kernels: built once for each processor, compiler and text, then kept.

    from tenth.kernels.training import library
    library().tenth_linear_forward(...)

Every `c/*.c` here is compiled together into one library, for this very processor. To add kernels,
add a file: include "vectors.h" for vectors and "threads.h" for threads, mark what Python calls with
EXPORT, and begin its name with `tenth_`. Numbers go in as int64_t, arrays as addresses: ctypes
declarations stand beside the callers, `library().tenth_x.argtypes = [c_void_p, c_int64, ...]`.
"""

import ctypes
import hashlib
import platform
import re
import shutil
import sys
import tempfile
from functools import cache
from pathlib import Path

from tenth.errors import CompileError, OutputError
from tenth.kernels.toolchain import LIBRARY_FLAGS, cache_folder, compile_library, find_compiler

_FLAGS = (*LIBRARY_FLAGS, "-pthread")
_HERE = Path(__file__).parent / "c"
_INCLUDED = Path(__file__).parent.parent / "c"
_ENDING = {"win32": ".dll", "darwin": ".dylib"}.get(sys.platform, ".so")
_PROCESSOR = re.compile(
    r"^(?:vendor_id|cpu family|model|flags|Features|CPU (?:implementer|part))\b.*$", re.MULTILINE
)


@cache
def library() -> ctypes.CDLL:
    """All kernels of `c/`, loaded; one library for the whole process.

    The first call on a machine compiles them (some seconds), and later ones find the library in the
    user's cache, under a name that holds a hash of the C, the compiler and the processor. Several
    processes may do so at once: the file appears whole.

    Raises:
        CompileError: there is no compiler, or it failed, or its library cannot be loaded.
    """
    name = f"training-{_fingerprint()}{_ENDING}"
    folder = cache_folder("kernels")
    if folder is None:
        with tempfile.TemporaryDirectory(prefix="tenth-", ignore_cleanup_errors=True) as scratch:
            return _loaded(_built(Path(scratch) / name))
    path = folder / name
    return _loaded(path if path.exists() else _built(path))


def _built(path: Path) -> Path:
    try:
        compile_library(sorted(_HERE.glob("*.c")), path, _FLAGS)
    except OutputError as error:
        raise CompileError(f"The training kernels cannot be kept: {error}") from error
    return path


def _loaded(path: Path) -> ctypes.CDLL:
    try:
        return ctypes.CDLL(str(path))
    except OSError as error:
        raise CompileError(
            f"The library of training kernels cannot be loaded: {error}. Delete {path}, or name "
            "another compiler in CC."
        ) from error


def _fingerprint() -> str:
    """A short text that differs where another library is wanted."""
    compiler = find_compiler()
    program = Path(shutil.which(compiler.command[0]) or compiler.command[0])
    changed = program.stat().st_mtime_ns if program.exists() else 0
    hashed = hashlib.blake2b(digest_size=8)
    for part in (*compiler.command, str(changed), *_FLAGS, *_processor()):
        hashed.update(part.encode() + b"\0")
    for path in (*sorted(_HERE.glob("*.[ch]")), *sorted(_INCLUDED.glob("*.c"))):
        hashed.update(path.name.encode() + b"\0" + path.read_bytes())
    return hashed.hexdigest()


def _processor() -> tuple[str, ...]:
    """What the system says that the processor is and can do."""
    known = (platform.system(), platform.machine(), platform.processor())
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return known
    return (*known, *sorted(set(_PROCESSOR.findall(text))))

"""A folder of C as one library: built once for each processor, compiler and text, then kept.

    library = load("training", Path("…/c"))
    library.tenth_linear_forward(...)

Every `*.c` of the folder is compiled together into one library, for this very processor. Mark what
Python calls with default visibility, and begin its name with `tenth_`. Numbers go in as int64_t,
arrays as addresses: ctypes declarations stand beside the callers.
"""

import ctypes
import hashlib
import platform
import re
import shutil
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from tenth.errors import CompileError, OutputError
from tenth.kernels.toolchain import LIBRARY_FLAGS, cache_folder, compile_library, find_compiler

FLAGS = (*LIBRARY_FLAGS, "-pthread")
_ENDING = {"win32": ".dll", "darwin": ".dylib"}.get(sys.platform, ".so")
_PROCESSOR = re.compile(
    r"^(?:vendor_id|cpu family|model|flags|Features|CPU (?:implementer|part))\b.*$", re.MULTILINE
)


def load(name: str, folder: Path, included: Iterable[Path] = ()) -> ctypes.CDLL:
    """The library of all `*.c` in `folder`.

    The first call on a machine compiles them (some seconds), and later ones find the library in the
    user's cache, under a name that holds a hash of the C, the compiler and the processor. Several
    processes may do so at once: the file appears whole.

    Args:
        name: what it is, a word such as "training"; the file's name begins with it.
        included: other files that the C includes.

    Raises:
        CompileError: there is no compiler, or it failed, or its library cannot be loaded.
    """
    file_name = library_name(name, folder, included)
    kept = cache_folder("kernels")
    if kept is None:
        with tempfile.TemporaryDirectory(prefix="tenth-", ignore_cleanup_errors=True) as scratch:
            return _loaded(name, _built(name, folder, Path(scratch) / file_name))
    path = kept / file_name
    return _loaded(name, path if path.exists() else _built(name, folder, path))


def library_name(name: str, folder: Path, included: Iterable[Path] = ()) -> str:
    """The name of its file, which differs where another library is wanted."""
    compiler = find_compiler()
    program = Path(shutil.which(compiler.command[0]) or compiler.command[0])
    changed = program.stat().st_mtime_ns if program.exists() else 0
    hashed = hashlib.blake2b(digest_size=8)
    for part in (*compiler.command, str(changed), *FLAGS, *_processor()):
        hashed.update(part.encode() + b"\0")
    for path in (*sorted(folder.glob("*.[ch]")), *included):
        hashed.update(path.name.encode() + b"\0" + path.read_bytes())
    return f"{name}-{hashed.hexdigest()}{_ENDING}"


def _built(name: str, folder: Path, path: Path) -> Path:
    try:
        compile_library(sorted(folder.glob("*.c")), path, FLAGS)
    except OutputError as error:
        raise CompileError(f"The {name} kernels cannot be kept: {error}") from error
    return path


def _loaded(name: str, path: Path) -> ctypes.CDLL:
    try:
        return ctypes.CDLL(str(path))
    except OSError as error:
        raise CompileError(
            f"The library of {name} kernels cannot be loaded: {error}. Delete {path}, or name "
            "another compiler in CC."
        ) from error


def _processor() -> tuple[str, ...]:
    """What the system says that the processor is and can do."""
    known = (platform.system(), platform.machine(), platform.processor())
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return known
    return (*known, *sorted(set(_PROCESSOR.findall(text))))

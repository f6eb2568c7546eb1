"""Reading a task from a user's Python file."""

import sys
import traceback
from pathlib import Path
from types import CodeType, ModuleType

from tenth.errors import TaskError, must
from tenth.task.shapes import MINIMAL, SHAPES, kind, said
from tenth.task.task import Task


def load(path: str | Path) -> Task:
    """Run a Python file and take its `task`, or what its `make_task()` gives.

    The file runs as `python FILE` would run it: its folder comes first on `sys.path` and stays
    there, so that it can import its siblings at any time. Its `__name__` is not "__main__".

    Raises:
        TaskError: the file is missing, does not parse, raises, or defines no task. The message
            names file and line.
    """
    path = Path(path).resolve()
    module = _run(path, _compiled(path))
    found = getattr(module, "task", None)
    if found is None and callable(getattr(module, "make_task", None)):
        try:
            found = module.make_task()
        except Exception as error:
            raise _failed(path, error) from error
    if found is None:
        raise TaskError(f"{path} defines neither `task` nor `make_task()`. Add one:\n{MINIMAL}")
    if not isinstance(found, Task):
        raise TaskError(must(f"the task of {path}", "a tenth.Task", kind(found), f"\n{MINIMAL}"))
    return found


def _compiled(path: Path) -> CodeType:
    try:
        return compile(path.read_bytes(), str(path), "exec")
    except OSError as error:
        raise TaskError(f"task file {path} cannot be read: {error.strerror}.") from error
    except SyntaxError as error:
        text = (error.text or "").strip()
        raise TaskError(f"{path}:{error.lineno}: {error.msg}: {text}") from error
    except ValueError as error:
        raise TaskError(f"{path} is not Python source: {error}.") from error


def _run(path: Path, code: CodeType) -> ModuleType:
    module = ModuleType(f"tenth_task_{path.stem}")
    module.__file__ = str(path)
    if str(path.parent) not in sys.path:
        sys.path.insert(0, str(path.parent))
    sys.modules[module.__name__] = module  # dataclasses and pickle look modules up by name
    try:
        exec(code, module.__dict__)
    except (Exception, SystemExit) as error:
        del sys.modules[module.__name__]
        raise _failed(path, error) from error
    return module


def _failed(path: Path, error: BaseException) -> TaskError:
    """The error for a file that raised: the innermost line in its folder, and what it says."""
    frames = traceback.extract_tb(error.__traceback__)
    mine = [frame for frame in frames if Path(frame.filename).parent == path.parent]
    where = f"{mine[-1].filename}:{mine[-1].lineno}" if mine else str(path)
    line = f"\n    {mine[-1].line}" if mine else ""
    missing = [shape for part, shape in SHAPES.items() if f"'{part}'" in str(error)]
    hint = f"\nWrite: {', '.join(missing)}" if isinstance(error, TypeError) and missing else ""
    return TaskError(f"{where}: {said(error)}{line}{hint}")

"""An ONNX file: its tensors by `onnx`, its runs by `onnxruntime`."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tenth.adapters.extras import needing
from tenth.errors import FormatError, InputError, UnsupportedError, must
from tenth.receipt.judge import Load, Numbers, Run

_DTYPES = {
    "float64": "F64", "float32": "F32", "float16": "F16", "bfloat16": "BF16",
    "float8_e4m3fn": "F8_E4M3", "float8_e5m2": "F8_E5M2",
    "float8_e4m3fnuz": "F8_E4M3FNUZ", "float8_e5m2fnuz": "F8_E5M2FNUZ",
    "int64": "I64", "int32": "I32", "int16": "I16", "int8": "I8",
    "uint64": "U64", "uint32": "U32", "uint16": "U16", "uint8": "U8", "bool": "BOOL",
}  # fmt: skip
_INPUTS = {
    "tensor(float)": np.float32, "tensor(double)": np.float64, "tensor(float16)": np.float16,
    "tensor(int64)": np.int64, "tensor(int32)": np.int32, "tensor(int8)": np.int8,
    "tensor(uint8)": np.uint8, "tensor(bool)": np.bool_,
}  # fmt: skip
_FREE_AXIS = 1  # the length of an axis that the file leaves open


def files(path: Path) -> list[Path]:
    """The file and those beside it that hold its larger tensors.

    Raises:
        FormatError: it is damaged.
        InputError: it cannot be read, or onnx is not installed.
    """
    beside = {
        path.parent / entry.value
        for tensor in _tensors(_loaded(path, data=False))
        for entry in tensor.external_data
        if entry.key == "location"
    }
    return [path, *sorted(beside)]


def numbers(path: Path) -> Iterator[Numbers]:
    """Its initializers and constants.

    Raises:
        FormatError: it is damaged.
        InputError: it cannot be read, or onnx is not installed.
    """
    from onnx import numpy_helper

    for number, tensor in enumerate(_tensors(_loaded(path, data=True))):
        try:
            array = numpy_helper.to_array(tensor)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise _damaged(path, f"tensor {tensor.name!r}: {error}") from error
        dtype = _DTYPES.get(array.dtype.name, array.dtype.name)
        # a constant need not have a name
        yield Numbers(tensor.name or f"constant {number}", dtype, array.shape, array.tobytes())


def _loaded(path: Path, *, data: bool) -> Any:
    with needing("onnx"):
        import onnx
    try:
        model = onnx.load(str(path), load_external_data=data)
    except OSError as error:
        got = f"{path}: {error.strerror or error}"
        raise InputError(must("ONNX model", "made of files that can be read", got)) from error
    except Exception as error:  # protobuf and onnx raise errors of many kinds
        raise _damaged(path, str(error)) from error
    if not model.graph.node:
        raise _damaged(path, "a graph without nodes")
    return model


def _damaged(path: Path, why: str) -> FormatError:
    said = " ".join(why.split())[:200]
    return FormatError(must(str(path), "a whole ONNX file", said, "Write it again."))


def _tensors(model: Any) -> Iterator[Any]:
    yield from model.graph.initializer
    for node in model.graph.node:
        if node.op_type == "Constant":
            yield from (entry.t for entry in node.attribute if entry.name == "value")


class Session:
    """A file ready to run on some threads of the processor.

    Raises:
        InputError: onnxruntime is not installed.
        UnsupportedError: it cannot run the file.
    """

    def __init__(self, path: Path, threads: int) -> None:
        onnxruntime = _runtime()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        options.log_severity_level = 4
        # threads that spin while the other model has its turn would take its time
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            self._session = onnxruntime.InferenceSession(
                # what fails would otherwise be tried twice, with words on standard output
                str(path),
                options,
                providers=["CPUExecutionProvider"],
                enable_fallback=0,
            )
        except Exception as error:  # its errors have no common base
            raise _refused(path, error) from error
        self._path = path
        self.ports = self._session.get_inputs()

    def example(self) -> list[np.ndarray]:
        """Inputs as the file declares them, drawn with a fixed seed; open axes have length 1.

        Raises:
            UnsupportedError: an input is no tensor of numbers.
        """
        draw = np.random.default_rng(0)
        made = []
        for port in self.ports:
            if port.type not in _INPUTS:
                raise UnsupportedError(must(f"input {port.name}", "a tensor of numbers", port.type))
            shape = [axis if isinstance(axis, int) else _FREE_AXIS for axis in port.shape]
            dtype = np.dtype(_INPUTS[port.type])
            # whole numbers may be places in a table: 0 is one in any
            array = draw.standard_normal(shape) if dtype.kind == "f" else np.zeros(shape)
            made.append(np.asarray(array, dtype))
        return made

    def __call__(self, *inputs: np.ndarray) -> Sequence[Any]:
        """Run it.

        Raises:
            UnsupportedError: these inputs do not fit, or a step fails.
        """
        names = [port.name for port in self.ports]
        if len(names) != len(inputs):
            raise UnsupportedError(must(f"inputs of {self._path}", f"{len(names)}", len(inputs)))
        try:
            return self._session.run(None, dict(zip(names, inputs, strict=True)))
        except Exception as error:
            raise _refused(self._path, error) from error


def engine() -> str:
    """What runs the files, with its version."""
    return f"onnxruntime {_runtime().__version__}"


def _runtime() -> Any:
    try:
        import onnxruntime
    except ImportError as error:
        remedy = "Run: pip install onnxruntime"
        raise InputError(must("onnxruntime", "installed to run ONNX", error, remedy)) from error
    return onnxruntime


def loading(path: Path, inputs: Sequence[np.ndarray], threads: int) -> Load:
    """What loads the file anew and gives its run on these inputs."""

    def load() -> Run:
        session = Session(path, threads)
        return lambda: session(*inputs)

    return load


def _refused(path: Path, error: Exception) -> UnsupportedError:
    return UnsupportedError(f"onnxruntime cannot run {path}: {' '.join(str(error).split())[:300]}")

"""Which files of a folder are the model's: weights, configuration, tokeniser.

Reports, receipts and logs that lie beside them are no part of what is shipped, and a judgement that
counted them would call a model larger for having been documented.
"""

from collections.abc import Iterable
from fnmatch import fnmatch
from pathlib import Path

from tenth.figures import human

# weights that are not read here are counted as bytes
_WEIGHTS = (
    *("*.safetensors", "*.pt", "*.pth", "*.bin", "*.ckpt", "*.onnx", "*.onnx_data", "*.data"),
    *("*.gguf", "*.npz", "*.npy", "*.h5", "*.msgpack", "*.tflite", "*.pb"),
)
_CONFIGURATION = ("config.json", "*_config.json", "*.index.json", "modeling_*.py", "*.jinja")
_TOKENISER = (
    *("tokenizer*", "vocab*", "merges.txt", "special_tokens_map.json", "added_tokens.json"),
    *("*.model", "*.tiktoken", "chat_template*"),
)
_SHOWN = 6


def belongs(name: str) -> bool:
    """Whether a file of this name is part of a model, by the names that its tools give."""
    return any(fnmatch(name.lower(), one) for one in (*_WEIGHTS, *_CONFIGURATION, *_TOKENISER))


def of_model(files: Iterable[Path], surely: Iterable[Path]) -> tuple[list[Path], list[str]]:
    """The files of a model, and a note on those that are left out, if any.

    Args:
        files: all that lie in its folder.
        surely: those that hold its tensors, whatever they are called.
    """
    held = set(surely)
    files = list(files)
    chosen = [file for file in files if file in held or belongs(file.name)]
    others = sorted(set(files) - set(chosen))
    if not others:
        return chosen, []
    names = ", ".join(file.name for file in others[:_SHOWN])
    more = f" and {len(others) - _SHOWN} more" if len(others) > _SHOWN else ""
    size = human(sum(file.stat().st_size for file in others), "bytes")
    return chosen, [f"left out, as no file of a model: {names}{more} ({size})"]

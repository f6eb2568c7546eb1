"""The folder of one run: what is in it, and whether the run is new, begun or finished.

Where several processes train one net, the first one reads and writes, for all of them.

run.pt               the checkpoint, while the run is unfinished
model.safetensors    the result (a small file if weights were removed)
receipt.json         what it cost; what it cost so far, while the run is unfinished
run.json             what was run, and how it ended: written last, it means "finished"
parts                the runs that a run consists of, if it does, while it is unfinished
"""

import json
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext, suppress
from pathlib import Path
from typing import Any

from torch import nn

from tenth import files
from tenth.errors import FormatError, must
from tenth.fit import checkpoint, ranks
from tenth.receipt import Receipt, kept
from tenth.sparsity import load_into, save_model

KIND = "tenth result/1"


def kept_in(folder: "Folder | None", receipt: Receipt) -> AbstractContextManager[None]:
    """Keep a receipt readable in a folder, if there is one, while what it tells still runs.

    A run that is killed then leaves what it cost, at most a quarter of a minute old.
    """
    if folder is None or not ranks.first():
        return nullcontext()
    return kept(receipt, folder.receipt_path)


class Folder:
    """One run's place on disk. `identity` is what the run is: verb, task, model, seed, settings.

    Raises:
        OutputError: the place cannot be written.
        FormatError: it holds another run, or a damaged file.
    """

    def __init__(self, path: str | Path, identity: Mapping[str, Any]) -> None:
        self.identity = json.loads(json.dumps(identity))
        self.path = ranks.from_first(lambda: self._opened(path))

    @property
    def model_path(self) -> Path:
        """Where the result is, once there is one."""
        return self.path / "model.safetensors"

    @property
    def receipt_path(self) -> Path:
        """Where the receipt is, once there is one."""
        return self.path / "receipt.json"

    @property
    def _checkpoint_path(self) -> Path:
        return self.path / "run.pt"

    @property
    def _ending_path(self) -> Path:
        return self.path / "run.json"

    @property
    def _parts_path(self) -> Path:
        return self.path / "parts"

    def part(self, name: str) -> "Folder":
        """The folder of a run that is a part of this one."""
        place = name.partition(",")[0].replace(" ", "-")
        return Folder(self._parts_path / place, {**self.identity, "part": name})

    def _opened(self, path: str | Path) -> Path:
        self.path = files.output_folder(path)
        ours = any(
            path.exists() for path in (self._ending_path, self._checkpoint_path, self._parts_path)
        )
        if self.model_path.exists() and not ours:
            rule, got = "absent from the folder of a new run", "a file of something else"
            raise FormatError(
                must(str(self.model_path), rule, got, "Name another folder with --out.")
            )
        return self.path

    @ranks.by_first
    def ending(self) -> dict[str, Any] | None:
        """How the run ended, if it did.

        Raises:
            FormatError: the folder holds the end of another run.
        """
        path = self._ending_path
        if not path.exists():
            return None
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            kind, found, ending = content["kind"], content["identity"], content["ending"]
        except (ValueError, KeyError, TypeError) as error:
            raise checkpoint.damaged(path) from error
        if kind != KIND or not isinstance(ending, dict):
            raise checkpoint.damaged(path)
        checkpoint.must_match(path, found, self.identity)
        return ending

    @ranks.by_first
    def begun(self) -> dict[str, Any] | None:
        """The state at the last checkpoint, if there is one.

        Raises:
            FormatError: it is damaged, or of another run.
        """
        path = self._checkpoint_path
        return checkpoint.load(path, self.identity) if path.exists() else None

    @ranks.by_first
    def save(self, state: Mapping[str, Any]) -> int:
        """Write a checkpoint; its size in bytes."""
        return checkpoint.save(self._checkpoint_path, state, self.identity)

    @ranks.by_first
    def finish(self, model: nn.Module, receipt: Receipt, ending: Mapping[str, Any]) -> None:
        """Write the result, and take checkpoint and parts away."""
        save_model(model, self.model_path)
        receipt.save(self.receipt_path)
        content = {"kind": KIND, "identity": self.identity, "ending": dict(ending)}
        files.write_text(self._ending_path, json.dumps(content, indent=1, allow_nan=False) + "\n")
        self._checkpoint_path.unlink(missing_ok=True)
        self._forget_parts()

    def _forget_parts(self) -> None:
        for path in self._parts_path.glob("*/run.json"):
            for file in path.parent.iterdir():
                file.unlink()
            path.parent.rmdir()
        with suppress(OSError):  # it is not there, or holds files of somebody else
            self._parts_path.rmdir()

    def result(self, model: nn.Module) -> Receipt:
        """Load the finished weights into `model`; the receipt of the run."""
        weights, receipt = self._read(model)
        model.load_state_dict(weights)
        return receipt

    @ranks.by_first
    def _read(self, model: nn.Module) -> tuple[dict[str, Any], Receipt]:
        load_into(model, self.model_path)
        return model.state_dict(), Receipt.load(self.receipt_path)

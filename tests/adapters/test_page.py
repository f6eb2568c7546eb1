"""The page about loops of one's own does what it says."""

import os
import re
import warnings
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "loops.md"


def test_its_python_runs_block_by_block(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(os.environ, "HF_HUB_OFFLINE", "1")
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) == 4
    names = {"__name__": "page"}
    for number, block in enumerate(blocks):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # advice of the libraries about workers and the like
            exec(compile(block, f"loops.md, block {number}", "exec"), names)

"""The Game of Life: the whole line and the study, into docs/results/life.json and study.*."""

import shutil
import tempfile
from pathlib import Path

from tenth.demo import line
from tenth.demo.study import study

RESULTS = Path(__file__).parent.parent / "docs" / "results"


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        line.run(Path(name))
        shutil.copy(Path(name) / "receipt.json", RESULTS / "life.json")
    study(RESULTS)


if __name__ == "__main__":
    main()

"""Handwritten digits in one HTML page: drawn by hand, recognised offline by a network at a tenth.

    python examples/digits_page.py digits.html

It trains the network of `digits.py`, takes it to a tenth of its weights, compiles it to WebAssembly
and writes the page, in less than a minute. Open it from the disk, or send it to somebody.
"""

import sys

import tenth
from digits import task


def main(path: str = "digits.html") -> None:
    trained = tenth.train.run(task, route="dense")
    small = tenth.shrink.to(trained.model, task, density=0.1, max_drop=0.03)
    program = tenth.ship.compile(
        small.model, task.example, name="digits", target="wasm", values="float16"
    )
    page = program.save_page(path)
    print(f"{page}: {page.stat().st_size / 1000:.0f} kB, {small.weights} weights")


if __name__ == "__main__":
    main(*sys.argv[1:2])

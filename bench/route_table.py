"""Make the table of docs/routes.md anew from the routes: run it after one changes."""

from pathlib import Path

from tenth.files import write_text
from tenth.train.costs import relative_cost
from tenth.train.routes import ROUTES

PAGE = Path(__file__).parent.parent / "docs" / "routes.md"
BEGIN, END = "<!-- routes -->\n", "<!-- /routes -->\n"
DENSITY = 0.1

WORDS = {
    "dense": ("all weights", "1", "first, tuned: all others are measured against it"),
    "small": ("a dense net with as many weights as are kept", "D", "always, beside a sparse route"),
    "static": ("a random mask that never moves", "D", "as the floor of the sparse routes"),
    "gradual": (
        "the smallest weights go on the way",
        "mean of D(t) = D + (1 − D)(1 − 2t)³, then D",
        "a dense start can be afforded and the end must be small",
    ),
    "set": (
        "weak weights for random ones, again and again",
        "D",
        "dense gradients cannot be had at all",
    ),
    "rigl": (
        "weak weights for those that the gradient wants",
        "D + growth",
        "memory is short from the first step on",
    ),
    "granet": (
        "as rigl, from half of the weights down",
        "mean of D(t) from 0.5 + growth",
        "the sparse route to begin with",
    ),
    "rigl-itop": (
        "as rigl, fewer and larger moves",
        "D + growth",
        "long runs at a constant density",
    ),
    "acdc": (
        "dense and sparse by turns, sparse in the end",
        "0.38 + 0.62 D",
        "a dense and a sparse net are wanted of one run, or D is 0.05 and below",
    ),
    "lottery": (
        "whole trainings, a fifth fewer weights each, weights back to an early step",
        "0.03 + 0.97 (1 + 0.8 + 0.64 + … + D)",
        "as a ceiling: what a mask alone can do",
    ),
    "lottery-lr": (
        "the same, weights kept and the learning rate begun again",
        "1 + 0.8 + 0.64 + … + D",
        "as a ceiling, usually the higher one",
    ),
    "early-bird": (
        "whole channels, drawn early",
        "s + (1 − s) D, s from 0.06 to 0.5 by when channels settle",
        "plain dense kernels must be faster, and the net is wide",
    ),
    "snip": ("control: masks by the first gradient", "D", "never: a control"),
    "grasp": ("control: masks by the flow of gradients", "D", "never: a control"),
    "synflow": ("control: masks by paths, without data", "D", "never: a control"),
    "snip-shuffled": ("control: snip, permuted in each layer", "D", "never: a control"),
    "grasp-shuffled": ("control: grasp, permuted in each layer", "D", "never: a control"),
    "synflow-shuffled": ("control: synflow, permuted in each layer", "D", "never: a control"),
}


def table() -> str:
    rows = ["| route | what | cost beside dense | at D = 0.1 | take it when | source, differs |"]
    rows.append("|---|---|---|---|---|---|")
    for name, row in ROUTES.items():
        what, formula, when = WORDS[name]
        cost = relative_cost(name, DENSITY)
        rows.append(f"| `{name}` | {what} | {formula} | {cost:.2f} | {when} | {row.source} |")
    return "\n".join(rows) + "\n"


def filled(text: str) -> str:
    head, rest = text.split(BEGIN)
    _, tail = rest.split(END)
    return head + BEGIN + table() + END + tail


if __name__ == "__main__":
    write_text(PAGE, filled(PAGE.read_text(encoding="utf-8")))

"""What the tests of `fit`, `train` and `shrink` ask of runs."""

import torch


def stop_at(*steps):
    """An `on_step` that presses ctrl-C after these steps, each once."""
    left = list(steps)

    def on_step(step):
        if left and step.step == left[0]:
            left.pop(0)
            raise KeyboardInterrupt

    return on_step


def same(one, other):
    """Whether two models hold the same state, bit for bit."""
    ours, theirs = one.state_dict(), other.state_dict()
    return ours.keys() == theirs.keys() and all(
        torch.equal(ours[name], theirs[name]) for name in ours
    )


def names(folder):
    """The files of a folder, hidden ones included."""
    return sorted(path.name for path in folder.iterdir())

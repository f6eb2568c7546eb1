"""Which accelerator boards a process may use, as variables of the environment say."""

from collections.abc import Mapping, Sequence


def visible(
    ids: Sequence[str], environment: Mapping[str, str], variables: Sequence[str]
) -> list[int]:
    """Places of the boards that the first variable that is set names, by number or id.

    As CUDA has it: the begin of an id is enough, and the list ends at the first entry that names no
    board. A part of a board (MIG) counts as none here, since its energy is not metered apart.
    """
    chosen = next((environment[name] for name in variables if name in environment), None)
    if chosen is None:
        return list(range(len(ids)))
    found: list[int] = []
    for entry in filter(None, (word.strip() for word in chosen.split(","))):
        named = [n for n, name in enumerate(ids) if entry == str(n) or name.startswith(entry)]
        if len(named) != 1:
            break
        found += [place for place in named if place not in found]
    return found

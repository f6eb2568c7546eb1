"""Writing dispatch.c: which build of model.c a processor runs, of several in one library."""

import re
from collections.abc import Mapping

from tenth.kernels import sources
from tenth.kernels.targets import Target
from tenth.ship.emit.header import prototypes
from tenth.ship.emit.text import wrap
from tenth.ship.interface import Interface

_ABOUT = """\
/* Written by tenth: chooses the build of model.c that this processor runs best. For each level of
   x86-64, model.c is built with its flags and with other names: {name}_run is {name}_run_{last} and
   so on. This file then holds the plain names; without -DTENTH_DISPATCH it holds nothing. */"""

_CHOICE = """\
/* The level of the processor, found once. Threads that race find the same. */
static int level(void)
{
    static _Atomic int known;
    int found = known;
    if (!found)
        known = found = processor_level();
    return found;
}"""


def write_dispatch(interface: Interface, variables: Mapping[str, str], target: Target) -> str:
    """The text of dispatch.c for a target with variants."""
    suffixes = [variant.suffix for variant in target.variants]
    heads = prototypes(interface, variables)
    about = _ABOUT.format(name=interface.name, last=suffixes[-1])
    parts = [
        about,
        '#include "model.h"',
        "#ifdef TENTH_DISPATCH\n#include <cpuid.h>",
        sources.source(["processor_level"]).strip(),
        _CHOICE,
        *(_chosen(head, suffixes) for head in heads.values()),
        "#endif",
    ]
    return "\n\n".join(parts) + "\n"


def entry_points(interface: Interface) -> list[str]:
    """The names of the public functions of a program."""
    return [_name(head) for head in prototypes(interface, _Same()).values()]


class _Same(dict[str, str]):
    """Every name as it is."""

    def __missing__(self, key: str) -> str:
        return key


def _name(head: str) -> str:
    found = re.search(r"(\w+)\(", head)
    assert found is not None
    return found[1]


def _chosen(head: str, suffixes: list[str]) -> str:
    """One public function: the declarations of its builds, and a call of the right one."""
    name = _name(head)
    inside = head[head.index("(") + 1 : -1]
    passed = [] if inside == "void" else [p.split()[-1].lstrip("*") for p in inside.split(", ")]
    gives = "" if head.startswith("void ") else "return "
    lines = [wrap(f"{head.replace(f'{name}(', f'{name}_{s}(')};") for s in suffixes]
    lines += [wrap(head), "{"]
    for suffix in reversed(suffixes[1:]):
        call = f"{gives}{name}_{suffix}({', '.join(passed)});"
        lines += [f"    if (level() >= {suffix[1:]})"]
        lines += (
            [f"        {call}"] if gives else [f"    {{\n        {call}\n        return;\n    }}"]
        )
    lines += [wrap(f"{gives}{name}_{suffixes[0]}({', '.join(passed)});", 4), "}"]
    return "\n".join(lines)

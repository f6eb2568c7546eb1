"""Which processor a library was built for, and whether this one can run it."""

import platform
import re
from dataclasses import dataclass
from pathlib import Path

# the features that a compiler may use; the others say nothing about what a library needs
_USED = re.compile(
    r"(sse|ssse|avx|amx|fma|f16c|bmi|popcnt|abm|lzcnt|movbe|aes|vaes|pclmul|vpclmul|sha|gfni|adx|"
    r"asimd|neon|s[mv]e|fp|crc32|dotprod|i8mm|bf16|atomics|rv|v)\w*"
)


@dataclass(frozen=True)
class Machine:
    """A system, its processor's family, and the features of it that a compiler may use."""

    system: str
    architecture: str
    features: tuple[str, ...]

    def runs(self, other: "Machine") -> bool:
        """Whether a library built for `other` runs here."""
        same = (self.system, self.architecture) == (other.system, other.architecture)
        return same and set(other.features) <= set(self.features)


def this_machine() -> Machine:
    """The machine at hand. Where its features cannot be read, its model's name stands for them."""
    features = _linux_features() or {platform.processor() or "unknown"}
    return Machine(platform.system(), platform.machine(), tuple(sorted(features)))


def _linux_features() -> set[str]:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return set()
    lines = re.findall(r"^(?:flags|Features)\s*:(.*)$", text, re.MULTILINE)
    # a library must run on every core
    common = set.intersection(*(set(line.split()) for line in lines)) if lines else set()
    return {word for word in common if _USED.fullmatch(word)}

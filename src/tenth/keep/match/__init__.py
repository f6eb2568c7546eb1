"""Finding what a model is a variant of, and which tensor comes from which, from sketches alone."""

from tenth.keep.match.find import Candidate, Found, find
from tenth.keep.match.parts import Match, Part, match, parts
from tenth.keep.match.sketch import Sketching, sketch, sketch_of
from tenth.keep.match.tensors import Pool, Seen, key

__all__ = [
    "Candidate",
    "Found",
    "Match",
    "Part",
    "Pool",
    "Seen",
    "Sketching",
    "find",
    "key",
    "match",
    "parts",
    "sketch",
    "sketch_of",
]

"""Sizes that are known only when a program runs: batch, height, width, length.

A dimension is an `int` or a `Dim`, a small expression over named sizes. Shape rules are written
once with + - * // and work on both, so the same rule shapes an array in numpy and prints the
expression in C.

>>> (Dim.symbol("h") + 2 - 3) // 2 + 1
Dim('((h + 1) // 2)')
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from typing import cast

from tenth.errors import InputError, must


@dataclass(frozen=True)
class Dim:
    """A sum of terms: an integer plus integer multiples of atoms (names, products, quotients)."""

    terms: tuple[tuple[Atom, int], ...]
    constant: int = 0

    @classmethod
    def symbol(cls, name: str) -> Dim:
        """The size called `name`."""
        return cls(((Atom(name), 1),))

    def __add__(self, other: Size) -> Size:
        other = _as_dim(other)
        sums = dict(self.terms)
        for atom, factor in other.terms:
            sums[atom] = sums.get(atom, 0) + factor
        return _simplified(sums, self.constant + other.constant)

    __radd__ = __add__

    def __sub__(self, other: Size) -> Size:
        return self + (-1) * _as_dim(other)

    def __rsub__(self, other: Size) -> Size:
        return (-1) * self + other

    def __mul__(self, other: Size) -> Size:
        if isinstance(other, int):
            return _simplified({a: f * other for a, f in self.terms}, self.constant * other)
        parts: Size = 0
        for atom, factor in self.terms:
            for other_atom, other_factor in other.terms:
                parts = parts + factor * other_factor * Dim(((_product(atom, other_atom), 1),))
        return (
            parts + other.constant * self + self.constant * other - self.constant * other.constant
        )

    __rmul__ = __mul__

    def __floordiv__(self, divisor: int) -> Size:
        if divisor < 1:
            raise InputError(must("divisor of a size", "at least 1", divisor))
        whole = {a: f for a, f in self.terms if f % divisor == 0}
        rest = {a: f for a, f in self.terms if f % divisor}
        quotient = _simplified(
            {a: f // divisor for a, f in whole.items()}, self.constant // divisor
        )
        if not rest:
            return quotient
        inner = _simplified(rest, self.constant % divisor)
        if divisor == 1 or isinstance(inner, int):
            return quotient
        return quotient + Dim(((Atom("//", (inner, divisor)), 1),))

    def at(self, sizes: Mapping[str, int]) -> int:
        """The number this is when the named sizes are given.

        Raises:
            InputError: a name is missing.
        """
        return self.constant + sum(factor * atom.at(sizes) for atom, factor in self.terms)

    def symbols(self) -> set[str]:
        """The names it depends on."""
        return set().union(*(atom.symbols() for atom, _ in self.terms))

    def __str__(self) -> str:
        text = ""
        for atom, factor in self.terms:
            sign = ("-" if factor < 0 else "") if not text else (" - " if factor < 0 else " + ")
            text += sign + (f"{abs(factor)} * " if abs(factor) != 1 else "") + str(atom)
        if self.constant or not text:
            text += f" {'-' if self.constant < 0 else '+'} {abs(self.constant)}"
        return text

    def __repr__(self) -> str:
        return f"Dim({str(self)!r})"


Size = int | Dim


@dataclass(frozen=True)
class Atom:
    """What a `Dim` adds up: a name, a product of atoms (`*`) or a quotient (`//`)."""

    kind: str
    parts: tuple[Atom | Size, ...] = ()

    def at(self, sizes: Mapping[str, int]) -> int:
        """Its value when the named sizes are given."""
        if not self.parts:
            if self.kind not in sizes:
                raise InputError(must(f"size {self.kind!r}", "given", f"only {sorted(sizes)}"))
            return sizes[self.kind]
        left, right = (p if isinstance(p, int) else p.at(sizes) for p in self.parts)
        return left * right if self.kind == "*" else left // right

    def symbols(self) -> set[str]:
        """The names it depends on."""
        if not self.parts:
            return {self.kind}
        return set().union(*(p.symbols() for p in self.parts if not isinstance(p, int)))

    def __str__(self) -> str:
        if not self.parts:
            return self.kind
        left, right = (f"({p})" if _is_sum(p) else str(p) for p in self.parts)
        # a quotient rounds down, so it must never be torn apart by what surrounds it
        return f"({left} // {right})" if self.kind == "//" else f"{left} * {right}"


def _is_sum(size: Atom | Size) -> bool:
    # a lone quotient brings its own brackets
    return isinstance(size, Dim) and (
        size.constant != 0 or [factor for _, factor in size.terms] != [1]
    )


def _as_dim(size: Size) -> Dim:
    return size if isinstance(size, Dim) else Dim((), size)


def _factors(atom: Atom) -> list[Atom]:
    if atom.kind != "*":
        return [atom]
    return [factor for part in atom.parts for factor in _factors(cast(Atom, part))]


def _product(a: Atom, b: Atom) -> Atom:
    # sorted, so that h * w * n and n * w * h are the same atom
    return reduce(lambda x, y: Atom("*", (x, y)), sorted([*_factors(a), *_factors(b)], key=str))


def _simplified(terms: dict[Atom, int], constant: int) -> Size:
    kept = tuple(sorted(((a, f) for a, f in terms.items() if f), key=lambda term: str(term[0])))
    return Dim(kept, constant) if kept else constant


def at(size: Size, sizes: Mapping[str, int]) -> int:
    """The number a size is when the named sizes are given."""
    return size if isinstance(size, int) else size.at(sizes)

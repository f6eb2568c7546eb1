"""A reader written from docs/codecs.md alone, word by word: slow, and plainly right."""

import zstandard

EXPONENTS = {"F16": (10, 5), "BF16": (7, 8), "F32": (23, 8), "C64": (23, 8)}
TURNED = {*EXPONENTS, "F64"}


class Reader:
    def __init__(self, data: bytes, dtype: str, width: int) -> None:
        self.data, self.dtype, self.width = data, dtype, width

    def take(self, count):
        assert count <= len(self.data)
        taken, self.data = self.data[:count], self.data[count:]
        return taken

    def number(self, size):
        return int.from_bytes(self.take(size), "little")

    def plane(self, length):
        form = self.number(1)
        if form == 2:
            return self.take(1) * length
        if form == 0:
            return self.take(length)
        return zstandard.ZstdDecompressor().decompress(self.take(self.number(4)))

    def words(self, count, width):
        planes = [self.plane(count) for _ in range(width)]
        return [int.from_bytes(bytes(column), "little") for column in zip(*planes, strict=True)]

    def plain_column(self, count):
        words, bits = self.words(count, self.width), 8 * self.width
        if self.dtype not in TURNED:
            return words
        return [w >> 1 | (w & 1) << (bits - 1) for w in words]

    def small_column(self, count, width):
        if self.number(1) == 1:
            return self.coded([0] * count, 1)
        bias = int.from_bytes(b"\x80" * (width - 1) + b"\0", "little")
        return [word - bias for word in self.words(count, width)]

    def coded(self, classes, most):
        """Entropy-coded numbers, one for each of `classes`."""
        lanes, highest = 16 << self.number(1), self.number(1)
        table = self.words(most * (highest + 1), 2)
        tables = [table[c * (highest + 1) : (c + 1) * (highest + 1)] for c in range(most)]
        length = self.number(4)
        states = [self.number(4) for _ in range(lanes)]
        stream = [self.number(2) for _ in range(length)]
        numbers = []
        for start in range(0, len(classes), 16):
            rows = range(start, min(start + 16, len(classes)))
            numbers += self.row(rows, [tables[classes[i]] for i in rows], states, stream)
        assert not stream
        assert set(states) == {65536}
        return numbers

    def row(self, rows, tables, states, stream):
        lanes = [i % len(states) for i in rows]
        found = []
        for lane, table in zip(lanes, tables, strict=True):
            slot, symbol, first = states[lane] % 2048, 0, 0
            while slot >= first + table[symbol]:
                first += table[symbol]
                symbol += 1
            states[lane] = table[symbol] * (states[lane] >> 11) + slot - first
            found.append(symbol)
        refill(lanes, states, stream)
        raw = [max(symbol // 2 // 4 - 1, 0) for symbol in found]
        values = [
            q if q < 4 else (4 + q % 4) << k
            for q, k in zip([s // 2 for s in found], raw, strict=True)
        ]
        for place, bits in ((0, [min(k, 16) for k in raw]), (16, [max(k - 16, 0) for k in raw])):
            for at, (lane, j) in enumerate(zip(lanes, bits, strict=True)):
                values[at] += states[lane] % (1 << j) << place
                states[lane] >>= j
            refill(lanes, states, stream)
        return [-v if symbol % 2 else v for v, symbol in zip(values, found, strict=True)]


def refill(lanes, states, stream):
    for lane in lanes:
        if states[lane] < 65536:
            states[lane] = states[lane] * 65536 + stream.pop(0)


def bits_of(data, count):
    return [data[i // 8] >> (7 - i % 8) & 1 for i in range(count)]


def read(codec, payload, dtype, width, base, count):
    """The words of a chunk; `base` holds those of the base, or is None."""
    if codec == "copy":
        return list(base)
    source = Reader(payload, dtype, width)
    assert source.number(1) == 1
    words = CODECS[codec](source, base, count)
    assert not source.data
    return [word % (1 << 8 * width) for word in words]


def store(source, base, count):
    return [source.number(source.width) for _ in range(count)]


def raw(source, base, count):
    return source.plain_column(count)


def sub(source, base, count):
    return [b + s for b, s in zip(base, source.small_column(count, source.width), strict=True)]


def sparse(source, base, count):
    changes, words, at = source.number(4), list(base), -1
    gaps = source.small_column(changes, 4)
    for gap, step in zip(gaps, source.small_column(changes, source.width), strict=True):
        at += 1 + gap
        words[at] += step
    return words


def ctx(source, base, count):
    lowest, classes, sets = source.number(2), source.number(1), source.number(1)
    packed = source.plane((count + 255) // 256) if sets > 1 else bytes(count)
    shift, bits = EXPONENTS.get(source.dtype, (0, 0))
    of = [
        (packed[i // 256] >> 2 * (i // 64 % 4) & 3) * classes
        + min(max((word >> shift) % (1 << bits) - lowest, 0), classes - 1)
        for i, word in enumerate(base)
    ]
    return [b + s for b, s in zip(base, source.coded(of, classes * sets), strict=True)]


def mask(source, base, count):
    by_base, predicted, subtracted = (source.number(1) for _ in range(3))
    threshold, top = source.number(source.width), 8 * source.width - 1
    keep = bits_of(source.plane(-(-count // 8)), count)
    if predicted:
        keep = [k ^ (b % (1 << top) > threshold) for k, b in zip(keep, base, strict=True)]
    zeros = [i for i in range(count) if not keep[i]]
    words = [0] * count
    for i, sign in zip(zeros, bits_of(source.plane(-(-len(zeros) // 8)), len(zeros)), strict=True):
        words[i] = (sign ^ (base[i] >> top if by_base else 0)) << top
    places = [i for i in range(count) if keep[i]]
    if subtracted:
        steps = source.small_column(len(places), source.width)
        kept = [base[i] + s for i, s in zip(places, steps, strict=True)]
    else:
        kept = source.plain_column(len(places))
    for i, word in zip(places, kept, strict=True):
        words[i] = word
    return words


CODECS = {"store": store, "raw": raw, "sub": sub, "sparse": sparse, "ctx": ctx, "mask": mask}

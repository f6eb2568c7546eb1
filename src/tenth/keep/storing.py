"""Writing tensors: chunk by chunk, each decoded again and compared before it is kept."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

import zstandard
from blake3 import blake3

from tenth.errors import InputError, StoreError, must
from tenth.keep.codecs import CODECS, Tier, decode, encode
from tenth.keep.dtypes import DTYPES
from tenth.keep.manifest import Chunk, Part, Piece, Record, Sketch, check_of
from tenth.keep.packs import Span
from tenth.keep.streams import Workers
from tenth.keep.values import ALONE, Values

Read = Callable[[int, int], bytearray]
_SKETCHES = 1 << 20


class PackWriter(Protocol):
    """What is asked of the writer of packs."""

    def add(self, data: bytes, digest: bytes | None = None) -> int:
        """Write a payload, whose check is `digest`; gives the number of its span."""
        ...

    def finish(self) -> list[Span]:
        """Seal the last pack; gives where each payload lies."""
        ...


class Job(NamedTuple):
    """A tensor to write: `read` gives `size` bytes from `start` on of it.

    `parameters` are those of the predictor of its only part, if that has some.
    """

    id: str
    dtype: str
    size: int
    parts: tuple[Part, ...]
    read: Read
    name: str = ""
    parameters: bytes | None = None


class _Run(NamedTuple):
    """A chunk to write."""

    job: Job
    part: Part
    start: int
    offset: int
    size: int


class _Done(NamedTuple):
    """A chunk that was encoded and compared; it ends at byte `end` of its tensor."""

    job: Job
    end: int
    size: int
    data: bytearray
    codec: str
    payload: bytes
    digest: bytes


class _Draft(NamedTuple):
    """A chunk that was written, in a pack whose name is not known yet."""

    codec: str
    raw: int
    ticket: int
    size: int
    check: str


@dataclass
class Tally:
    """What was written with one codec: chunks, their bytes, and the bytes they take."""

    chunks: int = 0
    raw_bytes: int = 0
    stored_bytes: int = 0


@dataclass
class Drafts:
    """Tensors that are written, in packs that are not sealed yet."""

    jobs: dict[str, tuple[Job, list[_Draft]]] = field(default_factory=dict)
    sketches: dict[str, tuple[int, int, int]] = field(default_factory=dict)
    frames: dict[int, tuple[int, str]] = field(default_factory=dict)
    fitted: dict[str, tuple[int, str]] = field(default_factory=dict)

    def roots(self) -> list[Job]:
        """Those that need no base, whether or not there was one."""
        return [job for job, chunks in self.jobs.values() if _alone(job, chunks)]

    def tally(self) -> dict[str, Tally]:
        """What each codec made."""
        found: dict[str, Tally] = {}
        for _, chunks in self.jobs.values():
            for chunk in chunks:
                one = found.setdefault(chunk.codec, Tally())
                one.chunks += 1
                one.raw_bytes += chunk.raw
                one.stored_bytes += chunk.size
        return found

    def records(self, spans: list[Span]) -> dict[str, Record]:
        """Their records, now that the packs are sealed."""
        made: dict[str, Record] = {}
        for tensor_id, (job, chunks) in self.jobs.items():
            parts = (Part(job.size),) if _alone(job, chunks) else job.parts
            if tensor_id in self.fitted and parts[0].predictor is not None:
                ticket, check = self.fitted[tensor_id]
                predictor = parts[0].predictor._replace(piece=_piece(spans[ticket], check))
                parts = (parts[0]._replace(predictor=predictor),)
            sketch = None
            if tensor_id in self.sketches:
                ticket, start, size = self.sketches[tensor_id]
                sketch = Sketch(_piece(spans[ticket], self.frames[ticket][1]), start, size)
            made[tensor_id] = Record(
                job.dtype,
                job.size,
                parts,
                tuple(
                    Chunk(
                        chunk.codec,
                        CODECS[chunk.codec].version,
                        chunk.raw,
                        _piece(spans[chunk.ticket], chunk.check) if chunk.size else None,
                    )
                    for chunk in chunks
                ),
                sketch,
            )
        return made


def _alone(job: Job, chunks: list[_Draft]) -> bool:
    return all(part.base is None for part in job.parts) or all(
        chunk.codec in ALONE for chunk in chunks
    )


def _piece(span: Span, check: str) -> Piece:
    return Piece(span.pack, span.start, span.size, check)


def store(
    jobs: Iterable[Job],
    drafts: Drafts,
    writer: PackWriter,
    workers: Workers,
    encoder: Callable[[_Run], _Done],
    done: Callable[[int], None],
) -> None:
    """Write tensors into packs, in order; each is in `drafts` once it is whole.

    Raises:
        InputError: the bytes of a tensor are not those of its id: they changed meanwhile.
    """

    def runs() -> Iterator[_Run]:
        for job in jobs:
            if job.size == 0:
                _finish(job, blake3().hexdigest(), [], drafts)
            yield from _runs(job)

    current: Job | None = None
    digest, chunks = blake3(), []
    for run in workers.in_order(encoder, runs()):
        job, payload = run.job, run.payload
        if job is not current:
            current, digest, chunks = job, blake3(), []
        digest.update(run.data)
        ticket = writer.add(payload, run.digest) if payload else -1
        chunks.append(_Draft(run.codec, run.size, ticket, len(payload), run.digest.hex()))
        done(run.size)
        if run.end == job.size:
            if job.parameters is not None:
                drafts.fitted[job.id] = writer.add(job.parameters), check_of(job.parameters)
            _finish(job, digest.hexdigest(), chunks, drafts)


def _finish(job: Job, found: str, chunks: list[_Draft], drafts: Drafts) -> None:
    if found != job.id:
        raise InputError(
            must(f"tensor {job.name}", "left alone while it is stored", "other bytes than before")
        )
    drafts.jobs[job.id] = job._replace(read=_gone, parameters=None), chunks


def _gone(start: int, size: int) -> bytearray:
    raise StoreError(f"bytes {start} to {start + size} are written and no longer at hand.")


def _runs(job: Job) -> Iterator[_Run]:
    step = DTYPES[job.dtype].chunk_bytes
    at = 0
    for part in job.parts:
        for offset in range(0, part.size, step):
            yield _Run(job, part, at + offset, offset, min(step, part.size - offset))
        at += part.size


def encoder(values: Values, tier: Tier) -> Callable[[_Run], _Done]:
    """What writes one chunk: as the smallest of all codecs, and sees that it can be read again.

    Args:
        values: where the bases are read.
        tier: as of `tenth.keep.codecs.encode`.
    """

    def written(run: _Run) -> _Done:
        data = run.job.read(run.start, run.size)
        job = run.job
        under = values.under(run.part, job.dtype, run.offset, run.size, job.parameters)
        made = encode(memoryview(data), under, run.job.dtype, tier)
        again = bytearray(run.size)
        decode(made.codec, made.payload, run.job.dtype, under, memoryview(again))
        if again != data:
            raise StoreError(
                f"codec {made.codec} does not give tensor {run.job.name} back. Nothing was stored. "
                "This is a bug of tenth: please report it."
            )
        digest = bytes.fromhex(check_of(made.payload))
        return _Done(job, run.start + run.size, run.size, data, made.codec, made.payload, digest)

    return written


def add_sketches(drafts: Drafts, sketches: Mapping[str, bytes], writer: PackWriter) -> None:
    """Write the sketches of tensors, many to a frame."""
    frame = bytearray()
    places: dict[str, tuple[int, int]] = {}

    def seal() -> None:
        payload = zstandard.ZstdCompressor(level=3).compress(bytes(frame))
        ticket = writer.add(payload)
        drafts.frames[ticket] = len(payload), check_of(payload)
        drafts.sketches.update({one: (ticket, *place) for one, place in places.items()})
        places.clear()
        frame.clear()

    for tensor_id, sketch in sketches.items():
        places[tensor_id] = len(frame), len(sketch)
        frame += sketch
        if len(frame) >= _SKETCHES:
            seal()
    if places:
        seal()

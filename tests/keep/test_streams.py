"""Work on threads: in order, little at a time, and errors where they belong."""

import threading

import pytest

from tenth.errors import InputError
from tenth.keep.streams import Meter, Step, Workers, beside, threads_of


@pytest.mark.parametrize("threads", [1, 2, 7])
def test_results_come_in_the_order_of_the_items(threads):
    with Workers(threads) as workers:
        assert list(workers.in_order(lambda n: n * n, range(100))) == [n * n for n in range(100)]


def test_no_more_items_are_taken_than_two_a_thread():
    taken = []

    def items():
        for number in range(100):
            taken.append(number)
            yield number

    with Workers(3) as workers:
        results = workers.in_order(lambda n: n, items())
        assert next(results) == 0
        assert len(taken) == 6
        results.close()


def test_an_error_comes_where_its_result_would_and_ends_the_rest():
    done = []

    def work(number):
        if number == 5:
            raise ValueError("five")
        done.append(number)
        return number

    with Workers(1) as workers:
        results = workers.in_order(work, range(100))
        assert [next(results) for _ in range(5)] == [0, 1, 2, 3, 4]
        with pytest.raises(ValueError, match="five"):
            next(results)
    assert len(done) < 10


def test_a_reader_beside_gets_all_in_order():
    got = []
    with beside(lambda piece: got.append(bytes(piece))) as give:
        for number in range(50):
            give(memoryview(bytes([number])))
    assert got == [bytes([number]) for number in range(50)]


def through(take, count, error=None):
    """Hand so many pieces to `take` beside, then raise `error`."""
    with beside(take) as give:
        for _ in range(count):
            give(memoryview(b"x"))
        if error is not None:
            raise error


@pytest.mark.parametrize("count", [1, 50])
def test_an_error_beside_is_raised_here_and_blocks_nobody(count):
    def fail(piece):
        raise ValueError("full")

    with pytest.raises(ValueError, match="full"):
        through(fail, count)


def test_an_error_here_ends_the_thread_beside():
    before = threading.active_count()
    with pytest.raises(KeyError):
        through(bytes, 1, KeyError())
    assert threading.active_count() == before


def test_a_meter_adds_up_from_many_threads():
    steps = []
    meter = Meter(steps.append, "work", 400)
    with Workers(4) as workers:
        list(workers.in_order(lambda _: meter.add(1), range(400)))
    assert steps[0] == Step("work", 0, 400)
    assert [step.done for step in steps] == list(range(401))


def test_as_many_threads_as_processors_unless_told():
    assert threads_of(None) >= 1
    assert threads_of(3) == 3
    with pytest.raises(InputError, match="at least 1"):
        threads_of(0)

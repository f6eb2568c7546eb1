"""Calling a program from Python."""

import ctypes
import threading

import numpy as np
import pytest

from tenth.errors import InputError
from tenth.graph import run
from tenth.ship.binding import Library
from tenth.ship.buffers import address_of, aligned
from tenth.ship.interface import STATUS

from .conftest import life_graph, words_graph

BOARD = np.random.default_rng(3).standard_normal((2, 1, 7, 9), np.float32)


def test_one_output_comes_alone_and_several_as_a_tuple(life, words):
    assert isinstance(life(BOARD), np.ndarray)
    classes, normed = words(np.arange(10).reshape(2, 5))
    assert classes.shape == (2, 5)
    assert normed.shape == (2, 5, 8)


@pytest.mark.parametrize("shape", [(1, 1, 1, 1), (1, 1, 2, 3), (5, 1, 33, 17), (2, 1, 64, 64)])
def test_the_sizes_left_free_may_be_any(life, shape):
    x = np.random.default_rng(4).standard_normal(shape, np.float32)
    (expected,) = run(life_graph(), x, dtype=np.float64)
    np.testing.assert_allclose(life(x), expected, rtol=1e-4, atol=1e-6)


def test_words_are_what_the_interpreter_says(words):
    ids = np.random.default_rng(5).integers(0, 11, (3, 4))
    for y, expected in zip(words(ids), run(words_graph(), ids, dtype=np.float64), strict=True):
        np.testing.assert_allclose(y, expected, rtol=1e-4, atol=1e-6)


def test_an_array_may_lie_in_memory_as_it_likes(life):
    np.testing.assert_array_equal(life(BOARD[:, :, ::-1]), life(BOARD[:, :, ::-1].copy()))


def test_an_array_that_may_not_be_written_is_read(life):
    locked = BOARD.copy()
    locked.flags.writeable = False
    np.testing.assert_array_equal(life(locked), life(BOARD))
    for array in (BOARD, locked, BOARD[:, :, 3:], BOARD[:0]):
        assert address_of(array) == array.ctypes.data


def test_sizes_that_change_from_call_to_call_are_seen(life):
    for x in (BOARD, BOARD[:1], BOARD[:, :, 1:], BOARD):
        x = np.ascontiguousarray(x)
        (expected,) = run(life_graph(), x, dtype=np.float64)
        np.testing.assert_allclose(life(x), expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ((), r"number of inputs must be 1\. Got 0"),
        ((BOARD, BOARD), r"number of inputs must be 1\. Got 2"),
        ((BOARD[0],), r"input 'board' must be float32\[n, 1, h, w\].*Got the shape \[1, 7, 9\]"),
        ((BOARD.repeat(2, 1),), r"Got the shape \[2, 2, 7, 9\]"),
        ((BOARD[:0],), r"sizes of 1 or more.*Got the shape \[0, 1, 7, 9\]"),
        ((BOARD.astype(np.float64),), r"numpy array of float32\. Got float64\. Use x.astype"),
        ((BOARD.astype(">f4"),), r"numpy array of float32\. Got >f4"),
        ((BOARD.tolist(),), r"numpy array of float32\. Got list"),
    ],
)
def test_wrong_inputs_are_refused(life, inputs, message):
    with pytest.raises(InputError, match=message):
        life(*inputs)


@pytest.mark.parametrize("bad", [-1, 11, 2**62])
def test_an_id_outside_its_table_is_refused(words, bad):
    with pytest.raises(InputError, match="ids must be 0 or more"):
        words(np.array([[0, bad]]))


def test_ids_are_whole_numbers(words):
    with pytest.raises(InputError, match=r"numpy array of int64\. Got int32"):
        words(np.zeros((1, 2), np.int32))


def test_the_arena_grows_with_the_sizes(life):
    small, large = (life.arena_bytes((1, 1, n, n)) for n in (16, 64))
    assert 0 < small < large < 64 * 64 * 4 * 40
    assert small % 64 == 0


def test_sizes_beyond_any_memory_are_refused(life):
    with pytest.raises(InputError, match=r"sizes of program 'life'.*BAD_SIZE"):
        life.arena_bytes((2**40, 1, 2**40, 2**40))
    with pytest.raises(InputError, match="BAD_SIZE"):
        life.arena_bytes((1, 1, 2**42, 2))
    with pytest.raises(InputError, match="smaller than that at hand"):
        aligned(2**62)


def test_two_threads_with_an_arena_each_do_not_disturb_each_other(life):
    rng = np.random.default_rng(6)
    boards = [rng.standard_normal((4, 1, 40 + i, 50), np.float32) for i in range(4)]
    expected = [life(x) for x in boards]
    wrong: list[int] = []

    def work(i: int) -> None:
        for _ in range(30):
            if not np.array_equal(life(boards[i]), expected[i]):
                wrong.append(i)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_layers_say_how_they_run(life):
    count, mix, last = life.layers
    assert (count.path, count.op, count.shape) == ("count", "conv", (6, 1, 3, 3))
    assert count.density < 0.5
    assert count.kernel in ("dense", "unstructured")
    assert count.dense_seconds > 0
    assert count.sparse_seconds > 0
    assert (mix.kernel, mix.density, mix.dense_seconds) == ("dense", 1, None)
    assert last.weight_bytes >= 24


def test_a_small_library_is_small(life):
    assert len(life.files["libmodel.so"]) < 100_000


def test_the_c_interface_answers_bad_calls_with_a_status(life):
    library = Library(life.files["libmodel.so"]).functions
    library.life_weights_bytes.restype = ctypes.c_size_t
    x, y = np.zeros(16, np.float32), np.zeros(16, np.float32)
    arena = aligned(life.arena_bytes((1, 1, 4, 4)) + 64)
    unloaded = aligned(library.life_weights_bytes())
    unloaded[:] = 0
    pointer = ctypes.c_void_p

    def status(
        *, weights=life.binding.weights.ctypes.data, x=x.ctypes.data, y=y.ctypes.data, n=1, h=4,
        start=0, room=arena.nbytes - 64, pool=None,
    ):  # fmt: skip
        size = ctypes.c_int64
        return STATUS[
            library.life_run(
                pointer(weights), pointer(x), pointer(y), size(n), size(h), size(4),
                pointer(arena.ctypes.data + start), ctypes.c_size_t(room), pointer(pool),
            )
        ]  # fmt: skip

    assert status() == "OK"
    assert status(n=0) == status(h=-5) == status(n=2**62) == "BAD_SIZE"
    assert status(x=None) == status(y=None) == status(weights=None) == "BAD_POINTER"
    assert status(start=4) == status(room=10) == "BAD_ARENA"
    assert status(n=2) == "BAD_ARENA"
    assert status(weights=unloaded.ctypes.data) == "BAD_WEIGHTS"
    assert status(weights=life.binding.weights.ctypes.data + 8) == "BAD_WEIGHTS"
    assert status(pool=unloaded.ctypes.data) == "BAD_POOL"

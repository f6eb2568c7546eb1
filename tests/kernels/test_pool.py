"""Threads in C: each unit of work once, nobody waits for who sleeps, nobody wakes for nothing."""

import ctypes
import shutil
import subprocess
import time

import numpy as np
import pytest

from tenth.kernels import compile_library, sources

FLAGS = (
    "-std=c11",
    "-D_POSIX_C_SOURCE=200809L",
    "-O2",
    "-fPIC",
    "-shared",
    "-pthread",
    "-Wall",
    "-Wextra",
    "-Werror",
)
OWN = r"""
struct tally {
    int32_t *hits, *who;
};

static void count_units(const void *given, int64_t first, int64_t last, int worker)
{
    const struct tally *tally = given;
    for (int64_t i = first; i < last; i++) {
        tally->hits[i]++;
        tally->who[i] = worker;
    }
}

/* Whoever is not the caller falls asleep over the first units that it takes. */
static void count_or_sleep(const void *given, int64_t first, int64_t last, int worker)
{
    const struct tally *tally = given;
    for (int64_t i = first; i < last; i++)
        tally->who[i] = worker;
    if (worker) {
        const struct timespec while_ = {0, 100000000};
        nanosleep(&while_, NULL);
    }
}

void count_with_sleepers(void *pool, int32_t *who, int64_t units)
{
    const struct tally tally = {NULL, who};
    parallel(opened_pool(pool), count_or_sleep, &tally, units);
}

size_t size_of_pool(int threads) { return pool_size(threads); }
int open_one(void *pool, size_t size, int threads) { return open_pool(pool, size, threads); }
int is_open(void *pool) { return opened_pool(pool) != NULL; }
void close_one(void *pool) { close_pool(pool); }

void count_all(void *pool, int32_t *hits, int32_t *who, int64_t units, int64_t rounds)
{
    const struct tally tally = {hits, who};
    for (int64_t round = 0; round < rounds; round++)
        parallel(opened_pool(pool), count_units, &tally, units);
}
"""
MAIN = r"""
int main(void)
{
    int32_t hits[1000] = {0}, who[1000];
    for (int threads = 1; threads <= 5; threads++) {
        void *pool = aligned_alloc(64, size_of_pool(threads));
        if (!pool || !open_one(pool, size_of_pool(threads), threads))
            return 2;
        for (int64_t units = 0; units <= 1000; units += 250)
            count_all(pool, hits, who, units, 200);
        close_one(pool);
        free(pool);
    }
    return hits[999] == 1000 ? 0 : 1;
}
"""


def text() -> str:
    kernels = ["parallel", "pool_size", "open_pool", "opened_pool", "close_pool"]
    names = ("stdint", "stdlib", "string", "time")
    includes = "".join(f"#include <{name}.h>\n" for name in names)
    return f"{includes}{sources.source(kernels)}\n{OWN}"


@pytest.fixture(scope="module", params=["threads", "alone"])
def library(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("pool")
    (folder / "pool.c").write_text(text())
    alone = ["-DTENTH_SINGLE_THREAD"] if request.param == "alone" else []
    compile_library([folder / "pool.c"], folder / "pool.so", [*FLAGS, *alone])
    library = ctypes.CDLL(str(folder / "pool.so"))
    library.size_of_pool.restype = ctypes.c_size_t
    library.most = 1 if alone else 256
    return library


class Pool:
    """A pool in memory of its own."""

    def __init__(self, library, threads: int) -> None:
        self.library = library
        self.size = library.size_of_pool(threads)
        room = np.zeros(max(self.size, 64) + 64, np.uint8)
        self.memory = room[-room.ctypes.data % 64 :]
        self.at = ctypes.c_void_p(self.memory.ctypes.data)
        self.opened = library.open_one(self.at, ctypes.c_size_t(self.size), threads)

    def count(self, units: int, rounds: int = 1) -> tuple[list[int], list[int]]:
        hits, who = np.zeros((2, max(units, 1)), np.int32)
        pointers = (ctypes.c_void_p(array.ctypes.data) for array in (hits, who))
        sizes = (ctypes.c_int64(size) for size in (units, rounds))
        self.library.count_all(self.at, *pointers, *sizes)
        return hits[:units].tolist(), who[:units].tolist()

    def close(self) -> None:
        self.library.close_one(self.at)


@pytest.mark.parametrize("threads", [1, 2, 3, 5, 16])
def test_each_unit_is_done_once(library, threads):
    if threads > library.most:
        pytest.skip("built for one thread")
    pool = Pool(library, threads)
    assert pool.opened
    assert library.is_open(pool.at)
    for units in (0, 1, 2, 3, 7, 64, 1000):
        hits, who = pool.count(units)
        assert hits == [1] * units
        assert set(who) <= set(range(threads))
    hits, _ = pool.count(100, rounds=3000)
    assert hits == [3000] * 100
    pool.close()
    assert not library.is_open(pool.at)


def test_what_a_sleeper_has_not_begun_is_done_by_others(library):
    if library.most == 1:
        pytest.skip("built for one thread")
    pool = Pool(library, 2)
    who = np.full(800, -1, np.int32)
    library.count_with_sleepers(pool.at, ctypes.c_void_p(who.ctypes.data), ctypes.c_int64(800))
    assert (who >= 0).all()
    assert (who == 1).sum() <= 200  # a quarter of its half, twice if it slept while asked
    pool.close()


@pytest.mark.parametrize("threads", [0, -1, 257, 2**31 - 1])
def test_too_many_threads_are_refused(library, threads):
    assert library.size_of_pool(threads) == 0
    assert not Pool(library, threads).opened
    assert bool(library.size_of_pool(2)) == (library.most > 1)


def test_memory_that_is_short_or_askew_is_refused(library):
    pool = Pool(library, 1)
    size, short = pool.size, ctypes.c_size_t(pool.size - 1)
    assert size % 64 == 0
    assert not library.open_one(pool.at, short, 1)
    askew = ctypes.c_void_p(pool.memory.ctypes.data + 8)
    assert not library.open_one(askew, ctypes.c_size_t(size), 1)
    assert not library.open_one(None, ctypes.c_size_t(size), 1)
    assert not library.is_open(None)


def test_threads_without_work_leave_the_processor_alone(library):
    if library.most == 1:
        pytest.skip("built for one thread")
    pool = Pool(library, 4)
    pool.count(100, rounds=50)
    time.sleep(0.05)
    before = time.process_time()
    time.sleep(0.3)
    assert time.process_time() - before < 0.1
    assert pool.count(100)[0] == [1] * 100
    pool.close()


@pytest.mark.skipif(not shutil.which("gcc"), reason="no gcc")
def test_no_thread_reads_what_another_writes_at_the_time(tmp_path):
    (tmp_path / "pool.c").write_text(text() + MAIN)
    command = ["gcc", "-std=c11", "-O1", "-g", "-fsanitize=thread", "-pthread", "pool.c"]
    built = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    if "cannot find" in built.stderr:
        pytest.skip("gcc has no thread sanitizer here")
    assert built.returncode == 0, built.stderr
    run = subprocess.run(["./a.out"], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert run.returncode == 0, run.stderr[:3000]

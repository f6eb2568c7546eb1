/* The threads of GNU OpenMP where the process has loaded it, as torch does on Linux: they spin for
   some milliseconds after each of its operations, and a second set of threads would have to wait for
   the processors. Elsewhere one pool for all kernels of the process, opened on first use and made
   anew where another number of threads is wanted, or in a process that was forked. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "../../c/pool.c"
#include "threads.h"

#if defined(__linux__)
/* Runs a function on a team of threads; NULL where the process has no OpenMP. */
extern void GOMP_parallel(void (*)(void *), void *, unsigned, unsigned) __attribute__((weak));
#endif

/* The parts of some work that are not yet taken: who takes which does not matter, as part w is
   always the units from w U / W up to (w + 1) U / W, and is done as worker w. */
struct parts {
    work *run;
    const void *job;
    int64_t units, workers, next;
};

static void run_part(const struct parts *p, int64_t w)
{
    const int64_t first = p->units * w / p->workers, last = p->units * (w + 1) / p->workers;
    if (first < last)
        p->run(p->job, first, last, (int)w);
}

static void take_parts(void *given)
{
    struct parts *p = given;
    for (;;) {
        const int64_t w = __atomic_fetch_add(&p->next, 1, __ATOMIC_RELAXED);
        if (w >= p->workers)
            return;
        run_part(p, w);
    }
}

#if MOST_THREADS > 1 && !defined(_WIN32)
/* Some of the parts, on a pool: its worker does not matter either. */
static void some_parts(const void *given, int64_t first, int64_t last, int worker)
{
    (void)worker;
    for (int64_t w = first; w < last; w++)
        run_part(given, w);
}

static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
static struct pool *shared;
static void *memory;
static int watched;

/* A child has none of its parent's threads, and may have been forked while another one worked. */
static void forget_pool(void)
{
    pthread_mutex_init(&turn, NULL);
    shared = NULL;
    memory = NULL;
}

/* The pool of so many threads; NULL if there cannot be one. */
static struct pool *pool_of(int64_t threads)
{
    if (shared && shared->workers == threads)
        return shared;
    if (shared)
        close_pool(shared);
    free(memory);
    shared = NULL;
    memory = aligned_alloc(64, pool_size((int)threads));
    if (!open_pool(memory, pool_size((int)threads), (int)threads))
        return NULL;
    if (!watched)
        pthread_atfork(NULL, NULL, forget_pool);
    watched = 1;
    shared = opened_pool(memory);
    return shared;
}

void share_work(work *run, const void *job, int64_t units, int64_t threads)
{
    if (threads > MOST_THREADS)
        threads = MOST_THREADS;
    if (threads < 2 || units < 2)
        threads = 1;
    struct parts parts = {run, job, units, threads, 0};
    if (threads == 1) {
        run_part(&parts, 0);
        return;
    }
#if defined(__linux__)
    if (GOMP_parallel) {
        GOMP_parallel(take_parts, &parts, (unsigned)threads, 0);
        return;
    }
#endif
    pthread_mutex_lock(&turn);
    struct pool *pool = pool_of(threads);
    if (pool)
        parallel(pool, some_parts, &parts, threads);
    else
        take_parts(&parts);
    pthread_mutex_unlock(&turn);
}
#else
void share_work(work *run, const void *job, int64_t units, int64_t threads)
{
    struct parts parts = {run, job, units, threads > 1 ? threads : 1, 0};
    take_parts(&parts);
}
#endif

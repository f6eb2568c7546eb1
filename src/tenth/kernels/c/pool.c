/* Threads as the system makes them. Alone there are none, and none of its headers is needed. That of
   Windows would take thousands of names, so the few functions of it stand here. */
#if defined(TENTH_SINGLE_THREAD) || defined(__wasm__)
#define MOST_THREADS 1
#elif defined(_WIN32)
#define MOST_THREADS 256
typedef void *pool_lock;
typedef void *pool_signal;
typedef void *pool_thread;
#define WINDOWS_API extern __declspec(dllimport)
WINDOWS_API void __stdcall AcquireSRWLockExclusive(void **);
WINDOWS_API void __stdcall ReleaseSRWLockExclusive(void **);
WINDOWS_API int __stdcall SleepConditionVariableSRW(void **, void **, unsigned long, unsigned long);
WINDOWS_API void __stdcall WakeAllConditionVariable(void **);
WINDOWS_API void *__stdcall CreateThread(void *, size_t, unsigned long(__stdcall *)(void *), void *,
                                         unsigned long, unsigned long *);
WINDOWS_API unsigned long __stdcall WaitForSingleObject(void *, unsigned long);
WINDOWS_API int __stdcall CloseHandle(void *);
WINDOWS_API int __stdcall SwitchToThread(void);
#define FOR_EVER 0xffffffffu
#define YIELD() SwitchToThread()
#define POOL_LOCK(lock) AcquireSRWLockExclusive(lock)
#define POOL_UNLOCK(lock) ReleaseSRWLockExclusive(lock)
#define POOL_WAIT(signal, lock) SleepConditionVariableSRW(signal, lock, FOR_EVER, 0)
#define POOL_WAKE(signal) WakeAllConditionVariable(signal)
#else
#define MOST_THREADS 256
#include <pthread.h>
#include <sched.h>
#define YIELD() sched_yield()
typedef pthread_mutex_t pool_lock;
typedef pthread_cond_t pool_signal;
typedef pthread_t pool_thread;
#define POOL_LOCK(lock) pthread_mutex_lock(lock)
#define POOL_UNLOCK(lock) pthread_mutex_unlock(lock)
#define POOL_WAIT(signal, lock) pthread_cond_wait(signal, lock)
#define POOL_WAKE(signal) pthread_cond_broadcast(signal)
#endif

/* A part of some work: its units from `first` up to `last`, done by worker number `worker`. */
typedef void work(const void *job, int64_t first, int64_t last, int worker);

/* A thread of a pool, on cache lines of its own. The caller is worker 0 and needs none. `next` is the
   first unit of its share that nobody has taken. */
struct helper {
    void *owner;
    int worker;
#if MOST_THREADS > 1
    pool_thread thread;
    int64_t next;
#endif
    char apart[64];
};

/* Threads that wait for work. `state` tells the number of the job given out, whether it may still be
   joined, and how many have joined it: whoever wakes too late lets it pass, and nobody waits for
   them. */
struct pool {
    uint64_t mark;
    int64_t workers;
#if MOST_THREADS > 1
    pool_lock lock;
    pool_signal wake, done;
    uint64_t state;
    int stop;
    work *run;
    const void *job;
    int64_t units;
    struct helper helpers[];
#endif
};

/* What an open pool starts with. */
#define POOL_MARK 0x6c6f6f70746e6574u

/* Worker w out of W begins with the units from w U / W up to (w + 1) U / W, a few at a time, and then
   takes what others have not begun: a processor that is busy elsewhere holds up little. */
#if MOST_THREADS > 1
#define STROKES 4
static void run_parts(struct pool *pool, int worker)
{
    const int64_t units = pool->units, workers = pool->workers;
    for (int64_t w = 0; w < workers; w++) {
        const int64_t owner = (worker + w) % workers, last = units * (owner + 1) / workers;
        const int64_t stroke = (last - units * owner / workers + STROKES - 1) / STROKES;
        int64_t first;
        while (stroke > 0 && (first = __atomic_fetch_add(&pool->helpers[owner].next, stroke,
                                                         __ATOMIC_RELAXED)) < last)
            pool->run(pool->job, first, first + stroke < last ? first + stroke : last, worker);
    }
}
#endif

/* A short wait for a value that another thread changes: most jobs follow at once on the one before.
   Now and then the processor is offered to others, as the one that is waited for may want it; and
   whoever has waited longer sleeps. */
#if MOST_THREADS > 1
#if defined(__x86_64__) || defined(__i386__)
#define REST() __asm__ __volatile__("pause")
#elif defined(__aarch64__)
#define REST() __asm__ __volatile__("isb")
#else
#define REST() ((void)0)
#endif
#define RESTS 20000
#define RESTS_EACH 40
static inline void pool_rest(int i)
{
    REST();
    if (i % RESTS_EACH == RESTS_EACH - 1)
        YIELD();
}
#endif

/* A state: the number of the job, whether it may be joined, and how many are at it. */
#if MOST_THREADS > 1
#define JOB(state) ((state) >> 32)
#define OPEN ((uint64_t)1 << 31)
#define JOINED(state) ((state) & (OPEN - 1))
static inline uint64_t state_of(const struct pool *pool)
{
    return __atomic_load_n(&pool->state, __ATOMIC_ACQUIRE);
}
#endif

/* Waits for a job that came after number `seen` and may be joined, or for the end. */
#if MOST_THREADS > 1
static uint64_t next_job(struct pool *pool, uint64_t seen)
{
    uint64_t state;
    for (int i = 0; i < RESTS; i++) {
        state = state_of(pool);
        if (JOB(state) != seen && (state & OPEN))
            return state;
        pool_rest(i);
    }
    POOL_LOCK(&pool->lock);
    while (state = state_of(pool), !pool->stop && (JOB(state) == seen || !(state & OPEN)))
        POOL_WAIT(&pool->wake, &pool->lock);
    POOL_UNLOCK(&pool->lock);
    return state;
}
#endif

/* What a thread of a pool does: its part of each job that it meets, until the pool is closed. */
#if MOST_THREADS > 1
static void help(struct helper *helper)
{
    struct pool *pool = helper->owner;
    for (uint64_t seen = 0;;) {
        uint64_t state = next_job(pool, seen);
        if (pool->stop)
            return;
        if (!__atomic_compare_exchange_n(&pool->state, &state, state + 1, 0, __ATOMIC_ACQ_REL,
                                         __ATOMIC_ACQUIRE))
            continue; /* somebody joined, or it is over */
        seen = JOB(state);
        run_parts(pool, helper->worker);
        state = __atomic_sub_fetch(&pool->state, 1, __ATOMIC_ACQ_REL);
        if (JOINED(state) == 0 && !(state & OPEN)) {
            POOL_LOCK(&pool->lock);
            POOL_WAKE(&pool->done);
            POOL_UNLOCK(&pool->lock);
        }
    }
}
#if defined(_WIN32)
static unsigned long __stdcall start_helper(void *helper)
{
    help(helper);
    return 0;
}
#else
static void *start_helper(void *helper)
{
    help(helper);
    return NULL;
}
#endif
#endif

/* Tells all threads of a pool that there is another job. */
#if MOST_THREADS > 1
static void give_out(struct pool *pool, work *run, const void *job, int64_t units)
{
    pool->run = run;
    pool->job = job;
    pool->units = units;
    for (int64_t w = 0; w < pool->workers; w++)
        pool->helpers[w].next = units * w / pool->workers;
    POOL_LOCK(&pool->lock);
    __atomic_store_n(&pool->state, (JOB(state_of(pool)) + 1) << 32 | OPEN, __ATOMIC_RELEASE);
    POOL_WAKE(&pool->wake);
    POOL_UNLOCK(&pool->lock);
}
#endif

/* Lets nobody else join, and waits for those who have. */
#if MOST_THREADS > 1
static void take_back(struct pool *pool)
{
    __atomic_and_fetch(&pool->state, ~OPEN, __ATOMIC_ACQ_REL);
    for (int i = 0; i < RESTS && JOINED(state_of(pool)); i++)
        pool_rest(i);
    if (JOINED(state_of(pool))) {
        POOL_LOCK(&pool->lock);
        while (JOINED(state_of(pool)))
            POOL_WAIT(&pool->done, &pool->lock);
        POOL_UNLOCK(&pool->lock);
    }
}
#endif

/* Does `units` of work on all threads of a pool, or here without one; returns when all is done. */
static inline void parallel(struct pool *pool, work *run, const void *job, int64_t units)
{
#if MOST_THREADS > 1
    if (pool && pool->workers > 1 && units > 1) {
        give_out(pool, run, job, units);
        run_parts(pool, 0);
        take_back(pool);
        return;
    }
#endif
    (void)pool;
    if (units > 0)
        run(job, 0, units, 0);
}

/* The bytes of a pool; 0 if there cannot be so many threads. */
static size_t pool_size(int threads)
{
    if (threads < 1 || threads > MOST_THREADS)
        return 0;
    return (sizeof(struct pool) + (size_t)threads * sizeof(struct helper) + 63) / 64 * 64;
}

/* The pool at an address, where one is open; else NULL. */
static struct pool *opened_pool(void *memory)
{
    struct pool *pool = memory;
    return pool && (uintptr_t)memory % 64 == 0 && pool->mark == POOL_MARK ? pool : NULL;
}

/* Ends all threads of a pool but the caller. */
static void close_pool(struct pool *pool)
{
#if MOST_THREADS > 1
    POOL_LOCK(&pool->lock);
    pool->stop = 1;
    POOL_WAKE(&pool->wake);
    POOL_UNLOCK(&pool->lock);
    for (int64_t i = 1; i < pool->workers; i++) {
#if defined(_WIN32)
        WaitForSingleObject(pool->helpers[i].thread, FOR_EVER);
        CloseHandle(pool->helpers[i].thread);
#else
        pthread_join(pool->helpers[i].thread, NULL);
#endif
    }
#if !defined(_WIN32)
    pthread_cond_destroy(&pool->wake);
    pthread_cond_destroy(&pool->done);
    pthread_mutex_destroy(&pool->lock);
#endif
#endif
    pool->mark = 0;
}

/* Starts a thread of a pool. Returns 0 if the system refuses. */
#if MOST_THREADS > 1
static int start_thread(struct helper *helper)
{
#if defined(_WIN32)
    helper->thread = CreateThread(NULL, 0, start_helper, helper, 0, NULL);
    return helper->thread != NULL;
#else
    return pthread_create(&helper->thread, NULL, start_helper, helper) == 0;
#endif
}
#endif

/* Opens a pool of so many threads, the caller one of them, in the memory given. Returns 0 if it
   cannot. */
static int open_pool(void *memory, size_t size_bytes, int threads)
{
    struct pool *pool = memory;
    const size_t needed = pool_size(threads);
    if (!pool || (uintptr_t)memory % 64 || needed == 0 || size_bytes < needed)
        return 0;
    memset(memory, 0, needed);
    pool->workers = 1;
#if MOST_THREADS > 1
#if !defined(_WIN32) /* there, zeros are an open lock */
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->wake, NULL);
    pthread_cond_init(&pool->done, NULL);
#endif
    for (int i = 1; i < threads; i++) {
        pool->helpers[i] = (struct helper){.owner = pool, .worker = i};
        if (!start_thread(&pool->helpers[i])) {
            close_pool(pool);
            return 0;
        }
        pool->workers++;
    }
#endif
    pool->mark = POOL_MARK;
    return 1;
}

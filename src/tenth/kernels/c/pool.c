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
#define FOR_EVER 0xffffffffu
#define POOL_LOCK(lock) AcquireSRWLockExclusive(lock)
#define POOL_UNLOCK(lock) ReleaseSRWLockExclusive(lock)
#define POOL_WAIT(signal, lock) SleepConditionVariableSRW(signal, lock, FOR_EVER, 0)
#define POOL_WAKE(signal) WakeAllConditionVariable(signal)
#else
#define MOST_THREADS 256
#include <pthread.h>
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

/* A thread of a pool. The caller is worker 0 and needs none. */
struct helper {
    void *owner;
    int worker;
#if MOST_THREADS > 1
    pool_thread thread;
#endif
};

/* Threads that wait for work. `round` counts the jobs given out, `left` who still works on one. */
struct pool {
    uint64_t mark;
    int64_t workers;
#if MOST_THREADS > 1
    pool_lock lock;
    pool_signal wake, done;
    uint32_t round, left;
    int stop;
    work *run;
    const void *job;
    int64_t units;
    struct helper helpers[];
#endif
};

/* What an open pool starts with. */
#define POOL_MARK 0x6c6f6f70746e6574u

/* The units of worker w out of W are those from w U / W up to (w + 1) U / W. */
static inline void run_part(work *run, const void *job, int64_t units, int64_t workers, int worker)
{
    const int64_t first = units * worker / workers, last = units * (worker + 1) / workers;
    if (first < last)
        run(job, first, last, worker);
}

/* A short wait for a value that another thread changes: most jobs follow at once on the one before.
   Whoever has waited longer sleeps, and leaves the processor to others. */
#if MOST_THREADS > 1
#if defined(__x86_64__) || defined(__i386__)
#define REST() __asm__ __volatile__("pause")
#elif defined(__aarch64__)
#define REST() __asm__ __volatile__("isb")
#else
#define REST() ((void)0)
#endif
#define RESTS 20000
static int changes_soon(const uint32_t *value, uint32_t from)
{
    for (int i = 0; i < RESTS; i++) {
        if (__atomic_load_n(value, __ATOMIC_ACQUIRE) != from)
            return 1;
        REST();
    }
    return 0;
}
#endif

/* What a thread of a pool does: its part of each job, until the pool is closed. */
#if MOST_THREADS > 1
static void help(struct helper *helper)
{
    struct pool *pool = helper->owner;
    for (uint32_t round = 0;; round++) {
        if (!changes_soon(&pool->round, round)) {
            POOL_LOCK(&pool->lock);
            while (__atomic_load_n(&pool->round, __ATOMIC_ACQUIRE) == round)
                POOL_WAIT(&pool->wake, &pool->lock);
            POOL_UNLOCK(&pool->lock);
        }
        if (pool->stop)
            return;
        run_part(pool->run, pool->job, pool->units, pool->workers, helper->worker);
        if (__atomic_sub_fetch(&pool->left, 1, __ATOMIC_ACQ_REL) == 0) {
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

/* Tells all threads of a pool that there is another job, or that it ends. */
#if MOST_THREADS > 1
static void next_round(struct pool *pool)
{
    POOL_LOCK(&pool->lock);
    __atomic_add_fetch(&pool->round, 1, __ATOMIC_ACQ_REL);
    POOL_WAKE(&pool->wake);
    POOL_UNLOCK(&pool->lock);
}
#endif

/* Does `units` of work on all threads of a pool, or here without one; returns when all is done. */
static inline void parallel(struct pool *pool, work *run, const void *job, int64_t units)
{
#if MOST_THREADS > 1
    if (pool && pool->workers > 1 && units > 1) {
        pool->run = run;
        pool->job = job;
        pool->units = units;
        __atomic_store_n(&pool->left, (uint32_t)pool->workers - 1, __ATOMIC_RELEASE);
        next_round(pool);
        run_part(run, job, units, pool->workers, 0);
        for (int i = 0; i < RESTS && __atomic_load_n(&pool->left, __ATOMIC_ACQUIRE); i++)
            REST();
        if (__atomic_load_n(&pool->left, __ATOMIC_ACQUIRE)) {
            POOL_LOCK(&pool->lock);
            while (__atomic_load_n(&pool->left, __ATOMIC_ACQUIRE))
                POOL_WAIT(&pool->done, &pool->lock);
            POOL_UNLOCK(&pool->lock);
        }
        return;
    }
#endif
    (void)pool;
    run_part(run, job, units, 1, 0);
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
    pool->stop = 1;
    next_round(pool);
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

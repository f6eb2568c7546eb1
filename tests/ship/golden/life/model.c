/* Written by tenth; see model.h. First the kernels, then the steps of the program. */

#include "model.h"

#if __STDC_HOSTED__
#include <math.h>
#include <string.h>
#else
void *memcpy(void *restrict to, const void *restrict from, size_t size);
void *memset(void *to, int value, size_t size);
#define INFINITY __builtin_inff()
#define sqrtf __builtin_sqrtf
#define fmax __builtin_fmax
#endif

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

/* Numbers as weights.bin holds them: the lowest byte first. */
static inline uint32_t read_32(const unsigned char *from)
{
    return (uint32_t)from[0] | (uint32_t)from[1] << 8 | (uint32_t)from[2] << 16 |
           (uint32_t)from[3] << 24;
}

/* As read_32. */
static inline uint64_t read_64(const unsigned char *from)
{
    return read_32(from) | (uint64_t)read_32(from + 4) << 32;
}

/* Checks a section of weights.bin and unpacks it; the three numbers mean what the function likes.
   Returns 0 if anything is wrong. */
typedef int unpack(const unsigned char *from, size_t from_bytes, void *to, size_t to_bytes,
                   int64_t a, int64_t b, int64_t c);

/* Where a section stands in weights.bin and in the loaded weights, and what unpacks it. */
struct section {
    uint64_t from, from_bytes, to, to_bytes;
    unpack *unpack;
    int64_t a, b, c;
};

/* What weights.bin must be: all but the numbers themselves is known beforehand. */
struct weights_file {
    uint64_t bytes, fingerprint;
    uint32_t values;
    size_t count;
    const struct section *sections;
};

/* As weights.bin starts, and as loaded weights do: the bytes \x89TNW\r\n\x1a\n. */
#define WEIGHTS_MAGIC 0x0a1a0a0d574e5489u
#define WEIGHTS_VERSION 1
#define WEIGHTS_HEADER 64

/* The sum over all words of a hash of the word and its place: no two changes cancel but by a
   chance of 2^-64. */
static uint64_t weights_checksum(const unsigned char *from, uint64_t bytes)
{
    uint64_t sum = bytes;
    for (uint64_t i = 0; i + 8 <= bytes; i += 8) {
        uint64_t word = read_64(from + i) ^ (i + 8) * 0x9e3779b97f4a7c15u;
        word = (word ^ word >> 30) * 0xbf58476d1ce4e5b9u;
        word = (word ^ word >> 27) * 0x94d049bb133111ebu;
        sum += word ^ word >> 31;
    }
    return sum;
}

/* Whether these bytes are a whole weights.bin of this very program. */
static int fits_program(const struct weights_file *program, const unsigned char *file,
                        size_t file_bytes)
{
    return file_bytes >= WEIGHTS_HEADER && file_bytes == program->bytes &&
           read_64(file) == WEIGHTS_MAGIC && read_32(file + 8) == WEIGHTS_VERSION &&
           read_32(file + 12) == program->values && read_64(file + 16) == program->fingerprint &&
           read_64(file + 24) == program->bytes && read_64(file + 32) == program->count &&
           read_64(file + 48) == 0 && read_64(file + 56) == 0 &&
           read_64(file + 40) ==
               weights_checksum(file + WEIGHTS_HEADER, file_bytes - WEIGHTS_HEADER);
}

/* What loaded weights of a program start with. */
struct weights_mark {
    uint64_t magic, fingerprint;
};

/* Checks all of weights.bin and unpacks it. Returns 0 if anything is wrong; then the weights are
   not marked as loaded. */
static int load_weights(const struct weights_file *program, const void *file, size_t file_bytes,
                        void *weights)
{
    const unsigned char *from = file;
    struct weights_mark mark = {0, 0};
    memcpy(weights, &mark, sizeof mark);
    if (!fits_program(program, from, file_bytes))
        return 0;
    for (size_t i = 0; i < program->count; i++) {
        const struct section *s = &program->sections[i];
        if (!s->unpack(from + s->from, (size_t)s->from_bytes, (char *)weights + s->to,
                       (size_t)s->to_bytes, s->a, s->b, s->c))
            return 0;
    }
    mark = (struct weights_mark){WEIGHTS_MAGIC, program->fingerprint};
    memcpy(weights, &mark, sizeof mark);
    return 1;
}

/* Whether the weights of this program stand at an address. */
static int are_loaded(const void *weights, uint64_t fingerprint)
{
    struct weights_mark mark;
    memcpy(&mark, weights, sizeof mark);
    return mark.magic == WEIGHTS_MAGIC && mark.fingerprint == fingerprint;
}

/* Numbers in float32, as they are. */
static int unpack_float32(const unsigned char *from, size_t from_bytes, void *to, size_t to_bytes,
                          int64_t a, int64_t b, int64_t c)
{
    (void)a, (void)b, (void)c;
    if (from_bytes != to_bytes || to_bytes % 4)
        return 0;
    for (size_t i = 0; i < to_bytes; i += 4) {
        const uint32_t bits = read_32(from + i);
        memcpy((char *)to + i, &bits, 4);
    }
    return 1;
}

/* The bits of a float32 that equals a float16 given by its bits. */
static inline uint32_t from_float16(uint32_t half)
{
    const uint32_t sign = (half & 0x8000) << 16, rest = half & 0x7fff;
    uint32_t bits = rest << 13;
    if (rest >= 0x7c00) {
        bits |= 0x7f800000;
    } else if (rest >= 0x400) {
        bits += 112u << 23;
    } else {
        const float small = (float)rest * 0x1p-24f;
        memcpy(&bits, &small, 4);
    }
    return sign | bits;
}

/* The time of each step, for who builds with -DTENTH_PROFILE; else nothing is written here. */
#ifdef TENTH_PROFILE
#include <time.h>
static double nanoseconds(void)
{
    struct timespec now;
    timespec_get(&now, TIME_UTC);
    return 1e9 * (double)now.tv_sec + (double)now.tv_nsec;
}
#define PROFILE_START double profile_time = nanoseconds()
#define PROFILE_STEP(total)                        \
    do {                                           \
        const double profile_now = nanoseconds();  \
        (total) += profile_now - profile_time;     \
        profile_time = profile_now;                \
    } while (0)
#else
#define PROFILE_START
#define PROFILE_STEP(total)
#endif

/* As many floats as the processor multiplies at once. Loads need no alignment. */
#if defined(__AVX512F__)
#define LANES 16
#elif defined(__AVX__)
#define LANES 8
#else
#define LANES 4
#endif
typedef float lanes
    __attribute__((vector_size(LANES * sizeof(float)), aligned(sizeof(float)), may_alias));

/* Sums stay in registers only where short loops are unrolled, which gcc does not do by itself. */
#if defined(__GNUC__) && !defined(__clang__)
#define UNROLL _Pragma("GCC unroll 16")
#else
#define UNROLL
#endif
#define INLINE static inline __attribute__((always_inline))
#define APART static __attribute__((noinline))

/* The value cut off at `low` and `high`; a NaN passes. */
INLINE float clamp(float value, float low, float high)
{
    value = low > value ? low : value;
    return high < value ? high : value;
}

/* The bits of `lanes`, and what a comparison of them gives: all ones where it holds. */
typedef uint32_t lane_bits __attribute__((vector_size(LANES * sizeof(uint32_t))));

/* The same number in every lane. */
INLINE lanes all_lanes(float value)
{
    return (lanes){0} + value;
}

/* `yes` where all bits of `where` are ones, `no` where they are zeros. */
INLINE lanes select_lanes(lane_bits where, lanes yes, lanes no)
{
    return (lanes)((where & (lane_bits)yes) | (~where & (lane_bits)no));
}

/* x cut off at `low` and `high`; a NaN passes. */
INLINE lanes clamp_lanes(lanes x, float low, float high)
{
    x = select_lanes((lane_bits)(x < low), all_lanes(low), x);
    return select_lanes((lane_bits)(x > high), all_lanes(high), x);
}

/* A number as n log 2 + rest, |rest| <= log 2 / 2: exp(rest) - 1, and n above 3 * 2^22 as the
   bits of a float. Between -104 and 89. */
struct power {
    lanes less_one;
    lane_bits shifted;
};

/* Adding 3 * 2^22 rounds to a whole number, which then stands in the lowest bits. log 2 is split
   so that n times its first part is exact. The polynomial is that of Cephes' expf. */
INLINE struct power power_of(lanes x)
{
    const lanes shifted = x * 1.44269504f + 12582912.0f;
    const lanes n = shifted - 12582912.0f;
    const lanes rest = (x - n * 0.693359375f) + n * 2.12194440e-4f;
    lanes sum = rest * 1.9875691500e-4f + 1.3981999507e-3f;
    sum = sum * rest + 8.3334519073e-3f;
    sum = sum * rest + 4.1665795894e-2f;
    sum = sum * rest + 1.6666665459e-1f;
    sum = sum * rest + 5.0000001201e-1f;
    return (struct power){sum * (rest * rest) + rest, (lane_bits)shifted};
}

/* exp(x): 0 high below, infinite high above; a NaN passes. Relative error below 2e-7. 2^n is
   multiplied in by halves, so that results below the normal numbers are right too. */
INLINE lanes exp_lanes(lanes x)
{
    const struct power power = power_of(clamp_lanes(x, -104, 89));
    const lane_bits whole = power.shifted - 0x4b400000u + 254u, half = whole >> 1;
    return (power.less_one + 1) * (lanes)(half << 23) * (lanes)((whole - half) << 23);
}

/* 1 / (1 + exp(-x)); a NaN passes. */
INLINE lanes sigmoid_lanes(lanes x)
{
    return 1 / (1 + exp_lanes(-x));
}

/* The first `count` lanes at x, and `rest` in the others. */
INLINE lanes some_lanes(const float *x, int64_t count, float rest)
{
    float part[LANES];
    for (int64_t i = 0; i < LANES; i++)
        part[i] = i < count ? x[i] : rest;
    return *(const lanes *)part;
}

/* The first `count` lanes of x to y. */
INLINE void put_lanes(lanes x, float *y, int64_t count)
{
    float part[LANES];
    *(lanes *)part = x;
    for (int64_t i = 0; i < count; i++)
        y[i] = part[i];
}

/* A function of each lane. */
typedef lanes curve(lanes x);

/* y = f(x) for each element, whatever stands beside it. x and y are one place, or apart. */
INLINE void each_lane(const float *x, float *y, int64_t count, curve *f)
{
    int64_t i = 0;
    for (; i + LANES <= count; i += LANES)
        *(lanes *)(y + i) = f(*(const lanes *)(x + i));
    if (i < count)
        put_lanes(f(some_lanes(x + i, count - i, 0)), y + i, count - i);
}

/* The pixels of a panel, in vectors of LANES, and the channels of a K-block, which stays in the
   nearest caches while all outputs meet it. */
#define PANEL_VECTORS (LANES == 4 ? 8 : 4)
#define PANEL (PANEL_VECTORS * LANES)
#define DEPTH (PANEL == 64 ? 256 : 384)

/* A vector from memory, of any alignment. */
INLINE lanes load(const float *x)
{
    return *(const lanes *)x;
}

/* A vector to memory. */
INLINE void store(float *y, lanes v)
{
    *(lanes *)y = v;
}

/* How a value of images, channels and pixels lies in memory: as planes [image][channel][pixel], as
   rows [image][pixel][channel], or as panels [image][panel][channel][PANEL]. */
enum form { PLANES, ROWS, PANELS };

/* A form and the sizes it needs. */
struct shape {
    enum form form;
    int64_t channels, pixels;
};

/* The number of panels that hold some pixels. */
INLINE int64_t panels_of(int64_t pixels)
{
    return (pixels + PANEL - 1) / PANEL;
}

/* The pixels of a panel: from `first` on, `count` of them, in so many vectors. */
struct stripe {
    int64_t panel, first, count, vectors;
};

/* A panel of some pixels. Panels share the vectors evenly, so that none is nearly empty. */
static struct stripe stripe_of(int64_t pixels, int64_t panel)
{
    const int64_t panels = panels_of(pixels), vectors = (pixels + LANES - 1) / LANES;
    const int64_t first = panel * vectors / panels * LANES;
    const int64_t end = (panel + 1) * vectors / panels * LANES;
    return (struct stripe){panel, first, (end < pixels ? end : pixels) - first,
                           (end - first) / LANES};
}

/* Where a channel of a stripe starts, in floats; pixels of rows lie `channels` apart. */
INLINE int64_t place_in(const struct shape *s, int64_t image, const struct stripe *t,
                        int64_t channel)
{
    if (s->form == PANELS)
        return ((image * panels_of(s->pixels) + t->panel) * s->channels + channel) * PANEL;
    if (s->form == PLANES)
        return (image * s->channels + channel) * s->pixels + t->first;
    return (image * s->pixels + t->first) * s->channels + channel;
}

/* How far apart neighbouring channels lie, of planes or panels. */
INLINE int64_t channel_step(const struct shape *s)
{
    return s->form == PANELS ? PANEL : s->pixels;
}

/* Outputs of a dense matrix that stand side by side. */
#define DENSE_ROWS 6

/* Columns of a K-block in a file: one byte says where in it a kept weight stands. */
#define FILE_DEPTH 128

/* How a matrix runs: dense, or the number of neighbouring outputs whose weights are kept or zero
   together. */
enum kind { DENSE = 0, KEPT_1 = 1, KEPT_2 = 2, KEPT_4 = 4, KEPT_16 = 16 };

/* A sparse matrix. Its rows are blocks of outputs; its columns are cut into K-blocks of DEPTH. Each
   entry is a column that a block of outputs meets, with a value for each of them. The entries of
   K-block b and row r are starts[b * rows + r] up to the next one. A place says where the column
   stands in a panel, from the K-block's start, in units of 8 bytes. */
struct kept {
    int64_t rows;
    const uint32_t *starts;
    const uint16_t *places;
    const float *values;
};

/* The bytes before the starts of a loaded sparse matrix. */
#define KEPT_HEAD 64

/* A sparse matrix where it was loaded. */
static struct kept kept_of(const void *loaded, int64_t rows)
{
    const char *at = loaded;
    uint64_t head[2];
    memcpy(head, at, sizeof head);
    return (struct kept){rows, (const uint32_t *)(at + KEPT_HEAD), (const uint16_t *)(at + head[0]),
                         (const float *)(at + head[1])};
}

/* Number i of an array of float32 (0), float16 (1) or bfloat16 (2). */
static inline float read_value(const unsigned char *from, int format, int64_t i)
{
    const unsigned char *at = from + (format ? 2 : 4) * i;
    uint32_t bits;
    float value;
    if (format == 0)
        bits = read_32(at);
    else if (format == 1)
        bits = from_float16((uint32_t)at[0] | (uint32_t)at[1] << 8);
    else
        bits = (uint32_t)at[0] << 16 | (uint32_t)at[1] << 24;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* Reads a dense matrix of `outputs` by `depth` in `groups`, and puts it in blocks of DENSE_ROWS
   outputs: [group][block][column][row]. In the file: 16 bytes, of which the first is the format;
   the values, row by row. Returns 0 if it is not so. */
static int unpack_dense(const unsigned char *from, size_t from_bytes, void *to, size_t to_bytes,
                      int64_t outputs, int64_t depth, int64_t groups)
{
    const int64_t own = outputs / groups, blocks = (own + DENSE_ROWS - 1) / DENSE_ROWS;
    if (from_bytes < 16 || from[0] > 2)
        return 0;
    const int format = from[0];
    if (from_bytes != 16 + (size_t)(outputs * depth) * (format ? 2 : 4) ||
        to_bytes < (size_t)(groups * blocks * DENSE_ROWS * depth) * sizeof(float))
        return 0;
    float *y = to;
    for (int64_t g = 0; g < groups; g++)
        for (int64_t row = 0; row < blocks * DENSE_ROWS; row++) {
            float *at = y + ((g * blocks + row / DENSE_ROWS) * depth) * DENSE_ROWS + row % DENSE_ROWS;
            for (int64_t k = 0; k < depth; k++)
                at[k * DENSE_ROWS] =
                    row < own ? read_value(from + 16, format, (g * own + row) * depth + k) : 0;
        }
    return 1;
}

/* A sparse matrix in a file: 16 bytes (format, height, two zeros, entries in four bytes, zeros);
   how many entries each row has in each K-block of FILE_DEPTH, a byte each; where in its K-block
   each stands, a byte each; up to three zeros; the values. Entries go K-block by K-block, in each
   row by row. */
struct kept_file {
    const unsigned char *counts, *positions, *values;
    int64_t rows, depth, blocks, entries;
    int format, height;
};

/* Reads the head of a sparse matrix of `rows` blocks of outputs. Returns 0 if a size is wrong. */
static int read_kept(const unsigned char *from, size_t from_bytes, int64_t rows, int64_t depth,
                     int64_t height, struct kept_file *f)
{
    if (from_bytes < 16 || from[0] > 2 || from[1] != height)
        return 0;
    const uint32_t entries = read_32(from + 4);
    const int64_t blocks = (depth + FILE_DEPTH - 1) / FILE_DEPTH;
    const size_t values = ((size_t)(blocks * rows) + entries + 16 + 3) / 4 * 4;
    *f = (struct kept_file){from + 16, from + 16 + blocks * rows, from + values, rows,
                            depth, blocks, entries, from[0], from[1]};
    return from_bytes == values + (size_t)entries * (size_t)height * (from[0] ? 2 : 4);
}

/* Whether the counts add up and every entry stands inside the matrix. */
static int kept_is_sound(const struct kept_file *f)
{
    int64_t total = 0;
    for (int64_t i = 0; i < f->blocks * f->rows; i++)
        total += f->counts[i];
    if (total != f->entries)
        return 0;
    for (int64_t b = 0, e = 0; b < f->blocks; b++) {
        const int64_t left = f->depth - b * FILE_DEPTH;
        const int64_t inside = left < FILE_DEPTH ? left : FILE_DEPTH;
        for (int64_t r = 0; r < f->rows; r++)
            for (int64_t i = 0; i < f->counts[b * f->rows + r]; i++, e++)
                if (f->positions[e] >= inside)
                    return 0;
    }
    return 1;
}

/* Copies entries of one row from one K-block of a file. */
static void unpack_entries(const struct kept_file *f, int64_t first, int64_t count, int64_t shift,
                         uint16_t *restrict places, float *restrict values)
{
    for (int64_t i = 0; i < count; i++) {
        places[i] = (uint16_t)((f->positions[first + i] + shift) * (PANEL / 2));
        for (int h = 0; h < f->height; h++)
            values[i * f->height + h] =
                read_value(f->values, f->format, (first + i) * f->height + h);
    }
}

/* Where entries of the next K-blocks of a file start; the last is where those behind them do. */
static void block_starts(const struct kept_file *f, int64_t block, int64_t *first)
{
    for (int64_t m = 0; m < DEPTH / FILE_DEPTH; m++) {
        first[m + 1] = first[m];
        for (int64_t r = 0; block + m < f->blocks && r < f->rows; r++)
            first[m + 1] += f->counts[(block + m) * f->rows + r];
    }
}

/* Reads a sparse matrix of `rows` blocks of `height` outputs by `depth`. Rows of height 1 are
   filled up to whole fours with zeros. Returns 0 if the file does not hold one. */
static int unpack_kept(const unsigned char *from, size_t from_bytes, void *to, size_t to_bytes,
                     int64_t rows, int64_t depth, int64_t height)
{
    struct kept_file f;
    if (!read_kept(from, from_bytes, rows, depth, height, &f) || !kept_is_sound(&f))
        return 0;
    const int64_t merged = DEPTH / FILE_DEPTH, blocks = (depth + DEPTH - 1) / DEPTH;
    const size_t most = (size_t)(f.entries + (height == 1 ? 3 * rows * blocks : 0));
    const size_t places_at = (KEPT_HEAD + ((size_t)(blocks * rows) + 1) * 4 + 63) / 64 * 64;
    const uint64_t head[2] = {places_at, (places_at + most * 2 + 63) / 64 * 64};
    if (to_bytes < head[1] + most * (size_t)height * sizeof(float))
        return 0;
    memcpy(to, head, sizeof head);
    uint32_t *starts = (uint32_t *)((char *)to + KEPT_HEAD), end = 0;
    uint16_t *places = (uint16_t *)((char *)to + head[0]);
    float *values = (float *)((char *)to + head[1]);
    int64_t first[DEPTH / FILE_DEPTH + 1] = {0};
    for (int64_t b = 0; b < blocks; b++) {
        block_starts(&f, b * merged, first);
        const int64_t next = first[merged];
        for (int64_t r = 0; r < rows; r++) {
            starts[b * rows + r] = end;
            for (int64_t m = 0; m < merged && b * merged + m < f.blocks; m++) {
                const int64_t count = f.counts[(b * merged + m) * rows + r];
                unpack_entries(&f, first[m], count, m * FILE_DEPTH, places + end,
                             values + end * height);
                first[m] += count;
                end += (uint32_t)count;
            }
            for (; height == 1 && (end - starts[b * rows + r]) % 4; end++) {
                places[end] = 0;
                values[end] = 0;
            }
        }
        first[0] = next;
    }
    starts[blocks * rows] = end;
    return 1;
}

/* sums[t] += w * x[t], for `vectors` of t. */
INLINE void add_vectors(const float *restrict x, lanes w, lanes *sums, const int vectors)
{
    UNROLL
    for (int t = 0; t < vectors; t++)
        sums[t] += w * load(x + t * LANES);
}

/* Where in a panel one of four places stands. Kept in a register, as an address of one register
   is the quickest to use. */
INLINE const float *at_place(const float *x, uint64_t places, int i)
{
    const float *at = (const float *)((const char *)x + 8 * (size_t)(uint16_t)(places >> 16 * i));
#if defined(__x86_64__) && defined(__GNUC__)
    __asm__("" : "+r"(at));
#endif
    return at;
}

/* Four values, loaded once, and one of them in all lanes. On x86 a load is what there is too little
   of, so that shuffling within registers wins; elsewhere each value is loaded by itself. */
#if defined(__AVX__) && (defined(__clang__) || __GNUC__ >= 12)
typedef float quad __attribute__((vector_size(4 * sizeof(float)), aligned(sizeof(float)), may_alias));
INLINE lanes load_four(const float *from)
{
    const quad q = *(const quad *)from;
#if LANES == 16
    lanes four =
        __builtin_shufflevector(q, q, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3);
    __asm__("" : "+v"(four));
#else
    lanes four = __builtin_shufflevector(q, q, 0, 1, 2, 3, 0, 1, 2, 3);
    __asm__("" : "+x"(four));
#endif
    return four;
}
#if LANES == 16
#define ONE_OF(four, from, i)                                                                    \
    __builtin_shufflevector(four, four, i, i, i, i, i + 4, i + 4, i + 4, i + 4, i + 8, i + 8,    \
                            i + 8, i + 8, i + 12, i + 12, i + 12, i + 12)
#else
#define ONE_OF(four, from, i)                                                                    \
    __builtin_shufflevector(four, four, i, i, i, i, i + 4, i + 4, i + 4, i + 4)
#endif
#else
INLINE lanes load_four(const float *from)
{
    return all_lanes(*from);
}
#define ONE_OF(four, from, i) ((void)(four), all_lanes((from)[i]))
#endif

/* Adds the entries of one output, four at a time. Two sums of each vector hide the latency of an
   addition, where registers allow it. */
INLINE void add_kept_1(const float *restrict x, const uint16_t *restrict places,
                       const float *restrict values, int64_t count, lanes *sums,
                       const int vectors)
{
    lanes more[4];
    UNROLL
    for (int t = 0; t < 4; t++)
        more[t] = all_lanes(0);
    lanes *const odd = vectors <= 4 ? more : sums;
    for (int64_t k = 0; k < count; k += 4) {
        uint64_t four;
        memcpy(&four, places + k, sizeof four);
        const lanes w = load_four(values + k);
        add_vectors(at_place(x, four, 0), ONE_OF(w, values + k, 0), sums, vectors);
        add_vectors(at_place(x, four, 1), ONE_OF(w, values + k, 1), odd, vectors);
        add_vectors(at_place(x, four, 2), ONE_OF(w, values + k, 2), sums, vectors);
        add_vectors(at_place(x, four, 3), ONE_OF(w, values + k, 3), odd, vectors);
    }
    UNROLL
    for (int t = 0; t < vectors && vectors <= 4; t++)
        sums[t] += more[t];
}

/* Adds the entries of `height` outputs, which share each vector that they load. */
INLINE void add_kept_n(const float *restrict x, const uint16_t *restrict places,
                       const float *restrict values, int64_t count, lanes *sums,
                       const int vectors, const int height)
{
    for (int64_t k = 0; k < count; k++) {
        const float *at = at_place(x, places[k], 0);
        lanes v[4];
        UNROLL
        for (int t = 0; t < vectors; t++)
            v[t] = load(at + t * LANES);
        UNROLL
        for (int h = 0; h < height; h++) {
            const lanes w = all_lanes(values[k * height + h]);
            UNROLL
            for (int t = 0; t < vectors; t++)
                sums[h * vectors + t] += w * v[t];
        }
    }
}

/* Where one of four inputs of a pixel stands: in a panel, or, if the pixel is alone, beside the
   others. */
INLINE const float *at_input(const float *x, uint64_t places, int i, const int alone)
{
    return alone ? x + (uint16_t)(places >> 16 * i) / (PANEL / 2) : at_place(x, places, i);
}

/* Adds the entries of 16 outputs for one pixel: here a vector is of outputs. Four sums of each hide
   the latency of an addition. */
INLINE void add_kept_16(const float *restrict x, const uint16_t *restrict places,
                        const float *restrict values, int64_t count, lanes *sums,
                        const int alone)
{
    lanes more[3][16 / LANES];
    UNROLL
    for (int t = 0; t < 16 / LANES; t++)
        more[0][t] = more[1][t] = more[2][t] = all_lanes(0);
    int64_t k = 0;
    for (; k + 4 <= count; k += 4) {
        const float *w = values + k * 16;
        uint64_t four;
        memcpy(&four, places + k, sizeof four);
        const float a = *at_input(x, four, 0, alone), b = *at_input(x, four, 1, alone);
        const float c = *at_input(x, four, 2, alone), d = *at_input(x, four, 3, alone);
        UNROLL
        for (int t = 0; t < 16 / LANES; t++) {
            sums[t] += a * load(w + t * LANES);
            more[0][t] += b * load(w + 16 + t * LANES);
            more[1][t] += c * load(w + 32 + t * LANES);
            more[2][t] += d * load(w + 48 + t * LANES);
        }
    }
    for (; k < count; k++) {
        const float a = *at_input(x, places[k], 0, alone);
        UNROLL
        for (int t = 0; t < 16 / LANES; t++)
            sums[t] += a * load(values + k * 16 + t * LANES);
    }
    UNROLL
    for (int t = 0; t < 16 / LANES; t++)
        sums[t] += more[0][t] + (more[1][t] + more[2][t]);
}

/* Vectors of a dense tile: with as many outputs as stand side by side they fill the registers. */
#if defined(__AVX512F__) || defined(__aarch64__)
#define DENSE_VECTORS 4
#else
#define DENSE_VECTORS 2
#endif

/* Adds one column of the first `rows` of DENSE_ROWS outputs. */
INLINE void add_column(const float *restrict x, const float *restrict w, lanes *sums,
                       const int vectors, const int rows)
{
    lanes v[DENSE_VECTORS];
    UNROLL
    for (int t = 0; t < vectors; t++)
        v[t] = load(x + t * LANES);
    UNROLL
    for (int r = 0; r < rows; r++) {
        UNROLL
        for (int t = 0; t < vectors; t++)
            sums[r * vectors + t] += w[r] * v[t];
    }
}

/* Adds `depth` columns of them. A single vector gets two sums of each output, to hide the latency of
   an addition. */
INLINE void add_dense(const float *restrict x, const float *restrict w, int64_t depth, lanes *sums,
                      const int vectors, const int rows)
{
    int64_t k = 0;
    if (vectors == 1) {
        lanes odd[DENSE_ROWS];
        UNROLL
        for (int r = 0; r < rows; r++)
            odd[r] = all_lanes(0);
        for (; k + 2 <= depth; k += 2) {
            add_column(x + k * PANEL, w + k * DENSE_ROWS, sums, 1, rows);
            add_column(x + k * PANEL + PANEL, w + (k + 1) * DENSE_ROWS, odd, 1, rows);
        }
        UNROLL
        for (int r = 0; r < rows; r++)
            sums[r] += odd[r];
    }
    for (; k < depth; k++)
        add_column(x + k * PANEL, w + k * DENSE_ROWS, sums, vectors, rows);
}

/* A matrix where it was loaded; each group of outputs meets inputs of its own. */
struct matrix {
    enum kind kind;
    int64_t outputs, depth, groups;
    const void *loaded;
};

/* The outputs of a row of blocks. */
INLINE int64_t row_outputs(enum kind kind)
{
    return kind == DENSE ? DENSE_ROWS : (int64_t)kind;
}

/* The rows of blocks of one group. */
INLINE int64_t row_count(const struct matrix *m)
{
    const int64_t height = row_outputs(m->kind);
    return (m->outputs / m->groups + height - 1) / height;
}

/* Where the sums of a panel begin and end; a step leads to the next output. They begin with the
   bias, plus what stands at `from` if that is not NULL, and end cut off at their bounds. Vectors
   are read and written whole. */
struct target {
    const float *bias;
    int64_t bias_step;
    const float *from;
    int64_t from_step;
    float *to;
    int64_t to_step;
    float low, high;
    int64_t count;
};

/* What an output's sums begin with, from vector number `vector` on. */
INLINE void begin_sums(const struct target *s, int64_t output, int64_t vector, lanes *sums,
                       const int vectors)
{
    const lanes bias = all_lanes(s->bias[output * s->bias_step]);
    const float *from = s->from + output * s->from_step + vector * LANES;
    UNROLL
    for (int t = 0; t < vectors; t++)
        sums[t] = bias;
    if (s->from) {
        UNROLL
        for (int t = 0; t < vectors; t++)
            sums[t] += load(from + t * LANES);
    }
}

/* Where an output's sums end. */
INLINE void end_sums(const struct target *s, int64_t output, int64_t vector, const lanes *sums,
                     const int vectors)
{
    float *to = s->to + output * s->to_step + vector * LANES;
    UNROLL
    for (int t = 0; t < vectors; t++)
        store(to + t * LANES, clamp_lanes(sums[t], s->low, s->high));
}

/* Asks for the memory where the sums of `outputs` will end, which is not to be waited for. Only
   sums that end far apart need it: the processor foresees the rest. */
INLINE void expect_sums(const struct target *s, int64_t output, int64_t vector, const int vectors,
                        const int outputs)
{
    if (s->to_step <= PANEL)
        return;
    const float *to = s->to + output * s->to_step + vector * LANES;
    UNROLL
    for (int h = 0; h < outputs; h++, to += s->to_step) {
        UNROLL
        for (int i = 0; i < vectors * LANES; i += 16)
            __builtin_prefetch(to + i, 1);
    }
}

/* One K-block of rows `first` to `last` of blocks of one output, by the panel x. */
INLINE void kept_1_rows(const struct kept *w, int64_t first, int64_t last,
                        const float *restrict x, struct target s, const int vectors)
{
    for (int64_t r = first; r < last; r++) {
        lanes sums[PANEL_VECTORS];
        begin_sums(&s, r, 0, sums, vectors);
        expect_sums(&s, r + 4, 0, vectors, 1);
        add_kept_1(x, w->places + w->starts[r], w->values + w->starts[r],
                   (int64_t)w->starts[r + 1] - w->starts[r], sums, vectors);
        end_sums(&s, r, 0, sums, vectors);
    }
}

/* The same for blocks of several outputs, and some vectors of the panel. */
INLINE void kept_n_rows(const struct kept *w, int64_t first, int64_t last,
                        const float *restrict x, struct target s, int64_t vector,
                        const int vectors, const int height)
{
    for (int64_t r = first; r < last; r++) {
        lanes sums[4 * 4];
        UNROLL
        for (int h = 0; h < height; h++)
            begin_sums(&s, r * height + h, vector, sums + h * vectors, vectors);
        expect_sums(&s, (r + 2) * height, vector, vectors, height);
        add_kept_n(x + vector * LANES, w->places + w->starts[r],
                   w->values + (int64_t)w->starts[r] * height,
                   (int64_t)w->starts[r + 1] - w->starts[r], sums, vectors, height);
        UNROLL
        for (int h = 0; h < height; h++)
            end_sums(&s, r * height + h, vector, sums + h * vectors, vectors);
    }
}

/* One K-block of a row of blocks of 16 outputs, for one pixel, which may be alone. Outputs that lie
   side by side are read and written as vectors. */
INLINE void kept_16_row(const struct kept *w, int64_t r, const float *restrict x,
                        const struct target *s, const int alone)
{
    const int64_t output = r * 16;
    float apart[16];
    lanes sums[16 / LANES];
    if (s->from && s->from_step != 1)
        for (int64_t h = 0; h < 16; h++)
            apart[h] = s->from[(output + h) * s->from_step];
    const float *from = s->from_step == 1 ? s->from + output : apart;
    UNROLL
    for (int t = 0; t < 16 / LANES; t++) {
        sums[t] = s->bias_step ? load(s->bias + output + t * LANES) : all_lanes(*s->bias);
        if (s->from)
            sums[t] += load(from + t * LANES);
    }
    add_kept_16(x, w->places + w->starts[r], w->values + (int64_t)w->starts[r] * 16,
                (int64_t)w->starts[r + 1] - w->starts[r], sums, alone);
    float *to = s->to_step == 1 ? s->to + output : apart;
    UNROLL
    for (int t = 0; t < 16 / LANES; t++)
        store(to + t * LANES, clamp_lanes(sums[t], s->low, s->high));
    if (s->to_step != 1)
        for (int64_t h = 0; h < 16; h++)
            s->to[(output + h) * s->to_step] = apart[h];
}

/* The same for blocks of 16 outputs, pixel by pixel. */
APART void kept_16_rows(const struct kept *w, int64_t first, int64_t last, const float *x,
                        const struct target *s)
{
    struct target pixel = *s;
    for (int64_t r = first; r < last; r++)
        for (int64_t p = 0; p < s->count; p++) {
            pixel.to = s->to + p;
            pixel.from = s->from ? s->from + p : NULL;
            kept_16_row(w, r, x + p, &pixel, 0);
        }
}

/* A dense K-block: blocks of DENSE_ROWS outputs `pitch` apart, `depth` columns of each. */
struct dense {
    const float *values;
    int64_t pitch, depth, outputs;
};

/* One K-block of the first `rows` outputs of a row of a dense matrix, by some vectors of the panel x.
   Outputs that only fill up the last row borrow what they begin with. */
INLINE void dense_outputs(const struct dense *w, int64_t r, const float *restrict x,
                          const struct target *s, int64_t vector, const int vectors,
                          const int rows)
{
    const int64_t output = r * DENSE_ROWS;
    lanes sums[DENSE_ROWS * DENSE_VECTORS];
    UNROLL
    for (int h = 0; h < rows; h++) {
        const int64_t o = output + h < w->outputs ? output + h : w->outputs - 1;
        begin_sums(s, o, vector, sums + h * vectors, vectors);
    }
    expect_sums(s, output, vector, vectors, rows);
    add_dense(x + vector * LANES, w->values + r * w->pitch, w->depth, sums, vectors, rows);
    UNROLL
    for (int h = 0; h < rows; h++)
        end_sums(s, output + h, vector, sums + h * vectors, vectors);
}

/* The same for rows `first` to `last`, of which the very last may be nearly empty. */
INLINE void dense_rows(const struct dense *w, int64_t first, int64_t last,
                       const float *restrict x, struct target s, int64_t vector,
                       const int vectors)
{
    for (int64_t r = first; r < last; r++) {
        const int64_t left = w->outputs - r * DENSE_ROWS;
        if (left > 4)
            dense_outputs(w, r, x, &s, vector, vectors, DENSE_ROWS);
        else if (left > 2)
            dense_outputs(w, r, x, &s, vector, vectors, 4);
        else
            dense_outputs(w, r, x, &s, vector, vectors, 2);
    }
}

/* One K-block of a sparse matrix by a panel of `vectors`, in passes that the registers hold. */
APART void kept_block(enum kind kind, const struct kept *w, int64_t first, int64_t last,
                       const float *x, const struct target *s, int64_t vectors)
{
    if (kind == KEPT_16) {
        kept_16_rows(w, first, last, x, s);
    } else if (kind == KEPT_1) {
        switch (vectors) {
        case 1: kept_1_rows(w, first, last, x, *s, 1); break;
        case 2: kept_1_rows(w, first, last, x, *s, 2); break;
        case 3: kept_1_rows(w, first, last, x, *s, 3); break;
        case 4: kept_1_rows(w, first, last, x, *s, 4); break;
#if LANES == 4
        case 5: kept_1_rows(w, first, last, x, *s, 5); break;
        case 6: kept_1_rows(w, first, last, x, *s, 6); break;
        case 7: kept_1_rows(w, first, last, x, *s, 7); break;
        case 8: kept_1_rows(w, first, last, x, *s, 8); break;
#endif
        }
    } else if (kind == KEPT_2) {
        for (int64_t v = 0; v < vectors; v += 4)
            switch (vectors - v) {
            case 1: kept_n_rows(w, first, last, x, *s, v, 1, 2); break;
            case 2: kept_n_rows(w, first, last, x, *s, v, 2, 2); break;
            case 3: kept_n_rows(w, first, last, x, *s, v, 3, 2); break;
            default: kept_n_rows(w, first, last, x, *s, v, 4, 2); break;
            }
    } else {
        for (int64_t v = 0; v < vectors; v += 2)
            if (vectors - v == 1)
                kept_n_rows(w, first, last, x, *s, v, 1, 4);
            else
                kept_n_rows(w, first, last, x, *s, v, 2, 4);
    }
}

/* One K-block of a dense matrix by a panel of `vectors`, in passes that the registers hold. */
APART void dense_block(const struct dense *w, int64_t first, int64_t last, const float *x,
                        const struct target *s, int64_t vectors)
{
    for (int64_t v = 0; v < vectors; v += DENSE_VECTORS)
        switch (vectors - v) {
        case 1: dense_rows(w, first, last, x, *s, v, 1); break;
#if DENSE_VECTORS == 4
        case 2: dense_rows(w, first, last, x, *s, v, 2); break;
        case 3: dense_rows(w, first, last, x, *s, v, 3); break;
#endif
        default: dense_rows(w, first, last, x, *s, v, DENSE_VECTORS); break;
        }
}

/* A K-block of a group of a dense matrix. */
static struct dense dense_of(const struct matrix *m, int64_t group, int64_t block)
{
    const int64_t rows = row_count(m), left = m->depth - block * DEPTH;
    const float *values =
        (const float *)m->loaded + (group * rows * m->depth + block * DEPTH) * DENSE_ROWS;
    return (struct dense){values, m->depth * DENSE_ROWS, left < DEPTH ? left : DEPTH,
                          m->outputs / m->groups};
}

/* A K-block of a group of a sparse matrix. */
static struct kept kept_part(const struct matrix *m, int64_t group, int64_t block)
{
    const int64_t rows = row_count(m);
    struct kept w = kept_of(m->loaded, rows * m->groups);
    w.starts += block * w.rows + group * rows;
    return w;
}

/* A K-block of a group of a matrix by a panel x of `vectors`, for some rows of blocks. */
static void multiply_block(const struct matrix *m, int64_t group, int64_t block, int64_t first,
                           int64_t last, const float *x, const struct target *s, int64_t vectors)
{
    if (m->kind == DENSE) {
        const struct dense w = dense_of(m, group, block);
        dense_block(&w, first, last, x, s, vectors);
    } else {
        const struct kept w = kept_part(m, group, block);
        kept_block(m->kind, &w, first, last, x, s, vectors);
    }
}

/* What an output of a pixel alone begins with. Such a pixel fills no vector of pixels; its inputs
   stand side by side, and so may its outputs. */
INLINE float begin_one(const struct target *s, int64_t output)
{
    const float bias = s->bias[output * s->bias_step];
    return s->from ? bias + s->from[output * s->from_step] : bias;
}

/* Where it ends. */
INLINE void end_one(const struct target *s, int64_t output, float sum)
{
    s->to[output * s->to_step] = clamp(sum, s->low, s->high);
}

/* One K-block of rows `first` to `last` of blocks of one output. Two sums hide the latency of an
   addition, and make the result that of a vector to the bit. */
INLINE void alone_1_rows(const struct kept *w, int64_t first, int64_t last,
                         const float *restrict x, struct target s)
{
    for (int64_t r = first; r < last; r++) {
        float even = begin_one(&s, r), odd = 0;
        for (int64_t k = w->starts[r]; k < w->starts[r + 1]; k += 4) {
            const float *v = w->values + k;
            uint64_t four;
            memcpy(&four, w->places + k, sizeof four);
            even += v[0] * *at_input(x, four, 0, 1);
            odd += v[1] * *at_input(x, four, 1, 1);
            even += v[2] * *at_input(x, four, 2, 1);
            odd += v[3] * *at_input(x, four, 3, 1);
        }
        end_one(&s, r, even + odd);
    }
}

/* The same for blocks of `height` outputs, which share each input that they load. */
INLINE void alone_n_rows(const struct kept *w, int64_t first, int64_t last,
                         const float *restrict x, struct target s, const int height)
{
    for (int64_t r = first; r < last; r++) {
        float sums[4];
        UNROLL
        for (int h = 0; h < height; h++)
            sums[h] = begin_one(&s, r * height + h);
        for (int64_t k = w->starts[r]; k < w->starts[r + 1]; k++) {
            const float one = *at_input(x, w->places[k], 0, 1);
            UNROLL
            for (int h = 0; h < height; h++)
                sums[h] += w->values[k * height + h] * one;
        }
        UNROLL
        for (int h = 0; h < height; h++)
            end_one(&s, r * height + h, sums[h]);
    }
}

/* One K-block of a sparse matrix by a pixel alone. */
APART void alone_kept(enum kind kind, const struct kept *w, int64_t first, int64_t last,
                      const float *x, const struct target *s)
{
    if (kind == KEPT_1)
        alone_1_rows(w, first, last, x, *s);
    else if (kind == KEPT_2)
        alone_n_rows(w, first, last, x, *s, 2);
    else if (kind == KEPT_4)
        alone_n_rows(w, first, last, x, *s, 4);
    else
        for (int64_t r = first; r < last; r++)
            kept_16_row(w, r, x, s, 1);
}

/* As many floats as hold a column of DENSE_ROWS outputs. */
#define COLUMN 8
_Static_assert(DENSE_ROWS <= COLUMN, "a column of outputs beyond its vector");
typedef float column_lanes
    __attribute__((vector_size(COLUMN * sizeof(float)), aligned(sizeof(float)), may_alias));

/* Rows `first` to `last` of a dense matrix, whole, by a pixel alone: here a vector is of outputs,
   and the two lanes too many meet the next column. Four sums hide the latency of an addition. */
APART void alone_dense(const struct dense *w, int64_t first, int64_t last, const float *restrict x,
                       const struct target *s)
{
    for (int64_t r = first; r < last; r++) {
        const float *at = w->values + r * w->pitch;
        column_lanes sums[4] = {{0}};
        float rest[DENSE_ROWS] = {0};
        int64_t k = 0;
        for (; k + 5 <= w->depth; k += 4) {
            UNROLL
            for (int i = 0; i < 4; i++)
                sums[i] += x[k + i] * *(const column_lanes *)(at + (k + i) * DENSE_ROWS);
        }
        for (; k < w->depth; k++)
            for (int h = 0; h < DENSE_ROWS; h++)
                rest[h] += x[k] * at[k * DENSE_ROWS + h];
        const column_lanes sum = (sums[0] + sums[1]) + (sums[2] + sums[3]);
        for (int h = 0; h < DENSE_ROWS; h++) {
            /* outputs that only fill up the last row borrow what they begin with */
            const int64_t output = r * DENSE_ROWS + h;
            const int64_t o = output < w->outputs ? output : w->outputs - 1;
            end_one(s, output, begin_one(s, o) + (sum[h] + rest[h]));
        }
    }
}

/* How many columns a K-block has for a pixel alone: all inputs stand in the nearest cache, and a
   dense matrix is best read as it lies in memory. */
INLINE int64_t alone_depth(const struct matrix *m)
{
    return m->kind == DENSE ? m->depth : DEPTH;
}

/* A K-block of a group of a matrix by a pixel alone, for some rows of blocks. */
static void multiply_alone(const struct matrix *m, int64_t group, int64_t block, int64_t first,
                           int64_t last, const float *x, const struct target *s)
{
    if (m->kind == DENSE) {
        struct dense w = dense_of(m, group, 0);
        w.depth = m->depth;
        alone_dense(&w, first, last, x, s);
    } else {
        const struct kept w = kept_part(m, group, block);
        alone_kept(m->kind, &w, first, last, x, s);
    }
}

/* A convolution: how its kernel moves over planes of height by width. */
struct conv_sizes {
    int64_t channels, height, width, rows, columns;
    int64_t kernel_y, kernel_x, stride_y, stride_x, pad_y, pad_x, dilation_y, dilation_x;
};

/* How a padded image lies in memory: for each channel, phases_y * phases_x planes of `rows` rows
   `pitch` apart, `step` floats together. With stride s, phase p holds every s-th row or column from
   p on, so that each tap of the kernel meets neighbouring pixels in neighbouring places. */
struct phases {
    int64_t phases_y, phases_x, rows, pitch, step;
};

/* The number of phases along an axis that some tap of the kernel meets. */
static int64_t phase_count(int64_t kernel, int64_t stride, int64_t dilation)
{
    int64_t last = 0;
    for (int64_t k = 0; k < kernel; k++)
        last = k * dilation % stride > last ? k * dilation % stride : last;
    return last + 1;
}

/* The planes of a convolution. */
static struct phases conv_phases(const struct conv_sizes *s)
{
    struct phases p = {phase_count(s->kernel_y, s->stride_y, s->dilation_y),
                       phase_count(s->kernel_x, s->stride_x, s->dilation_x),
                       s->rows + (s->kernel_y - 1) * s->dilation_y / s->stride_y,
                       s->columns + (s->kernel_x - 1) * s->dilation_x / s->stride_x, 0};
    p.step = p.phases_y * p.phases_x * p.rows * p.pitch;
    return p;
}

/* The lanes with even numbers of two vectors side by side. */
#if defined(__clang__) || __GNUC__ >= 12
#define EVEN_LANES 1
INLINE lanes even_lanes(lanes a, lanes b)
{
#if LANES == 16
    return __builtin_shufflevector(a, b, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
#elif LANES == 8
    return __builtin_shufflevector(a, b, 0, 2, 4, 6, 8, 10, 12, 14);
#else
    return __builtin_shufflevector(a, b, 0, 2, 4, 6);
#endif
}
#else
#define EVEN_LANES 0
INLINE lanes even_lanes(lanes a, lanes b)
{
    (void)b;
    return a;
}
#endif

/* Copies x[0], x[stride], … to a row of a plane. Whole vectors may be read and written beyond it, up
   to so many floats: what is written there is written again with a later row. */
INLINE void conv_row(const float *restrict x, const int64_t stride, int64_t count, int64_t readable,
                     int64_t writable, float *restrict to)
{
    const int64_t most = readable / stride < writable ? readable / stride : writable;
    int64_t j = 0;
    for (; (stride == 1 || (EVEN_LANES && stride == 2)) && j < count && j + LANES <= most;
         j += LANES)
        store(to + j, stride == 1 ? load(x + j)
                                  : even_lanes(load(x + 2 * j), load(x + 2 * j + LANES)));
    for (; j < count; j++)
        to[j] = x[j * stride];
}

/* Spreads every stride_y-th row and every stride_x-th column of a channel of an image, from phase
   (a, b) on, over a plane, with zeros beyond the image. */
INLINE void conv_phase(const struct conv_sizes *s, const struct phases *p, const int64_t stride,
                       int64_t a, int64_t b, const float *restrict x, float *restrict to,
                       int64_t writable)
{
    const int64_t first = b - s->pad_x, pitch = p->pitch;
    const int64_t before = first < 0 ? (-first + stride - 1) / stride : 0;
    const int64_t inside = s->width > first ? (s->width - first + stride - 1) / stride : 0;
    const int64_t start = before < pitch ? before : pitch, end = inside < pitch ? inside : pitch;
    const int64_t count = end - start;
    for (int64_t i = 0; i < p->rows; i++, to += pitch, writable -= pitch) {
        const int64_t from = i * s->stride_y + a - s->pad_y;
        if (from < 0 || from >= s->height || count <= 0) {
            for (int64_t j = 0; j < pitch; j++)
                to[j] = 0;
            continue;
        }
        const int64_t place = from * s->width + first + start * stride;
        for (int64_t j = 0; j < start; j++)
            to[j] = 0;
        conv_row(x + place, stride, count, s->height * s->width - place, writable - start,
                 to + start);
        for (int64_t j = end; j < pitch; j++)
            to[j] = 0;
    }
}

/* Spreads one channel of an image over its planes. */
APART void conv_planes(const struct conv_sizes *s, const struct phases *p, const float *restrict x,
                       float *restrict planes)
{
    int64_t writable = p->step;
    for (int64_t a = 0; a < p->phases_y; a++)
        for (int64_t b = 0; b < p->phases_x; b++) {
            switch (s->stride_x) {
            case 1: conv_phase(s, p, 1, a, b, x, planes, writable); break;
            case 2: conv_phase(s, p, 2, a, b, x, planes, writable); break;
            default: conv_phase(s, p, s->stride_x, a, b, x, planes, writable); break;
            }
            planes += p->rows * p->pitch;
            writable -= p->rows * p->pitch;
        }
}

/* Where in the planes of a channel each tap of the kernel meets the first pixel. */
static void conv_offsets(const struct conv_sizes *s, const struct phases *p,
                         int64_t *restrict offsets)
{
    for (int64_t y = 0; y < s->kernel_y; y++)
        for (int64_t x = 0; x < s->kernel_x; x++) {
            const int64_t down = y * s->dilation_y, right = x * s->dilation_x;
            const int64_t plane = down % s->stride_y * p->phases_x + right % s->stride_x;
            *offsets++ = (plane * p->rows + down / s->stride_y) * p->pitch + right / s->stride_x;
        }
}

/* A vector, or a pixel, that is copied from planes to a row of a panel. */
struct move {
    int64_t to, from;
};

/* How a row of a panel is put together: by whole vectors, then by single pixels. */
struct moves {
    int64_t vectors, pixels, count, width;
    int side_by_side;
    struct move vector[PANEL], pixel[PANEL];
};

/* Vectors whose moves are not read again for each row; more of them where vectors are short. */
#define MOST_MOVES (LANES == 4 ? 10 : 6)

/* Cuts a stripe into moves, for planes whose rows are `pitch` apart. With slack, vectors may be
   read and written beyond what is wanted, as the next ones are written over it. */
static void plan_moves(const struct stripe *s, int64_t columns, int64_t pitch, int slack,
                       struct moves *m)
{
    m->vectors = m->pixels = 0;
    m->side_by_side = pitch == columns || s->first % columns + s->count <= columns;
    for (int64_t i = 0; i < MOST_MOVES; i++)
        m->vector[i] = (struct move){0, 0};
    m->count = s->count;
    m->width = s->vectors * LANES;
    for (int64_t to = 0, end; to < s->count; to = end) {
        const int64_t pixel = s->first + to, row = pixel / columns;
        const int64_t from = row * pitch + pixel % columns;
        const int64_t run = pitch == columns ? s->count : (row + 1) * columns - pixel;
        end = to + run < s->count ? to + run : s->count;
        int64_t i = to;
        for (; i + (slack ? 1 : LANES) <= end; i += LANES)
            m->vector[m->vectors++] = (struct move){i, from + i - to};
        for (; i < end; i++)
            m->pixel[m->pixels++] = (struct move){i, from + i - to};
    }
}

/* The planes of some channels, and where the taps of a kernel stand in each. */
struct taps {
    const float *planes;
    const int64_t *offsets;
    int64_t step, count;
};

/* Columns first … last of a panel, by a known number of vectors, which is small or stands in `m`.
   Column k is tap k % count of channel k / count. */
INLINE void gather_columns(const struct taps *t, const struct moves *m, const int64_t vectors,
                           const int exact, int64_t first, int64_t last, float *restrict to)
{
    /* what has no address is not read again after each store */
    struct move own[MOST_MOVES];
    UNROLL
    for (int64_t i = 0; i < MOST_MOVES; i++)
        own[i] = m->vector[i];
    int64_t tap = first % t->count;
    const float *channel = t->planes + first / t->count * t->step;
    for (int64_t k = first; k < last; k++, to += PANEL) {
        const float *x = channel + t->offsets[tap];
        if (exact) {
            for (int64_t i = 0; i < m->vectors; i++)
                store(to + m->vector[i].to, load(x + m->vector[i].from));
            for (int64_t i = 0; i < m->pixels; i++)
                to[m->pixel[i].to] = x[m->pixel[i].from];
            for (int64_t i = m->count; i < m->width; i++)
                to[i] = 0;
        } else {
            UNROLL
            for (int64_t i = 0; i < vectors; i++)
                store(to + own[i].to, load(x + own[i].from));
        }
        if (++tap == t->count) {
            tap = 0;
            channel += t->step;
        }
    }
}

/* The same where all pixels stand side by side. */
INLINE void gather_run(const struct taps *t, int64_t from, const int64_t vectors, int64_t first,
                       int64_t last, float *restrict to)
{
    int64_t tap = first % t->count;
    const float *channel = t->planes + first / t->count * t->step + from;
    for (int64_t k = first; k < last; k++, to += PANEL) {
        const float *x = channel + t->offsets[tap];
        if (t->count == 1) /* neighbours stand far apart: ask for them in time */
            for (int64_t i = 0; i < vectors * LANES; i += 16)
                __builtin_prefetch(x + 8 * t->step + i);
        UNROLL
        for (int64_t i = 0; i < vectors; i++)
            store(to + i * LANES, load(x + i * LANES));
        if (++tap == t->count) {
            tap = 0;
            channel += t->step;
        }
    }
}

/* Columns first … last of a panel from planes. */
APART void gather_planes(const struct taps *t, const struct moves *m, int64_t first, int64_t last,
                         float *restrict to)
{
    const int exact = m->pixels > 0 || m->count < m->width;
    if (exact)
        gather_columns(t, m, 0, 1, first, last, to);
    else if (m->side_by_side && m->vectors == PANEL_VECTORS)
        gather_run(t, m->vector[0].from, PANEL_VECTORS, first, last, to);
    else
        switch (m->vectors) {
        case 1: gather_columns(t, m, 1, 0, first, last, to); break;
        case 2: gather_columns(t, m, 2, 0, first, last, to); break;
        case 3: gather_columns(t, m, 3, 0, first, last, to); break;
        case 4: gather_columns(t, m, 4, 0, first, last, to); break;
        case 5: gather_columns(t, m, 5, 0, first, last, to); break;
        case 6: gather_columns(t, m, 6, 0, first, last, to); break;
#if LANES == 4
        case 7: gather_columns(t, m, 7, 0, first, last, to); break;
        case 8: gather_columns(t, m, 8, 0, first, last, to); break;
        case 9: gather_columns(t, m, 9, 0, first, last, to); break;
        case 10: gather_columns(t, m, 10, 0, first, last, to); break;
#endif
        default: gather_columns(t, m, 0, 1, first, last, to); break;
        }
}

/* Columns first … last of a panel from rows [pixel][channel]. */
static void gather_rows(const float *restrict x, int64_t channels, const struct stripe *s,
                        int64_t first, int64_t last, float *restrict to)
{
    const int64_t width = s->vectors * LANES;
    for (int64_t k = first; k < last; k++, to += PANEL) {
        for (int64_t p = 0; p < s->count; p++)
            to[p] = x[p * channels + k];
        for (int64_t p = s->count; p < width; p++)
            to[p] = 0;
    }
}

/* A linear layer or a convolution: each output is a bias, plus weights times what its pixel meets,
   plus a residual, cut off at `low` and `high`. A linear layer is a convolution of one tap. */
struct layer {
    struct matrix matrix;
    const float *x;
    struct shape from;
    float *y;
    struct shape to;
    const float *bias, *residual;
    enum form residual_form;
    float low, high;
    int64_t images;
    struct conv_sizes conv;
    float *planes;    /* padded planes of one image, or NULL where x is its own */
    int64_t *offsets; /* one for each tap of the kernel */
    char *scratch;    /* LAYER_SCRATCH(outputs of a group) bytes for each worker */
    int64_t scratch_step;
};

/* What one worker needs: a K-block of a panel, partial sums, and room to write beyond both. */
#define LAYER_BLOCK (16384 + 64)
_Static_assert(DEPTH * PANEL <= 16384 && DEPTH % FILE_DEPTH == 0, "a K-block beyond its room");
#define LAYER_SCRATCH(outputs) ((LAYER_BLOCK + ((outputs) + 6) * 64) * 4)

/* A layer as it runs, image by image if it has padded planes. `parts` share the rows of blocks. */
struct layer_job {
    const struct layer *layer;
    struct phases phases;
    int64_t image, parts;
};

/* Where part number `part` of the rows of a group starts: all parts have as many entries. */
static int64_t part_start(const struct matrix *m, int64_t group, int64_t part, int64_t parts)
{
    const int64_t rows = row_count(m), blocks = (m->depth + DEPTH - 1) / DEPTH;
    if (m->kind == DENSE || part == 0 || part == parts)
        return rows * part / parts;
    const struct kept w = kept_of(m->loaded, rows * m->groups);
    int64_t total = 0, sum = 0, row = 0;
    for (int64_t b = 0; b < blocks; b++) {
        const uint32_t *starts = w.starts + b * w.rows + group * rows;
        total += (int64_t)starts[rows] - starts[0];
    }
    for (; row < rows && sum * parts < total * part; row++)
        for (int64_t b = 0; b < blocks; b++) {
            const uint32_t *starts = w.starts + b * w.rows + group * rows + row;
            sum += (int64_t)starts[1] - starts[0];
        }
    return row;
}

/* One panel of a group of an image, for rows `first` to `last` of blocks. Its partial sums lie
   `step` floats apart. */
struct tile {
    int64_t image, group, first, last, step;
    struct stripe stripe;
};

/* Whether a pixel is alone, and its inputs stand side by side. */
INLINE int is_alone(const struct layer *s, const struct stripe *t)
{
    return s->from.form == ROWS && t->count == 1;
}

/* How far apart partial sums lie: no further than vectors reach, so that they stay in the nearest
   caches. */
INLINE int64_t partial_step(const struct layer *s, const struct stripe *t)
{
    return s->matrix.kind == KEPT_16 || is_alone(s, t) ? t->count : t->vectors * LANES;
}

/* How far apart in memory the channels and the pixels of a value are. */
struct steps {
    int64_t channel, pixel;
};

/* The steps of a form. */
static struct steps steps_of(const struct shape *s)
{
    if (s->form == ROWS)
        return (struct steps){1, s->channels};
    return (struct steps){channel_step(s), 1};
}

/* Copies outputs `low` to `high` of a tile's residual to where its partial sums begin. */
static void begin_with_residual(const struct layer *s, const struct tile *t, int64_t low,
                                int64_t high, float *restrict partial)
{
    const struct shape shape = {s->residual_form, s->to.channels, s->to.pixels};
    const int64_t group = t->group * (s->matrix.outputs / s->matrix.groups);
    const struct steps step = steps_of(&shape);
    const float *from = s->residual + place_in(&shape, t->image, &t->stripe, 0);
    for (int64_t o = low; o < high; o++)
        for (int64_t p = 0; p < t->step; p++)
            partial[o * t->step + p] =
                p < t->stripe.count ? from[(group + o) * step.channel + p * step.pixel] : 0;
}

/* Copies finished sums of outputs `low` to `high` to where they belong. */
static void copy_out(const struct layer *s, const struct tile *t, int64_t low, int64_t high,
                     const float *restrict sums)
{
    const int64_t group = t->group * (s->matrix.outputs / s->matrix.groups);
    const struct steps step = steps_of(&s->to);
    float *y = s->y + place_in(&s->to, t->image, &t->stripe, group);
    if (s->to.form == ROWS)
        for (int64_t p = 0; p < t->stripe.count; p++, y += step.pixel)
            for (int64_t o = low; o < high; o++)
                y[o] = sums[o * t->step + p];
    else
        for (int64_t o = low; o < high; o++)
            memcpy(y + o * step.channel, sums + o * t->step,
                   (size_t)t->stripe.count * sizeof(float));
}

/* Whether whole vectors of a tile may be read from and written to where the result belongs. */
INLINE int writes_whole(const struct layer *s, const struct tile *t)
{
    return s->to.form == PANELS ||
           (s->to.form == PLANES && t->stripe.count == t->stripe.vectors * LANES);
}

/* Columns `first` to `last` of what a tile meets: in place, or gathered to `block`. */
static const float *tile_columns(const struct layer_job *job, const struct tile *t,
                                 const struct moves *moves, int64_t first, int64_t last,
                                 float *block)
{
    const struct layer *s = job->layer;
    const int64_t taps = s->conv.kernel_y * s->conv.kernel_x;
    const int64_t channel = t->group * (s->matrix.depth / taps);
    if (s->from.form == PANELS)
        return s->x + place_in(&s->from, t->image, &t->stripe, channel + first);
    if (s->from.form == ROWS) {
        const float *x = s->x + place_in(&s->from, t->image, &t->stripe, channel);
        if (is_alone(s, &t->stripe))
            return x + first;
        gather_rows(x, s->from.channels, &t->stripe, first, last, block);
        return block;
    }
    const int64_t plane = s->conv.height * s->conv.width;
    struct taps from = {s->planes + channel * job->phases.step, s->offsets, job->phases.step, taps};
    if (!s->planes) {
        from.planes = s->x + (t->image * s->conv.channels + channel) * plane;
        from.step = plane;
    }
    gather_planes(&from, moves, first, last, block);
    return block;
}

/* Whether whole vectors of a tile's residual may be read from where it stands. */
INLINE int reads_residual(const struct layer *s, const struct tile *t)
{
    return s->residual_form == PANELS ||
           (s->residual_form == PLANES && t->stripe.count == t->stripe.vectors * LANES);
}

/* Some rows of blocks of one K-block of a tile. */
static void multiply_rows(const struct layer *s, const struct tile *t, int64_t block,
                          int64_t first, int64_t last, const float *x, const struct target *target)
{
    if (is_alone(s, &t->stripe))
        multiply_alone(&s->matrix, t->group, block, first, last, x, target);
    else
        multiply_block(&s->matrix, t->group, block, first, last, x, target, t->stripe.vectors);
}

/* One K-block of a tile. Dense outputs that fill up the last row go to the partial sums. */
static void multiply_tile(const struct layer *s, const struct tile *t, int64_t block,
                          const float *x, const struct target *target, float *partial)
{
    const struct matrix *m = &s->matrix;
    const int64_t whole = m->outputs / m->groups / row_outputs(m->kind);
    const int64_t last = t->last < whole ? t->last : whole;
    multiply_rows(s, t, block, t->first, last, x, target);
    if (t->last > whole) {
        struct target rest = *target;
        rest.to = partial;
        rest.to_step = t->step;
        multiply_rows(s, t, block, whole, t->last, x, &rest);
    }
}

/* Computes a tile. Sums go to the partial ones until the last K-block, and then too if the result
   cannot be written in whole vectors. */
static void layer_tile(const struct layer_job *job, const struct tile *t, float *scratch)
{
    static const float zero = 0;
    const struct layer *s = job->layer;
    const struct matrix *m = &s->matrix;
    const int64_t own = m->outputs / m->groups, height = row_outputs(m->kind);
    const int64_t low = t->first * height, most = t->last * height;
    const int64_t high = most < own ? most : own, rest = own - own % height;
    const int64_t at = place_in(&s->to, t->image, &t->stripe, t->group * own);
    const int whole = writes_whole(s, t), read = reads_residual(s, t);
    const struct shape residual = {s->residual_form, s->to.channels, s->to.pixels};
    float *partial = scratch + LAYER_BLOCK;
    struct target target = {s->bias ? s->bias + t->group * own : &zero, s->bias != NULL, NULL, 0,
                            partial, t->step, -INFINITY, INFINITY, t->stripe.count};
    struct moves moves;
    plan_moves(&t->stripe, s->conv.columns, s->planes ? job->phases.pitch : s->conv.width,
               s->planes != NULL, &moves);
    if (s->residual) {
        target.from =
            read ? s->residual + place_in(&residual, t->image, &t->stripe, t->group * own) : partial;
        target.from_step = read ? channel_step(&residual) : t->step;
        if (!read)
            begin_with_residual(s, t, low, high, partial);
    }
    const int64_t depth = is_alone(s, &t->stripe) ? alone_depth(m) : DEPTH;
    for (int64_t k = 0; k < m->depth; k += depth) {
        const int64_t end = k + depth < m->depth ? k + depth : m->depth;
        if (end == m->depth) {
            target.low = s->low;
            target.high = s->high;
            target.to = whole ? s->y + at : partial;
            target.to_step = whole ? channel_step(&s->to) : t->step;
        }
        multiply_tile(s, t, k / DEPTH, tile_columns(job, t, &moves, k, end, scratch), &target,
                      partial);
        target.bias = &zero;
        target.bias_step = 0;
        target.from = partial;
        target.from_step = t->step;
    }
    if (!whole)
        copy_out(s, t, low, high, partial);
    else if (high > rest)
        copy_out(s, t, rest, high, partial);
}

/* Some of the tiles of a layer. */
static void layer_tiles(const void *given, int64_t first, int64_t last, int worker)
{
    const struct layer_job *job = given;
    const struct layer *s = job->layer;
    const int64_t panels = panels_of(s->to.pixels), groups = s->matrix.groups;
    for (int64_t u = first; u < last; u++) {
        const int64_t part = u % job->parts, panel = u / job->parts % panels;
        const int64_t group = u / job->parts / panels % groups;
        const struct stripe stripe = stripe_of(s->to.pixels, panel);
        const struct tile tile = {job->image + u / job->parts / panels / groups,
                                  group,
                                  part_start(&s->matrix, group, part, job->parts),
                                  part_start(&s->matrix, group, part + 1, job->parts),
                                  partial_step(s, &stripe),
                                  stripe};
        layer_tile(job, &tile, (float *)(void *)(s->scratch + worker * s->scratch_step));
    }
}

/* Some of the channels of an image, spread over planes. */
static void layer_planes(const void *given, int64_t first, int64_t last, int worker)
{
    const struct layer_job *job = given;
    const struct layer *s = job->layer;
    const int64_t plane = s->conv.height * s->conv.width;
    (void)worker;
    for (int64_t c = first; c < last; c++)
        conv_planes(&s->conv, &job->phases, s->x + (job->image * s->conv.channels + c) * plane,
                    s->planes + c * job->phases.step);
}

/* The multiplications of a layer; a dense row counts whole. */
static int64_t layer_work(const struct layer *s)
{
    const struct matrix *m = &s->matrix;
    const int64_t rows = row_count(m) * m->groups, blocks = (m->depth + DEPTH - 1) / DEPTH;
    const int64_t pixels = s->images * s->to.pixels;
    if (m->kind == DENSE)
        return m->outputs * m->depth * pixels;
    return kept_of(m->loaded, rows).starts[blocks * rows] * row_outputs(m->kind) * pixels;
}

/* Multiplications below which waking a thread takes longer than it saves. */
#define LEAST_SHARED 1000000

/* Into how many parts the rows of each tile are cut, at most `most`: so many that no worker has much
   more to do than others, and no more, as each part gathers its panel anew. */
static int64_t parts_for(int64_t tiles, int64_t workers, int64_t most)
{
    int64_t parts = 1;
    while (parts < most) {
        const int64_t units = tiles * parts, longest = (units + workers - 1) / workers;
        if (8 * longest * workers <= 9 * units)
            break;
        parts++;
    }
    return parts;
}

/* Runs a layer. Work is split by images, groups and panels, and where these are few by rows. */
static void run_layer(struct pool *pool, int64_t workers, const struct layer *s)
{
    if (layer_work(s) < LEAST_SHARED) {
        pool = NULL;
        workers = 1;
    }
    struct layer_job job = {s, conv_phases(&s->conv), 0, 1};
    const int64_t images = s->planes ? 1 : s->images;
    const int64_t tiles = images * panels_of(s->to.pixels) * s->matrix.groups;
    job.parts = parts_for(tiles, workers, row_count(&s->matrix) / 4);
    conv_offsets(&s->conv, &job.phases, s->offsets);
    for (; job.image < s->images; job.image += images) {
        if (s->planes)
            parallel(pool, layer_planes, &job, s->conv.channels);
        parallel(pool, layer_tiles, &job, tiles * job.parts);
    }
}

/* Where the element of a number stands: its coordinates in a box of `sizes`, times the strides. */
static int64_t place_of(int64_t number, int64_t rank, const int64_t *sizes,
                        const int64_t *strides)
{
    int64_t place = 0;
    for (int64_t axis = rank - 1; axis >= 0; axis--) {
        place += number % sizes[axis] * strides[axis];
        number /= sizes[axis];
    }
    return place;
}

/* The number of elements of a box. */
static int64_t elements(int64_t rank, const int64_t *sizes)
{
    int64_t count = 1;
    for (int64_t axis = 0; axis < rank; axis++)
        count *= sizes[axis];
    return count;
}

/* y = 1 / (1 + exp(-x)). */
static void sigmoid(const float *x, float *y, int64_t count)
{
    each_lane(x, y, count, sigmoid_lanes);
}

/* Sixteen neighbours of a row; a stride of 0 is one value that meets the whole row. */
INLINE void take_sixteen(const float *x, int64_t stride, float *restrict to)
{
    if (stride)
        memcpy(to, x, 16 * sizeof(float));
    else
        for (int j = 0; j < 16; j++)
            to[j] = *x;
}

/* y = a + b along a row. Sixteen are read before one is stored, as y may be a or b. */
static void add_row(const float *a, int64_t a_stride, const float *b, int64_t b_stride, float *y,
                    int64_t count)
{
    int64_t i = 0;
    for (; i + 16 <= count; i += 16) {
        float left[16], right[16];
        take_sixteen(a + i * a_stride, a_stride, left);
        take_sixteen(b + i * b_stride, b_stride, right);
        for (int j = 0; j < 16; j++)
            left[j] += right[j];
        memcpy(y + i, left, sizeof left);
    }
    for (; i < count; i++)
        y[i] = a[i * a_stride] + b[i * b_stride];
}

/* Elements that a thread takes at a stroke: enough to be worth waking it. */
#define STRETCH 16384

/* Where the stretches before number `i` end, in an array of `count` elements. */
INLINE int64_t stretch_at(int64_t i, int64_t count)
{
    return i * STRETCH < count ? i * STRETCH : count;
}

/* A function of each element of an array. */
typedef void unary(const float *x, float *y, int64_t count);

/* The same, and where. */
struct unary_job {
    unary *run;
    const float *x;
    float *y;
    int64_t count;
};

/* Some stretches of an array. */
static void unary_part(const void *given, int64_t first, int64_t last, int worker)
{
    const struct unary_job *job = given;
    const int64_t start = stretch_at(first, job->count), end = stretch_at(last, job->count);
    job->run(job->x + start, job->y + start, end - start);
    (void)worker;
}

/* y = f(x) for each element. */
static void each_element(struct pool *pool, unary *run, const float *x, float *y, int64_t count)
{
    const struct unary_job job = {run, x, y, count};
    parallel(pool, unary_part, &job, (count + STRETCH - 1) / STRETCH);
}

/* What meets a row of a with a row of b. */
typedef void binary(const float *a, int64_t a_stride, const float *b, int64_t b_stride, float *y,
                    int64_t count);

/* Two boxes that meet row by row; where one is stretched along an axis, its stride there is 0. */
struct binary_job {
    binary *row;
    const float *a, *b;
    float *y;
    int64_t rank;
    const int64_t *sizes, *a_strides, *b_strides;
    int64_t rows, length, group;
};

/* Some groups of rows. */
static void binary_rows(const void *given, int64_t first, int64_t last, int worker)
{
    const struct binary_job *job = given;
    const int64_t axes = job->rank - 1, end = last * job->group;
    for (int64_t i = first * job->group; i < end && i < job->rows; i++)
        job->row(job->a + place_of(i, axes, job->sizes, job->a_strides), job->a_strides[axes],
                 job->b + place_of(i, axes, job->sizes, job->b_strides), job->b_strides[axes],
                 job->y + i * job->length, job->length);
    (void)worker;
}

/* Some stretches of the only row. */
static void binary_part(const void *given, int64_t first, int64_t last, int worker)
{
    const struct binary_job *job = given;
    const int64_t start = stretch_at(first, job->length), end = stretch_at(last, job->length);
    const int64_t a_stride = job->a_strides[job->rank - 1], b_stride = job->b_strides[job->rank - 1];
    job->row(job->a + start * a_stride, a_stride, job->b + start * b_stride, b_stride,
             job->y + start, end - start);
    (void)worker;
}

/* Meets two boxes. */
static void broadcast(struct pool *pool, binary *row, const float *a, const float *b, float *y,
                      int64_t rank, const int64_t *sizes, const int64_t *a_strides,
                      const int64_t *b_strides)
{
    const int64_t length = sizes[rank - 1], rows = elements(rank - 1, sizes);
    const int64_t group = STRETCH / length + 1;
    const struct binary_job job = {row,       a,         b,    y,      rank, sizes,
                                   a_strides, b_strides, rows, length, group};
    if (rows == 1)
        parallel(pool, binary_part, &job, (length + STRETCH - 1) / STRETCH);
    else
        parallel(pool, binary_rows, &job, (rows + group - 1) / group);
}

/* Where coordinate i of a padded axis comes from: outside is -1, or the opposite side. */
static int64_t pad_source(int64_t i, int64_t size, int circular)
{
    if (i >= 0 && i < size)
        return i;
    return circular ? (i + size) % size : -1;
}

/* y = x, a box of `sizes`, with each axis grown by before and after. */
static void pad(const float *restrict x, float *restrict y, int64_t rank, const int64_t *sizes,
                const int64_t *before, const int64_t *after, int circular)
{
    const int64_t last = rank - 1, length = sizes[last] + before[last] + after[last];
    int64_t rows = 1;
    for (int64_t axis = 0; axis < last; axis++)
        rows *= sizes[axis] + before[axis] + after[axis];
    for (int64_t row = 0; row < rows; row++) {
        int64_t from = 0, stride = sizes[last], rest = row, outside = 0;
        for (int64_t axis = last - 1; axis >= 0; axis--) {
            const int64_t grown = sizes[axis] + before[axis] + after[axis];
            const int64_t i = pad_source(rest % grown - before[axis], sizes[axis], circular);
            outside |= i < 0;
            from += i * stride;
            stride *= sizes[axis];
            rest /= grown;
        }
        for (int64_t j = 0; j < length; j++) {
            const int64_t i = pad_source(j - before[last], sizes[last], circular);
            *y++ = outside || i < 0 ? 0 : x[from + i];
        }
    }
}

/* The parts of weights.bin. */
static const struct section life_sections[] = {
    {64, 88, 64, 316, unpack_kept, 6, 9, 1}, /* count_weight_unstructured */
    {152, 24, 384, 24, unpack_float32, 0, 0, 0}, /* count_bias */
    {176, 160, 448, 144, unpack_dense, 6, 6, 1}, /* mix_weight_dense */
    {336, 24, 640, 24, unpack_float32, 0, 0, 0}, /* mix_bias */
    {360, 40, 704, 144, unpack_dense, 1, 6, 1}, /* last_weight_dense */
};

/* What weights.bin must be. */
static const struct weights_file life_weights_file = {
    .bytes = 400,
    .fingerprint = 0x20328791f7bb2416u,
    .values = 0,
    .count = 5,
    .sections = life_sections,
};

#ifdef TENTH_PROFILE
double life_profile[LIFE_STEPS];
const char *const life_profile_steps[LIFE_STEPS + 1] = {
    "wrapped",
    "count",
    "mix",
    "sum",
    "last",
    "next",
    NULL};
#endif

/* The bytes of the largest value, in floating point, where nothing overflows. */
static double life_largest(double n, double h, double w)
{
    double largest = 0;
    largest = fmax(largest, 8 * h * n * w);
    largest = fmax(largest, 8 * h * n + 4 * h * n * w + 16 * n + 8 * n * w);
    largest = fmax(largest, 1536 * ((h * w + 63) / 64) * n);
    largest = fmax(largest, 4 * h * n * w);
    return largest;
}

/* Whether the program can run with these sizes. */
static int life_sizes_fit(int64_t n, int64_t h, int64_t w)
{
    if (!(n >= 1))
        return 0;
    if (!(h >= 1))
        return 0;
    if (!(w >= 1))
        return 0;
    if (!(life_largest((double)n, (double)h, (double)w) <= 0x1p46))
        return 0;
    if (!(h + 2 >= 1))
        return 0;
    if (!(w + 2 >= 1))
        return 0;
    return 1;
}

/* Where each slot of the arena starts; returns where the last one ends. */
static int64_t life_layout(int64_t n, int64_t h, int64_t w, int64_t workers, int64_t *at)
{
    int64_t end = 0;
    at[0] = end;
    {
        int64_t most = 8 * h * n + 4 * h * n * w + 16 * n + 8 * n * w;
        most = workers * 68864 > most ? workers * 68864 : most;
        most = 4 * h * n * w > most ? 4 * h * n * w : most;
        end += (most + 63) / 64 * 64;
    }
    at[1] = end;
    {
        int64_t most = 1536 * ((h * w + 63) / 64) * n;
        end += (most + 63) / 64 * 64;
    }
    at[2] = end;
    end += 128;
    at[3] = end;
    {
        int64_t most = workers * 68864;
        most = 1536 * ((h * w + 63) / 64) * n > most ? 1536 * ((h * w + 63) / 64) * n : most;
        most = workers * 67584 > most ? workers * 67584 : most;
        end += (most + 63) / 64 * 64;
    }
    return end;
}

const char *life_signature(void)
{
    return "life 2: float32[n, 1, h, w] -> float32[n, 1, h, w]";
}

int life_input_shape(int which, int64_t n, int64_t h, int64_t w, int64_t *shape)
{
    if (!life_sizes_fit(n, h, w))
        return LIFE_BAD_SIZE;
    if (!shape || which < 0 || which >= 1)
        return LIFE_BAD_POINTER;
    if (which == 0) {
        shape[0] = n;
        shape[1] = 1;
        shape[2] = h;
        shape[3] = w;
    }
    return LIFE_OK;
}

int life_output_shape(int which, int64_t n, int64_t h, int64_t w, int64_t *shape)
{
    if (!life_sizes_fit(n, h, w))
        return LIFE_BAD_SIZE;
    if (!shape || which < 0 || which >= 1)
        return LIFE_BAD_POINTER;
    if (which == 0) {
        shape[0] = n;
        shape[1] = 1;
        shape[2] = h;
        shape[3] = w;
    }
    return LIFE_OK;
}

size_t life_weights_bytes(void)
{
    return 896;
}

int life_load(const void *file, size_t file_bytes, void *weights, size_t weights_bytes)
{
    if (!file || !weights)
        return LIFE_BAD_POINTER;
    if ((uintptr_t)weights % 64 || weights_bytes < 896 ||
        !load_weights(&life_weights_file, file, file_bytes, weights))
        return LIFE_BAD_WEIGHTS;
    return LIFE_OK;
}

size_t life_pool_bytes(int threads)
{
    return pool_size(threads);
}

int life_pool_open(void *pool, size_t pool_bytes, int threads)
{
    if (!open_pool(pool, pool_bytes, threads))
        return LIFE_BAD_POOL;
    return LIFE_OK;
}

void life_pool_close(void *pool)
{
    if (opened_pool(pool))
        close_pool(pool);
}

/* How many members of the batch run at once, so that their values stay in a cache. */
static int64_t life_part(int64_t n, int64_t h, int64_t w)
{
    int64_t at[4];
    const int64_t whole = n;
    (void)h;
    (void)w;
    while (n > 1 && life_layout(n, h, w, 1, at) > 8388608)
        n = (n + 1) / 2;
    const int64_t parts = (whole + n - 1) / n;
    return (whole + parts - 1) / parts;
}

size_t life_arena_bytes(int64_t n, int64_t h, int64_t w, int threads)
{
    int64_t at[4];
    if (pool_size(threads) == 0 || !life_sizes_fit(n, h, w))
        return 0;
    const int64_t part = life_part(n, h, w), parts = (n + part - 1) / part;
    const int64_t together = parts < threads ? 1 : threads;
    const int64_t each = life_layout(part, h, w, together > 1 ? 1 : threads, at);
    const int64_t needed = together * each;
    return (int64_t)(size_t)needed == needed ? (size_t)needed : 0;
}

/* Runs all steps on memory that is as it must be. */
static int life_steps(const void *weights, const float *board, float *next, int64_t n, int64_t h,
    int64_t w, void *arena, struct pool *pool, int64_t workers)
{
    int64_t at[4];
    (void)life_layout(n, h, w, workers, at);
    (void)weights;
    (void)board;
    (void)next;
    (void)arena;
    (void)pool;
    const void *const count_weight_unstructured = (const void *)((const char *)weights + 64);
    const float *const count_bias = (const void *)((const char *)weights + 384);
    const void *const mix_weight_dense = (const void *)((const char *)weights + 448);
    const float *const mix_bias = (const void *)((const char *)weights + 640);
    const void *const last_weight_dense = (const void *)((const char *)weights + 704);
    float *const wrapped = (void *)((char *)arena + at[0]);
    float *const kept_ = (void *)((char *)arena + at[1]);
    float *const count_scratch = (void *)((char *)arena + at[2]);
    float *const count_worker = (void *)((char *)arena + at[3]);
    float *const bounded = (void *)((char *)arena + at[3]);
    float *const mix_scratch = (void *)((char *)arena + at[2]);
    float *const mix_worker = (void *)((char *)arena + at[0]);
    float *const sum = (void *)((char *)arena + at[1]);
    float *const last_ = (void *)((char *)arena + at[0]);
    float *const last__scratch = (void *)((char *)arena + at[2]);
    float *const last__worker = (void *)((char *)arena + at[3]);
    PROFILE_START;

    /* wrapped */
    pad(board, wrapped, 4, (const int64_t[]){n, 1, h, w}, (const int64_t[]){0, 0, 1, 1},
        (const int64_t[]){0, 0, 1, 1}, 1);
    PROFILE_STEP(life_profile[0]);

    /* kept */
    {
        const struct layer s = {
            .matrix = {KEPT_1, 6, 9, 1, count_weight_unstructured},
            .x = wrapped,
            .from = {PLANES, 1, h * w},
            .y = kept_,
            .to = {PANELS, 6, h * w},
            .bias = count_bias,
            .residual = NULL,
            .residual_form = PLANES,
            .low = 0x0p+0f,
            .high = INFINITY,
            .images = n,
            .conv = {1, h + 2, w + 2, h, w, 3, 3, 1, 1, 0, 0, 1, 1},
            .planes = NULL,
            .offsets = (int64_t *)(void *)count_scratch,
            .scratch = (char *)count_worker,
            .scratch_step = (LAYER_SCRATCH(6) + 63) / 64 * 64,
        };
        run_layer(pool, workers, &s);
    }
    PROFILE_STEP(life_profile[1]);

    /* bounded */
    {
        const struct layer s = {
            .matrix = {DENSE, 6, 6, 1, mix_weight_dense},
            .x = kept_,
            .from = {PANELS, 6, h * w},
            .y = bounded,
            .to = {PANELS, 6, h * w},
            .bias = mix_bias,
            .residual = NULL,
            .residual_form = PLANES,
            .low = 0x0p+0f,
            .high = INFINITY,
            .images = n,
            .conv = {6, h, w, h, w, 1, 1, 1, 1, 0, 0, 1, 1},
            .planes = NULL,
            .offsets = (int64_t *)(void *)mix_scratch,
            .scratch = (char *)mix_worker,
            .scratch_step = (LAYER_SCRATCH(6) + 63) / 64 * 64,
        };
        run_layer(pool, workers, &s);
    }
    PROFILE_STEP(life_profile[2]);

    /* sum */
    broadcast(pool, add_row, kept_, bounded, sum, 1,
        (const int64_t[]){n * panels_of(h * w) * 6 * PANEL}, (const int64_t[]){1},
        (const int64_t[]){1});
    PROFILE_STEP(life_profile[3]);

    /* last */
    {
        const struct layer s = {
            .matrix = {DENSE, 1, 6, 1, last_weight_dense},
            .x = sum,
            .from = {PANELS, 6, h * w},
            .y = last_,
            .to = {PLANES, 1, h * w},
            .bias = NULL,
            .residual = NULL,
            .residual_form = PLANES,
            .low = -INFINITY,
            .high = INFINITY,
            .images = n,
            .conv = {6, h, w, h, w, 1, 1, 1, 1, 0, 0, 1, 1},
            .planes = NULL,
            .offsets = (int64_t *)(void *)last__scratch,
            .scratch = (char *)last__worker,
            .scratch_step = (LAYER_SCRATCH(1) + 63) / 64 * 64,
        };
        run_layer(pool, workers, &s);
    }
    PROFILE_STEP(life_profile[4]);

    /* next */
    each_element(pool, sigmoid, last_, next, n * h * w);
    PROFILE_STEP(life_profile[5]);
    return LIFE_OK;
}

/* A batch that runs in parts, each in memory of its own. */
struct life_batch {
    const void *weights;
    const float *board;
    float *next;
    int64_t n;
    int64_t h;
    int64_t w;
    char *arena;
    int64_t part, each;
    int *status;
};

/* Some parts of a batch, on one thread. */
static void life_parts(const void *given, int64_t first, int64_t last, int worker)
{
    const struct life_batch *const batch = given;
    const void *weights = batch->weights;
    const float *board = batch->board;
    float *next = batch->next;
    int64_t n = batch->n;
    int64_t h = batch->h;
    int64_t w = batch->w;
    for (int64_t unit = first; unit < last; unit++) {
        const int64_t done = unit * batch->part, rest = n - done;
        const int64_t now = rest < batch->part ? rest : batch->part;
        const int status = life_steps(weights, board + done * (h * w), next + done * (h * w), now,
            h, w, batch->arena + worker * batch->each, NULL, 1);
        if (status != LIFE_OK)
            __atomic_store_n(batch->status, status, __ATOMIC_RELAXED);
    }
}

int life_run(const void *weights, const float *board, float *next, int64_t n, int64_t h, int64_t w,
    void *arena, size_t arena_bytes, void *given_pool)
{
    int64_t at[4];
    if (!life_sizes_fit(n, h, w))
        return LIFE_BAD_SIZE;
    if (!weights || !board || !next || !arena)
        return LIFE_BAD_POINTER;
    if ((uintptr_t)weights % 64 || !are_loaded(weights, life_weights_file.fingerprint))
        return LIFE_BAD_WEIGHTS;
    if (given_pool && !opened_pool(given_pool))
        return LIFE_BAD_POOL;
    struct pool *const pool = given_pool;
    const int64_t workers = pool ? pool->workers : 1;
    const int64_t part = life_part(n, h, w), parts = (n + part - 1) / part;
    const int64_t together = parts < workers ? 1 : workers;
    const int64_t each = life_layout(part, h, w, together > 1 ? 1 : workers, at);
    const int64_t needed = together * each;
    if ((uintptr_t)arena % 64 || (uint64_t)needed > arena_bytes)
        return LIFE_BAD_ARENA;
    int status = LIFE_OK;
    const struct life_batch shared = {weights, board, next, n, h, w, arena, part, each, &status};
    const int64_t full = together > 1 ? parts / workers * workers : 0;
    parallel(pool, life_parts, &shared, full);
    for (int64_t done = full * part; done < n && status == LIFE_OK; done += part) {
        const int64_t now = n - done < part ? n - done : part;
        status = life_steps(weights, board + done * (h * w), next + done * (h * w), now, h, w,
            arena, pool, workers);
    }
    return status;
}

/* Written by tenth; see model.h. First the kernels, then the steps of the program. */

#include "model.h"

#include <math.h>
#include <string.h>

/* Threads as the system makes them. Alone there are none, and none of its headers is needed. */
#if defined(TENTH_SINGLE_THREAD) || defined(__wasm__)
#define MOST_THREADS 1
#elif defined(_WIN32)
#define MOST_THREADS 256
#define WIN32_LEAN_AND_MEAN
#define NOMINMAX
#include <windows.h>
typedef SRWLOCK pool_lock;
typedef CONDITION_VARIABLE pool_signal;
typedef HANDLE pool_thread;
#define POOL_LOCK(lock) AcquireSRWLockExclusive(lock)
#define POOL_UNLOCK(lock) ReleaseSRWLockExclusive(lock)
#define POOL_WAIT(signal, lock) SleepConditionVariableSRW(signal, lock, INFINITE, 0)
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
    struct pool *pool;
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
    int64_t round, left;
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
static int changes_soon(const int64_t *value, int64_t from)
{
    for (int i = 0; i < 1000; i++) {
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
    struct pool *pool = helper->pool;
    for (int64_t round = 0;; round++) {
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
static DWORD WINAPI start_helper(void *helper)
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
        WaitForSingleObject(pool->helpers[i].thread, INFINITE);
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
#if defined(_WIN32)
    InitializeSRWLock(&pool->lock);
    InitializeConditionVariable(&pool->wake);
    InitializeConditionVariable(&pool->done);
#else
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->wake, NULL);
    pthread_cond_init(&pool->done, NULL);
#endif
    for (int i = 1; i < threads; i++) {
        pool->helpers[i] = (struct helper){.pool = pool, .worker = i};
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

/* Whole numbers, none below `least` or above `most`. */
static int unpack_int32(const unsigned char *from, size_t from_bytes, void *to, size_t to_bytes,
                        int64_t least, int64_t most, int64_t unused)
{
    (void)unused;
    if (from_bytes != to_bytes || to_bytes % 4)
        return 0;
    for (size_t i = 0; i < to_bytes; i += 4) {
        const int32_t number = (int32_t)read_32(from + i);
        if (number < least || number > most)
            return 0;
        memcpy((char *)to + i, &number, 4);
    }
    return 1;
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

/* A number of elements, in memory that holds floats at other times. */
typedef int32_t offset __attribute__((may_alias));

/* Pixels, or rows of a batch, that share one pass over the weights. */
#define TILE 32

/* Outputs, or pixels, that share one pass of a dense kernel over its inputs. */
#define PANEL 16

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

/* The larger of two numbers; of `so_far` and a NaN, `so_far`. */
INLINE lanes larger_lanes(lanes x, lanes so_far)
{
    return select_lanes((lane_bits)(x > so_far), x, so_far);
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

/* Kept weights, output by output: those of output o stand from starts[o] up to starts[o + 1]. */
struct kept {
    const float *values;
    const offset *indices;
    const int32_t *starts;
};

/* sums[t] = bias + sum over k of values[k] * x[indices[k] * step + t], for `vectors` of t. */
INLINE void sparse_vectors(const float *restrict x, int64_t step, const float *restrict values,
                           const offset *restrict indices, int64_t count, float bias,
                           float *restrict sums, const int vectors)
{
    lanes total[TILE / LANES];
    UNROLL
    for (int v = 0; v < vectors; v++)
        total[v] = bias - (lanes){0};
    for (int64_t k = 0; k < count; k++) {
        const lanes *at = (const lanes *)(x + indices[k] * step);
        UNROLL
        for (int v = 0; v < vectors; v++)
            total[v] += values[k] * at[v];
    }
    UNROLL
    for (int v = 0; v < vectors; v++)
        ((lanes *)sums)[v] = total[v];
}

/* bias + sum over k of values[k] * x[indices[k] * step]. */
INLINE float sparse_dot(const float *restrict x, int64_t step, const float *restrict values,
                        const offset *restrict indices, int64_t count, float bias)
{
    float total[4] = {bias, 0, 0, 0};
    int64_t k = 0;
    for (; k + 4 <= count; k += 4) {
        UNROLL
        for (int64_t j = 0; j < 4; j++)
            total[j] += values[k + j] * x[indices[k + j] * step];
    }
    for (; k < count; k++)
        total[0] += values[k] * x[indices[k] * step];
    return (total[0] + total[1]) + (total[2] + total[3]);
}

/* The outputs of an image: rows of `columns` pixels. Its planes have their rows `pitch` apart. */
struct image {
    int64_t outputs, rows, columns, pitch;
};

/* How an image is cut: `runs` stretches of `length` pixels, each cut into tiles of `width`. */
struct cut {
    int64_t runs, length, width;
};

/* Cuts by rows if they are long. Else all is one run with the gaps computed and then left out. */
static struct cut cut_image(const struct image *s, int64_t tile)
{
    struct cut cut = {1, (s->rows - 1) * s->pitch + s->columns, tile};
    if (s->pitch != s->columns && s->columns >= tile) {
        cut.runs = s->rows;
        cut.length = s->columns;
    }
    if (cut.length < tile)
        cut.width = cut.length >= LANES ? LANES : 1;
    return cut;
}

/* A pixel of an image with gaps, and its row and column. */
struct spot {
    int64_t pixel, row, column;
};

/* Where the tile at t of a run starts. The last tile of a run overlaps the one before. */
INLINE struct spot spot_of(const struct image *s, const struct cut *cut, int64_t run, int64_t t)
{
    const int64_t start = t + cut->width <= cut->length ? t : cut->length - cut->width;
    const int64_t pixel = run * s->pitch + start;
    return (struct spot){pixel, pixel / s->pitch, pixel % s->pitch};
}

/* Stores neighbouring sums, cut off at `low` and `high`. A known count is quicker. */
INLINE void store_run(const float *restrict sums, int64_t count, float low, float high,
                      float *restrict y)
{
    if (count == TILE)
        for (int i = 0; i < TILE; i++)
            y[i] = clamp(sums[i], low, high);
    else if (count == PANEL)
        for (int i = 0; i < PANEL; i++)
            y[i] = clamp(sums[i], low, high);
    else
        for (int64_t i = 0; i < count; i++)
            y[i] = clamp(sums[i], low, high);
}

/* Stores the sums of the pixels from a spot on, and leaves out the gaps between rows. */
INLINE void store_pixels(const struct image *s, struct spot at, int64_t count,
                         const float *restrict sums, float low, float high, float *restrict y)
{
    while (count > 0) {
        const int64_t present = s->columns - at.column < count ? s->columns - at.column : count;
        const int64_t passed = s->pitch - at.column < count ? s->pitch - at.column : count;
        store_run(sums, present, low, high, y + at.row * s->columns + at.column);
        sums += passed;
        count -= passed;
        at.row++;
        at.column = 0;
    }
}

/* y[o] = bias[o] + sum over the kept weights of o of value * plane, for one image. */
static void sparse_image(const struct image *s, const float *restrict planes, int64_t step,
                         struct kept w, const float *restrict bias, float low, float high,
                         float *restrict y)
{
    const struct cut cut = cut_image(s, TILE);
    for (int64_t run = 0; run < cut.runs; run++)
        for (int64_t t = 0; t < cut.length; t += cut.width) {
            const struct spot spot = spot_of(s, &cut, run, t);
            const float *x = planes + spot.pixel;
            for (int64_t o = 0; o < s->outputs; o++) {
                const float *values = w.values + w.starts[o];
                const offset *indices = w.indices + w.starts[o];
                const int64_t count = w.starts[o + 1] - w.starts[o];
                const float start = bias ? bias[o] : 0;
                float sums[TILE];
                if (cut.width == TILE)
                    sparse_vectors(x, step, values, indices, count, start, sums, TILE / LANES);
                else if (cut.width == LANES)
                    sparse_vectors(x, step, values, indices, count, start, sums, 1);
                else
                    sums[0] = sparse_dot(x, step, values, indices, count, start);
                store_pixels(s, spot, cut.width, sums, low, high, y + o * s->rows * s->columns);
            }
        }
}

/* The sizes of a linear layer. */
struct linear_sizes {
    int64_t rows, inputs, outputs;
};

/* y = x w^T + bias over the kept weights.
   A tile of rows is turned so that its rows lie side by side; the scratch holds it and its
   outputs: (inputs + outputs) * TILE floats. */
static void linear_sparse(const struct linear_sizes *s, const float *restrict x, struct kept w,
                          const float *restrict bias, float low, float high, float *restrict y,
                          float *restrict scratch)
{
    float *restrict turned_x = scratch, *restrict turned_y = scratch + s->inputs * TILE;
    for (int64_t row = 0, count; row < s->rows; row += count) {
        count = s->rows - row < LANES ? 1 : s->rows - row < TILE ? s->rows - row : TILE;
        const float *from = x + row * s->inputs;
        float *to = y + row * s->outputs;
        if (count == 1) {
            for (int64_t o = 0; o < s->outputs; o++)
                to[o] = clamp(sparse_dot(from, 1, w.values + w.starts[o], w.indices + w.starts[o],
                                         w.starts[o + 1] - w.starts[o], bias ? bias[o] : 0),
                              low, high);
            continue;
        }
        for (int64_t i = 0; i < s->inputs; i++)
            for (int64_t r = 0; r < count; r++)
                turned_x[i * TILE + r] = from[r * s->inputs + i];
        const struct image image = {s->outputs, 1, count, count};
        sparse_image(&image, turned_x, TILE, w, bias, low, high, turned_y);
        for (int64_t o = 0; o < s->outputs; o += PANEL)
            for (int64_t r = 0; r < count; r++)
                for (int64_t j = o; j < o + PANEL && j < s->outputs; j++)
                    to[r * s->outputs + j] = turned_y[j * count + r];
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

/* y = the rows of the table that the ids name. Returns 0 if an id names none. */
static int embedding(const int64_t *restrict ids, const float *restrict table, float *restrict y,
                     int64_t count, int64_t entries, int64_t width)
{
    for (int64_t i = 0; i < count; i++) {
        if (ids[i] < 0 || ids[i] >= entries)
            return 0;
        memcpy(y + i * width, table + ids[i] * width, (size_t)width * sizeof(float));
    }
    return 1;
}

/* y = exp(x - max) / sum of the same, for one row. */
static void softmax_row(const float *x, float *y, int64_t length)
{
    const int64_t whole = length / LANES * LANES, left = length - whole;
    lanes tops = some_lanes(x + whole, left, -INFINITY), sums = {0};
    for (int64_t j = 0; j < whole; j += LANES)
        tops = larger_lanes(*(const lanes *)(x + j), tops);
    float top = tops[0], sum = 0;
    for (int64_t j = 1; j < LANES; j++)
        top = tops[j] > top ? tops[j] : top;
    for (int64_t j = 0; j < whole; j += LANES) {
        const lanes powers = exp_lanes(*(const lanes *)(x + j) - top);
        *(lanes *)(y + j) = powers;
        sums += powers;
    }
    const lanes powers = exp_lanes(some_lanes(x + whole, left, -INFINITY) - top);
    put_lanes(powers, y + whole, left);
    sums += powers;
    for (int64_t j = 0; j < LANES; j++)
        sum += sums[j];
    for (int64_t j = 0; j < length; j++)
        y[j] /= sum;
}

/* The same for `count` columns side by side; rows are `inner` apart. */
INLINE void softmax_columns(const float *x, float *y, int64_t length, int64_t inner, int64_t count)
{
    lanes top = all_lanes(-INFINITY), sum = {0};
    for (int64_t j = 0; j < length; j++)
        top = larger_lanes(some_lanes(x + j * inner, count, 0), top);
    for (int64_t j = 0; j < length; j++) {
        const lanes powers = exp_lanes(some_lanes(x + j * inner, count, 0) - top);
        put_lanes(powers, y + j * inner, count);
        sum += powers;
    }
    for (int64_t j = 0; j < length; j++)
        put_lanes(some_lanes(y + j * inner, count, 0) / sum, y + j * inner, count);
}

/* y = exp(x - max) / sum of the same, along the middle axis of [outer, length, inner]. */
static void softmax(const float *x, float *y, int64_t outer, int64_t length, int64_t inner)
{
    for (int64_t o = 0; o < outer; o++, x += length * inner, y += length * inner) {
        int64_t i = 0;
        if (inner == 1)
            softmax_row(x, y, length);
        else {
            for (; i + LANES <= inner; i += LANES)
                softmax_columns(x + i, y + i, length, inner, LANES);
            if (i < inner)
                softmax_columns(x + i, y + i, length, inner, inner - i);
        }
    }
}

/* y = (x - mean) / sqrt(variance + epsilon) * weight + bias for each row. */
static void layer_norm(const float *x, const float *restrict weight, const float *restrict bias,
                       float *y, int64_t rows, int64_t length, float epsilon)
{
    for (int64_t row = 0; row < rows; row++, x += length, y += length) {
        double sum = 0, squares = 0;
        for (int64_t i = 0; i < length; i++)
            sum += x[i];
        const float centre = (float)(sum / (double)length);
        for (int64_t i = 0; i < length; i++)
            squares += (double)(x[i] - centre) * (x[i] - centre);
        const float scale = 1 / sqrtf((float)(squares / (double)length) + epsilon);
        for (int64_t i = 0; i < length; i++)
            y[i] = (x[i] - centre) * scale * (weight ? weight[i] : 1) + (bias ? bias[i] : 0);
    }
}

/* y = the mean over some axes: of a box of `sizes` for each element of a box of `kept` axes. */
static void mean(const float *restrict x, float *restrict y, int64_t kept_rank,
                 const int64_t *kept_sizes, const int64_t *kept_strides, int64_t rank,
                 const int64_t *sizes, const int64_t *strides)
{
    const int64_t outputs = elements(kept_rank, kept_sizes);
    const int64_t rows = elements(rank - 1, sizes), length = sizes[rank - 1];
    for (int64_t o = 0; o < outputs; o++) {
        const float *from = x + place_of(o, kept_rank, kept_sizes, kept_strides);
        double sum = 0;
        for (int64_t i = 0; i < rows; i++) {
            const float *row = from + place_of(i, rank - 1, sizes, strides);
            for (int64_t j = 0; j < length; j++)
                sum += row[j * strides[rank - 1]];
        }
        y[o] = (float)(sum / (double)(rows * length));
    }
}

/* The parts of weights.bin. */
static const struct section words_sections[] = {
    {64, 352, 64, 352, unpack_float32, 0, 0, 0}, /* table */
    {416, 20, 448, 20, unpack_float32, 0, 0, 0}, /* bias */
    {440, 80, 512, 80, unpack_float32, 0, 0, 0}, /* weight_values */
    {520, 80, 640, 80, unpack_int32, 1, 7, 0}, /* weight_indices */
    {600, 24, 768, 24, unpack_int32, 0, 20, 0}, /* weight_starts */
};

/* What weights.bin must be. */
static const struct weights_file words_weights_file = {
    .bytes = 624,
    .fingerprint = 0x501586a4b558472bu,
    .values = 0,
    .count = 5,
    .sections = words_sections,
};

#ifdef TENTH_PROFILE
double words_profile[WORDS_STEPS];
const char *const words_profile_steps[WORDS_STEPS + 1] = {
    "word",
    "normed",
    "mean",
    "score",
    "class_",
    NULL};
#endif

/* The bytes of the largest value, in floating point, where nothing overflows. */
static double words_largest(double n, double l)
{
    double largest = 0;
    largest = fmax(largest, 8 * l * n);
    largest = fmax(largest, 64 * l * n);
    largest = fmax(largest, 64 * n);
    largest = fmax(largest, 40 * n);
    return largest;
}

/* Whether the program can run with these sizes. */
static int words_sizes_fit(int64_t n, int64_t l)
{
    if (!(n >= 1))
        return 0;
    if (!(l >= 1))
        return 0;
    if (!(words_largest((double)n, (double)l) <= 0x1p46))
        return 0;
    return 1;
}

/* Where each slot of the arena starts; returns where the last one ends. */
static int64_t words_layout(int64_t n, int64_t l, int64_t workers, int64_t *at)
{
    (void)workers;
    int64_t end = 0;
    at[0] = end;
    {
        int64_t most = 32 * l * n;
        most = 32 * n > most ? 32 * n : most;
        end += (most + 63) / 64 * 64;
    }
    at[1] = end;
    {
        int64_t most = 20 * n;
        end += (most + 63) / 64 * 64;
    }
    at[2] = end;
    end += 1664;
    return end;
}

const char *words_signature(void)
{
    return "words 2: int64[n, l] -> float32[n, 5], float32[n, l, 8]";
}

int words_input_shape(int which, int64_t n, int64_t l, int64_t *shape)
{
    if (!words_sizes_fit(n, l))
        return WORDS_BAD_SIZE;
    if (!shape || which < 0 || which >= 1)
        return WORDS_BAD_POINTER;
    if (which == 0) {
        shape[0] = n;
        shape[1] = l;
    }
    return WORDS_OK;
}

int words_output_shape(int which, int64_t n, int64_t l, int64_t *shape)
{
    if (!words_sizes_fit(n, l))
        return WORDS_BAD_SIZE;
    if (!shape || which < 0 || which >= 2)
        return WORDS_BAD_POINTER;
    if (which == 0) {
        shape[0] = n;
        shape[1] = 5;
    }
    if (which == 1) {
        shape[0] = n;
        shape[1] = l;
        shape[2] = 8;
    }
    return WORDS_OK;
}

size_t words_weights_bytes(void)
{
    return 832;
}

int words_load(const void *file, size_t file_bytes, void *weights, size_t weights_bytes)
{
    if (!file || !weights)
        return WORDS_BAD_POINTER;
    if ((uintptr_t)weights % 64 || weights_bytes < 832 ||
        !load_weights(&words_weights_file, file, file_bytes, weights))
        return WORDS_BAD_WEIGHTS;
    return WORDS_OK;
}

size_t words_pool_bytes(int threads)
{
    return pool_size(threads);
}

int words_pool_open(void *pool, size_t pool_bytes, int threads)
{
    if (!open_pool(pool, pool_bytes, threads))
        return WORDS_BAD_POOL;
    return WORDS_OK;
}

void words_pool_close(void *pool)
{
    if (opened_pool(pool))
        close_pool(pool);
}

size_t words_arena_bytes(int64_t n, int64_t l, int threads)
{
    int64_t at[3];
    if (pool_size(threads) == 0 || !words_sizes_fit(n, l))
        return 0;
    const int64_t end = words_layout(n, l, threads, at);
    return (int64_t)(size_t)end == end ? (size_t)end : 0;
}

int words_run(const void *weights, const int64_t *ids, float *class_, float *normed, int64_t n,
    int64_t l, void *arena, size_t arena_bytes, void *given_pool)
{
    int64_t at[3];
    if (!words_sizes_fit(n, l))
        return WORDS_BAD_SIZE;
    if (!weights || !ids || !class_ || !normed || !arena)
        return WORDS_BAD_POINTER;
    if ((uintptr_t)weights % 64 || !are_loaded(weights, words_weights_file.fingerprint))
        return WORDS_BAD_WEIGHTS;
    if (given_pool && !opened_pool(given_pool))
        return WORDS_BAD_POOL;
    struct pool *const pool = given_pool;
    const int64_t workers = pool ? pool->workers : 1;
    if ((uintptr_t)arena % 64 ||
        (uint64_t)words_layout(n, l, workers, at) > arena_bytes)
        return WORDS_BAD_ARENA;

    const float *const table = (const void *)((const char *)weights + 64);
    const float *const bias = (const void *)((const char *)weights + 448);
    const float *const weight_values = (const void *)((const char *)weights + 512);
    const int32_t *const weight_indices = (const void *)((const char *)weights + 640);
    const int32_t *const weight_starts = (const void *)((const char *)weights + 768);
    float *const word = (void *)((char *)arena + at[0]);
    float *const mean_ = (void *)((char *)arena + at[0]);
    float *const score = (void *)((char *)arena + at[1]);
    float *const score_scratch = (void *)((char *)arena + at[2]);
    PROFILE_START;

    /* word */
    if (!embedding(ids, table, word, n * l, 11, 8))
        return WORDS_BAD_ID;
    PROFILE_STEP(words_profile[0]);

    /* normed */
    layer_norm(word, NULL, NULL, normed, n * l, 8, 0x1.4f8b58p-17f);
    PROFILE_STEP(words_profile[1]);

    /* mean */
    mean(normed, mean_, 2, (const int64_t[]){n, 8}, (const int64_t[]){8 * l, 1}, 1,
        (const int64_t[]){l}, (const int64_t[]){8});
    PROFILE_STEP(words_profile[2]);

    /* score */
    {
        const struct linear_sizes s = {n, 8, 5};
        linear_sparse(&s, mean_, (struct kept){weight_values, weight_indices, weight_starts}, bias,
            -INFINITY, INFINITY, score, score_scratch);
    }
    PROFILE_STEP(words_profile[3]);

    /* class_ */
    softmax(score, class_, n, 5, 1);
    PROFILE_STEP(words_profile[4]);
    return WORDS_OK;
}

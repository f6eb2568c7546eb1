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

/* A convolution. Of its outputs, the first `dense` lie in panels of four, the rest are kept
   weights. A tap is one input channel at one place of the kernel. */
struct conv_sizes {
    int64_t images, channels, height, width;
    int64_t outputs, rows, columns, groups, dense;
    int64_t kernel_y, kernel_x, stride_y, stride_x, pad_y, pad_x, dilation_y, dilation_x;
};

/* How a padded image lies in memory: for each channel, phases_y * phases_x planes of `rows` rows
   `pitch` apart. With stride s, phase p holds every s-th row or column from p on, so that each
   tap of the kernel meets neighbouring pixels in neighbouring places. */
struct phases {
    int64_t phases_y, phases_x, rows, pitch;
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
    return (struct phases){
        phase_count(s->kernel_y, s->stride_y, s->dilation_y),
        phase_count(s->kernel_x, s->stride_x, s->dilation_x),
        s->rows + (s->kernel_y - 1) * s->dilation_y / s->stride_y,
        s->columns + (s->kernel_x - 1) * s->dilation_x / s->stride_x,
    };
}

/* Whether an image is its own planes: rows are `width` apart, and nothing is added around. */
static int conv_is_direct(const struct conv_sizes *s)
{
    return s->stride_y == 1 && s->stride_x == 1 && s->pad_y == 0 && s->pad_x == 0;
}

/* Copies x[first], x[first + stride], … to one row of a plane, with zeros outside the image. */
static void conv_row(const float *restrict x, int64_t width, int64_t first, int64_t stride,
                     float *restrict to, int64_t pitch)
{
    int64_t j = 0;
    for (; j < pitch && first + j * stride < 0; j++)
        to[j] = 0;
    if (stride == 1)
        for (; j < pitch && first + j < width; j++)
            to[j] = x[first + j];
    for (; j < pitch && first + j * stride < width; j++)
        to[j] = x[first + j * stride];
    for (; j < pitch; j++)
        to[j] = 0;
}

/* Spreads one image over its planes. */
static void conv_planes(const struct conv_sizes *s, const struct phases *p, const float *restrict x,
                        float *restrict planes)
{
    for (int64_t channel = 0; channel < s->channels; channel++, x += s->height * s->width)
        for (int64_t a = 0; a < p->phases_y; a++)
            for (int64_t b = 0; b < p->phases_x; b++)
                for (int64_t i = 0; i < p->rows; i++, planes += p->pitch) {
                    const int64_t from = i * s->stride_y + a - s->pad_y;
                    if (from < 0 || from >= s->height)
                        memset(planes, 0, (size_t)p->pitch * sizeof(float));
                    else
                        conv_row(x + from * s->width, s->width, b - s->pad_x, s->stride_x, planes,
                                 p->pitch);
                }
}

/* Where in the planes each tap of the kernel meets the first pixel. */
static void conv_offsets(const struct conv_sizes *s, const struct phases *p, offset *restrict offsets)
{
    for (int64_t channel = 0; channel < s->channels; channel++)
        for (int64_t y = 0; y < s->kernel_y; y++)
            for (int64_t x = 0; x < s->kernel_x; x++) {
                const int64_t down = y * s->dilation_y, right = x * s->dilation_x;
                const int64_t plane =
                    (channel * p->phases_y + down % s->stride_y) * p->phases_x +
                    right % s->stride_x;
                *offsets++ = (offset)((plane * p->rows + down / s->stride_y) * p->pitch +
                                       right / s->stride_x);
            }
}

/* sums[r][t] = bias[r] + sum over k of w[k][r] * x[offsets[k] + t], for four outputs r. */
INLINE void conv_tile(const float *restrict x, const offset *restrict offsets, int64_t count,
                      const float *restrict w, const float *restrict bias,
                      float (*restrict sums)[PANEL], const int vectors)
{
    lanes total[4][PANEL / LANES];
    UNROLL
    for (int r = 0; r < 4; r++) {
        UNROLL
        for (int v = 0; v < vectors; v++)
            total[r][v] = bias[r] - (lanes){0};
    }
    for (int64_t k = 0; k < count; k++) {
        const lanes *at = (const lanes *)(x + offsets[k]);
        UNROLL
        for (int r = 0; r < 4; r++) {
            UNROLL
            for (int v = 0; v < vectors; v++)
                total[r][v] += w[k * 4 + r] * at[v];
        }
    }
    UNROLL
    for (int r = 0; r < 4; r++) {
        UNROLL
        for (int v = 0; v < vectors; v++)
            ((lanes *)sums[r])[v] = total[r][v];
    }
}

/* The same for a single pixel. */
static void conv_pixel(const float *restrict x, const offset *restrict offsets, int64_t count,
                       const float *restrict w, const float *restrict bias,
                       float (*restrict sums)[PANEL])
{
    for (int r = 0; r < 4; r++)
        sums[r][0] = bias[r];
    for (int64_t k = 0; k < count; k++)
        for (int r = 0; r < 4; r++)
            sums[r][0] += w[k * 4 + r] * x[offsets[k]];
}

/* The dense outputs of one image. Weights lie in panels of four outputs: [panel][tap][output]. */
static void dense_image(const struct conv_sizes *s, const struct image *image,
                        const float *restrict planes, const offset *restrict offsets,
                        const float *restrict panels, const float *restrict bias, float low,
                        float high, float *restrict y)
{
    const int64_t taps = s->channels / s->groups * s->kernel_y * s->kernel_x;
    const float none[4] = {0};
    const struct cut cut = cut_image(image, PANEL);
    for (int64_t run = 0; run < cut.runs; run++)
        for (int64_t t = 0; t < cut.length; t += cut.width) {
            const struct spot spot = spot_of(image, &cut, run, t);
            const float *x = planes + spot.pixel;
            for (int64_t o = 0; o < s->dense; o += 4) {
                const offset *at = offsets + o / (s->outputs / s->groups) * taps;
                const float *w = panels + o * taps, *start = bias ? bias + o : none;
                float sums[4][PANEL];
                if (cut.width == PANEL)
                    conv_tile(x, at, taps, w, start, sums, PANEL / LANES);
                else if (cut.width == LANES)
                    conv_tile(x, at, taps, w, start, sums, 1);
                else
                    conv_pixel(x, at, taps, w, start, sums);
                for (int64_t r = 0; r < 4; r++)
                    store_pixels(image, spot, cut.width, sums[r], low, high,
                                 y + (o + r) * s->rows * s->columns);
            }
        }
}

/* y = x convolved with the weights, plus bias.
   The scratch holds the planes of one image, unless it is its own planes; then, four bytes each,
   where every tap and every kept weight meets the first pixel. */
static void conv(const struct conv_sizes *s, const float *restrict x, const float *restrict panels,
                 struct kept w, const float *restrict bias, float low, float high,
                 float *restrict y, float *restrict scratch)
{
    const struct phases p = conv_phases(s);
    const int64_t rest = s->outputs - s->dense, kept = rest ? w.starts[rest] : 0;
    const int64_t plane = p.phases_y * p.phases_x * p.rows * p.pitch;
    float *planes = conv_is_direct(s) ? NULL : scratch;
    offset *offsets = (offset *)(scratch + (planes ? s->channels * plane : 0));
    offset *kept_offsets = offsets + s->channels * s->kernel_y * s->kernel_x;
    conv_offsets(s, &p, offsets);
    for (int64_t k = 0; k < kept; k++)
        kept_offsets[k] = offsets[w.indices[k]];
    w.indices = kept_offsets;
    for (int64_t i = 0; i < s->images; i++) {
        const struct image dense = {s->dense, s->rows, s->columns, p.pitch};
        const struct image sparse = {rest, s->rows, s->columns, p.pitch};
        const int64_t pixels = s->rows * s->columns;
        const float *from = planes ? planes : x;
        if (planes)
            conv_planes(s, &p, x, planes);
        if (s->dense)
            dense_image(s, &dense, from, offsets, panels, bias, low, high, y);
        if (rest)
            sparse_image(&sparse, from, 1, w, bias ? bias + s->dense : NULL, low, high,
                         y + s->dense * pixels);
        x += s->channels * s->height * s->width;
        y += s->outputs * pixels;
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

/* Meets two boxes row by row; where one is stretched along an axis, its stride there is 0. */
static void broadcast(void (*row)(const float *, int64_t, const float *, int64_t, float *, int64_t),
                      const float *a, const float *b, float *y, int64_t rank,
                      const int64_t *sizes, const int64_t *a_strides, const int64_t *b_strides)
{
    const int64_t length = sizes[rank - 1], rows = elements(rank - 1, sizes);
    for (int64_t i = 0; i < rows; i++)
        row(a + place_of(i, rank - 1, sizes, a_strides), a_strides[rank - 1],
            b + place_of(i, rank - 1, sizes, b_strides), b_strides[rank - 1], y + i * length,
            length);
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
    {64, 52, 64, 52, unpack_float32, 0, 0, 0}, /* count_weight_values */
    {120, 52, 128, 52, unpack_int32, 0, 7, 0}, /* count_weight_indices */
    {176, 28, 192, 28, unpack_int32, 0, 13, 0}, /* count_weight_starts */
    {208, 24, 256, 24, unpack_float32, 0, 0, 0}, /* count_bias */
    {232, 96, 320, 96, unpack_float32, 0, 0, 0}, /* mix_weight_panels */
    {328, 48, 448, 48, unpack_float32, 0, 0, 0}, /* mix_weight_rest_values */
    {376, 48, 512, 48, unpack_int32, 0, 5, 0}, /* mix_weight_rest_indices */
    {424, 12, 576, 12, unpack_int32, 0, 12, 0}, /* mix_weight_rest_starts */
    {440, 24, 640, 24, unpack_float32, 0, 0, 0}, /* mix_bias */
    {464, 24, 704, 24, unpack_float32, 0, 0, 0}, /* last_weight_rest_values */
    {488, 24, 768, 24, unpack_int32, 0, 5, 0}, /* last_weight_rest_indices */
    {512, 8, 832, 8, unpack_int32, 0, 6, 0}, /* last_weight_rest_starts */
};

/* What weights.bin must be. */
static const struct weights_file life_weights_file = {
    .bytes = 520,
    .fingerprint = 0x6b0f91e4cbe68aeau,
    .values = 0,
    .count = 12,
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
    largest = fmax(largest, 16 * h * n + 8 * h * n * w + 32 * n + 16 * n * w);
    largest = fmax(largest, 48 * h * n * w);
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
    if (!(2 * h + h * w + 2 * w + 4 <= 2147483647))
        return 0;
    if (!(6 * h * w <= 2147483647))
        return 0;
    return 1;
}

/* Where each slot of the arena starts; returns where the last one ends. */
static int64_t life_layout(int64_t n, int64_t h, int64_t w, int64_t workers, int64_t *at)
{
    (void)workers;
    int64_t end = 0;
    at[0] = end;
    {
        int64_t most = 8 * h * n + 4 * h * n * w + 16 * n + 8 * n * w;
        most = 24 * h * n * w > most ? 24 * h * n * w : most;
        most = 4 * h * n * w > most ? 4 * h * n * w : most;
        end += (most + 63) / 64 * 64;
    }
    at[1] = end;
    {
        int64_t most = 24 * h * n * w;
        end += (most + 63) / 64 * 64;
    }
    at[2] = end;
    end += 128;
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

size_t life_arena_bytes(int64_t n, int64_t h, int64_t w, int threads)
{
    int64_t at[3];
    if (pool_size(threads) == 0 || !life_sizes_fit(n, h, w))
        return 0;
    const int64_t end = life_layout(n, h, w, threads, at);
    return (int64_t)(size_t)end == end ? (size_t)end : 0;
}

int life_run(const void *weights, const float *board, float *next, int64_t n, int64_t h, int64_t w,
    void *arena, size_t arena_bytes, void *given_pool)
{
    int64_t at[3];
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
    if ((uintptr_t)arena % 64 ||
        (uint64_t)life_layout(n, h, w, workers, at) > arena_bytes)
        return LIFE_BAD_ARENA;

    const float *const count_weight_values = (const void *)((const char *)weights + 64);
    const int32_t *const count_weight_indices = (const void *)((const char *)weights + 128);
    const int32_t *const count_weight_starts = (const void *)((const char *)weights + 192);
    const float *const count_bias = (const void *)((const char *)weights + 256);
    const float *const mix_weight_panels = (const void *)((const char *)weights + 320);
    const float *const mix_weight_rest_values = (const void *)((const char *)weights + 448);
    const int32_t *const mix_weight_rest_indices = (const void *)((const char *)weights + 512);
    const int32_t *const mix_weight_rest_starts = (const void *)((const char *)weights + 576);
    const float *const mix_bias = (const void *)((const char *)weights + 640);
    const float *const last_weight_rest_values = (const void *)((const char *)weights + 704);
    const int32_t *const last_weight_rest_indices = (const void *)((const char *)weights + 768);
    const int32_t *const last_weight_rest_starts = (const void *)((const char *)weights + 832);
    float *const wrapped = (void *)((char *)arena + at[0]);
    float *const kept_ = (void *)((char *)arena + at[1]);
    float *const kept__scratch = (void *)((char *)arena + at[2]);
    float *const bounded = (void *)((char *)arena + at[0]);
    float *const bounded_scratch = (void *)((char *)arena + at[2]);
    float *const sum = (void *)((char *)arena + at[1]);
    float *const last = (void *)((char *)arena + at[0]);
    float *const last_scratch = (void *)((char *)arena + at[2]);
    PROFILE_START;

    /* wrapped */
    pad(board, wrapped, 4, (const int64_t[]){n, 1, h, w}, (const int64_t[]){0, 0, 1, 1},
        (const int64_t[]){0, 0, 1, 1}, 1);
    PROFILE_STEP(life_profile[0]);

    /* kept */
    {
        const struct conv_sizes s = {.images = n, .channels = 1, .height = h + 2, .width = w + 2,
            .outputs = 6, .rows = h, .columns = w, .groups = 1, .dense = 0, .kernel_y = 3,
            .kernel_x = 3, .stride_y = 1, .stride_x = 1, .pad_y = 0, .pad_x = 0, .dilation_y = 1,
            .dilation_x = 1};
        conv(&s, wrapped, NULL, (struct kept){count_weight_values, count_weight_indices,
            count_weight_starts}, count_bias, 0x0p+0f, INFINITY, kept_, kept__scratch);
    }
    PROFILE_STEP(life_profile[1]);

    /* bounded */
    {
        const struct conv_sizes s = {.images = n, .channels = 6, .height = h, .width = w,
            .outputs = 6, .rows = h, .columns = w, .groups = 1, .dense = 4, .kernel_y = 1,
            .kernel_x = 1, .stride_y = 1, .stride_x = 1, .pad_y = 0, .pad_x = 0, .dilation_y = 1,
            .dilation_x = 1};
        conv(&s, kept_, mix_weight_panels, (struct kept){mix_weight_rest_values,
            mix_weight_rest_indices, mix_weight_rest_starts}, mix_bias, 0x0p+0f, INFINITY, bounded,
            bounded_scratch);
    }
    PROFILE_STEP(life_profile[2]);

    /* sum */
    broadcast(add_row, kept_, bounded, sum, 1, (const int64_t[]){6 * h * n * w},
        (const int64_t[]){1}, (const int64_t[]){1});
    PROFILE_STEP(life_profile[3]);

    /* last */
    {
        const struct conv_sizes s = {.images = n, .channels = 6, .height = h, .width = w,
            .outputs = 1, .rows = h, .columns = w, .groups = 1, .dense = 0, .kernel_y = 1,
            .kernel_x = 1, .stride_y = 1, .stride_x = 1, .pad_y = 0, .pad_x = 0, .dilation_y = 1,
            .dilation_x = 1};
        conv(&s, sum, NULL, (struct kept){last_weight_rest_values, last_weight_rest_indices,
            last_weight_rest_starts}, NULL, -INFINITY, INFINITY, last, last_scratch);
    }
    PROFILE_STEP(life_profile[4]);

    /* next */
    sigmoid(last, next, n * h * w);
    PROFILE_STEP(life_profile[5]);
    return LIFE_OK;
}

/* Written by tenth; see model.h. First the kernels, then the steps of the program. */

#include "model.h"

#include <math.h>
#include <string.h>

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

extern const float words_table[88];
extern const float words_bias[5];
extern const float words_weight_values[20];
extern const int32_t words_weight_indices[20];
extern const int32_t words_weight_starts[6];

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
static size_t words_layout(int64_t n, int64_t l, size_t *at)
{
    size_t end = 0;
    at[0] = end;
    {
        int64_t most = 32 * l * n;
        most = 32 * n > most ? 32 * n : most;
        end += ((size_t)most + 63) / 64 * 64;
    }
    at[1] = end;
    {
        int64_t most = 20 * n;
        end += ((size_t)most + 63) / 64 * 64;
    }
    at[2] = end;
    end += 1664;
    return end;
}

const char *words_signature(void)
{
    return "words 1: int64[n, l] -> float32[n, 5], float32[n, l, 8]";
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

size_t words_arena_bytes(int64_t n, int64_t l)
{
    size_t at[3];
    return words_sizes_fit(n, l) ? words_layout(n, l, at) : 0;
}

int words_run(const int64_t *ids, float *class_, float *normed, int64_t n, int64_t l, void *arena,
    size_t arena_bytes)
{
    size_t at[3];
    if (!words_sizes_fit(n, l))
        return WORDS_BAD_SIZE;
    if (!ids || !class_ || !normed || !arena)
        return WORDS_BAD_POINTER;
    if ((uintptr_t)arena % 64 || arena_bytes < words_layout(n, l, at))
        return WORDS_BAD_ARENA;

    float *const word = (void *)((char *)arena + at[0]);
    float *const mean_ = (void *)((char *)arena + at[0]);
    float *const score = (void *)((char *)arena + at[1]);
    float *const score_scratch = (void *)((char *)arena + at[2]);

    /* word */
    if (!embedding(ids, words_table, word, n * l, 11, 8))
        return WORDS_BAD_ID;

    /* normed */
    layer_norm(word, NULL, NULL, normed, n * l, 8, 0x1.4f8b58p-17f);

    /* mean */
    mean(normed, mean_, 2, (const int64_t[]){n, 8}, (const int64_t[]){8 * l, 1}, 1,
        (const int64_t[]){l}, (const int64_t[]){8});

    /* score */
    {
        const struct linear_sizes s = {n, 8, 5};
        linear_sparse(&s, mean_, (struct kept){words_weight_values, words_weight_indices,
            words_weight_starts}, words_bias, -INFINITY, INFINITY, score, score_scratch);
    }

    /* class_ */
    softmax(score, class_, n, 5, 1);
    return WORDS_OK;
}

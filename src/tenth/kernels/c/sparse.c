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

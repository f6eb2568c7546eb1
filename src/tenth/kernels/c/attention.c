/* Rows of queries that share one pass over the keys and values. */
#define ATTENTION_ROWS 32

/* Of those, how many have their sums in registers at a time. */
#define ATTENTION_TILE 8

/* softmax(query key^T * scale + mask) value, for each matrix of a box of `sizes`. The steps say how
   far neighbours in the mask lie apart, 0 where it is stretched; a NULL mask hides nothing. A causal
   row r meets the keys up to r. Each worker has `part` floats of scratch. */
struct attention_sizes {
    const float *query, *key, *value, *mask;
    float *y, *scratch;
    int64_t rank;
    const int64_t *sizes, *mask_strides;
    int64_t mask_row, mask_column, rows, columns, depth, width, part;
    float scale;
    int causal;
};

/* The floats from one row of scores to the next. */
INLINE int64_t score_pitch(int64_t columns)
{
    return (columns + LANES - 1) / LANES * LANES;
}

/* scores[r][s] = query[r] . key[s] for some rows and all columns. `turned` holds LANES keys, side by
   side. */
static void attention_scores(const struct attention_sizes *a, const float *restrict query,
                             const float *restrict key, int64_t rows, int64_t columns,
                             float *restrict turned, float *restrict scores)
{
    const int64_t pitch = score_pitch(a->columns);
    for (int64_t s = 0; s < columns; s += LANES) {
        const int64_t present = columns - s < LANES ? columns - s : LANES;
        for (int64_t i = 0; i < LANES; i++)
            for (int64_t d = 0; d < a->depth; d++)
                turned[d * LANES + i] = i < present ? key[(s + i) * a->depth + d] : 0;
        for (int64_t r = 0; r < rows; r += ATTENTION_TILE) {
            lanes sums[ATTENTION_TILE] = {{0}};
            const float *from[ATTENTION_TILE];
            for (int64_t i = 0; i < ATTENTION_TILE; i++)
                from[i] = query + (r + i < rows ? r + i : r) * a->depth;
            for (int64_t d = 0; d < a->depth; d++) {
                const lanes keys = *(const lanes *)(turned + d * LANES);
                UNROLL
                for (int i = 0; i < ATTENTION_TILE; i++)
                    sums[i] += from[i][d] * keys;
            }
            for (int64_t i = 0; i < ATTENTION_TILE && r + i < rows; i++)
                *(lanes *)(scores + (r + i) * pitch + s) = sums[i];
        }
    }
}

/* A score below this is hidden. A row that sees nothing gives zeros. */
#define HIDDEN -1e29f

/* exp(x * scale + mask - the largest such) of `count` scores in place; the rest up to `end` is 0.
   Returns the sum; 1 where all is hidden. */
static float attention_powers(float *restrict scores, const float *restrict mask, int64_t step,
                              int64_t count, int64_t end, float scale)
{
    float top = -INFINITY;
    lanes sums = {0};
    for (int64_t s = 0; s < count; s++) {
        scores[s] = scores[s] * scale + (mask ? mask[s * step] : 0);
        top = scores[s] > top ? scores[s] : top;
    }
    if (top <= HIDDEN) {
        for (int64_t s = 0; s < end; s++)
            scores[s] = 0;
        return 1;
    }
    for (int64_t s = count; s < end; s++)
        scores[s] = -INFINITY;
    for (int64_t s = 0; s < end; s += LANES) {
        lanes *at = (lanes *)(scores + s);
        *at = exp_lanes(*at - top);
        sums += *at;
    }
    for (int64_t s = count; s < end; s++)
        scores[s] = 0;
    float sum = 0;
    for (int i = 0; i < LANES; i++)
        sum += sums[i];
    return sum;
}

/* y[r] = sum over s of scores[r][s] * value[s], divided by the sum of the row. */
static void attention_values(const struct attention_sizes *a, const float *restrict scores,
                             const float *restrict value, const float *restrict totals,
                             int64_t rows, int64_t columns, float *restrict y)
{
    const int64_t pitch = score_pitch(a->columns);
    for (int64_t e = 0; e < a->width; e += LANES) {
        const int64_t present = a->width - e < LANES ? a->width - e : LANES;
        for (int64_t r = 0; r < rows; r += ATTENTION_TILE) {
            lanes sums[ATTENTION_TILE] = {{0}};
            const float *from[ATTENTION_TILE];
            for (int64_t i = 0; i < ATTENTION_TILE; i++)
                from[i] = scores + (r + i < rows ? r + i : r) * pitch;
            for (int64_t s = 0; s < columns; s++) {
                const float *at = value + s * a->width + e;
                const lanes v = present == LANES ? *(const lanes *)at : some_lanes(at, present, 0);
                UNROLL
                for (int i = 0; i < ATTENTION_TILE; i++)
                    sums[i] += from[i][s] * v;
            }
            for (int64_t i = 0; i < ATTENTION_TILE && r + i < rows; i++) {
                float *to = y + (r + i) * a->width + e;
                if (present == LANES)
                    *(lanes *)to = sums[i] / totals[r + i];
                else
                    put_lanes(sums[i] / totals[r + i], to, present);
            }
        }
    }
}

/* Units are blocks of ATTENTION_ROWS rows, matrix after matrix. */
static void attention_blocks(const void *job, int64_t first, int64_t last, int worker)
{
    const struct attention_sizes *a = job;
    const int64_t blocks = (a->rows + ATTENTION_ROWS - 1) / ATTENTION_ROWS;
    float *turned = a->scratch + worker * a->part;
    float *scores = turned + a->depth * LANES;
    const int64_t pitch = score_pitch(a->columns);
    for (int64_t unit = first; unit < last; unit++) {
        const int64_t matrix = unit / blocks, top = unit % blocks * ATTENTION_ROWS;
        const int64_t rows = a->rows - top < ATTENTION_ROWS ? a->rows - top : ATTENTION_ROWS;
        const int64_t seen = a->causal && top + rows < a->columns ? top + rows : a->columns;
        const int64_t row = matrix * a->rows + top;
        const float *mask = a->mask;
        float totals[ATTENTION_ROWS];
        if (mask)
            mask += place_of(matrix, a->rank, a->sizes, a->mask_strides);
        attention_scores(a, a->query + row * a->depth, a->key + matrix * a->columns * a->depth,
                         rows, seen, turned, scores);
        for (int64_t r = 0; r < rows; r++)
            totals[r] = attention_powers(
                scores + r * pitch, mask ? mask + (top + r) * a->mask_row : NULL, a->mask_column,
                a->causal && top + r + 1 < seen ? top + r + 1 : seen, score_pitch(seen), a->scale);
        attention_values(a, scores, a->value + matrix * a->columns * a->width, totals, rows, seen,
                         a->y + row * a->width);
    }
}

/* All blocks, on all workers. */
static void attention(struct pool *pool, const struct attention_sizes *a)
{
    const int64_t blocks = (a->rows + ATTENTION_ROWS - 1) / ATTENTION_ROWS;
    parallel(pool, attention_blocks, a, elements(a->rank, a->sizes) * blocks);
}

/* Rows of queries that share one pass over the keys and values. */
#define ATTENTION_ROWS 64

/* Of those, how many have their sums in registers at a time, and for how many vectors. */
#define ATTENTION_TILE 4
#define ATTENTION_VECTORS 2
#define ATTENTION_COLUMNS (ATTENTION_VECTORS * LANES)

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
    return (columns + ATTENTION_COLUMNS - 1) / ATTENTION_COLUMNS * ATTENTION_COLUMNS;
}

/* sums[i][t] += from[i][k] * x[k][t] for all k, for a tile of rows and some vectors. */
INLINE void attention_tile(const float *const *from, const float *restrict x, int64_t pitch,
                           int64_t count, lanes (*restrict sums)[ATTENTION_VECTORS],
                           const int vectors)
{
    lanes total[ATTENTION_TILE][ATTENTION_VECTORS] = {{{0}}};
    for (int64_t k = 0; k < count; k++) {
        lanes v[ATTENTION_VECTORS];
        UNROLL
        for (int t = 0; t < vectors; t++)
            v[t] = load(x + k * pitch + t * LANES);
        UNROLL
        for (int i = 0; i < ATTENTION_TILE; i++) {
            UNROLL
            for (int t = 0; t < vectors; t++)
                total[i][t] += from[i][k] * v[t];
        }
    }
    UNROLL
    for (int i = 0; i < ATTENTION_TILE; i++) {
        UNROLL
        for (int t = 0; t < vectors; t++)
            sums[i][t] = total[i][t];
    }
}

/* scores[r][s] = query[r] . key[s] for some rows and all columns. `turned` holds some keys,
   side by side. */
static void attention_scores(const struct attention_sizes *a, const float *restrict query,
                             const float *restrict key, int64_t rows, int64_t columns,
                             float *restrict turned, float *restrict scores)
{
    const int64_t pitch = score_pitch(a->columns);
    for (int64_t s = 0; s < columns; s += ATTENTION_COLUMNS) {
        const int64_t left = columns - s;
        for (int64_t i = 0; i < ATTENTION_COLUMNS; i++)
            for (int64_t d = 0; d < a->depth; d++)
                turned[d * ATTENTION_COLUMNS + i] = i < left ? key[(s + i) * a->depth + d] : 0;
        for (int64_t r = 0; r < rows; r += ATTENTION_TILE) {
            lanes sums[ATTENTION_TILE][ATTENTION_VECTORS];
            const float *from[ATTENTION_TILE];
            for (int64_t i = 0; i < ATTENTION_TILE; i++)
                from[i] = query + (r + i < rows ? r + i : r) * a->depth;
            attention_tile(from, turned, ATTENTION_COLUMNS, a->depth, sums, ATTENTION_VECTORS);
            for (int64_t i = 0; i < ATTENTION_TILE && r + i < rows; i++)
                for (int t = 0; t < ATTENTION_VECTORS; t++)
                    store(scores + (r + i) * pitch + s + t * LANES, sums[i][t]);
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
    lanes sums = {0}, tops = all_lanes(-INFINITY);
    int64_t whole = 0;
    for (; (!mask || step <= 1) && whole + LANES <= count; whole += LANES) {
        lanes at = load(scores + whole) * scale;
        if (mask)
            at += step ? load(mask + whole) : all_lanes(*mask);
        store(scores + whole, at);
        tops = larger_lanes(at, tops);
    }
    float top = -INFINITY;
    for (int i = 0; i < LANES; i++)
        top = tops[i] > top ? tops[i] : top;
    for (int64_t s = whole; s < count; s++) {
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

/* The same for less than a vector. */
static void attention_rest(const float *const *from, const float *x, int64_t pitch, int64_t count,
                           int64_t present, lanes (*sums)[ATTENTION_VECTORS])
{
    for (int i = 0; i < ATTENTION_TILE; i++) {
        lanes total = {0};
        for (int64_t k = 0; k < count; k++)
            total += from[i][k] * some_lanes(x + k * pitch, present, 0);
        sums[i][0] = total;
    }
}

/* y[r] = sum over s of scores[r][s] * value[s], divided by the sum of the row. */
static void attention_values(const struct attention_sizes *a, const float *restrict scores,
                             const float *restrict value, const float *restrict totals,
                             int64_t rows, int64_t columns, float *restrict y)
{
    const int64_t pitch = score_pitch(a->columns);
    for (int64_t e = 0, step; e < a->width; e += step) {
        const int64_t left = a->width - e;
        step = left >= ATTENTION_COLUMNS ? ATTENTION_COLUMNS : left >= LANES ? LANES : left;
        for (int64_t r = 0; r < rows; r += ATTENTION_TILE) {
            lanes sums[ATTENTION_TILE][ATTENTION_VECTORS];
            const float *from[ATTENTION_TILE];
            for (int64_t i = 0; i < ATTENTION_TILE; i++)
                from[i] = scores + (r + i < rows ? r + i : r) * pitch;
            if (step == ATTENTION_COLUMNS)
                attention_tile(from, value + e, a->width, columns, sums, ATTENTION_VECTORS);
            else if (step == LANES)
                attention_tile(from, value + e, a->width, columns, sums, 1);
            else
                attention_rest(from, value + e, a->width, columns, step, sums);
            for (int64_t i = 0; i < ATTENTION_TILE && r + i < rows; i++)
                for (int64_t t = 0; t * LANES < step; t++)
                    put_lanes(sums[i][t] / totals[r + i], y + (r + i) * a->width + e + t * LANES,
                              step < LANES ? step : LANES);
        }
    }
}

/* Units are blocks of ATTENTION_ROWS rows, matrix after matrix. */
static void attention_blocks(const void *job, int64_t first, int64_t last, int worker)
{
    const struct attention_sizes *a = job;
    const int64_t blocks = (a->rows + ATTENTION_ROWS - 1) / ATTENTION_ROWS;
    float *turned = a->scratch + worker * a->part;
    float *scores = turned + a->depth * ATTENTION_COLUMNS;
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

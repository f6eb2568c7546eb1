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

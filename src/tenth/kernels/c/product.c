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

/* Products of a sparse matrix with a batch, forwards and backwards, each at the cost of what is
   kept. The matrix stands as a pattern and its values; the transposed one has a pattern of its own
   and finds its values through `order`, so that no product scatters. */
#include "panels.h"
#include "threads.h"

/* Where the kept entries of a matrix stand: for each block of `depth` columns, row by row.
   `starts[block * rows + row]` counts entries before it; its places, in groups of four of which the
   last may be filled up, begin at `groups[block * rows + row]`. A place is where the column's row
   of the panel begins, in units of 8 bytes. `order` is NULL where values stand in this order. */
struct pattern {
    int64_t rows, columns, depth, blocks, count;
    const int32_t *starts, *groups;
    const uint64_t *places;
    const int32_t *order;
};

typedef float quad __attribute__((vector_size(4 * sizeof(float)), aligned(sizeof(float)), may_alias));

/* Four values, loaded once, and one of them in all lanes; see tiles.c. */
#if defined(__AVX__) && (defined(__clang__) || __GNUC__ >= 12)
#if LANES == 16
#define FOUR_TIMES(q) __builtin_shufflevector(q, q, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3)
#define ONE_OF(four, from, i)                                                                    \
    __builtin_shufflevector(four, four, i, i, i, i, i + 4, i + 4, i + 4, i + 4, i + 8, i + 8,    \
                            i + 8, i + 8, i + 12, i + 12, i + 12, i + 12)
#else
#define FOUR_TIMES(q) __builtin_shufflevector(q, q, 0, 1, 2, 3, 0, 1, 2, 3)
#define ONE_OF(four, from, i)                                                                    \
    __builtin_shufflevector(four, four, i, i, i, i, i + 4, i + 4, i + 4, i + 4)
#endif
INLINE lanes load_four(const float *from)
{
    const quad q = *(const quad *)from;
    lanes four = FOUR_TIMES(q);
#if LANES == 16
    __asm__("" : "+v"(four));
#else
    __asm__("" : "+x"(four));
#endif
    return four;
}
#else
#define ONE_OF(four, from, i) ((void)(four), splat((from)[i]))
INLINE lanes load_four(const float *from)
{
    return splat(*from);
}
#endif

/* Where in a panel one of four places stands, kept in one register. */
INLINE const float *at_place(const float *x, uint64_t places, int i)
{
    const float *at = (const float *)((const char *)x + 8 * (size_t)(uint16_t)(places >> 16 * i));
#if defined(__x86_64__)
    __asm__("" : "+r"(at));
#endif
    return at;
}

INLINE void add_vectors(const float *restrict x, lanes w, lanes *sums, const int vectors)
{
    UNROLL
    for (int t = 0; t < vectors; t++)
        sums[t] += w * load(x + t * LANES);
}

/* One block of columns times its part of a panel, added to the sums [row][PANEL]; in the first
   block they begin with the bias, or with zero. */
INLINE void multiply_block(const struct pattern *m, int64_t block, const float *values,
                           const float *bias, const float *restrict x, float *restrict sums,
                           const int vectors)
{
    const int32_t *starts = m->starts + block * m->rows, *groups = m->groups + block * m->rows;
    for (int64_t r = 0; r < m->rows; r++) {
        float *to = sums + r * PANEL;
        lanes even[8], odd[8];
        const lanes begin = splat(bias ? bias[r] : 0);
        UNROLL
        for (int t = 0; t < vectors; t++) {
            even[t] = block ? load(to + t * LANES) : begin;
            odd[t] = splat(0);
        }
        lanes *const more = vectors > 4 ? even : odd;
        const float *w = values + starts[r];
        for (int64_t g = groups[r]; g < groups[r + 1]; g++, w += 4) {
            const uint64_t four = m->places[g];
            const lanes v = load_four(w);
            add_vectors(at_place(x, four, 0), ONE_OF(v, w, 0), even, vectors);
            add_vectors(at_place(x, four, 1), ONE_OF(v, w, 1), more, vectors);
            add_vectors(at_place(x, four, 2), ONE_OF(v, w, 2), even, vectors);
            add_vectors(at_place(x, four, 3), ONE_OF(v, w, 3), more, vectors);
        }
        UNROLL
        for (int t = 0; t < vectors; t++)
            store(to + t * LANES, even[t] + odd[t]);
    }
}

/* A whole matrix by a panel of which so many vectors are in use. */
static void multiply_panel(const struct pattern *m, const float *values, const float *bias,
                           const float *x, float *sums, int64_t vectors)
{
    for (int64_t b = 0; b < m->blocks; b++, x += (m->depth + 1) * PANEL)
        if (vectors <= PANEL_VECTORS / 4)
            multiply_block(m, b, values, bias, x, sums, PANEL_VECTORS / 4);
        else if (vectors <= PANEL_VECTORS / 2)
            multiply_block(m, b, values, bias, x, sums, PANEL_VECTORS / 2);
        else
            multiply_block(m, b, values, bias, x, sums, PANEL_VECTORS);
}

/* The sums of all lanes of four vectors. */
INLINE quad totals(lanes a, lanes b, lanes c, lanes d)
{
#if LANES == 16
    const lanes ab = __builtin_shufflevector(a, b, 0, 16, 2, 18, 4, 20, 6, 22, 8, 24, 10, 26, 12, 28,
                                             14, 30) +
                     __builtin_shufflevector(a, b, 1, 17, 3, 19, 5, 21, 7, 23, 9, 25, 11, 27, 13, 29,
                                             15, 31);
    const lanes cd = __builtin_shufflevector(c, d, 0, 16, 2, 18, 4, 20, 6, 22, 8, 24, 10, 26, 12, 28,
                                             14, 30) +
                     __builtin_shufflevector(c, d, 1, 17, 3, 19, 5, 21, 7, 23, 9, 25, 11, 27, 13, 29,
                                             15, 31);
    const lanes all = __builtin_shufflevector(ab, cd, 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12,
                                              13, 28, 29) +
                      __builtin_shufflevector(ab, cd, 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14,
                                              15, 30, 31);
    return (__builtin_shufflevector(all, all, 0, 1, 2, 3) +
            __builtin_shufflevector(all, all, 4, 5, 6, 7)) +
           (__builtin_shufflevector(all, all, 8, 9, 10, 11) +
            __builtin_shufflevector(all, all, 12, 13, 14, 15));
#elif LANES == 8
    const lanes ab = __builtin_shufflevector(a, b, 0, 8, 2, 10, 4, 12, 6, 14) +
                     __builtin_shufflevector(a, b, 1, 9, 3, 11, 5, 13, 7, 15);
    const lanes cd = __builtin_shufflevector(c, d, 0, 8, 2, 10, 4, 12, 6, 14) +
                     __builtin_shufflevector(c, d, 1, 9, 3, 11, 5, 13, 7, 15);
    const lanes all = __builtin_shufflevector(ab, cd, 0, 1, 8, 9, 4, 5, 12, 13) +
                      __builtin_shufflevector(ab, cd, 2, 3, 10, 11, 6, 7, 14, 15);
    return __builtin_shufflevector(all, all, 0, 1, 2, 3) +
           __builtin_shufflevector(all, all, 4, 5, 6, 7);
#else
    return (quad){total(a), total(b), total(c), total(d)};
#endif
}

/* The product of a row of one panel, held in registers, with a row of another. */
INLINE lanes meet(const lanes *row, const float *restrict x, const int vectors)
{
    lanes even = row[0] * load(x), odd = splat(0);
    if (vectors > 1)
        odd = row[1] * load(x + LANES);
    UNROLL
    for (int t = 2; t < vectors; t += 2) {
        even += row[t] * load(x + t * LANES);
        odd += row[t + 1] * load(x + (t + 1) * LANES);
    }
    return even + odd;
}

/* Adds to the gradient of each kept value the product of its row of the panel `dy`, which has blocks
   of `dy_depth` rows, with its column's row of the panel x. What fills up a group meets zeros, and
   adds zero to its neighbour. */
INLINE void sample_block(const struct pattern *m, int64_t block, const float *restrict dy,
                         int64_t dy_depth, const float *restrict x, float *restrict gradients,
                         const int vectors)
{
    const int32_t *starts = m->starts + block * m->rows, *groups = m->groups + block * m->rows;
    for (int64_t r = 0; r < m->rows; r++) {
        lanes row[PANEL_VECTORS];
        UNROLL
        for (int t = 0; t < vectors; t++)
            row[t] = load(dy + (r + r / dy_depth) * PANEL + t * LANES);
        float *to = gradients + starts[r];
        for (int64_t g = groups[r]; g < groups[r + 1]; g++, to += 4) {
            const uint64_t four = m->places[g];
            *(quad *)to += totals(meet(row, at_place(x, four, 0), vectors),
                                  meet(row, at_place(x, four, 1), vectors),
                                  meet(row, at_place(x, four, 2), vectors),
                                  meet(row, at_place(x, four, 3), vectors));
        }
    }
}

/* The whole panel `dy` by the whole panel x. */
static void sample_panel(const struct pattern *m, const float *dy, int64_t dy_depth, const float *x,
                         float *gradients, int64_t vectors)
{
    for (int64_t b = 0; b < m->blocks; b++, x += (m->depth + 1) * PANEL)
        if (vectors <= PANEL_VECTORS / 4)
            sample_block(m, b, dy, dy_depth, x, gradients, PANEL_VECTORS / 4);
        else if (vectors <= PANEL_VECTORS / 2)
            sample_block(m, b, dy, dy_depth, x, gradients, PANEL_VECTORS / 2);
        else
            sample_block(m, b, dy, dy_depth, x, gradients, PANEL_VECTORS);
}

/* A product of a batch: y = m x + bias forwards; backwards dx = t dy where `t` is given, and the
   gradients of the values where there is room for them, a row of `room` floats for each thread. */
struct product {
    const struct pattern *m, *t;
    const float *values, *bias;
    struct grid x, y, dx;
    int64_t pixels, failed;
    float *gradients;
    int64_t room;
};

/* The floats of a panel of so many features in blocks. */
INLINE int64_t panel_floats(int64_t features, int64_t depth)
{
    return ((features + depth - 1) / depth) * (depth + 1) * PANEL;
}

INLINE int64_t pixels_of(const struct product *p, int64_t panel)
{
    const int64_t left = p->pixels - panel * PANEL;
    return left < PANEL ? left : PANEL;
}

static void forward_panels(const void *job, int64_t first, int64_t last, int worker)
{
    struct product *p = (struct product *)job;
    const struct pattern *m = p->m;
    float *x = scratch(SLOT_IN, panel_floats(m->columns, m->depth));
    float *sums = scratch(SLOT_OUT, m->rows * PANEL);
    (void)worker;
    if (!x || !sums) {
        p->failed = 1;
        return;
    }
    for (int64_t i = first; i < last; i++) {
        const int64_t count = pixels_of(p, i);
        fill_panel(&p->x, i * PANEL, count, m->columns, m->depth, x);
        multiply_panel(m, p->values, p->bias, x, sums, (count + LANES - 1) / LANES);
        empty_panel(sums, &p->y, i * PANEL, count, m->rows);
    }
}

static void backward_panels(const void *job, int64_t first, int64_t last, int worker)
{
    struct product *p = (struct product *)job;
    const struct pattern *m = p->m, *t = p->t;
    const int64_t depth = t ? t->depth : m->rows;
    float *dy = scratch(SLOT_IN, panel_floats(m->rows, depth));
    float *x = scratch(SLOT_MORE, panel_floats(m->columns, m->depth));
    float *sums = scratch(SLOT_OUT, m->columns * PANEL);
    float *gradients = p->gradients ? p->gradients + worker * p->room : NULL;
    if (!dy || !x || !sums) {
        p->failed = 1;
        return;
    }
    for (int64_t i = first; i < last; i++) {
        const int64_t count = pixels_of(p, i), vectors = (count + LANES - 1) / LANES;
        fill_panel(&p->y, i * PANEL, count, m->rows, depth, dy);
        if (t) {
            multiply_panel(t, p->values, NULL, dy, sums, vectors);
            empty_panel(sums, &p->dx, i * PANEL, count, m->columns);
        }
        if (gradients) {
            fill_panel(&p->x, i * PANEL, count, m->columns, m->depth, x);
            sample_panel(m, dy, depth, x, gradients, vectors);
        }
    }
}

/* Values in the order of a pattern, with room for what fills up the last group. */
static const float *arranged(const struct pattern *m, const float *values)
{
    float *to = scratch(SLOT_VALUES, m->count + 4);
    if (!to)
        return NULL;
    if (m->order)
        for (int64_t k = 0; k < m->count; k++)
            to[k] = values[m->order[k]];
    else
        memcpy(to, values, (size_t)m->count * sizeof(float));
    memset(to + m->count, 0, 4 * sizeof(float));
    return to;
}

/* The pixels of a panel. */
EXPORT int64_t tenth_panel(void);
int64_t tenth_panel(void)
{
    return PANEL;
}

/* y = m x + bias; a bias of NULL is none. Returns 0 if there is no memory. */
EXPORT int tenth_linear_forward(const struct pattern *m, const float *values, const float *bias,
                                const struct grid *x, const struct grid *y, int64_t pixels,
                                int64_t threads);
int tenth_linear_forward(const struct pattern *m, const float *values, const float *bias,
                         const struct grid *x, const struct grid *y, int64_t pixels,
                         int64_t threads)
{
    struct product p = {.m = m, .bias = bias, .x = *x, .y = *y, .pixels = pixels};
    p.values = arranged(m, values);
    if (!p.values)
        return 0;
    share_work(forward_panels, &p, (pixels + PANEL - 1) / PANEL, threads);
    return !p.failed;
}

/* dx by the transposed pattern `t`, unless that is NULL; and the gradients of the values, unless
   `gradients` is NULL: `threads` rows of `count` + 4 floats, whose sum ends in the first row. */
EXPORT int tenth_linear_backward(const struct pattern *m, const struct pattern *t,
                                 const float *values, const struct grid *x, const struct grid *dy,
                                 const struct grid *dx, float *gradients, int64_t pixels,
                                 int64_t threads);
int tenth_linear_backward(const struct pattern *m, const struct pattern *t, const float *values,
                          const struct grid *x, const struct grid *dy, const struct grid *dx,
                          float *gradients, int64_t pixels, int64_t threads)
{
    struct product p = {.m = m, .t = t, .x = *x, .y = *dy, .dx = *dx, .pixels = pixels};
    p.gradients = gradients;
    p.room = m->count + 4;
    if (t && !(p.values = arranged(t, values)))
        return 0;
    if (gradients)
        memset(gradients, 0, (size_t)(threads * p.room) * sizeof(float));
    share_work(backward_panels, &p, (pixels + PANEL - 1) / PANEL, threads);
    for (int64_t w = 1; gradients && w < threads; w++)
        for (int64_t k = 0; k < m->count; k++)
            gradients[k] += gradients[w * p.room + k];
    return !p.failed;
}

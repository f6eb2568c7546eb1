/* Into panels and out of them: by rows, or by transposing squares in registers. */
#include "panels.h"
#include <stdlib.h>

#if LANES == 4
#define SIDE 4
#else
#define SIDE 8
#endif
typedef float edge
    __attribute__((vector_size(SIDE * sizeof(float)), aligned(sizeof(float)), may_alias));

#if SIDE == 8
/* Transposes a square: to[i] holds what stood at place i of each of `from`. */
INLINE void turn(const edge *from, edge *to)
{
    edge a[8], b[8];
    UNROLL
    for (int i = 0; i < 8; i += 2) {
        a[i] = __builtin_shufflevector(from[i], from[i + 1], 0, 8, 1, 9, 4, 12, 5, 13);
        a[i + 1] = __builtin_shufflevector(from[i], from[i + 1], 2, 10, 3, 11, 6, 14, 7, 15);
    }
    UNROLL
    for (int i = 0; i < 8; i += 4) {
        b[i] = __builtin_shufflevector(a[i], a[i + 2], 0, 1, 8, 9, 4, 5, 12, 13);
        b[i + 1] = __builtin_shufflevector(a[i], a[i + 2], 2, 3, 10, 11, 6, 7, 14, 15);
        b[i + 2] = __builtin_shufflevector(a[i + 1], a[i + 3], 0, 1, 8, 9, 4, 5, 12, 13);
        b[i + 3] = __builtin_shufflevector(a[i + 1], a[i + 3], 2, 3, 10, 11, 6, 7, 14, 15);
    }
    UNROLL
    for (int i = 0; i < 4; i++) {
        to[i] = __builtin_shufflevector(b[i], b[i + 4], 0, 1, 2, 3, 8, 9, 10, 11);
        to[i + 4] = __builtin_shufflevector(b[i], b[i + 4], 4, 5, 6, 7, 12, 13, 14, 15);
    }
}
#else
INLINE void turn(const edge *from, edge *to)
{
    float square[SIDE][SIDE], turned[SIDE][SIDE];
    memcpy(square, from, sizeof square);
    for (int i = 0; i < SIDE; i++)
        for (int j = 0; j < SIDE; j++)
            turned[i][j] = square[j][i];
    memcpy(to, turned, sizeof turned);
}
#endif

/* A square of pixels by features, each pixel `step` after the other, into rows of a panel. */
INLINE void turn_in(const float *from, int64_t step, float *panel)
{
    edge rows[SIDE], turned[SIDE];
    UNROLL
    for (int i = 0; i < SIDE; i++)
        rows[i] = *(const edge *)(from + i * step);
    turn(rows, turned);
    UNROLL
    for (int i = 0; i < SIDE; i++)
        *(edge *)(panel + i * PANEL) = turned[i];
}

/* The same, back. */
INLINE void turn_out(const float *panel, float *to, int64_t step)
{
    edge rows[SIDE], turned[SIDE];
    UNROLL
    for (int i = 0; i < SIDE; i++)
        rows[i] = *(const edge *)(panel + i * PANEL);
    turn(rows, turned);
    UNROLL
    for (int i = 0; i < SIDE; i++)
        *(edge *)(to + i * step) = turned[i];
}

/* Features that stand together, of pixels that lie apart. */
static void fill_by_pixels(const float *from, int64_t step, int64_t count, int64_t features,
                           float *panel)
{
    const int64_t whole_count = count / SIDE * SIDE, whole = features / SIDE * SIDE;
    for (int64_t p = 0; p < whole_count; p += SIDE)
        for (int64_t f = 0; f < whole; f += SIDE)
            turn_in(from + p * step + f, step, panel + f * PANEL + p);
    for (int64_t p = 0; p < count; p++)
        for (int64_t f = p < whole_count ? whole : 0; f < features; f++)
            panel[f * PANEL + p] = from[p * step + f];
}

void fill_panel(const struct grid *from, int64_t first, int64_t count, int64_t features,
                int64_t depth, float *panel)
{
    const float *at = from->at + first * from->pixel_step;
    for (int64_t begin = 0; begin < features; begin += depth) {
        const int64_t here = features - begin < depth ? features - begin : depth;
        const float *x = at + begin * from->feature_step;
        if (from->pixel_step == 1)
            for (int64_t f = 0; f < here; f++)
                memcpy(panel + f * PANEL, x + f * from->feature_step,
                       (size_t)count * sizeof(float));
        else
            fill_by_pixels(x, from->pixel_step, count, here, panel);
        if (count < PANEL)
            for (int64_t f = 0; f < here; f++)
                memset(panel + f * PANEL + count, 0, (size_t)(PANEL - count) * sizeof(float));
        memset(panel + depth * PANEL, 0, PANEL * sizeof(float));
        panel += (depth + 1) * PANEL;
    }
}

void empty_panel(const float *panel, const struct grid *to, int64_t first, int64_t count,
                 int64_t features)
{
    float *y = to->at + first * to->pixel_step;
    if (to->pixel_step == 1) {
        for (int64_t f = 0; f < features; f++)
            memcpy(y + f * to->feature_step, panel + f * PANEL, (size_t)count * sizeof(float));
        return;
    }
    const int64_t whole_count = count / SIDE * SIDE, whole = features / SIDE * SIDE;
    for (int64_t p = 0; p < whole_count; p += SIDE)
        for (int64_t f = 0; f < whole; f += SIDE)
            turn_out(panel + f * PANEL + p, y + p * to->pixel_step + f, to->pixel_step);
    for (int64_t p = 0; p < count; p++)
        for (int64_t f = p < whole_count ? whole : 0; f < features; f++)
            y[p * to->pixel_step + f] = panel[f * PANEL + p];
}

float *scratch(int slot, int64_t floats)
{
    static _Thread_local float *kept[SLOTS];
    static _Thread_local int64_t sizes[SLOTS];
    if (sizes[slot] < floats) {
        free(kept[slot]);
        const size_t bytes = ((size_t)floats * sizeof(float) + 63) / 64 * 64;
        kept[slot] = aligned_alloc(64, bytes);
        sizes[slot] = kept[slot] ? floats : 0;
    }
    return kept[slot];
}

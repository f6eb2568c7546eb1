/* The gradient of kept weights: of each, the products of what it reads and what it is added to. */
#include "conv.h"

/* Entries taken at once: their chains of sums hide each other's waiting. */
#define CHAINS 4

/* The sums of the lanes of four vectors, added to four floats. */
INLINE void add_totals(const lanes v[CHAINS], float *sums)
{
    for (int i = 0; i < CHAINS; i++)
        sums[i] += total(v[i]);
}

/* One tile of T vectors, all segments of one block. The gradients stay in registers. */
INLINE void sample_of(int T, const struct conv_pattern *pattern, int64_t segment, int64_t last,
                      const float *source, const float *gradient, int64_t channel, float *sums)
{
    for (; segment < last; segment++) {
        const float *moved = gradient + pattern->row[segment] * channel;
        lanes g[TILE];
        UNROLL
        for (int t = 0; t < T; t++)
            g[t] = load(moved + t * LANES);
        int64_t k = pattern->start[segment], end = pattern->start[segment + 1];
        for (; k + CHAINS <= end; k += CHAINS) {
            const int32_t *offset = pattern->offset + k;
            lanes s[CHAINS];
            UNROLL
            for (int i = 0; i < CHAINS; i++)
                s[i] = g[0] * load(source + offset[i]);
            UNROLL
            for (int t = 1; t < T; t++)
                for (int i = 0; i < CHAINS; i++)
                    s[i] += g[t] * load(source + offset[i] + t * LANES);
            add_totals(s, sums + k);
        }
        for (; k < end; k++) {
            lanes s = g[0] * load(source + pattern->offset[k]);
            UNROLL
            for (int t = 1; t < T; t++)
                s += g[t] * load(source + pattern->offset[k] + t * LANES);
            sums[k] += total(s);
        }
    }
}

#define CASE(T)                                                                                  \
    case T:                                                                                      \
        sample_of(T, pattern, segment, last, source, gradient, channel, sums);                   \
        break;

APART void sample(int width, const struct conv_pattern *pattern, int64_t segment, int64_t last,
                  const float *source, const float *gradient, int64_t channel, float *sums)
{
    switch (width) {
        CASE(1) CASE(2) CASE(3) CASE(4) CASE(5) CASE(6) CASE(7) CASE(8)
    }
}

void conv_sample(const struct conv_plan *plan, const struct conv_plan *back, const float *source,
                 const float *gradient, float *sums)
{
    const struct conv_pattern *pattern = &plan->pattern;
    const struct conv_part *p = pattern->part;
    const int32_t *place = back->source.place;
    int64_t across = plan->across, columns = p->run / across;
    int64_t channel = back->source.positions * across;
    int64_t vectors = p->run / LANES, tiles = (vectors + TILE - 1) / TILE;
    for (int64_t stripe = 0; stripe < p->rows; stripe += p->stripe)
        for (int64_t b = 0; b < p->blocks; b++) {
            const int32_t *block = pattern->block + p->first_block + b;
            for (int64_t i = stripe; i < p->rows && i < stripe + p->stripe; i++)
                for (int64_t t = 0; t < tiles; t++) {
                    int64_t from = t * vectors / tiles, to = (t + 1) * vectors / tiles;
                    sample((int)(to - from), pattern, block[0], block[1],
                           source + p->source + i * p->source_pitch + from * LANES,
                           gradient + place[i * columns] * across + from * LANES, channel, sums);
                }
        }
}

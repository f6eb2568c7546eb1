/* A sparse convolution of a panel: for each kept weight, one number times a tile of its source. */
#include "conv.h"

/* One tile of T vectors, all segments of one block. The sums stay in registers. */
INLINE void tile_of(int T, const struct conv_pattern *pattern, const struct entry *entries,
                    int64_t segment, int64_t last, const float *source, const float *bias,
                    int begin, float *result, int64_t channel)
{
    for (; segment < last; segment++) {
        int32_t row = pattern->row[segment];
        float *to = result + row * channel;
        lanes sums[TILE];
        if (begin)
            UNROLL
            for (int t = 0; t < T; t++)
                sums[t] = splat(bias ? bias[row] : 0);
        else
            UNROLL
            for (int t = 0; t < T; t++)
                sums[t] = load(to + t * LANES);
        const struct entry *end = entries + pattern->start[segment + 1];
        for (const struct entry *e = entries + pattern->start[segment]; e < end; e++) {
            const float *from = source + e->offset;
            lanes weight = splat(e->weight);
            UNROLL
            for (int t = 0; t < T; t++)
                sums[t] += weight * load(from + t * LANES);
        }
        UNROLL
        for (int t = 0; t < T; t++)
            store(to + t * LANES, sums[t]);
    }
}

#define CASE(T)                                                                                  \
    case T:                                                                                      \
        tile_of(T, pattern, entries, segment, last, source, bias, begin, result, channel);       \
        break;

APART void tile(int width, const struct conv_pattern *pattern, const struct entry *entries,
                int64_t segment, int64_t last, const float *source, const float *bias, int begin,
                float *result, int64_t channel)
{
    switch (width) {
        CASE(1) CASE(2) CASE(3) CASE(4) CASE(5) CASE(6) CASE(7) CASE(8)
    }
}

void conv_product(const struct conv_plan *plan, const struct entry *entries, const float *bias,
                  const float *source, float *result)
{
    const struct conv_pattern *pattern = &plan->pattern;
    int64_t channel = plan->result.positions * plan->across;
    for (const struct conv_part *p = pattern->part; p < pattern->part + pattern->parts; p++) {
        int64_t vectors = p->run / LANES, tiles = (vectors + TILE - 1) / TILE;
        for (int64_t stripe = 0; stripe < p->rows; stripe += p->stripe)
            for (int64_t b = 0; b < p->blocks; b++) {
                const int32_t *block = pattern->block + p->first_block + b;
                for (int64_t i = stripe; i < p->rows && i < stripe + p->stripe; i++)
                    for (int64_t t = 0; t < tiles; t++) {
                        int64_t from = t * vectors / tiles, to = (t + 1) * vectors / tiles;
                        tile((int)(to - from), pattern, entries, block[0], block[1],
                             source + p->source + i * p->source_pitch + from * LANES, bias, !b,
                             result + p->result + i * p->result_pitch + from * LANES, channel);
                    }
            }
    }
}

/* Sparse convolutions: images side by side in panels, and patterns of kept weights. */
#ifndef TENTH_CONV_H
#define TENTH_CONV_H
#include "vectors.h"

/* A tile is at most so many vectors: its sums fill the registers of AVX2 and NEON. */
#define TILE 8

/* Where the pixels of a plane stand in a panel. A panel holds images side by side:
   [channel][position][image], so that one pixel to the right is some whole vectors further, and a
   tap of the kernel is one distance for all of them. `place` maps a pixel to its position, or -1. */
struct conv_plane {
    int64_t channels, pixels, positions;
    const int32_t *place;
};

/* A regular grid of results: `rows` of `run` floats. Distances are in floats. Rows are taken by
   stripes, so that the sums of a stripe stay near while the blocks go by. */
struct conv_part {
    int64_t rows, run, stripe, source, source_pitch, result, result_pitch, first_block, blocks;
};

/* Which source channels and taps make each result channel. A block takes few source channels, so
   that what it reads stays near. A segment is one result channel in one block, and has the entries
   start[s] up to start[s + 1]. The first block of a part has a segment for every result channel. */
struct conv_pattern {
    int64_t parts, kept;
    const struct conv_part *part;
    const int32_t *block, *row, *start, *offset, *slot;
};

/* A convolution of panels of `across` images; `slot` tells which value an entry takes. */
struct conv_plan {
    int64_t across;
    struct conv_plane source, result;
    struct conv_pattern pattern;
};

/* A kept weight in the order of its pattern: how far its source is, and itself. */
struct entry {
    int32_t offset;
    float weight;
};

/* Images from `first` on of [images, channels, pixels], to a panel; lanes without an image become
   zero. Positions where no pixel stands are left alone. */
void conv_pack(const struct conv_plane *plane, int64_t across, const float *x, int64_t first,
               int64_t images, float *panel);

/* Back again; a pixel without a place gets zero. */
void conv_unpack(const struct conv_plane *plane, int64_t across, const float *panel, int64_t first,
                 int64_t images, float *y);

/* result = bias + weights * source, panel to panel; `bias` may be NULL. */
void conv_product(const struct conv_plan *plan, const struct entry *entries, const float *bias,
                  const float *source, float *result);

/* sums[k] += what entry k reads times what it is added to, over the whole panel. The gradient of the
   results stands in the panel that is the source of the plan `back`. */
void conv_sample(const struct conv_plan *plan, const struct conv_plan *back, const float *source,
                 const float *gradient, float *sums);
#endif

/* Panels: a stretch of pixels (of a batch, or tokens) with all its features, [feature][PANEL], so
   that a vector holds one feature of many pixels. Features stand in blocks of `depth`, each with a
   row of zeros behind it, which entries that only fill up a group of four point to. */
#ifndef TENTH_PANELS_H
#define TENTH_PANELS_H
#include "vectors.h"

/* Eight vectors hide the latency of a sum; where vectors are long, four and two sums of each do. */
#define PANEL_VECTORS (LANES == 16 ? 4 : 8)
#define PANEL (PANEL_VECTORS * LANES)

/* Numbers [pixel][feature] anywhere in memory: one of the two steps is 1. */
struct grid {
    float *at;
    int64_t pixel_step, feature_step;
};

/* Copies `count` pixels of all features into a panel, the rest of it filled up with zeros. */
void fill_panel(const struct grid *from, int64_t first, int64_t count, int64_t features,
                int64_t depth, float *panel);

/* Copies `count` pixels of a panel without blocks, [features][PANEL], to where they belong. */
void empty_panel(const float *panel, const struct grid *to, int64_t first, int64_t count,
                 int64_t features);

/* Memory that a thread keeps from call to call, at least so many floats; its use is over when the
   next one asks for the same slot. NULL if there is none. */
enum { SLOT_VALUES, SLOT_IN, SLOT_OUT, SLOT_MORE, SLOTS };
float *scratch(int slot, int64_t floats);
#endif

/* Attention over panels: channels [first, first + depth * heads) of the query and key meet head by
   head, those of the value are what is mixed. The steps of a mask lead to the next image, head,
   query and key, 0 where it is stretched; a NULL mask hides nothing. A causal query r meets the
   keys up to r. Each worker has scratch for the scores of one panel of queries. */
struct heads {
    const float *query, *key, *value, *mask;
    struct shape queries, keys, values;
    float *y;
    struct shape to;
    int64_t images, heads, depth, width;
    int64_t mask_image, mask_head, mask_query, mask_key;
    float scale;
    int causal;
    char *scratch;
    int64_t scratch_step;
};

/* What one unit of work is about: a panel of the queries of one head of one image. */
struct head_panel {
    int64_t image, head, seen; /* of the keys, so many are seen */
    struct stripe stripe;
};

/* sums[r][t] += w[r * row_step + k * step] * x[k][t], for all k and some rows and vectors. */
INLINE void add_strided(const float *restrict x, const float *restrict w, int64_t row_step,
                        int64_t step, int64_t count, lanes *sums, const int rows,
                        const int vectors)
{
    for (int64_t k = 0; k < count; k++) {
        lanes v[DENSE_VECTORS];
        UNROLL
        for (int t = 0; t < vectors; t++)
            v[t] = load(x + k * PANEL + t * LANES);
        UNROLL
        for (int r = 0; r < rows; r++) {
            UNROLL
            for (int t = 0; t < vectors; t++)
                sums[r * vectors + t] += w[r * row_step + k * step] * v[t];
        }
    }
}

/* y[r] = (keep ? y[r] : 0) + w[r] x for some rows and vectors. */
INLINE void strided_tile(const float *x, const float *w, int64_t row_step, int64_t step,
                         int64_t count, float *y, int keep, const int rows, const int vectors)
{
    lanes sums[DENSE_ROWS * DENSE_VECTORS];
    UNROLL
    for (int r = 0; r < rows; r++) {
        UNROLL
        for (int t = 0; t < vectors; t++)
            sums[r * vectors + t] = all_lanes(0);
    }
    if (keep) {
        UNROLL
        for (int r = 0; r < rows; r++) {
            UNROLL
            for (int t = 0; t < vectors; t++)
                sums[r * vectors + t] = load(y + r * PANEL + t * LANES);
        }
    }
    add_strided(x, w, row_step, step, count, sums, rows, vectors);
    UNROLL
    for (int r = 0; r < rows; r++) {
        UNROLL
        for (int t = 0; t < vectors; t++)
            store(y + r * PANEL + t * LANES, sums[r * vectors + t]);
    }
}

/* The same for all vectors of a panel, as many at a time as the registers hold. */
INLINE void strided_rows(const float *x, const float *w, int64_t row_step, int64_t step,
                         int64_t count, float *y, int64_t vectors, int keep, const int rows)
{
    int64_t v = 0;
    for (; v + DENSE_VECTORS <= vectors; v += DENSE_VECTORS)
        strided_tile(x + v * LANES, w, row_step, step, count, y + v * LANES, keep, rows,
                     DENSE_VECTORS);
    for (; v < vectors; v++)
        strided_tile(x + v * LANES, w, row_step, step, count, y + v * LANES, keep, rows, 1);
}

/* The same for any number of rows. */
static void strided_block(const float *x, const float *w, int64_t row_step, int64_t step,
                          int64_t count, float *y, int64_t rows, int64_t vectors, int keep)
{
    int64_t r = 0;
    for (; r + DENSE_ROWS <= rows; r += DENSE_ROWS)
        strided_rows(x, w + r * row_step, row_step, step, count, y + r * PANEL, vectors, keep,
                     DENSE_ROWS);
    for (; r < rows; r++)
        strided_rows(x, w + r * row_step, row_step, step, count, y + r * PANEL, vectors, keep, 1);
}

/* scores[s] = query . key[s] for all keys seen, a row of a panel each. */
static void head_scores(const struct heads *a, const struct head_panel *p, float *scores)
{
    const int64_t channel = p->head * a->depth;
    const float *query = a->query + place_in(&a->queries, p->image, &p->stripe, channel);
    for (int64_t panel = 0; panel < panels_of(a->keys.pixels); panel++) {
        const struct stripe keys = stripe_of(a->keys.pixels, panel);
        const int64_t left = p->seen - keys.first;
        if (left > 0)
            strided_block(query, a->key + place_in(&a->keys, p->image, &keys, channel), 1, PANEL,
                          a->depth, scores + keys.first * PANEL,
                          left < keys.count ? left : keys.count, p->stripe.vectors, 0);
    }
}

/* Scales a vector of scores, and adds what the mask and the order of the queries hide. */
INLINE lanes masked_scores(const struct heads *a, const struct head_panel *p, const float *mask,
                           int64_t vector, int64_t key, lanes scores)
{
    const int64_t first = p->stripe.first + vector * LANES;
    scores *= a->scale;
    if (mask && a->mask_query == 0)
        scores += mask[key * a->mask_key];
    else if (mask) {
        float part[LANES] = {0};
        for (int64_t i = 0; i < LANES && first + i < a->queries.pixels; i++)
            part[i] = mask[(first + i) * a->mask_query + key * a->mask_key];
        scores += load(part);
    }
    if (a->causal && key > first) {
        float part[LANES];
        store(part, scores);
        for (int64_t i = 0; i < LANES && first + i < key; i++)
            part[i] = -INFINITY;
        scores = load(part);
    }
    return scores;
}

/* Turns scores into the powers of a softmax; `totals` gets their sums, 1 where all is hidden. */
static void head_powers(const struct heads *a, const struct head_panel *p, float *scores,
                        float *totals)
{
    const float *mask = a->mask;
    if (mask)
        mask += p->image * a->mask_image + p->head * a->mask_head;
    for (int64_t v = 0; v < p->stripe.vectors; v++) {
        lanes top = all_lanes(-INFINITY), sum = {0};
        for (int64_t s = 0; s < p->seen; s++) {
            float *at = scores + s * PANEL + v * LANES;
            const lanes masked = masked_scores(a, p, mask, v, s, load(at));
            store(at, masked);
            top = larger_lanes(masked, top);
        }
        const lane_bits seen = (lane_bits)(top > HIDDEN);
        top = select_lanes(seen, top, all_lanes(0));
        for (int64_t s = 0; s < p->seen; s++) {
            float *at = scores + s * PANEL + v * LANES;
            const lanes power = select_lanes(seen, exp_lanes(load(at) - top), all_lanes(0));
            store(at, power);
            sum += power;
        }
        store(totals + v * LANES, select_lanes(seen, sum, all_lanes(1)));
    }
}

/* The values of a head mixed by the powers, and divided by their totals. */
static void head_values(const struct heads *a, const struct head_panel *p, const float *powers,
                        const float *totals)
{
    const int64_t channel = p->head * a->width;
    float *y = a->y + place_in(&a->to, p->image, &p->stripe, channel);
    for (int64_t panel = 0; panel < panels_of(a->values.pixels); panel++) {
        const struct stripe keys = stripe_of(a->values.pixels, panel);
        const int64_t left = p->seen - keys.first;
        if (left > 0)
            strided_block(powers + keys.first * PANEL,
                          a->value + place_in(&a->values, p->image, &keys, channel), PANEL, 1,
                          left < keys.count ? left : keys.count, y, a->width, p->stripe.vectors,
                          panel > 0);
    }
    for (int64_t e = 0; e < a->width; e++)
        for (int64_t v = 0; v < p->stripe.vectors; v++) {
            float *at = y + e * PANEL + v * LANES;
            store(at, load(at) / load(totals + v * LANES));
        }
}

/* Some panels of queries of all heads of all images. */
static void head_panels(const void *given, int64_t first, int64_t last, int worker)
{
    const struct heads *a = given;
    const int64_t panels = panels_of(a->queries.pixels);
    float *scores = (float *)(void *)(a->scratch + worker * a->scratch_step);
    for (int64_t u = first; u < last; u++) {
        struct head_panel p = {u / panels / a->heads, u / panels % a->heads, a->keys.pixels,
                               stripe_of(a->queries.pixels, u % panels)};
        float totals[PANEL];
        const int64_t end = p.stripe.first + p.stripe.count;
        if (a->causal && end < p.seen)
            p.seen = end;
        head_scores(a, &p, scores);
        head_powers(a, &p, scores, totals);
        head_values(a, &p, scores, totals);
    }
}

/* Attention over panels. */
static void panel_attention(struct pool *pool, const struct heads *a)
{
    parallel(pool, head_panels, a, a->images * a->heads * panels_of(a->queries.pixels));
}

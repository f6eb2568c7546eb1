/* A linear layer or a convolution: each output is a bias, plus weights times what its pixel meets,
   plus a residual, cut off at `low` and `high`. A linear layer is a convolution of one tap. */
struct layer {
    struct matrix matrix;
    const float *x;
    struct shape from;
    float *y;
    struct shape to;
    const float *bias, *residual;
    enum form residual_form;
    float low, high;
    int64_t images;
    struct conv_sizes conv;
    float *planes;    /* padded planes of one image, or NULL where x is its own */
    int64_t *offsets; /* one for each tap of the kernel */
    char *scratch;    /* LAYER_SCRATCH(outputs of a group) bytes for each worker */
    int64_t scratch_step;
};

/* What one worker needs: a K-block of a panel, partial sums, and room to write beyond both. */
#define LAYER_BLOCK (16384 + 64)
_Static_assert(DEPTH * PANEL <= 16384 && DEPTH % FILE_DEPTH == 0, "a K-block beyond its room");
#define LAYER_SCRATCH(outputs) ((LAYER_BLOCK + ((outputs) + 6) * 64) * 4)

/* A layer as it runs, image by image if it has padded planes. `parts` share the rows of blocks. */
struct layer_job {
    const struct layer *layer;
    struct phases phases;
    int64_t image, parts;
};

/* Where part number `part` of the rows of a group starts: all parts have as many entries. */
static int64_t part_start(const struct matrix *m, int64_t group, int64_t part, int64_t parts)
{
    const int64_t rows = row_count(m), blocks = (m->depth + DEPTH - 1) / DEPTH;
    if (m->kind == DENSE || part == 0 || part == parts)
        return rows * part / parts;
    const struct kept w = kept_of(m->loaded, rows * m->groups);
    int64_t total = 0, sum = 0, row = 0;
    for (int64_t b = 0; b < blocks; b++) {
        const uint32_t *starts = w.starts + b * w.rows + group * rows;
        total += (int64_t)starts[rows] - starts[0];
    }
    for (; row < rows && sum * parts < total * part; row++)
        for (int64_t b = 0; b < blocks; b++) {
            const uint32_t *starts = w.starts + b * w.rows + group * rows + row;
            sum += (int64_t)starts[1] - starts[0];
        }
    return row;
}

/* One panel of a group of an image, for rows `first` to `last` of blocks. Its partial sums lie
   `step` floats apart. */
struct tile {
    int64_t image, group, first, last, step;
    struct stripe stripe;
};

/* Whether a pixel is alone, and its inputs stand side by side. */
INLINE int is_alone(const struct layer *s, const struct stripe *t)
{
    return s->from.form == ROWS && t->count == 1;
}

/* How far apart partial sums lie: no further than vectors reach, so that they stay in the nearest
   caches. */
INLINE int64_t partial_step(const struct layer *s, const struct stripe *t)
{
    return s->matrix.kind == KEPT_16 || is_alone(s, t) ? t->count : t->vectors * LANES;
}

/* How far apart in memory the channels and the pixels of a value are. */
struct steps {
    int64_t channel, pixel;
};

/* The steps of a form. */
static struct steps steps_of(const struct shape *s)
{
    if (s->form == ROWS)
        return (struct steps){1, s->channels};
    return (struct steps){channel_step(s), 1};
}

/* Copies outputs `low` to `high` of a tile's residual to where its partial sums begin. */
static void begin_with_residual(const struct layer *s, const struct tile *t, int64_t low,
                                int64_t high, float *restrict partial)
{
    const struct shape shape = {s->residual_form, s->to.channels, s->to.pixels};
    const int64_t group = t->group * (s->matrix.outputs / s->matrix.groups);
    const struct steps step = steps_of(&shape);
    const float *from = s->residual + place_in(&shape, t->image, &t->stripe, 0);
    for (int64_t o = low; o < high; o++)
        for (int64_t p = 0; p < t->step; p++)
            partial[o * t->step + p] =
                p < t->stripe.count ? from[(group + o) * step.channel + p * step.pixel] : 0;
}

/* Copies finished sums of outputs `low` to `high` to where they belong. */
static void copy_out(const struct layer *s, const struct tile *t, int64_t low, int64_t high,
                     const float *restrict sums)
{
    const int64_t group = t->group * (s->matrix.outputs / s->matrix.groups);
    const struct steps step = steps_of(&s->to);
    float *y = s->y + place_in(&s->to, t->image, &t->stripe, group);
    if (s->to.form == ROWS)
        for (int64_t p = 0; p < t->stripe.count; p++, y += step.pixel)
            for (int64_t o = low; o < high; o++)
                y[o] = sums[o * t->step + p];
    else
        for (int64_t o = low; o < high; o++)
            memcpy(y + o * step.channel, sums + o * t->step,
                   (size_t)t->stripe.count * sizeof(float));
}

/* Whether whole vectors of a tile may be read from and written to where the result belongs. */
INLINE int writes_whole(const struct layer *s, const struct tile *t)
{
    return s->to.form == PANELS ||
           (s->to.form == PLANES && t->stripe.count == t->stripe.vectors * LANES);
}

/* Columns `first` to `last` of what a tile meets: in place, or gathered to `block`. */
static const float *tile_columns(const struct layer_job *job, const struct tile *t,
                                 const struct moves *moves, int64_t first, int64_t last,
                                 float *block)
{
    const struct layer *s = job->layer;
    const int64_t taps = s->conv.kernel_y * s->conv.kernel_x;
    const int64_t channel = t->group * (s->matrix.depth / taps);
    if (s->from.form == PANELS)
        return s->x + place_in(&s->from, t->image, &t->stripe, channel + first);
    if (s->from.form == ROWS) {
        const float *x = s->x + place_in(&s->from, t->image, &t->stripe, channel);
        if (is_alone(s, &t->stripe))
            return x + first;
        gather_rows(x, s->from.channels, &t->stripe, first, last, block);
        return block;
    }
    const int64_t plane = s->conv.height * s->conv.width;
    struct taps from = {s->planes + channel * job->phases.step, s->offsets, job->phases.step, taps};
    if (!s->planes) {
        from.planes = s->x + (t->image * s->conv.channels + channel) * plane;
        from.step = plane;
    }
    gather_planes(&from, moves, first, last, block);
    return block;
}

/* Whether whole vectors of a tile's residual may be read from where it stands. */
INLINE int reads_residual(const struct layer *s, const struct tile *t)
{
    return s->residual_form == PANELS ||
           (s->residual_form == PLANES && t->stripe.count == t->stripe.vectors * LANES);
}

/* Some rows of blocks of one K-block of a tile. */
static void multiply_rows(const struct layer *s, const struct tile *t, int64_t block,
                          int64_t first, int64_t last, const float *x, const struct target *target)
{
    if (is_alone(s, &t->stripe))
        multiply_alone(&s->matrix, t->group, block, first, last, x, target);
    else
        multiply_block(&s->matrix, t->group, block, first, last, x, target, t->stripe.vectors);
}

/* One K-block of a tile. Dense outputs that fill up the last row go to the partial sums. */
static void multiply_tile(const struct layer *s, const struct tile *t, int64_t block,
                          const float *x, const struct target *target, float *partial)
{
    const struct matrix *m = &s->matrix;
    const int64_t whole = m->outputs / m->groups / row_outputs(m->kind);
    const int64_t last = t->last < whole ? t->last : whole;
    multiply_rows(s, t, block, t->first, last, x, target);
    if (t->last > whole) {
        struct target rest = *target;
        rest.to = partial;
        rest.to_step = t->step;
        multiply_rows(s, t, block, whole, t->last, x, &rest);
    }
}

/* Computes a tile. Sums go to the partial ones until the last K-block, and then too if the result
   cannot be written in whole vectors. */
static void layer_tile(const struct layer_job *job, const struct tile *t, float *scratch)
{
    static const float zero = 0;
    const struct layer *s = job->layer;
    const struct matrix *m = &s->matrix;
    const int64_t own = m->outputs / m->groups, height = row_outputs(m->kind);
    const int64_t low = t->first * height, most = t->last * height;
    const int64_t high = most < own ? most : own, rest = own - own % height;
    const int64_t at = place_in(&s->to, t->image, &t->stripe, t->group * own);
    const int whole = writes_whole(s, t), read = reads_residual(s, t);
    const struct shape residual = {s->residual_form, s->to.channels, s->to.pixels};
    float *partial = scratch + LAYER_BLOCK;
    struct target target = {s->bias ? s->bias + t->group * own : &zero, s->bias != NULL, NULL, 0,
                            partial, t->step, -INFINITY, INFINITY, t->stripe.count};
    struct moves moves;
    plan_moves(&t->stripe, s->conv.columns, s->planes ? job->phases.pitch : s->conv.width,
               s->planes != NULL, &moves);
    if (s->residual) {
        target.from =
            read ? s->residual + place_in(&residual, t->image, &t->stripe, t->group * own) : partial;
        target.from_step = read ? channel_step(&residual) : t->step;
        if (!read)
            begin_with_residual(s, t, low, high, partial);
    }
    const int64_t depth = is_alone(s, &t->stripe) ? alone_depth(m) : DEPTH;
    for (int64_t k = 0; k < m->depth; k += depth) {
        const int64_t end = k + depth < m->depth ? k + depth : m->depth;
        if (end == m->depth) {
            target.low = s->low;
            target.high = s->high;
            target.to = whole ? s->y + at : partial;
            target.to_step = whole ? channel_step(&s->to) : t->step;
        }
        multiply_tile(s, t, k / DEPTH, tile_columns(job, t, &moves, k, end, scratch), &target,
                      partial);
        target.bias = &zero;
        target.bias_step = 0;
        target.from = partial;
        target.from_step = t->step;
    }
    if (!whole)
        copy_out(s, t, low, high, partial);
    else if (high > rest)
        copy_out(s, t, rest, high, partial);
}

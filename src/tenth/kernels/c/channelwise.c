/* An op whose outputs meet one channel each: a depthwise convolution, or without weights the
   largest of each window, where a NaN wins. */
struct channelwise {
    const float *x, *weights, *bias;
    float *y;
    struct shape to;
    float low, high;
    int64_t images;
    struct conv_sizes conv;
    int64_t *offsets;
    char *scratch; /* of each worker: the planes of a channel, twice its sums, room beyond */
    int64_t scratch_step;
};

/* Such an op as it runs. */
struct channelwise_job {
    const struct channelwise *op;
    struct phases phases;
};

/* A channel, spread over planes whose rows are `pitch` apart, and what it is multiplied with. */
struct spread {
    const float *planes, *weights;
    int64_t pitch, rows, columns;
    float bias, low, high;
};

/* Whether a kernel is one of 3x3 that moves by single steps. */
static int is_3x3(const struct conv_sizes *s)
{
    return s->kernel_y == 3 && s->kernel_x == 3 && s->stride_y == 1 && s->stride_x == 1 &&
           s->dilation_y == 1 && s->dilation_x == 1;
}

/* Some neighbouring rows of a convolution of 3x3 of stride 1: each vector that is loaded serves all
   outputs that it meets. A vector may reach beyond its row; from the last column to the first, so
   that the row behind is stored later. */
INLINE void rows_of_3x3(const struct spread *s, int64_t row, const int64_t rows, float *restrict to)
{
    const float *x = s->planes + row * s->pitch;
    lanes w[9];
    UNROLL
    for (int64_t k = 0; k < 9; k++)
        w[k] = all_lanes(s->weights[k]);
    to += row * s->columns;
    for (int64_t j = (s->columns - 1) / LANES * LANES; j >= 0; j -= LANES) {
        lanes sums[4];
        UNROLL
        for (int64_t r = 0; r < rows; r++)
            sums[r] = all_lanes(s->bias);
        UNROLL
        for (int64_t i = 0; i < rows + 2; i++) {
            UNROLL
            for (int64_t k = 0; k < 3; k++) {
                const lanes v = load(x + i * s->pitch + j + k);
                UNROLL
                for (int64_t r = 0; r < rows; r++)
                    if (i - r >= 0 && i - r < 3)
                        sums[r] += v * w[(i - r) * 3 + k];
            }
        }
        UNROLL
        for (int64_t r = 0; r < rows; r++)
            store(to + r * s->columns + j, clamp_lanes(sums[r], s->low, s->high));
    }
}

/* Such a convolution of a channel. */
static void sum_3x3(const struct spread *s, float *restrict to)
{
    int64_t row = 0;
    for (; row + 4 <= s->rows; row += 4)
        rows_of_3x3(s, row, 4, to);
    for (; row + 2 <= s->rows; row += 2)
        rows_of_3x3(s, row, 2, to);
    for (; row < s->rows; row++)
        rows_of_3x3(s, row, 1, to);
}

/* sums[i] = bias + the taps of pixel i, for all pixels of the planes and the gaps between rows. A
   number of taps that is known beforehand keeps the weights in registers. */
INLINE void sum_taps(const float *restrict planes, const int64_t *restrict offsets,
                     const int64_t taps, const float *restrict w, float bias, int64_t count,
                     float *restrict sums)
{
    lanes known[9];
    const float *at[9];
    for (int64_t k = 0; taps == 9 && k < taps; k++) {
        known[k] = all_lanes(w[k]);
        at[k] = planes + offsets[k];
    }
    for (int64_t i = 0; i < count; i += 4 * LANES) {
        lanes total[4];
        UNROLL
        for (int t = 0; t < 4; t++)
            total[t] = all_lanes(bias);
        UNROLL
        for (int64_t k = 0; k < taps; k++) {
            if (taps == 9)
                add_vectors(at[k] + i, known[k], total, 4);
            else
                add_vectors(planes + i + offsets[k], all_lanes(w[k]), total, 4);
        }
        UNROLL
        for (int t = 0; t < 4; t++)
            store(sums + i + t * LANES, total[t]);
    }
}

/* See sum_taps. */
static void sum_plane(const float *planes, const int64_t *offsets, int64_t taps, const float *w,
                      float bias, int64_t count, float *sums)
{
    if (taps == 9)
        sum_taps(planes, offsets, 9, w, bias, count, sums);
    else
        sum_taps(planes, offsets, taps, w, bias, count, sums);
}

/* The larger of two numbers, where a NaN wins. */
INLINE lanes larger_or_nan(lanes x, lanes so_far)
{
    return select_lanes((lane_bits)(x > so_far) | (lane_bits)(x != x), x, so_far);
}

/* The largest of each column of some rows of `width`, which lie `step` apart. The last vector meets
   the one before it; a row too short for any is taken number by number. */
static void largest_columns(const float *restrict x, int64_t rows, int64_t width, int64_t step,
                            float *restrict to)
{
    for (int64_t j = 0; j < width && width >= LANES; j += LANES) {
        const int64_t at = j + LANES <= width ? j : width - LANES;
        lanes best = all_lanes(-INFINITY);
        for (int64_t i = 0; i < rows; i++)
            best = larger_or_nan(load(x + i * step + at), best);
        store(to + at, best);
    }
    for (int64_t j = 0; j < width && width < LANES; j++) {
        to[j] = -INFINITY;
        for (int64_t i = 0; i < rows; i++) {
            const float v = x[i * step + j];
            to[j] = v > to[j] || v != v ? v : to[j];
        }
    }
}

/* The largest of each window along a row. */
INLINE void largest_along(const struct conv_sizes *s, const int64_t stride,
                          const float *restrict row, float *restrict to)
{
    if (stride > 2 || (stride == 2 && !EVEN_LANES)) {
        for (int64_t j = 0; j < s->columns; j++) {
            float best = -INFINITY;
            for (int64_t k = 0; k < s->kernel_x; k++) {
                const float v = row[j * stride + k * s->dilation_x];
                best = v > best || v != v ? v : best;
            }
            to[j] = best;
        }
        return;
    }
    for (int64_t j = 0; j < s->columns; j += LANES) {
        lanes best = all_lanes(-INFINITY);
        for (int64_t k = 0; k < s->kernel_x; k++) {
            const float *at = row + j * stride + k * s->dilation_x;
            const lanes v = stride == 1 ? load(at) : even_lanes(load(at), load(at + LANES));
            best = larger_or_nan(v, best);
        }
        store(to + j, best);
    }
}

/* The largest of each window of a channel, first down, then along. `row` has room for a row with all
   that its windows meet beyond; a vector may reach into the row of `to` behind, which is written
   later. */
static void largest_windows(const struct conv_sizes *s, const float *restrict x,
                            float *restrict row, float *restrict to)
{
    const int64_t reach = (s->columns - 1) * s->stride_x + (s->kernel_x - 1) * s->dilation_x + 1;
    const int64_t inside = s->pad_x + s->width, end = (reach > inside ? reach : inside) + 2 * LANES;
    const int64_t down = s->dilation_y;
    for (int64_t j = 0; j < end; j++)
        row[j] = -INFINITY;
    for (int64_t i = 0; i < s->rows; i++, to += s->columns) {
        const int64_t top = i * s->stride_y - s->pad_y;
        const int64_t first = top < 0 ? (-top + down - 1) / down : 0;
        const int64_t last = s->height > top ? (s->height - top + down - 1) / down : 0;
        const int64_t count = (last < s->kernel_y ? last : s->kernel_y) - first;
        largest_columns(x + (top + first * down) * s->width, count, s->width, down * s->width,
                        row + s->pad_x);
        switch (s->stride_x) {
        case 1: largest_along(s, 1, row, to); break;
        case 2: largest_along(s, 2, row, to); break;
        default: largest_along(s, s->stride_x, row, to); break;
        }
    }
}

/* Rows of a plane of sums, cut off at bounds, one right behind the other. A vector may reach into
   the row behind, which is written later. */
static void pack_rows(const struct spread *s, const float *restrict sums, float *restrict to)
{
    for (int64_t row = 0; row < s->rows; row++, sums += s->pitch, to += s->columns)
        for (int64_t j = 0; j < s->columns; j += LANES)
            store(to + j, clamp_lanes(load(sums + j), s->low, s->high));
}

/* Stores the pixels of a channel in panels. */
static void store_panels(const float *restrict x, const struct shape *to, float *restrict y)
{
    const int64_t panels = panels_of(to->pixels), vectors = (to->pixels + LANES - 1) / LANES;
    /* as stripe_of, without dividing for each panel */
    for (int64_t panel = 0, rest = 0; panel < panels; panel++, y += to->channels * PANEL) {
        rest += vectors % panels;
        const int64_t count = vectors / panels + (rest >= panels);
        rest -= rest >= panels ? panels : 0;
        for (int64_t v = 0; v < count; v++, x += LANES)
            store(y + v * LANES, load(x));
    }
}

/* One output of one image. */
static void channelwise_output(const struct channelwise_job *job, int64_t image, int64_t o,
                               float *planes)
{
    const struct channelwise *s = job->op;
    const struct conv_sizes *conv = &s->conv;
    const int64_t outputs = s->to.channels, taps = conv->kernel_y * conv->kernel_x;
    const int64_t channel = image * conv->channels + o / (outputs / conv->channels);
    const struct spread spread = {planes, s->weights ? s->weights + o * taps : NULL,
                                  job->phases.pitch, conv->rows, conv->columns,
                                  s->bias ? s->bias[o] : 0, s->low, s->high};
    const int64_t count = (conv->rows - 1) * spread.pitch + conv->columns;
    float *packed = planes + job->phases.step + 128, *sums = packed + s->to.pixels + 128;
    const float *x = s->x + channel * conv->height * conv->width;
    if (!s->weights)
        largest_windows(conv, x, sums, packed);
    else {
        conv_planes(conv, &job->phases, x, planes);
        if (is_3x3(conv))
            sum_3x3(&spread, packed);
        else {
            sum_plane(planes, s->offsets, taps, spread.weights, spread.bias, count, sums);
            pack_rows(&spread, sums, packed);
        }
    }
    float *y = s->y + place_in(&s->to, image, &(struct stripe){0, 0, 0, 0}, o);
    if (s->to.form == PANELS)
        store_panels(packed, &s->to, y);
    else
        memcpy(y, packed, (size_t)s->to.pixels * sizeof(float));
}

/* Some of the outputs of some images. */
static void channelwise_outputs(const void *given, int64_t first, int64_t last, int worker)
{
    const struct channelwise_job *job = given;
    const struct channelwise *s = job->op;
    float *planes = (float *)(void *)(s->scratch + worker * s->scratch_step);
    for (int64_t u = first; u < last; u++)
        channelwise_output(job, u / s->to.channels, u % s->to.channels, planes);
}

/* Runs such an op. */
static void run_channelwise(struct pool *pool, const struct channelwise *s)
{
    const struct channelwise_job job = {s, conv_phases(&s->conv)};
    conv_offsets(&s->conv, &job.phases, s->offsets);
    parallel(pool, channelwise_outputs, &job, s->images * s->to.channels);
}

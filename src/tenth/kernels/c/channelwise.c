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
    char *scratch; /* of each worker: the planes of a channel, one plane of sums, room beyond */
    int64_t scratch_step;
};

/* Such an op as it runs. */
struct channelwise_job {
    const struct channelwise *op;
    struct phases phases;
};

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

/* The same with the largest tap of each pixel. */
static void largest_plane(const float *restrict planes, const int64_t *restrict offsets,
                          int64_t taps, int64_t count, float *restrict largest)
{
    for (int64_t i = 0; i < count; i += 4 * LANES) {
        lanes best[4];
        UNROLL
        for (int t = 0; t < 4; t++)
            best[t] = all_lanes(-INFINITY);
        for (int64_t k = 0; k < taps; k++) {
            UNROLL
            for (int t = 0; t < 4; t++) {
                const lanes v = load(planes + i + offsets[k] + t * LANES);
                best[t] = select_lanes((lane_bits)(v > best[t]) | (lane_bits)(v != v), v, best[t]);
            }
        }
        UNROLL
        for (int t = 0; t < 4; t++)
            store(largest + i + t * LANES, best[t]);
    }
}

/* y[i * step] = x[i], cut off at bounds. */
INLINE void clamp_run(const float *restrict x, int64_t count, float low, float high,
                      float *restrict y, const int64_t step)
{
    int64_t i = 0;
    for (; step == 1 && i + LANES <= count; i += LANES)
        store(y + i, clamp_lanes(load(x + i), low, high));
    for (; i < count; i++)
        y[i * step] = clamp(x[i], low, high);
}

/* Stores the rows of a plane of sums, without the gaps, in the form that is wanted. */
static void channelwise_store(const struct channelwise *s, int64_t image, int64_t channel,
                              const float *restrict sums, int64_t pitch)
{
    const int64_t panels = s->to.form == PANELS ? panels_of(s->to.pixels) : 1;
    const int64_t columns = s->conv.columns, vectors = (s->to.pixels + LANES - 1) / LANES;
    const int64_t step = s->to.form == ROWS ? s->to.channels : 1;
    const struct stripe whole = {0, 0, s->to.pixels, 0};
    float *y = s->y + place_in(&s->to, image, &whole, channel);
    /* as stripe_of, without dividing for each panel */
    for (int64_t panel = 0, column = 0, done = 0, rest = 0; panel < panels; panel++) {
        int64_t end = s->to.pixels;
        if (panel + 1 < panels) {
            rest += vectors % panels;
            end = done + (vectors / panels + (rest >= panels)) * LANES;
            rest -= rest >= panels ? panels : 0;
        }
        float *to = panels > 1 ? y + panel * s->to.channels * PANEL - done : y;
        for (int64_t run; done < end; done += run) {
            run = columns - column < end - done ? columns - column : end - done;
            if (step == 1)
                clamp_run(sums + column, run, s->low, s->high, to + done, 1);
            else
                clamp_run(sums + column, run, s->low, s->high, to + done * step, step);
            column += run;
            if (column == columns) {
                column = 0;
                sums += pitch;
            }
        }
    }
}

/* Some of the outputs of some images. */
static void channelwise_outputs(const void *given, int64_t first, int64_t last, int worker)
{
    const struct channelwise_job *job = given;
    const struct channelwise *s = job->op;
    const int64_t outputs = s->to.channels, taps = s->conv.kernel_y * s->conv.kernel_x;
    const int64_t count = (s->conv.rows - 1) * job->phases.pitch + s->conv.columns;
    float *planes = (float *)(void *)(s->scratch + worker * s->scratch_step);
    float *sums = planes + job->phases.step + 128;
    for (int64_t u = first; u < last; u++) {
        const int64_t image = u / outputs, o = u % outputs;
        const int64_t channel = image * s->conv.channels + o / (outputs / s->conv.channels);
        conv_planes(&s->conv, &job->phases, s->x + channel * s->conv.height * s->conv.width,
                    s->weights ? 0 : -INFINITY, planes);
        if (s->weights)
            sum_plane(planes, s->offsets, taps, s->weights + o * taps, s->bias ? s->bias[o] : 0,
                      count, sums);
        else
            largest_plane(planes, s->offsets, taps, count, sums);
        channelwise_store(s, image, o, sums, job->phases.pitch);
    }
}

/* Runs such an op. */
static void run_channelwise(struct pool *pool, const struct channelwise *s)
{
    const struct channelwise_job job = {s, conv_phases(&s->conv)};
    conv_offsets(&s->conv, &job.phases, s->offsets);
    parallel(pool, channelwise_outputs, &job, s->images * s->to.channels);
}

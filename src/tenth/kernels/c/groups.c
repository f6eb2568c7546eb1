/* Images of channels in groups, each of which is brought to mean 0 and variance 1. */
struct channel_groups {
    const float *x, *weight, *bias;
    float *y;
    int64_t images, groups, channels, pixels;
    float epsilon;
};

/* Units are groups: x less its mean, divided by its deviation, scaled and shifted by channel. */
static void group_norm_units(const void *job, int64_t first, int64_t last, int worker)
{
    const struct channel_groups *s = job;
    const int64_t length = s->channels * s->pixels;
    (void)worker;
    for (int64_t unit = first; unit < last; unit++) {
        const float *x = s->x + unit * length;
        float *y = s->y + unit * length;
        double sum = 0, squares = 0;
        for (int64_t i = 0; i < length; i++)
            sum += x[i];
        const float centre = (float)(sum / (double)length);
        for (int64_t i = 0; i < length; i++)
            squares += (double)(x[i] - centre) * (x[i] - centre);
        const float scale = 1 / sqrtf((float)(squares / (double)length) + s->epsilon);
        for (int64_t c = 0; c < s->channels; c++) {
            const int64_t channel = unit % s->groups * s->channels + c;
            const float times = scale * (s->weight ? s->weight[channel] : 1);
            const float shift = s->bias ? s->bias[channel] : 0;
            for (int64_t i = c * s->pixels; i < (c + 1) * s->pixels; i++)
                y[i] = (x[i] - centre) * times + shift;
        }
    }
}

/* All groups, on all workers. */
static void group_norm(struct pool *pool, const struct channel_groups *s)
{
    parallel(pool, group_norm_units, s, s->images * s->groups);
}

/* y = x - max - log(sum of exp(x - max)), along the middle axis of [outer, length, inner]. */
static void log_softmax(const float *x, float *y, int64_t outer, int64_t length, int64_t inner)
{
    for (int64_t o = 0; o < outer; o++, x += length * inner, y += length * inner)
        for (int64_t i = 0; i < inner; i++) {
            float top = -INFINITY, sum = 0;
            for (int64_t j = 0; j < length; j++)
                top = x[j * inner + i] > top ? x[j * inner + i] : top;
            for (int64_t j = 0; j < length; j++) {
                float power = x[j * inner + i] - top;
                exponential(&power, &power, 1);
                sum += power;
            }
            const float shift = natural_log(sum);
            for (int64_t j = 0; j < length; j++)
                y[j * inner + i] = x[j * inner + i] - top - shift;
        }
}

/* y = the sum over some axes: of a box of `sizes` for each element of a box of `kept` axes. */
static void sum_of_box(const float *restrict x, float *restrict y, int64_t kept_rank,
                       const int64_t *kept_sizes, const int64_t *kept_strides, int64_t rank,
                       const int64_t *sizes, const int64_t *strides)
{
    const int64_t outputs = elements(kept_rank, kept_sizes), count = elements(rank, sizes);
    for (int64_t o = 0; o < outputs; o++) {
        const float *from = x + place_of(o, kept_rank, kept_sizes, kept_strides);
        double sum = 0;
        for (int64_t i = 0; i < count; i++)
            sum += from[place_of(i, rank, sizes, strides)];
        y[o] = (float)sum;
    }
}

/* y = the largest over some axes, as sum_of_box; a NaN wins. */
static void largest_of_box(const float *restrict x, float *restrict y, int64_t kept_rank,
                           const int64_t *kept_sizes, const int64_t *kept_strides, int64_t rank,
                           const int64_t *sizes, const int64_t *strides)
{
    const int64_t outputs = elements(kept_rank, kept_sizes), count = elements(rank, sizes);
    for (int64_t o = 0; o < outputs; o++) {
        const float *from = x + place_of(o, kept_rank, kept_sizes, kept_strides);
        float best = -INFINITY;
        for (int64_t i = 0; i < count; i++) {
            const float value = from[place_of(i, rank, sizes, strides)];
            best = value > best || value != value ? value : best;
        }
        y[o] = best;
    }
}

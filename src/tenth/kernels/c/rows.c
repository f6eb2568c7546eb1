/* y = a / b along a row; y may be a or b. A stride of 0 is one value that meets the whole row. */
static void div_row(const float *a, int64_t a_stride, const float *b, int64_t b_stride, float *y,
                    int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        y[i] = a[i * a_stride] / b[i * b_stride];
}

/* y = 1 where a = b, else 0, along a row. See div_row. */
static void equal_row(const float *a, int64_t a_stride, const float *b, int64_t b_stride, float *y,
                      int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        y[i] = a[i * a_stride] == b[i * b_stride];
}

/* y = 1 where a < b, else 0, along a row. See div_row. */
static void less_row(const float *a, int64_t a_stride, const float *b, int64_t b_stride, float *y,
                     int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        y[i] = a[i * a_stride] < b[i * b_stride];
}

/* y = x where it is above 0, else x times the slope, along a row. See div_row. */
static void prelu_row(const float *x, int64_t x_stride, const float *slope, int64_t slope_stride,
                      float *y, int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        const float value = x[i * x_stride], below = value * slope[i * slope_stride];
        y[i] = value > 0 ? value : below;
    }
}

/* y = exp(x). */
static void exponential(const float *x, float *y, int64_t count)
{
    each_lane(x, y, count, exp_lanes);
}

/* y = sqrt(x). */
static void square_root(const float *x, float *y, int64_t count)
{
    copy(x, y, count);
    for (int64_t i = 0; i < count; i++)
        y[i] = sqrtf(y[i]);
}

/* log(x) of a number above 0; a NaN passes, and so does infinity. The polynomial is that of Cephes'
   logf. */
static float natural_log(float x)
{
    uint32_t bits;
    if (!(x < INFINITY))
        return x;
    memcpy(&bits, &x, sizeof bits);
    /* x = (1 + rest) 2^n, 1 + rest from sqrt(1/2) to sqrt(2) */
    const uint32_t moved = bits - 0x3f3504f3u, n_bits = moved & 0xff800000u;
    const float n = (float)((int32_t)n_bits / (1 << 23));
    bits -= n_bits;
    memcpy(&x, &bits, sizeof bits);
    const float rest = x - 1, square = rest * rest;
    float sum = 7.0376836292e-2f * rest - 1.1514610310e-1f;
    sum = sum * rest + 1.1676998740e-1f;
    sum = sum * rest - 1.2420140846e-1f;
    sum = sum * rest + 1.4249322787e-1f;
    sum = sum * rest - 1.6668057665e-1f;
    sum = sum * rest + 2.0000714765e-1f;
    sum = sum * rest - 2.4999993993e-1f;
    sum = sum * rest + 3.3333331174e-1f;
    sum = sum * rest * square - n * 2.12194440e-4f - 0.5f * square;
    return rest + sum + n * 0.693359375f;
}

/* y = log(1 + exp(x)): x above 0, plus the log of 1 + exp(-|x|), which is right for a small one
   too. */
static void softplus(const float *x, float *y, int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        const float value = x[i], size = value < 0 ? -value : value;
        float power = -size;
        exponential(&power, &power, 1);
        const float more = 1 + power;
        const float rest = more == 1 ? power : natural_log(more) * (power / (more - 1));
        y[i] = value > 0 ? value + rest : value < 0 ? rest : value + rest;
    }
}

/* y = the whole numbers as floats. */
static void cast_ids(const int64_t *restrict ids, float *restrict y, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        y[i] = (float)ids[i];
}

/* y, a box of `sizes`, from x: strides are those of x, 0 where it is stretched. */
static void fit(const float *restrict x, float *restrict y, int64_t rank, const int64_t *sizes,
                const int64_t *strides)
{
    const int64_t length = sizes[rank - 1], step = strides[rank - 1];
    const int64_t rows = elements(rank - 1, sizes);
    for (int64_t i = 0; i < rows; i++, y += length) {
        const float *from = x + place_of(i, rank - 1, sizes, strides);
        if (step == 1)
            memcpy(y, from, (size_t)length * sizeof(float));
        else
            for (int64_t j = 0; j < length; j++)
                y[j] = from[j * step];
    }
}

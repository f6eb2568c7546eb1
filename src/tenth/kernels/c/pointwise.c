/* y = x, unless they are the same place. A function of each element then works on y alone. */
static void copy(const float *x, float *y, int64_t count)
{
    if (x != y)
        memcpy(y, x, (size_t)count * sizeof(float));
}

/* y = x cut off at low and high; relu is low 0 without a high. A NaN passes. */
static void clip(const float *x, float *y, int64_t count, float low, float high)
{
    copy(x, y, count);
    for (int64_t i = 0; i < count; i++)
        y[i] = clamp(y[i], low, high);
}

/* y = 1 / (1 + exp(-x)). */
static void sigmoid(const float *x, float *y, int64_t count)
{
    each_lane(x, y, count, sigmoid_lanes);
}

/* y = tanh(x). */
static void hyperbolic_tangent(const float *x, float *y, int64_t count)
{
    each_lane(x, y, count, tanh_lanes);
}

/* y = x / (1 + exp(-x)). */
static void silu(const float *x, float *y, int64_t count)
{
    each_lane(x, y, count, silu_lanes);
}

/* y = (x + 3 cut off at 0 and 6) / 6. */
static void hardsigmoid(const float *x, float *y, int64_t count)
{
    copy(x, y, count);
    for (int64_t i = 0; i < count; i++)
        y[i] = clamp(y[i] + 3, 0, 6) / 6;
}

/* y = x * (x + 3 cut off at 0 and 6) / 6. */
static void hardswish(const float *x, float *y, int64_t count)
{
    copy(x, y, count);
    for (int64_t i = 0; i < count; i++)
        y[i] = y[i] * clamp(y[i] + 3, 0, 6) / 6;
}

/* y = x * Phi(x), Phi the normal distribution. */
static void gelu(const float *x, float *y, int64_t count)
{
    each_lane(x, y, count, gelu_lanes);
}

/* The approximation of gelu by a hyperbolic tangent. */
static void gelu_tanh(const float *x, float *y, int64_t count)
{
    each_lane(x, y, count, gelu_tanh_lanes);
}

/* y = x * scale + shift for each channel of [images, channels, pixels]. */
static void channel_affine(const float *x, const float *restrict scale,
                           const float *restrict shift, float *y, int64_t images,
                           int64_t channels, int64_t pixels)
{
    copy(x, y, images * channels * pixels);
    for (int64_t i = 0; i < images; i++)
        for (int64_t c = 0; c < channels; c++, y += pixels)
            for (int64_t p = 0; p < pixels; p++)
                y[p] = y[p] * scale[c] + shift[c];
}

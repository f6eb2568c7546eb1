/* The bits of `lanes`, and what a comparison of them gives: all ones where it holds. */
typedef uint32_t lane_bits __attribute__((vector_size(LANES * sizeof(uint32_t))));

/* The same number in every lane. */
INLINE lanes all_lanes(float value)
{
    return (lanes){0} + value;
}

/* `yes` where all bits of `where` are ones, `no` where they are zeros. */
INLINE lanes select_lanes(lane_bits where, lanes yes, lanes no)
{
    return (lanes)((where & (lane_bits)yes) | (~where & (lane_bits)no));
}

/* x cut off at `low` and `high`; a NaN passes. */
INLINE lanes clamp_lanes(lanes x, float low, float high)
{
    x = select_lanes((lane_bits)(x < low), all_lanes(low), x);
    return select_lanes((lane_bits)(x > high), all_lanes(high), x);
}

/* The larger of two numbers; of `so_far` and a NaN, `so_far`. */
INLINE lanes larger_lanes(lanes x, lanes so_far)
{
    return select_lanes((lane_bits)(x > so_far), x, so_far);
}

/* A number as n log 2 + rest, |rest| <= log 2 / 2: exp(rest) - 1, and n above 3 * 2^22 as the
   bits of a float. Between -104 and 89. */
struct power {
    lanes less_one;
    lane_bits shifted;
};

/* Adding 3 * 2^22 rounds to a whole number, which then stands in the lowest bits. log 2 is split
   so that n times its first part is exact. The polynomial is that of Cephes' expf. */
INLINE struct power power_of(lanes x)
{
    const lanes shifted = x * 1.44269504f + 12582912.0f;
    const lanes n = shifted - 12582912.0f;
    const lanes rest = (x - n * 0.693359375f) + n * 2.12194440e-4f;
    lanes sum = rest * 1.9875691500e-4f + 1.3981999507e-3f;
    sum = sum * rest + 8.3334519073e-3f;
    sum = sum * rest + 4.1665795894e-2f;
    sum = sum * rest + 1.6666665459e-1f;
    sum = sum * rest + 5.0000001201e-1f;
    return (struct power){sum * (rest * rest) + rest, (lane_bits)shifted};
}

/* exp(x): 0 high below, infinite high above; a NaN passes. Relative error below 2e-7. 2^n is
   multiplied in by halves, so that results below the normal numbers are right too. */
INLINE lanes exp_lanes(lanes x)
{
    const struct power power = power_of(clamp_lanes(x, -104, 89));
    const lane_bits whole = power.shifted - 0x4b400000u + 254u, half = whole >> 1;
    return (power.less_one + 1) * (lanes)(half << 23) * (lanes)((whole - half) << 23);
}

/* tanh(x) = (exp(2x) - 1) / (exp(2x) + 1); a NaN passes. Relative error below 4e-7. */
INLINE lanes tanh_lanes(lanes x)
{
    const lane_bits sign = (lane_bits)x & 0x80000000u;
    const lanes twice = (lanes)((lane_bits)x ^ sign) * 2;
    const struct power power = power_of(clamp_lanes(twice, 0, 20));
    const lanes scale = (lanes)((power.shifted - 0x4b400000u + 127u) << 23);
    const lanes less_one = power.less_one * scale + (scale - 1);
    return (lanes)((lane_bits)(less_one / (less_one + 2)) | sign);
}

/* 1 / (1 + exp(-x)); a NaN passes. */
INLINE lanes sigmoid_lanes(lanes x)
{
    return 1 / (1 + exp_lanes(-x));
}

/* erf(x); a NaN passes. Absolute error below 2e-7: up to 1 an odd polynomial, beyond it
   1 - exp(of a polynomial), both fitted for the least largest error. */
INLINE lanes erf_lanes(lanes x)
{
    const lane_bits sign = (lane_bits)x & 0x80000000u;
    const lanes size = clamp_lanes((lanes)((lane_bits)x ^ sign), 0, 4), square = size * size;
    lanes low = square * -0.000546292809f + 0.00487070344f;
    low = low * square - 0.02666381f;
    low = low * square + 0.112780645f;
    low = low * square - 0.376119405f;
    low = low * square + 0.128378928f;
    lanes high = size * -0.00115041924f + 0.014778099f;
    high = high * size - 0.088634111f;
    high = high * size - 0.65448904f;
    high = high * size - 1.11743844f;
    high = 1 - exp_lanes(high * size - 0.0026717193f);
    const lanes result = select_lanes((lane_bits)(size > 1), high, low * size + size);
    return (lanes)((lane_bits)result | sign);
}

/* x * Phi(x), Phi the normal distribution: relu(x) - |x| * Phi(-|x|). The logarithm of Phi(-|x|) is
   a polynomial up to 6, fitted for the least largest error; beyond, the second term is below 1e-8 and
   left out. A NaN passes. Absolute error below 3e-7. */
INLINE lanes gelu_lanes(lanes x)
{
    const lanes whole = (lanes)((lane_bits)x & 0x7fffffffu);
    const lane_bits far = (lane_bits)(whole > 6);
    const lanes size = select_lanes(far, all_lanes(6), whole);
    lanes q = size * -2.8052807e-06f + 6.27986446e-06f;
    q = q * size + 0.00041352163f;
    q = q * size - 0.00535399234f;
    q = q * size + 0.0367480144f;
    q = q * size + 0.31815657f;
    q = q * size + 0.797908008f;
    q = q * size + 0.693146348f;
    const struct power power = power_of(-q);
    const lanes scale = (lanes)((power.shifted - 0x4b400000u + 127u) << 23);
    const lanes below = select_lanes(far, all_lanes(0), whole * (power.less_one + 1) * scale);
    return select_lanes((lane_bits)(x > 0), x, all_lanes(0)) - below;
}

/* The approximation of gelu by a hyperbolic tangent. */
INLINE lanes gelu_tanh_lanes(lanes x)
{
    return 0.5f * x * (1 + tanh_lanes(0.79788456f * (x + 0.044715f * x * x * x)));
}

/* x / (1 + exp(-x)). */
INLINE lanes silu_lanes(lanes x)
{
    return x / (1 + exp_lanes(-x));
}

/* The first `count` lanes at x, and `rest` in the others. */
INLINE lanes some_lanes(const float *x, int64_t count, float rest)
{
    float part[LANES];
    for (int64_t i = 0; i < LANES; i++)
        part[i] = i < count ? x[i] : rest;
    return *(const lanes *)part;
}

/* The first `count` lanes of x to y. */
INLINE void put_lanes(lanes x, float *y, int64_t count)
{
    float part[LANES];
    *(lanes *)part = x;
    for (int64_t i = 0; i < count; i++)
        y[i] = part[i];
}

/* A function of each lane. */
typedef lanes curve(lanes x);

/* y = f(x) for each element, whatever stands beside it. x and y are one place, or apart. */
INLINE void each_lane(const float *x, float *y, int64_t count, curve *f)
{
    int64_t i = 0;
    for (; i + LANES <= count; i += LANES)
        *(lanes *)(y + i) = f(*(const lanes *)(x + i));
    if (i < count)
        put_lanes(f(some_lanes(x + i, count - i, 0)), y + i, count - i);
}

/* y = exp(x - max) / sum of the same, for one row. */
static void softmax_row(const float *x, float *y, int64_t length)
{
    const int64_t whole = length / LANES * LANES, left = length - whole;
    lanes tops = some_lanes(x + whole, left, -INFINITY), sums = {0};
    for (int64_t j = 0; j < whole; j += LANES)
        tops = larger_lanes(*(const lanes *)(x + j), tops);
    float top = tops[0], sum = 0;
    for (int64_t j = 1; j < LANES; j++)
        top = tops[j] > top ? tops[j] : top;
    for (int64_t j = 0; j < whole; j += LANES) {
        const lanes powers = exp_lanes(*(const lanes *)(x + j) - top);
        *(lanes *)(y + j) = powers;
        sums += powers;
    }
    const lanes powers = exp_lanes(some_lanes(x + whole, left, -INFINITY) - top);
    put_lanes(powers, y + whole, left);
    sums += powers;
    for (int64_t j = 0; j < LANES; j++)
        sum += sums[j];
    for (int64_t j = 0; j < length; j++)
        y[j] /= sum;
}

/* The same for `count` columns side by side; rows are `inner` apart. */
INLINE void softmax_columns(const float *x, float *y, int64_t length, int64_t inner, int64_t count)
{
    lanes top = all_lanes(-INFINITY), sum = {0};
    for (int64_t j = 0; j < length; j++)
        top = larger_lanes(some_lanes(x + j * inner, count, 0), top);
    for (int64_t j = 0; j < length; j++) {
        const lanes powers = exp_lanes(some_lanes(x + j * inner, count, 0) - top);
        put_lanes(powers, y + j * inner, count);
        sum += powers;
    }
    for (int64_t j = 0; j < length; j++)
        put_lanes(some_lanes(y + j * inner, count, 0) / sum, y + j * inner, count);
}

/* y = exp(x - max) / sum of the same, along the middle axis of [outer, length, inner]. */
static void softmax(const float *x, float *y, int64_t outer, int64_t length, int64_t inner)
{
    for (int64_t o = 0; o < outer; o++, x += length * inner, y += length * inner) {
        int64_t i = 0;
        if (inner == 1)
            softmax_row(x, y, length);
        else {
            for (; i + LANES <= inner; i += LANES)
                softmax_columns(x + i, y + i, length, inner, LANES);
            if (i < inner)
                softmax_columns(x + i, y + i, length, inner, inner - i);
        }
    }
}

/* y = (x - mean) / sqrt(variance + epsilon) * weight + bias for each row. */
static void layer_norm(const float *x, const float *restrict weight, const float *restrict bias,
                       float *y, int64_t rows, int64_t length, float epsilon)
{
    for (int64_t row = 0; row < rows; row++, x += length, y += length) {
        double sum = 0, squares = 0;
        for (int64_t i = 0; i < length; i++)
            sum += x[i];
        const float centre = (float)(sum / (double)length);
        for (int64_t i = 0; i < length; i++)
            squares += (double)(x[i] - centre) * (x[i] - centre);
        const float scale = 1 / sqrtf((float)(squares / (double)length) + epsilon);
        for (int64_t i = 0; i < length; i++)
            y[i] = (x[i] - centre) * scale * (weight ? weight[i] : 1) + (bias ? bias[i] : 0);
    }
}

/* y = the mean over some axes: of a box of `sizes` for each element of a box of `kept` axes. */
static void mean(const float *restrict x, float *restrict y, int64_t kept_rank,
                 const int64_t *kept_sizes, const int64_t *kept_strides, int64_t rank,
                 const int64_t *sizes, const int64_t *strides)
{
    const int64_t outputs = elements(kept_rank, kept_sizes);
    const int64_t rows = elements(rank - 1, sizes), length = sizes[rank - 1];
    for (int64_t o = 0; o < outputs; o++) {
        const float *from = x + place_of(o, kept_rank, kept_sizes, kept_strides);
        double sum = 0;
        for (int64_t i = 0; i < rows; i++) {
            const float *row = from + place_of(i, rank - 1, sizes, strides);
            for (int64_t j = 0; j < length; j++)
                sum += row[j * strides[rank - 1]];
        }
        y[o] = (float)(sum / (double)(rows * length));
    }
}

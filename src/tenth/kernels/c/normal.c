/* y = exp(x - max) / sum of the same, along the middle axis of [outer, length, inner]. */
static void softmax(const float *x, float *y, int64_t outer, int64_t length, int64_t inner)
{
    for (int64_t o = 0; o < outer; o++, x += length * inner, y += length * inner)
        for (int64_t i = 0; i < inner; i++) {
            float top = -INFINITY, sum = 0;
            for (int64_t j = 0; j < length; j++)
                top = x[j * inner + i] > top ? x[j * inner + i] : top;
            for (int64_t j = 0; j < length; j++) {
                const float power = expf(x[j * inner + i] - top);
                y[j * inner + i] = power;
                sum += power;
            }
            for (int64_t j = 0; j < length; j++)
                y[j * inner + i] /= sum;
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

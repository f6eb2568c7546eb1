/* Columns of a matrix that share one pass over the other. */
#define COLUMNS 16

/* sums[r][j] = sum over k of x[r][k] * w[k][j], for `rows` of x (at most 4) and a panel of w. */
INLINE void dense_tile(const float *restrict x, int64_t x_pitch, const float *restrict w,
                       int64_t w_pitch, int64_t depth, float (*restrict sums)[COLUMNS],
                       const int rows)
{
    lanes total[4][COLUMNS / LANES];
    UNROLL
    for (int r = 0; r < rows; r++) {
        UNROLL
        for (int v = 0; v < COLUMNS / LANES; v++)
            total[r][v] = (lanes){0};
    }
    for (int64_t k = 0; k < depth; k++) {
        const lanes *at = (const lanes *)(w + k * w_pitch);
        UNROLL
        for (int r = 0; r < rows; r++) {
            UNROLL
            for (int v = 0; v < COLUMNS / LANES; v++)
                total[r][v] += x[r * x_pitch + k] * at[v];
        }
    }
    UNROLL
    for (int r = 0; r < rows; r++) {
        UNROLL
        for (int v = 0; v < COLUMNS / LANES; v++)
            ((lanes *)sums[r])[v] = total[r][v];
    }
}

/* sums[j] = sum over k of x[k] * w[k][j]; four partial sums hide the latency of an addition. */
INLINE void dense_row(const float *restrict x, const float *restrict w, int64_t w_pitch,
                      int64_t depth, float *restrict sums)
{
    lanes total[4][COLUMNS / LANES] = {{{0}}};
    const int64_t whole = depth - depth % 4;
    for (int64_t k = 0; k < whole; k += 4) {
        UNROLL
        for (int64_t part = 0; part < 4; part++) {
            const lanes *at = (const lanes *)(w + (k + part) * w_pitch);
            UNROLL
            for (int v = 0; v < COLUMNS / LANES; v++)
                total[part][v] += x[k + part] * at[v];
        }
    }
    for (int64_t k = whole; k < depth; k++) {
        const lanes *at = (const lanes *)(w + k * w_pitch);
        UNROLL
        for (int v = 0; v < COLUMNS / LANES; v++)
            total[0][v] += x[k] * at[v];
    }
    UNROLL
    for (int v = 0; v < COLUMNS / LANES; v++)
        ((lanes *)sums)[v] = (total[0][v] + total[1][v]) + (total[2][v] + total[3][v]);
}

/* y = a b for matrices [rows, depth] and [depth, columns]. */
static void multiply(const float *restrict a, const float *restrict b, float *restrict y,
                     int64_t rows, int64_t depth, int64_t columns)
{
    for (int64_t row = 0, count; row < rows; row += count) {
        count = row + 4 <= rows ? 4 : 1;
        for (int64_t t = 0; t < columns && columns >= COLUMNS; t += COLUMNS) {
            /* the last panel overlaps the one before */
            const int64_t j = t + COLUMNS <= columns ? t : columns - COLUMNS;
            float sums[4][COLUMNS];
            if (count == 4)
                dense_tile(a + row * depth, depth, b + j, columns, depth, sums, 4);
            else
                dense_row(a + row * depth, b + j, columns, depth, sums[0]);
            for (int64_t r = 0; r < count; r++)
                memcpy(y + (row + r) * columns + j, sums[r], sizeof sums[r]);
        }
        for (int64_t r = row; r < row + count && columns < COLUMNS; r++)
            for (int64_t j = 0; j < columns; j++) {
                float sum = 0;
                for (int64_t k = 0; k < depth; k++)
                    sum += a[r * depth + k] * b[k * columns + j];
                y[r * columns + j] = sum;
            }
    }
}

/* y = a b for each matrix of a batch; strides say how far apart the matrices of a and b lie. */
static void matmul(const float *a, const float *b, float *y, int64_t rank, const int64_t *sizes,
                   const int64_t *a_strides, const int64_t *b_strides, int64_t rows,
                   int64_t depth, int64_t columns)
{
    const int64_t count = elements(rank, sizes);
    for (int64_t i = 0; i < count; i++)
        multiply(a + place_of(i, rank, sizes, a_strides), b + place_of(i, rank, sizes, b_strides),
                 y + i * rows * columns, rows, depth, columns);
}

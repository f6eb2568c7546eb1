/* y = a b for matrices [rows, depth] and [depth, columns]. */
static void multiply(const float *restrict a, const float *restrict b, float *restrict y,
                     int64_t rows, int64_t depth, int64_t columns)
{
    for (int64_t row = 0, count; row < rows; row += count) {
        count = row + 4 <= rows ? 4 : 1;
        for (int64_t t = 0; t < columns && columns >= PANEL; t += PANEL) {
            /* the last panel overlaps the one before */
            const int64_t j = t + PANEL <= columns ? t : columns - PANEL;
            float sums[4][PANEL];
            if (count == 4)
                dense_tile(a + row * depth, depth, b + j, columns, depth, sums, 4);
            else
                dense_row(a + row * depth, b + j, columns, depth, sums[0]);
            for (int64_t r = 0; r < count; r++)
                memcpy(y + (row + r) * columns + j, sums[r], sizeof sums[r]);
        }
        for (int64_t r = row; r < row + count && columns < PANEL; r++)
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

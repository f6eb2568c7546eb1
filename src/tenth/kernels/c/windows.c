/* Windows that move over planes. */
struct pool_sizes {
    int64_t planes, height, width, rows, columns;
    int64_t kernel_y, kernel_x, stride_y, stride_x, pad_y, pad_x, dilation_y, dilation_x;
};

/* A stretch of an axis. */
struct stretch {
    int64_t start, end;
};

/* The stretch of a window, cut off at `low` and `high`. */
static struct stretch window_of(int64_t start, int64_t length, int64_t low, int64_t high)
{
    return (struct stretch){start > low ? start : low,
                            start + length < high ? start + length : high};
}

/* The sum of a rectangle of a plane. */
static float sum_of(const float *x, int64_t width, struct stretch rows, struct stretch columns)
{
    const int64_t count = columns.end - columns.start;
    if (count == width)
        return sum_of_run(x + rows.start * width, (rows.end - rows.start) * width);
    float sum = 0;
    for (int64_t i = rows.start; i < rows.end; i++) {
        const float *row = x + i * width + columns.start;
        if (count >= LANES)
            sum += sum_of_run(row, count);
        else
            for (int64_t j = 0; j < count; j++)
                sum += row[j];
    }
    return sum;
}

/* y = the mean of each window. Padding counts as zeros if count_padding, else not at all. */
static void avg_pool(const struct pool_sizes *s, int count_padding, const float *restrict x,
                     float *restrict y)
{
    const int64_t edge_y = count_padding ? s->pad_y : 0, edge_x = count_padding ? s->pad_x : 0;
    for (int64_t plane = 0; plane < s->planes; plane++, x += s->height * s->width)
        for (int64_t row = 0; row < s->rows; row++) {
            const int64_t top = row * s->stride_y - s->pad_y;
            const struct stretch down = window_of(top, s->kernel_y, 0, s->height);
            const struct stretch tall =
                window_of(top, s->kernel_y, -edge_y, s->height + edge_y);
            for (int64_t column = 0; column < s->columns; column++) {
                const int64_t left = column * s->stride_x - s->pad_x;
                const struct stretch right = window_of(left, s->kernel_x, 0, s->width);
                const struct stretch wide =
                    window_of(left, s->kernel_x, -edge_x, s->width + edge_x);
                const int64_t count = (tall.end - tall.start) * (wide.end - wide.start);
                *y++ = sum_of(x, s->width, down, right) / (float)count;
            }
        }
}

/* The stretch that output i of `outputs` reads, where windows have no size of their own. */
static struct stretch adaptive_window(int64_t i, int64_t size, int64_t outputs)
{
    return (struct stretch){i * size / outputs, ((i + 1) * size + outputs - 1) / outputs};
}

/* y = the mean of each of rows * columns windows that cover a plane. */
static void adaptive_avg_pool(const float *restrict x, float *restrict y, int64_t planes,
                              int64_t height, int64_t width, int64_t rows, int64_t columns)
{
    for (int64_t plane = 0; plane < planes; plane++, x += height * width)
        for (int64_t row = 0; row < rows; row++)
            for (int64_t column = 0; column < columns; column++) {
                const struct stretch down = adaptive_window(row, height, rows);
                const struct stretch right = adaptive_window(column, width, columns);
                const int64_t count = (down.end - down.start) * (right.end - right.start);
                *y++ = sum_of(x, width, down, right) / (float)count;
            }
}

/* y = the largest element of each of rows * columns windows that cover a plane; a NaN wins. */
static void adaptive_max_pool(const float *restrict x, float *restrict y, int64_t planes,
                              int64_t height, int64_t width, int64_t rows, int64_t columns)
{
    for (int64_t plane = 0; plane < planes; plane++, x += height * width)
        for (int64_t row = 0; row < rows; row++)
            for (int64_t column = 0; column < columns; column++) {
                const struct stretch down = adaptive_window(row, height, rows);
                const struct stretch right = adaptive_window(column, width, columns);
                float best = -INFINITY;
                for (int64_t i = down.start; i < down.end; i++)
                    for (int64_t j = right.start; j < right.end; j++) {
                        const float value = x[i * width + j];
                        best = value > best || value != value ? value : best;
                    }
                *y++ = best;
            }
}

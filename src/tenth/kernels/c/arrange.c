/* y[…] = x[…] with the axes in another order: y is a box of `sizes`, strides are those of x. */
static void transpose(const float *restrict x, float *restrict y, int64_t rank,
                      const int64_t *sizes, const int64_t *strides)
{
    const int64_t length = sizes[rank - 1], step = strides[rank - 1];
    const int64_t rows = elements(rank - 1, sizes);
    for (int64_t i = 0; i < rows; i++) {
        const float *from = x + place_of(i, rank - 1, sizes, strides);
        for (int64_t j = 0; j < length; j++)
            *y++ = from[j * step];
    }
}

/* Copies `count` blocks of `length` floats, from places x_step apart to places y_step apart. */
static void copy_blocks(const float *restrict x, int64_t x_step, float *restrict y,
                        int64_t y_step, int64_t count, int64_t length)
{
    for (int64_t i = 0; i < count; i++)
        memcpy(y + i * y_step, x + i * x_step, (size_t)length * sizeof(float));
}

/* Where coordinate i of a padded axis comes from: outside is -1, or the opposite side. */
static int64_t pad_source(int64_t i, int64_t size, int circular)
{
    if (i >= 0 && i < size)
        return i;
    return circular ? (i + size) % size : -1;
}

/* y = x, a box of `sizes`, with each axis grown by before and after. */
static void pad(const float *restrict x, float *restrict y, int64_t rank, const int64_t *sizes,
                const int64_t *before, const int64_t *after, int circular)
{
    const int64_t last = rank - 1, length = sizes[last] + before[last] + after[last];
    int64_t rows = 1;
    for (int64_t axis = 0; axis < last; axis++)
        rows *= sizes[axis] + before[axis] + after[axis];
    for (int64_t row = 0; row < rows; row++) {
        int64_t from = 0, stride = sizes[last], rest = row, outside = 0;
        for (int64_t axis = last - 1; axis >= 0; axis--) {
            const int64_t grown = sizes[axis] + before[axis] + after[axis];
            const int64_t i = pad_source(rest % grown - before[axis], sizes[axis], circular);
            outside |= i < 0;
            from += i * stride;
            stride *= sizes[axis];
            rest /= grown;
        }
        for (int64_t j = 0; j < length; j++) {
            const int64_t i = pad_source(j - before[last], sizes[last], circular);
            *y++ = outside || i < 0 ? 0 : x[from + i];
        }
    }
}

/* y = the rows of the table that the ids name. Returns 0 if an id names none. */
static int embedding(const int64_t *restrict ids, const float *restrict table, float *restrict y,
                     int64_t count, int64_t entries, int64_t width)
{
    for (int64_t i = 0; i < count; i++) {
        if (ids[i] < 0 || ids[i] >= entries)
            return 0;
        memcpy(y + i * width, table + ids[i] * width, (size_t)width * sizeof(float));
    }
    return 1;
}

/* Sixteen neighbours of a row; a stride of 0 is one value that meets the whole row. */
INLINE void take_sixteen(const float *x, int64_t stride, float *restrict to)
{
    if (stride)
        memcpy(to, x, 16 * sizeof(float));
    else
        for (int j = 0; j < 16; j++)
            to[j] = *x;
}

/* y = a + b along a row. Sixteen are read before one is stored, as y may be a or b. */
static void add_row(const float *a, int64_t a_stride, const float *b, int64_t b_stride, float *y,
                    int64_t count)
{
    int64_t i = 0;
    for (; i + 16 <= count; i += 16) {
        float left[16], right[16];
        take_sixteen(a + i * a_stride, a_stride, left);
        take_sixteen(b + i * b_stride, b_stride, right);
        for (int j = 0; j < 16; j++)
            left[j] += right[j];
        memcpy(y + i, left, sizeof left);
    }
    for (; i < count; i++)
        y[i] = a[i * a_stride] + b[i * b_stride];
}

/* y = a - b along a row. See add_row. */
static void sub_row(const float *a, int64_t a_stride, const float *b, int64_t b_stride, float *y,
                    int64_t count)
{
    int64_t i = 0;
    for (; i + 16 <= count; i += 16) {
        float left[16], right[16];
        take_sixteen(a + i * a_stride, a_stride, left);
        take_sixteen(b + i * b_stride, b_stride, right);
        for (int j = 0; j < 16; j++)
            left[j] -= right[j];
        memcpy(y + i, left, sizeof left);
    }
    for (; i < count; i++)
        y[i] = a[i * a_stride] - b[i * b_stride];
}

/* y = a * b along a row. See add_row. */
static void mul_row(const float *a, int64_t a_stride, const float *b, int64_t b_stride, float *y,
                    int64_t count)
{
    int64_t i = 0;
    for (; i + 16 <= count; i += 16) {
        float left[16], right[16];
        take_sixteen(a + i * a_stride, a_stride, left);
        take_sixteen(b + i * b_stride, b_stride, right);
        for (int j = 0; j < 16; j++)
            left[j] *= right[j];
        memcpy(y + i, left, sizeof left);
    }
    for (; i < count; i++)
        y[i] = a[i * a_stride] * b[i * b_stride];
}

/* Meets two boxes row by row; where one is stretched along an axis, its stride there is 0. */
static void broadcast(void (*row)(const float *, int64_t, const float *, int64_t, float *, int64_t),
                      const float *a, const float *b, float *y, int64_t rank,
                      const int64_t *sizes, const int64_t *a_strides, const int64_t *b_strides)
{
    const int64_t length = sizes[rank - 1], rows = elements(rank - 1, sizes);
    for (int64_t i = 0; i < rows; i++)
        row(a + place_of(i, rank - 1, sizes, a_strides), a_strides[rank - 1],
            b + place_of(i, rank - 1, sizes, b_strides), b_strides[rank - 1], y + i * length,
            length);
}

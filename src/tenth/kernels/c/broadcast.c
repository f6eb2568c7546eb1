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

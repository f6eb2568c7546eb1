/* Planes of height * width that become rows * columns: size * up / down along each axis. */
struct resize {
    const float *x;
    float *y;
    int64_t planes, height, width, rows, columns, up_y, down_y, up_x, down_x;
    int corners;
};

/* Units are planes: each pixel is the nearest one. */
static void resize_nearest_planes(const void *job, int64_t first, int64_t last, int worker)
{
    const struct resize *s = job;
    (void)worker;
    float *y = s->y + first * s->rows * s->columns;
    for (int64_t plane = first; plane < last; plane++)
        for (int64_t row = 0; row < s->rows; row++) {
            int64_t i = row * s->down_y / s->up_y;
            i = i < s->height ? i : s->height - 1;
            const float *x = s->x + (plane * s->height + i) * s->width;
            for (int64_t column = 0; column < s->columns; column++) {
                const int64_t j = column * s->down_x / s->up_x;
                *y++ = x[j < s->width ? j : s->width - 1];
            }
        }
}

/* Two neighbours, and the share of the second. */
struct between {
    int64_t low, high;
    float share;
};

/* Where pixel i of `count` lies among `size`. With `corners` the outer ones stay where they are. */
static struct between between_of(int64_t i, int64_t count, int64_t size, int64_t up, int64_t down,
                                 int corners)
{
    double at = corners ? (double)i * ((double)(size - 1) / (double)(count > 1 ? count - 1 : 1))
                        : ((double)i + 0.5) * ((double)down / (double)up) - 0.5;
    at = at > 0 ? at : 0;
    int64_t low = (int64_t)at;
    low = low < size - 1 ? low : size - 1;
    return (struct between){low, low + 1 < size ? low + 1 : low, (float)(at - (double)low)};
}

/* Units are planes: each pixel lies between four. */
static void resize_linear_planes(const void *job, int64_t first, int64_t last, int worker)
{
    const struct resize *s = job;
    (void)worker;
    float *y = s->y + first * s->rows * s->columns;
    for (int64_t plane = first; plane < last; plane++)
        for (int64_t row = 0; row < s->rows; row++) {
            const struct between v =
                between_of(row, s->rows, s->height, s->up_y, s->down_y, s->corners);
            const float *top = s->x + (plane * s->height + v.low) * s->width;
            const float *end = s->x + (plane * s->height + v.high) * s->width;
            for (int64_t column = 0; column < s->columns; column++) {
                const struct between h =
                    between_of(column, s->columns, s->width, s->up_x, s->down_x, s->corners);
                const float left = top[h.low] + v.share * (end[h.low] - top[h.low]);
                const float right = top[h.high] + v.share * (end[h.high] - top[h.high]);
                *y++ = left + h.share * (right - left);
            }
        }
}

/* All planes, on all workers. */
static void resize_nearest(struct pool *pool, const struct resize *s)
{
    parallel(pool, resize_nearest_planes, s, s->planes);
}

/* All planes, on all workers. */
static void resize_linear(struct pool *pool, const struct resize *s)
{
    parallel(pool, resize_linear_planes, s, s->planes);
}

/* Planes of height * width, block_y * block_x of which become one of as many times the size. */
struct pixel_blocks {
    const float *x;
    float *y;
    int64_t planes, height, width, block_y, block_x;
};

/* Units are planes of the result. */
static void depth_to_space_planes(const void *job, int64_t first, int64_t last, int worker)
{
    const struct pixel_blocks *s = job;
    const int64_t plane_size = s->height * s->width, block = s->block_y * s->block_x;
    (void)worker;
    for (int64_t plane = first; plane < last; plane++)
        for (int64_t b = 0; b < block; b++)
            for (int64_t row = 0; row < s->height; row++) {
                const float *x = s->x + (plane * block + b) * plane_size + row * s->width;
                float *y = s->y + plane * block * plane_size + b % s->block_x +
                           (row * s->block_y + b / s->block_x) * s->width * s->block_x;
                for (int64_t column = 0; column < s->width; column++)
                    y[column * s->block_x] = x[column];
            }
}

/* All planes, on all workers. */
static void depth_to_space(struct pool *pool, const struct pixel_blocks *s)
{
    parallel(pool, depth_to_space_planes, s, s->planes);
}

/* Elements that a thread takes at a stroke: enough to be worth waking it. */
#define STRETCH 16384

/* Where the stretches before number `i` end, in an array of `count` elements. */
INLINE int64_t stretch_at(int64_t i, int64_t count)
{
    return i * STRETCH < count ? i * STRETCH : count;
}

/* A function of each element of an array. */
typedef void unary(const float *x, float *y, int64_t count);

/* The same, and where. */
struct unary_job {
    unary *run;
    const float *x;
    float *y;
    int64_t count;
};

/* Some stretches of an array. */
static void unary_part(const void *given, int64_t first, int64_t last, int worker)
{
    const struct unary_job *job = given;
    const int64_t start = stretch_at(first, job->count), end = stretch_at(last, job->count);
    job->run(job->x + start, job->y + start, end - start);
    (void)worker;
}

/* y = f(x) for each element. */
static void each_element(struct pool *pool, unary *run, const float *x, float *y, int64_t count)
{
    const struct unary_job job = {run, x, y, count};
    parallel(pool, unary_part, &job, (count + STRETCH - 1) / STRETCH);
}

/* An array to be cut off at bounds. */
struct clip_job {
    const float *x;
    float *y;
    int64_t count;
    float low, high;
};

/* Some stretches of an array. */
static void clip_part(const void *given, int64_t first, int64_t last, int worker)
{
    const struct clip_job *job = given;
    const int64_t start = stretch_at(first, job->count), end = stretch_at(last, job->count);
    clip(job->x + start, job->y + start, end - start, job->low, job->high);
    (void)worker;
}

/* y = x cut off at low and high, for each element. */
static void each_clip(struct pool *pool, const float *x, float *y, int64_t count, float low,
                      float high)
{
    const struct clip_job job = {x, y, count, low, high};
    parallel(pool, clip_part, &job, (count + STRETCH - 1) / STRETCH);
}

/* What meets a row of a with a row of b. */
typedef void binary(const float *a, int64_t a_stride, const float *b, int64_t b_stride, float *y,
                    int64_t count);

/* Two boxes that meet row by row; where one is stretched along an axis, its stride there is 0. */
struct binary_job {
    binary *row;
    const float *a, *b;
    float *y;
    int64_t rank;
    const int64_t *sizes, *a_strides, *b_strides;
    int64_t rows, length, group;
};

/* Some groups of rows. */
static void binary_rows(const void *given, int64_t first, int64_t last, int worker)
{
    const struct binary_job *job = given;
    const int64_t axes = job->rank - 1, end = last * job->group;
    for (int64_t i = first * job->group; i < end && i < job->rows; i++)
        job->row(job->a + place_of(i, axes, job->sizes, job->a_strides), job->a_strides[axes],
                 job->b + place_of(i, axes, job->sizes, job->b_strides), job->b_strides[axes],
                 job->y + i * job->length, job->length);
    (void)worker;
}

/* Some stretches of the only row. */
static void binary_part(const void *given, int64_t first, int64_t last, int worker)
{
    const struct binary_job *job = given;
    const int64_t start = stretch_at(first, job->length), end = stretch_at(last, job->length);
    const int64_t a_stride = job->a_strides[job->rank - 1], b_stride = job->b_strides[job->rank - 1];
    job->row(job->a + start * a_stride, a_stride, job->b + start * b_stride, b_stride,
             job->y + start, end - start);
    (void)worker;
}

/* Meets two boxes. */
static void broadcast(struct pool *pool, binary *row, const float *a, const float *b, float *y,
                      int64_t rank, const int64_t *sizes, const int64_t *a_strides,
                      const int64_t *b_strides)
{
    const int64_t length = sizes[rank - 1], rows = elements(rank - 1, sizes);
    const int64_t group = STRETCH / length + 1;
    const struct binary_job job = {row,       a,         b,    y,      rank, sizes,
                                   a_strides, b_strides, rows, length, group};
    if (rows == 1)
        parallel(pool, binary_part, &job, (length + STRETCH - 1) / STRETCH);
    else
        parallel(pool, binary_rows, &job, (rows + group - 1) / group);
}

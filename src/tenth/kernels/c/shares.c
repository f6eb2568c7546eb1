/* Rows, planes or the like that are worked on one by one, and how many a thread takes at a stroke. */
struct shares {
    int64_t units, group;
};

/* So that a stroke is worth waking a thread for; a unit has so many elements. */
INLINE struct shares shares_of(int64_t units, int64_t elements_each)
{
    return (struct shares){units, STRETCH / elements_each + 1};
}

/* How many groups there are. */
INLINE int64_t groups_in(const struct shares *s)
{
    return (s->units + s->group - 1) / s->group;
}

/* The first unit of a group, and where the last group ends. */
INLINE int64_t unit_at(const struct shares *s, int64_t group)
{
    return group * s->group < s->units ? group * s->group : s->units;
}

/* A softmax along the middle axis of [outer, length, inner]. */
struct softmax_job {
    struct shares outer;
    const float *x;
    float *y;
    int64_t length, inner;
};

/* Some groups of the outer axis. */
static void softmax_part(const void *given, int64_t first, int64_t last, int worker)
{
    const struct softmax_job *s = given;
    const int64_t start = unit_at(&s->outer, first), step = s->length * s->inner;
    softmax(s->x + start * step, s->y + start * step, unit_at(&s->outer, last) - start, s->length,
            s->inner);
    (void)worker;
}

/* Softmax on all threads. */
static void each_softmax(struct pool *pool, const float *x, float *y, int64_t outer,
                         int64_t length, int64_t inner)
{
    const struct softmax_job job = {shares_of(outer, length * inner), x, y, length, inner};
    parallel(pool, softmax_part, &job, groups_in(&job.outer));
}

/* A norm of each row. */
struct layer_norm_job {
    struct shares rows;
    const float *x, *weight, *bias;
    float *y;
    int64_t length;
    float epsilon;
};

/* Some groups of rows. */
static void layer_norm_part(const void *given, int64_t first, int64_t last, int worker)
{
    const struct layer_norm_job *s = given;
    const int64_t start = unit_at(&s->rows, first);
    layer_norm(s->x + start * s->length, s->weight, s->bias, s->y + start * s->length,
               unit_at(&s->rows, last) - start, s->length, s->epsilon);
    (void)worker;
}

/* A norm of each row on all threads. */
static void each_layer_norm(struct pool *pool, const float *x, const float *weight,
                            const float *bias, float *y, int64_t rows, int64_t length,
                            float epsilon)
{
    const struct layer_norm_job job = {shares_of(rows, length), x, weight, bias, y, length, epsilon};
    parallel(pool, layer_norm_part, &job, groups_in(&job.rows));
}

/* Means of windows over planes. */
struct avg_pool_job {
    struct shares planes;
    const struct pool_sizes *sizes;
    int count_padding;
    const float *x;
    float *y;
};

/* Some groups of planes. */
static void avg_pool_part(const void *given, int64_t first, int64_t last, int worker)
{
    const struct avg_pool_job *s = given;
    struct pool_sizes sizes = *s->sizes;
    const int64_t start = unit_at(&s->planes, first);
    sizes.planes = unit_at(&s->planes, last) - start;
    avg_pool(&sizes, s->count_padding, s->x + start * sizes.height * sizes.width,
             s->y + start * sizes.rows * sizes.columns);
    (void)worker;
}

/* Means of windows on all threads. */
static void each_avg_pool(struct pool *pool, const struct pool_sizes *sizes, int count_padding,
                          const float *x, float *y)
{
    const int64_t plane = sizes->height * sizes->width;
    const struct avg_pool_job job = {shares_of(sizes->planes, plane), sizes, count_padding, x, y};
    parallel(pool, avg_pool_part, &job, groups_in(&job.planes));
}

/* What brings each plane to rows * columns windows that cover it. */
typedef void adaptive_pool(const float *x, float *y, int64_t planes, int64_t height,
                           int64_t width, int64_t rows, int64_t columns);

/* The same, and where. */
struct adaptive_job {
    struct shares planes;
    adaptive_pool *run;
    const float *x;
    float *y;
    int64_t height, width, rows, columns;
};

/* Some groups of planes. */
static void adaptive_part(const void *given, int64_t first, int64_t last, int worker)
{
    const struct adaptive_job *s = given;
    const int64_t start = unit_at(&s->planes, first);
    s->run(s->x + start * s->height * s->width, s->y + start * s->rows * s->columns,
           unit_at(&s->planes, last) - start, s->height, s->width, s->rows, s->columns);
    (void)worker;
}

/* Windows that cover planes, on all threads. */
static void each_adaptive(struct pool *pool, adaptive_pool *run, const float *x, float *y,
                          int64_t planes, int64_t height, int64_t width, int64_t rows,
                          int64_t columns)
{
    const struct adaptive_job job = {shares_of(planes, height * width), run, x, y, height, width,
                                     rows, columns};
    parallel(pool, adaptive_part, &job, groups_in(&job.planes));
}

/* Rows of a table that ids name. `found` becomes 0 if an id names none. */
struct embedding_job {
    struct shares ids;
    const int64_t *which;
    const float *table;
    float *y;
    int64_t entries, width;
    int *found;
};

/* Some groups of ids. */
static void embedding_part(const void *given, int64_t first, int64_t last, int worker)
{
    const struct embedding_job *s = given;
    const int64_t start = unit_at(&s->ids, first);
    if (!embedding(s->which + start, s->table, s->y + start * s->width,
                   unit_at(&s->ids, last) - start, s->entries, s->width))
        __atomic_store_n(s->found, 0, __ATOMIC_RELAXED);
    (void)worker;
}

/* Rows of a table on all threads. Returns 0 if an id names none. */
static int each_embedding(struct pool *pool, const int64_t *ids, const float *table, float *y,
                          int64_t count, int64_t entries, int64_t width)
{
    int found = 1;
    const struct embedding_job job = {shares_of(count, width), ids, table, y, entries, width,
                                      &found};
    parallel(pool, embedding_part, &job, groups_in(&job.ids));
    return found;
}

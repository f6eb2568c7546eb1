/* A recurrent layer in one direction. Step t of row n of the gates stands at t * time_step +
   n * row_step, that of the result at t * y_time + n * y_row. The weight lies [width][gates][width]:
   what an element of the state adds to every gate. NULL states at the start are zeros. Each worker
   has `part` floats of scratch. Where rows are fewer than threads, `within` shares out each step. */
struct recurrent {
    const float *gates, *weight, *bias, *start_h, *start_c;
    float *y, *scratch;
    int64_t times, rows, width, time_step, row_step, y_time, y_row, part;
    int reverse, states;
    struct pool *within;
};

/* What a state adds to all gates: sums += h weight, where the weight has `length` numbers for each of
   the `width` elements of h. */
struct state_sum {
    const float *h, *weight;
    float *sums;
    int64_t width, length;
};

/* Units are runs of so many sums. */
#define STATE_RUN 64
static void add_state_runs(const void *job, int64_t first, int64_t last, int worker)
{
    const struct state_sum *s = job;
    const float *restrict h = s->h, *restrict weight = s->weight;
    float *restrict sums = s->sums;
    const int64_t length = s->length, start = first * STATE_RUN, most = last * STATE_RUN;
    const int64_t end = most < length ? most : length;
    int64_t k = 0;
    (void)worker;
    for (; k + 4 <= s->width; k += 4) {
        const float *w = weight + k * length;
        for (int64_t j = start; j < end; j++)
            sums[j] += (h[k] * w[j] + h[k + 1] * w[length + j]) +
                       (h[k + 2] * w[2 * length + j] + h[k + 3] * w[3 * length + j]);
    }
    for (; k < s->width; k++)
        for (int64_t j = start; j < end; j++)
            sums[j] += h[k] * weight[k * length + j];
}

/* Adds what a state adds, on the threads of a pool or on this one alone. */
static void add_state(struct pool *pool, const float *h, const float *weight, int64_t width,
                      int64_t length, float *sums)
{
    const struct state_sum job = {h, weight, sums, width, length};
    parallel(pool, add_state_runs, &job, (length + STATE_RUN - 1) / STATE_RUN);
}

/* Multiplications of a step below which to share it out takes longer than it saves. */
#define LEAST_STEP 65536

/* Runs `rows` on the threads of a pool: each takes rows of its own, or all share in each step. */
static void recurrent_rows(struct pool *pool, work *rows, const struct recurrent *s, int64_t gates)
{
    if (pool && s->rows < pool->workers && gates * s->width * s->width >= LEAST_STEP) {
        struct recurrent shared = *s;
        shared.within = pool;
        rows(&shared, 0, s->rows, 0);
    } else {
        parallel(pool, rows, s, s->rows);
    }
}

/* A state at the start: a row of what is given, or zeros. */
static void start_state(const float *restrict from, int64_t width, float *restrict to)
{
    for (int64_t i = 0; i < width; i++)
        to[i] = from ? from[i] : 0;
}

/* Units are rows of the batch: c = f c + i g and h = o tanh(c), with gates i, f, g, o. */
static void lstm_rows(const void *job, int64_t first, int64_t last, int worker)
{
    const struct recurrent *s = job;
    const int64_t width = s->width;
    float *h = s->scratch + worker * s->part, *c = h + width, *gates = c + width;
    for (int64_t n = first; n < last; n++) {
        start_state(s->start_h ? s->start_h + n * width : NULL, width, h);
        start_state(s->start_c ? s->start_c + n * width : NULL, width, c);
        for (int64_t i = 0; i < s->times; i++) {
            const int64_t t = s->reverse ? s->times - 1 - i : i;
            float *y = s->y + t * s->y_time + n * s->y_row;
            memcpy(gates, s->gates + t * s->time_step + n * s->row_step,
                   (size_t)(4 * width) * sizeof(float));
            add_state(s->within, h, s->weight, width, 4 * width, gates);
            sigmoid(gates, gates, 2 * width);
            hyperbolic_tangent(gates + 2 * width, gates + 2 * width, width);
            sigmoid(gates + 3 * width, gates + 3 * width, width);
            for (int64_t k = 0; k < width; k++)
                c[k] = gates[width + k] * c[k] + gates[k] * gates[2 * width + k];
            hyperbolic_tangent(c, h, width);
            for (int64_t k = 0; k < width; k++)
                h[k] *= gates[3 * width + k];
            memcpy(y, h, (size_t)width * sizeof(float));
            if (s->states)
                memcpy(y + width, c, (size_t)width * sizeof(float));
        }
    }
}

/* Units are rows of the batch: h = n + z (h - n), with gates r, z, n. */
static void gru_rows(const void *job, int64_t first, int64_t last, int worker)
{
    const struct recurrent *s = job;
    const int64_t width = s->width;
    float *h = s->scratch + worker * s->part, *products = h + width;
    float *z = products + width, *fresh = products + 2 * width;
    for (int64_t row = first; row < last; row++) {
        start_state(s->start_h ? s->start_h + row * width : NULL, width, h);
        for (int64_t i = 0; i < s->times; i++) {
            const int64_t t = s->reverse ? s->times - 1 - i : i;
            const float *gates = s->gates + t * s->time_step + row * s->row_step;
            memcpy(products, gates, (size_t)(2 * width) * sizeof(float));
            memcpy(fresh, s->bias, (size_t)width * sizeof(float));
            add_state(s->within, h, s->weight, width, 3 * width, products);
            sigmoid(products, products, 2 * width);
            for (int64_t k = 0; k < width; k++)
                fresh[k] = gates[2 * width + k] + products[k] * fresh[k];
            hyperbolic_tangent(fresh, fresh, width);
            for (int64_t k = 0; k < width; k++)
                h[k] = fresh[k] + z[k] * (h[k] - fresh[k]);
            memcpy(s->y + t * s->y_time + row * s->y_row, h, (size_t)width * sizeof(float));
        }
    }
}

/* All rows of an LSTM, on all threads. */
static void lstm(struct pool *pool, const struct recurrent *s)
{
    recurrent_rows(pool, lstm_rows, s, 4);
}

/* All rows of a GRU, on all threads. */
static void gru(struct pool *pool, const struct recurrent *s)
{
    recurrent_rows(pool, gru_rows, s, 3);
}

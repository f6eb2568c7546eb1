/* A recurrent layer in one direction. Step t of row n of the gates stands at t * time_step +
   n * row_step, that of the result at t * y_time + n * y_row. The weight lies [width][gates][width]:
   what an element of the state adds to every gate. NULL states at the start are zeros. Each worker
   has `part` floats of scratch. */
struct recurrent {
    const float *gates, *weight, *bias, *start_h, *start_c;
    float *y, *scratch;
    int64_t times, rows, width, time_step, row_step, y_time, y_row, part;
    int reverse, states;
};

/* sums += h weight, where the weight has `length` numbers for each element of h. */
static void add_state(const float *restrict h, const float *restrict weight, int64_t width,
                      int64_t length, float *restrict sums)
{
    int64_t k = 0;
    for (; k + 4 <= width; k += 4) {
        const float *w = weight + k * length;
        for (int64_t j = 0; j < length; j++)
            sums[j] += (h[k] * w[j] + h[k + 1] * w[length + j]) +
                       (h[k + 2] * w[2 * length + j] + h[k + 3] * w[3 * length + j]);
    }
    for (; k < width; k++)
        for (int64_t j = 0; j < length; j++)
            sums[j] += h[k] * weight[k * length + j];
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
            add_state(h, s->weight, width, 4 * width, gates);
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
            add_state(h, s->weight, width, 3 * width, products);
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

/* All rows of an LSTM, on all workers. */
static void lstm(struct pool *pool, const struct recurrent *s)
{
    parallel(pool, lstm_rows, s, s->rows);
}

/* All rows of a GRU, on all workers. */
static void gru(struct pool *pool, const struct recurrent *s)
{
    parallel(pool, gru_rows, s, s->rows);
}

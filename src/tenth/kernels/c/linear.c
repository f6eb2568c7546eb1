/* sums[r][j] = sum over k of x[r][k] * w[k][j], for `rows` of x (at most 4) and a panel of w. */
INLINE void dense_tile(const float *restrict x, int64_t x_pitch, const float *restrict w,
                       int64_t w_pitch, int64_t depth, float (*restrict sums)[PANEL],
                       const int rows)
{
    lanes total[4][PANEL / LANES];
    UNROLL
    for (int r = 0; r < rows; r++) {
        UNROLL
        for (int v = 0; v < PANEL / LANES; v++)
            total[r][v] = (lanes){0};
    }
    for (int64_t k = 0; k < depth; k++) {
        const lanes *at = (const lanes *)(w + k * w_pitch);
        UNROLL
        for (int r = 0; r < rows; r++) {
            UNROLL
            for (int v = 0; v < PANEL / LANES; v++)
                total[r][v] += x[r * x_pitch + k] * at[v];
        }
    }
    UNROLL
    for (int r = 0; r < rows; r++) {
        UNROLL
        for (int v = 0; v < PANEL / LANES; v++)
            ((lanes *)sums[r])[v] = total[r][v];
    }
}

/* sums[j] = sum over k of x[k] * w[k][j]; four partial sums hide the latency of an addition. */
INLINE void dense_row(const float *restrict x, const float *restrict w, int64_t w_pitch,
                      int64_t depth, float *restrict sums)
{
    lanes total[4][PANEL / LANES] = {{{0}}};
    const int64_t whole = depth - depth % 4;
    for (int64_t k = 0; k < whole; k += 4) {
        UNROLL
        for (int64_t part = 0; part < 4; part++) {
            const lanes *at = (const lanes *)(w + (k + part) * w_pitch);
            UNROLL
            for (int v = 0; v < PANEL / LANES; v++)
                total[part][v] += x[k + part] * at[v];
        }
    }
    for (int64_t k = whole; k < depth; k++) {
        const lanes *at = (const lanes *)(w + k * w_pitch);
        UNROLL
        for (int v = 0; v < PANEL / LANES; v++)
            total[0][v] += x[k] * at[v];
    }
    UNROLL
    for (int v = 0; v < PANEL / LANES; v++)
        ((lanes *)sums)[v] = (total[0][v] + total[1][v]) + (total[2][v] + total[3][v]);
}

/* The sizes of a linear layer. */
struct linear_sizes {
    int64_t rows, inputs, outputs;
};

/* y = x w^T + bias. Weights lie in panels of PANEL outputs: [panel][input][output]. */
static void linear_dense(const struct linear_sizes *s, const float *restrict x,
                         const float *restrict panels, const float *restrict bias, float low,
                         float high, float *restrict y)
{
    const int64_t block = 64; /* rows that meet a panel while it is in the cache */
    for (int64_t top = 0; top < s->rows; top += block) {
        const int64_t end = top + block < s->rows ? top + block : s->rows;
        for (int64_t o = 0; o < s->outputs; o += PANEL) {
            const float *w = panels + o * s->inputs;
            const int64_t present = o + PANEL <= s->outputs ? PANEL : s->outputs - o;
            for (int64_t row = top, count; row < end; row += count) {
                float sums[4][PANEL];
                count = row + 4 <= end ? 4 : 1;
                if (count == 4)
                    dense_tile(x + row * s->inputs, s->inputs, w, PANEL, s->inputs, sums, 4);
                else
                    dense_row(x + row * s->inputs, w, PANEL, s->inputs, sums[0]);
                for (int64_t r = 0; r < count; r++)
                    for (int64_t j = 0; j < present; j++)
                        y[(row + r) * s->outputs + o + j] =
                            clamp(sums[r][j] + (bias ? bias[o + j] : 0), low, high);
            }
        }
    }
}

/* y = x w^T + bias over the kept weights.
   A tile of rows is turned so that its rows lie side by side; the scratch holds it and its
   outputs: (inputs + outputs) * TILE floats. */
static void linear_sparse(const struct linear_sizes *s, const float *restrict x, struct kept w,
                          const float *restrict bias, float low, float high, float *restrict y,
                          float *restrict scratch)
{
    float *restrict turned_x = scratch, *restrict turned_y = scratch + s->inputs * TILE;
    for (int64_t row = 0, count; row < s->rows; row += count) {
        count = s->rows - row < LANES ? 1 : s->rows - row < TILE ? s->rows - row : TILE;
        const float *from = x + row * s->inputs;
        float *to = y + row * s->outputs;
        if (count == 1) {
            for (int64_t o = 0; o < s->outputs; o++)
                to[o] = clamp(sparse_dot(from, 1, w.values + w.starts[o], w.indices + w.starts[o],
                                         w.starts[o + 1] - w.starts[o], bias ? bias[o] : 0),
                              low, high);
            continue;
        }
        for (int64_t i = 0; i < s->inputs; i++)
            for (int64_t r = 0; r < count; r++)
                turned_x[i * TILE + r] = from[r * s->inputs + i];
        const struct image image = {s->outputs, 1, count, count};
        sparse_image(&image, turned_x, TILE, w, bias, low, high, turned_y);
        for (int64_t o = 0; o < s->outputs; o += PANEL)
            for (int64_t r = 0; r < count; r++)
                for (int64_t j = o; j < o + PANEL && j < s->outputs; j++)
                    to[r * s->outputs + j] = turned_y[j * count + r];
    }
}

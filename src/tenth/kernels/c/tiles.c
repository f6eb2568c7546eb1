/* sums[t] += w * x[t], for `vectors` of t. */
INLINE void add_vectors(const float *restrict x, lanes w, lanes *sums, const int vectors)
{
    UNROLL
    for (int t = 0; t < vectors; t++)
        sums[t] += w * load(x + t * LANES);
}

/* Where in a panel one of four places stands. Kept in a register, as an address of one register
   is the quickest to use. */
INLINE const float *at_place(const float *x, uint64_t places, int i)
{
    const float *at = (const float *)((const char *)x + 8 * (size_t)(uint16_t)(places >> 16 * i));
#if defined(__x86_64__) && defined(__GNUC__)
    __asm__("" : "+r"(at));
#endif
    return at;
}

/* Four values, loaded once, and one of them in all lanes. On x86 a load is what there is too little
   of, so that shuffling within registers wins; elsewhere each value is loaded by itself. */
#if defined(__AVX__) && (defined(__clang__) || __GNUC__ >= 12)
typedef float quad __attribute__((vector_size(4 * sizeof(float)), aligned(sizeof(float)), may_alias));
INLINE lanes load_four(const float *from)
{
    const quad q = *(const quad *)from;
#if LANES == 16
    lanes four =
        __builtin_shufflevector(q, q, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3);
    __asm__("" : "+v"(four));
#else
    lanes four = __builtin_shufflevector(q, q, 0, 1, 2, 3, 0, 1, 2, 3);
    __asm__("" : "+x"(four));
#endif
    return four;
}
#if LANES == 16
#define ONE_OF(four, from, i)                                                                    \
    __builtin_shufflevector(four, four, i, i, i, i, i + 4, i + 4, i + 4, i + 4, i + 8, i + 8,    \
                            i + 8, i + 8, i + 12, i + 12, i + 12, i + 12)
#else
#define ONE_OF(four, from, i)                                                                    \
    __builtin_shufflevector(four, four, i, i, i, i, i + 4, i + 4, i + 4, i + 4)
#endif
#else
INLINE lanes load_four(const float *from)
{
    return all_lanes(*from);
}
#define ONE_OF(four, from, i) ((void)(four), all_lanes((from)[i]))
#endif

/* Adds the entries of one output, four at a time. Two sums of each vector hide the latency of an
   addition, where registers allow it. */
INLINE void add_kept_1(const float *restrict x, const uint16_t *restrict places,
                       const float *restrict values, int64_t count, lanes *sums,
                       const int vectors)
{
    lanes more[4];
    UNROLL
    for (int t = 0; t < 4; t++)
        more[t] = all_lanes(0);
    lanes *const odd = vectors <= 4 ? more : sums;
    for (int64_t k = 0; k < count; k += 4) {
        uint64_t four;
        memcpy(&four, places + k, sizeof four);
        const lanes w = load_four(values + k);
        add_vectors(at_place(x, four, 0), ONE_OF(w, values + k, 0), sums, vectors);
        add_vectors(at_place(x, four, 1), ONE_OF(w, values + k, 1), odd, vectors);
        add_vectors(at_place(x, four, 2), ONE_OF(w, values + k, 2), sums, vectors);
        add_vectors(at_place(x, four, 3), ONE_OF(w, values + k, 3), odd, vectors);
    }
    UNROLL
    for (int t = 0; t < vectors && vectors <= 4; t++)
        sums[t] += more[t];
}

/* Adds the entries of `height` outputs, which share each vector that they load. */
INLINE void add_kept_n(const float *restrict x, const uint16_t *restrict places,
                       const float *restrict values, int64_t count, lanes *sums,
                       const int vectors, const int height)
{
    for (int64_t k = 0; k < count; k++) {
        const float *at = at_place(x, places[k], 0);
        lanes v[4];
        UNROLL
        for (int t = 0; t < vectors; t++)
            v[t] = load(at + t * LANES);
        UNROLL
        for (int h = 0; h < height; h++) {
            const lanes w = all_lanes(values[k * height + h]);
            UNROLL
            for (int t = 0; t < vectors; t++)
                sums[h * vectors + t] += w * v[t];
        }
    }
}

/* Where one of four inputs of a pixel stands: in a panel, or, if the pixel is alone, beside the
   others. */
INLINE const float *at_input(const float *x, uint64_t places, int i, const int alone)
{
    return alone ? x + (uint16_t)(places >> 16 * i) / (PANEL / 2) : at_place(x, places, i);
}

/* Adds the entries of 16 outputs for one pixel: here a vector is of outputs. Four sums of each hide
   the latency of an addition. */
INLINE void add_kept_16(const float *restrict x, const uint16_t *restrict places,
                        const float *restrict values, int64_t count, lanes *sums,
                        const int alone)
{
    lanes more[3][16 / LANES];
    UNROLL
    for (int t = 0; t < 16 / LANES; t++)
        more[0][t] = more[1][t] = more[2][t] = all_lanes(0);
    int64_t k = 0;
    for (; k + 4 <= count; k += 4) {
        const float *w = values + k * 16;
        uint64_t four;
        memcpy(&four, places + k, sizeof four);
        const float a = *at_input(x, four, 0, alone), b = *at_input(x, four, 1, alone);
        const float c = *at_input(x, four, 2, alone), d = *at_input(x, four, 3, alone);
        UNROLL
        for (int t = 0; t < 16 / LANES; t++) {
            sums[t] += a * load(w + t * LANES);
            more[0][t] += b * load(w + 16 + t * LANES);
            more[1][t] += c * load(w + 32 + t * LANES);
            more[2][t] += d * load(w + 48 + t * LANES);
        }
    }
    for (; k < count; k++) {
        const float a = *at_input(x, places[k], 0, alone);
        UNROLL
        for (int t = 0; t < 16 / LANES; t++)
            sums[t] += a * load(values + k * 16 + t * LANES);
    }
    UNROLL
    for (int t = 0; t < 16 / LANES; t++)
        sums[t] += more[0][t] + (more[1][t] + more[2][t]);
}

/* Vectors of a dense tile: with as many outputs as stand side by side they fill the registers. */
#if defined(__AVX512F__) || defined(__aarch64__)
#define DENSE_VECTORS 4
#else
#define DENSE_VECTORS 2
#endif

/* Adds one column of the first `rows` of DENSE_ROWS outputs. */
INLINE void add_column(const float *restrict x, const float *restrict w, lanes *sums,
                       const int vectors, const int rows)
{
    lanes v[DENSE_VECTORS];
    UNROLL
    for (int t = 0; t < vectors; t++)
        v[t] = load(x + t * LANES);
    UNROLL
    for (int r = 0; r < rows; r++) {
        UNROLL
        for (int t = 0; t < vectors; t++)
            sums[r * vectors + t] += w[r] * v[t];
    }
}

/* Adds `depth` columns of them. A single vector gets two sums of each output, to hide the latency of
   an addition. */
INLINE void add_dense(const float *restrict x, const float *restrict w, int64_t depth, lanes *sums,
                      const int vectors, const int rows)
{
    int64_t k = 0;
    if (vectors == 1) {
        lanes odd[DENSE_ROWS];
        UNROLL
        for (int r = 0; r < rows; r++)
            odd[r] = all_lanes(0);
        for (; k + 2 <= depth; k += 2) {
            add_column(x + k * PANEL, w + k * DENSE_ROWS, sums, 1, rows);
            add_column(x + k * PANEL + PANEL, w + (k + 1) * DENSE_ROWS, odd, 1, rows);
        }
        UNROLL
        for (int r = 0; r < rows; r++)
            sums[r] += odd[r];
    }
    for (; k < depth; k++)
        add_column(x + k * PANEL, w + k * DENSE_ROWS, sums, vectors, rows);
}

/* A convolution: how its kernel moves over planes of height by width. */
struct conv_sizes {
    int64_t channels, height, width, rows, columns;
    int64_t kernel_y, kernel_x, stride_y, stride_x, pad_y, pad_x, dilation_y, dilation_x;
};

/* How a padded image lies in memory: for each channel, phases_y * phases_x planes of `rows` rows
   `pitch` apart, `step` floats together. With stride s, phase p holds every s-th row or column from
   p on, so that each tap of the kernel meets neighbouring pixels in neighbouring places. */
struct phases {
    int64_t phases_y, phases_x, rows, pitch, step;
};

/* The number of phases along an axis that some tap of the kernel meets. */
static int64_t phase_count(int64_t kernel, int64_t stride, int64_t dilation)
{
    int64_t last = 0;
    for (int64_t k = 0; k < kernel; k++)
        last = k * dilation % stride > last ? k * dilation % stride : last;
    return last + 1;
}

/* The planes of a convolution. */
static struct phases conv_phases(const struct conv_sizes *s)
{
    struct phases p = {phase_count(s->kernel_y, s->stride_y, s->dilation_y),
                       phase_count(s->kernel_x, s->stride_x, s->dilation_x),
                       s->rows + (s->kernel_y - 1) * s->dilation_y / s->stride_y,
                       s->columns + (s->kernel_x - 1) * s->dilation_x / s->stride_x, 0};
    p.step = p.phases_y * p.phases_x * p.rows * p.pitch;
    return p;
}

/* The lanes with even numbers of two vectors side by side. */
#if defined(__clang__) || __GNUC__ >= 12
#define EVEN_LANES 1
INLINE lanes even_lanes(lanes a, lanes b)
{
#if LANES == 16
    return __builtin_shufflevector(a, b, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
#elif LANES == 8
    return __builtin_shufflevector(a, b, 0, 2, 4, 6, 8, 10, 12, 14);
#else
    return __builtin_shufflevector(a, b, 0, 2, 4, 6);
#endif
}
#else
#define EVEN_LANES 0
INLINE lanes even_lanes(lanes a, lanes b)
{
    (void)b;
    return a;
}
#endif

/* Copies x[0], x[stride], … to a row of a plane. Whole vectors may be read and written beyond it, up
   to so many floats: what is written there is written again with a later row. */
INLINE void conv_row(const float *restrict x, const int64_t stride, int64_t count, int64_t readable,
                     int64_t writable, float *restrict to)
{
    const int64_t most = readable / stride < writable ? readable / stride : writable;
    int64_t j = 0;
    for (; (stride == 1 || (EVEN_LANES && stride == 2)) && j < count && j + LANES <= most;
         j += LANES)
        store(to + j, stride == 1 ? load(x + j)
                                  : even_lanes(load(x + 2 * j), load(x + 2 * j + LANES)));
    for (; j < count; j++)
        to[j] = x[j * stride];
}

/* Spreads every stride_y-th row and every stride_x-th column of a channel of an image, from phase
   (a, b) on, over a plane, with zeros beyond the image. */
INLINE void conv_phase(const struct conv_sizes *s, const struct phases *p, const int64_t stride,
                       int64_t a, int64_t b, const float *restrict x, float *restrict to,
                       int64_t writable)
{
    const int64_t first = b - s->pad_x, pitch = p->pitch;
    const int64_t before = first < 0 ? (-first + stride - 1) / stride : 0;
    const int64_t inside = s->width > first ? (s->width - first + stride - 1) / stride : 0;
    const int64_t start = before < pitch ? before : pitch, end = inside < pitch ? inside : pitch;
    const int64_t count = end - start;
    for (int64_t i = 0; i < p->rows; i++, to += pitch, writable -= pitch) {
        const int64_t from = i * s->stride_y + a - s->pad_y;
        if (from < 0 || from >= s->height || count <= 0) {
            for (int64_t j = 0; j < pitch; j++)
                to[j] = 0;
            continue;
        }
        const int64_t place = from * s->width + first + start * stride;
        for (int64_t j = 0; j < start; j++)
            to[j] = 0;
        conv_row(x + place, stride, count, s->height * s->width - place, writable - start,
                 to + start);
        for (int64_t j = end; j < pitch; j++)
            to[j] = 0;
    }
}

/* Spreads one channel of an image over its planes. */
APART void conv_planes(const struct conv_sizes *s, const struct phases *p, const float *restrict x,
                       float *restrict planes)
{
    int64_t writable = p->step;
    for (int64_t a = 0; a < p->phases_y; a++)
        for (int64_t b = 0; b < p->phases_x; b++) {
            switch (s->stride_x) {
            case 1: conv_phase(s, p, 1, a, b, x, planes, writable); break;
            case 2: conv_phase(s, p, 2, a, b, x, planes, writable); break;
            default: conv_phase(s, p, s->stride_x, a, b, x, planes, writable); break;
            }
            planes += p->rows * p->pitch;
            writable -= p->rows * p->pitch;
        }
}

/* Where in the planes of a channel each tap of the kernel meets the first pixel. */
static void conv_offsets(const struct conv_sizes *s, const struct phases *p,
                         int64_t *restrict offsets)
{
    for (int64_t y = 0; y < s->kernel_y; y++)
        for (int64_t x = 0; x < s->kernel_x; x++) {
            const int64_t down = y * s->dilation_y, right = x * s->dilation_x;
            const int64_t plane = down % s->stride_y * p->phases_x + right % s->stride_x;
            *offsets++ = (plane * p->rows + down / s->stride_y) * p->pitch + right / s->stride_x;
        }
}

/* A vector, or a pixel, that is copied from planes to a row of a panel. */
struct move {
    int64_t to, from;
};

/* How a row of a panel is put together: by whole vectors, then by single pixels. */
struct moves {
    int64_t vectors, pixels, count, width;
    int side_by_side;
    struct move vector[PANEL], pixel[PANEL];
};

/* Vectors whose moves are not read again for each row; more of them where vectors are short. */
#define MOST_MOVES (LANES == 4 ? 10 : 6)

/* Cuts a stripe into moves, for planes whose rows are `pitch` apart. With slack, vectors may be
   read and written beyond what is wanted, as the next ones are written over it. */
static void plan_moves(const struct stripe *s, int64_t columns, int64_t pitch, int slack,
                       struct moves *m)
{
    m->vectors = m->pixels = 0;
    m->side_by_side = pitch == columns || s->first % columns + s->count <= columns;
    for (int64_t i = 0; i < MOST_MOVES; i++)
        m->vector[i] = (struct move){0, 0};
    m->count = s->count;
    m->width = s->vectors * LANES;
    for (int64_t to = 0, end; to < s->count; to = end) {
        const int64_t pixel = s->first + to, row = pixel / columns;
        const int64_t from = row * pitch + pixel % columns;
        const int64_t run = pitch == columns ? s->count : (row + 1) * columns - pixel;
        end = to + run < s->count ? to + run : s->count;
        int64_t i = to;
        for (; i + (slack ? 1 : LANES) <= end; i += LANES)
            m->vector[m->vectors++] = (struct move){i, from + i - to};
        for (; i < end; i++)
            m->pixel[m->pixels++] = (struct move){i, from + i - to};
    }
}

/* The planes of some channels, and where the taps of a kernel stand in each. */
struct taps {
    const float *planes;
    const int64_t *offsets;
    int64_t step, count;
};

/* Columns first … last of a panel, by a known number of vectors, which is small or stands in `m`.
   Column k is tap k % count of channel k / count. */
INLINE void gather_columns(const struct taps *t, const struct moves *m, const int64_t vectors,
                           const int exact, int64_t first, int64_t last, float *restrict to)
{
    /* what has no address is not read again after each store */
    struct move own[MOST_MOVES];
    UNROLL
    for (int64_t i = 0; i < MOST_MOVES; i++)
        own[i] = m->vector[i];
    int64_t tap = first % t->count;
    const float *channel = t->planes + first / t->count * t->step;
    for (int64_t k = first; k < last; k++, to += PANEL) {
        const float *x = channel + t->offsets[tap];
        if (exact) {
            for (int64_t i = 0; i < m->vectors; i++)
                store(to + m->vector[i].to, load(x + m->vector[i].from));
            for (int64_t i = 0; i < m->pixels; i++)
                to[m->pixel[i].to] = x[m->pixel[i].from];
            for (int64_t i = m->count; i < m->width; i++)
                to[i] = 0;
        } else {
            UNROLL
            for (int64_t i = 0; i < vectors; i++)
                store(to + own[i].to, load(x + own[i].from));
        }
        if (++tap == t->count) {
            tap = 0;
            channel += t->step;
        }
    }
}

/* The same where all pixels stand side by side. */
INLINE void gather_run(const struct taps *t, int64_t from, const int64_t vectors, int64_t first,
                       int64_t last, float *restrict to)
{
    int64_t tap = first % t->count;
    const float *channel = t->planes + first / t->count * t->step + from;
    for (int64_t k = first; k < last; k++, to += PANEL) {
        const float *x = channel + t->offsets[tap];
        if (t->count == 1) /* neighbours stand far apart: ask for them in time */
            for (int64_t i = 0; i < vectors * LANES; i += 16)
                __builtin_prefetch(x + 8 * t->step + i);
        UNROLL
        for (int64_t i = 0; i < vectors; i++)
            store(to + i * LANES, load(x + i * LANES));
        if (++tap == t->count) {
            tap = 0;
            channel += t->step;
        }
    }
}

/* Columns first … last of a panel from planes. */
APART void gather_planes(const struct taps *t, const struct moves *m, int64_t first, int64_t last,
                         float *restrict to)
{
    const int exact = m->pixels > 0 || m->count < m->width;
    if (exact)
        gather_columns(t, m, 0, 1, first, last, to);
    else if (m->side_by_side && m->vectors == PANEL_VECTORS)
        gather_run(t, m->vector[0].from, PANEL_VECTORS, first, last, to);
    else
        switch (m->vectors) {
        case 1: gather_columns(t, m, 1, 0, first, last, to); break;
        case 2: gather_columns(t, m, 2, 0, first, last, to); break;
        case 3: gather_columns(t, m, 3, 0, first, last, to); break;
        case 4: gather_columns(t, m, 4, 0, first, last, to); break;
        case 5: gather_columns(t, m, 5, 0, first, last, to); break;
        case 6: gather_columns(t, m, 6, 0, first, last, to); break;
#if LANES == 4
        case 7: gather_columns(t, m, 7, 0, first, last, to); break;
        case 8: gather_columns(t, m, 8, 0, first, last, to); break;
        case 9: gather_columns(t, m, 9, 0, first, last, to); break;
        case 10: gather_columns(t, m, 10, 0, first, last, to); break;
#endif
        default: gather_columns(t, m, 0, 1, first, last, to); break;
        }
}

/* Columns first … last of a panel from rows [pixel][channel]. */
static void gather_rows(const float *restrict x, int64_t channels, const struct stripe *s,
                        int64_t first, int64_t last, float *restrict to)
{
    const int64_t width = s->vectors * LANES;
    for (int64_t k = first; k < last; k++, to += PANEL) {
        for (int64_t p = 0; p < s->count; p++)
            to[p] = x[p * channels + k];
        for (int64_t p = s->count; p < width; p++)
            to[p] = 0;
    }
}

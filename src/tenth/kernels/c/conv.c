/* A convolution. Of its outputs, the first `dense` lie in panels of four, the rest are kept
   weights. A tap is one input channel at one place of the kernel. */
struct conv_sizes {
    int64_t images, channels, height, width;
    int64_t outputs, rows, columns, groups, dense;
    int64_t kernel_y, kernel_x, stride_y, stride_x, pad_y, pad_x, dilation_y, dilation_x;
};

/* How a padded image lies in memory: for each channel, phases_y * phases_x planes of `rows` rows
   `pitch` apart. With stride s, phase p holds every s-th row or column from p on, so that each
   tap of the kernel meets neighbouring pixels in neighbouring places. */
struct phases {
    int64_t phases_y, phases_x, rows, pitch;
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
    return (struct phases){
        phase_count(s->kernel_y, s->stride_y, s->dilation_y),
        phase_count(s->kernel_x, s->stride_x, s->dilation_x),
        s->rows + (s->kernel_y - 1) * s->dilation_y / s->stride_y,
        s->columns + (s->kernel_x - 1) * s->dilation_x / s->stride_x,
    };
}

/* Whether an image is its own planes: rows are `width` apart, and nothing is added around. */
static int conv_is_direct(const struct conv_sizes *s)
{
    return s->stride_y == 1 && s->stride_x == 1 && s->pad_y == 0 && s->pad_x == 0;
}

/* Copies x[first], x[first + stride], … to one row of a plane, with zeros outside the image. */
static void conv_row(const float *restrict x, int64_t width, int64_t first, int64_t stride,
                     float *restrict to, int64_t pitch)
{
    int64_t j = 0;
    for (; j < pitch && first + j * stride < 0; j++)
        to[j] = 0;
    if (stride == 1)
        for (; j < pitch && first + j < width; j++)
            to[j] = x[first + j];
    for (; j < pitch && first + j * stride < width; j++)
        to[j] = x[first + j * stride];
    for (; j < pitch; j++)
        to[j] = 0;
}

/* Spreads one image over its planes. */
static void conv_planes(const struct conv_sizes *s, const struct phases *p, const float *restrict x,
                        float *restrict planes)
{
    for (int64_t channel = 0; channel < s->channels; channel++, x += s->height * s->width)
        for (int64_t a = 0; a < p->phases_y; a++)
            for (int64_t b = 0; b < p->phases_x; b++)
                for (int64_t i = 0; i < p->rows; i++, planes += p->pitch) {
                    const int64_t from = i * s->stride_y + a - s->pad_y;
                    if (from < 0 || from >= s->height)
                        memset(planes, 0, (size_t)p->pitch * sizeof(float));
                    else
                        conv_row(x + from * s->width, s->width, b - s->pad_x, s->stride_x, planes,
                                 p->pitch);
                }
}

/* Where in the planes each tap of the kernel meets the first pixel. */
static void conv_offsets(const struct conv_sizes *s, const struct phases *p, offset *restrict offsets)
{
    for (int64_t channel = 0; channel < s->channels; channel++)
        for (int64_t y = 0; y < s->kernel_y; y++)
            for (int64_t x = 0; x < s->kernel_x; x++) {
                const int64_t down = y * s->dilation_y, right = x * s->dilation_x;
                const int64_t plane =
                    (channel * p->phases_y + down % s->stride_y) * p->phases_x +
                    right % s->stride_x;
                *offsets++ = (offset)((plane * p->rows + down / s->stride_y) * p->pitch +
                                       right / s->stride_x);
            }
}

/* sums[r][t] = bias[r] + sum over k of w[k][r] * x[offsets[k] + t], for four outputs r. */
INLINE void conv_tile(const float *restrict x, const offset *restrict offsets, int64_t count,
                      const float *restrict w, const float *restrict bias,
                      float (*restrict sums)[PANEL], const int vectors)
{
    lanes total[4][PANEL / LANES];
    UNROLL
    for (int r = 0; r < 4; r++) {
        UNROLL
        for (int v = 0; v < vectors; v++)
            total[r][v] = bias[r] - (lanes){0};
    }
    for (int64_t k = 0; k < count; k++) {
        const lanes *at = (const lanes *)(x + offsets[k]);
        UNROLL
        for (int r = 0; r < 4; r++) {
            UNROLL
            for (int v = 0; v < vectors; v++)
                total[r][v] += w[k * 4 + r] * at[v];
        }
    }
    UNROLL
    for (int r = 0; r < 4; r++) {
        UNROLL
        for (int v = 0; v < vectors; v++)
            ((lanes *)sums[r])[v] = total[r][v];
    }
}

/* The same for a single pixel. */
static void conv_pixel(const float *restrict x, const offset *restrict offsets, int64_t count,
                       const float *restrict w, const float *restrict bias,
                       float (*restrict sums)[PANEL])
{
    for (int r = 0; r < 4; r++)
        sums[r][0] = bias[r];
    for (int64_t k = 0; k < count; k++)
        for (int r = 0; r < 4; r++)
            sums[r][0] += w[k * 4 + r] * x[offsets[k]];
}

/* The dense outputs of one image. Weights lie in panels of four outputs: [panel][tap][output]. */
static void dense_image(const struct conv_sizes *s, const struct image *image,
                        const float *restrict planes, const offset *restrict offsets,
                        const float *restrict panels, const float *restrict bias, float low,
                        float high, float *restrict y)
{
    const int64_t taps = s->channels / s->groups * s->kernel_y * s->kernel_x;
    const float none[4] = {0};
    const struct cut cut = cut_image(image, PANEL);
    for (int64_t run = 0; run < cut.runs; run++)
        for (int64_t t = 0; t < cut.length; t += cut.width) {
            const struct spot spot = spot_of(image, &cut, run, t);
            const float *x = planes + spot.pixel;
            for (int64_t o = 0; o < s->dense; o += 4) {
                const offset *at = offsets + o / (s->outputs / s->groups) * taps;
                const float *w = panels + o * taps, *start = bias ? bias + o : none;
                float sums[4][PANEL];
                if (cut.width == PANEL)
                    conv_tile(x, at, taps, w, start, sums, PANEL / LANES);
                else if (cut.width == LANES)
                    conv_tile(x, at, taps, w, start, sums, 1);
                else
                    conv_pixel(x, at, taps, w, start, sums);
                for (int64_t r = 0; r < 4; r++)
                    store_pixels(image, spot, cut.width, sums[r], low, high,
                                 y + (o + r) * s->rows * s->columns);
            }
        }
}

/* y = x convolved with the weights, plus bias.
   The scratch holds the planes of one image, unless it is its own planes; then, four bytes each,
   where every tap and every kept weight meets the first pixel. */
static void conv(const struct conv_sizes *s, const float *restrict x, const float *restrict panels,
                 struct kept w, const float *restrict bias, float low, float high,
                 float *restrict y, float *restrict scratch)
{
    const struct phases p = conv_phases(s);
    const int64_t rest = s->outputs - s->dense, kept = rest ? w.starts[rest] : 0;
    const int64_t plane = p.phases_y * p.phases_x * p.rows * p.pitch;
    float *planes = conv_is_direct(s) ? NULL : scratch;
    offset *offsets = (offset *)(scratch + (planes ? s->channels * plane : 0));
    offset *kept_offsets = offsets + s->channels * s->kernel_y * s->kernel_x;
    conv_offsets(s, &p, offsets);
    for (int64_t k = 0; k < kept; k++)
        kept_offsets[k] = offsets[w.indices[k]];
    w.indices = kept_offsets;
    for (int64_t i = 0; i < s->images; i++) {
        const struct image dense = {s->dense, s->rows, s->columns, p.pitch};
        const struct image sparse = {rest, s->rows, s->columns, p.pitch};
        const int64_t pixels = s->rows * s->columns;
        const float *from = planes ? planes : x;
        if (planes)
            conv_planes(s, &p, x, planes);
        if (s->dense)
            dense_image(s, &dense, from, offsets, panels, bias, low, high, y);
        if (rest)
            sparse_image(&sparse, from, 1, w, bias ? bias + s->dense : NULL, low, high,
                         y + s->dense * pixels);
        x += s->channels * s->height * s->width;
        y += s->outputs * pixels;
    }
}

/* The pixels of a panel, in vectors of LANES, and the channels of a K-block, which stays in the
   nearest caches while all outputs meet it. */
#define PANEL_VECTORS (LANES == 4 ? 8 : 4)
#define PANEL (PANEL_VECTORS * LANES)
#define DEPTH (PANEL == 64 ? 256 : 384)

/* A vector from memory, of any alignment. */
INLINE lanes load(const float *x)
{
    return *(const lanes *)x;
}

/* A vector to memory. */
INLINE void store(float *y, lanes v)
{
    *(lanes *)y = v;
}

/* The sum of neighbours, in as many sums as hide the latency of an addition. */
static float sum_of_run(const float *x, int64_t count)
{
    lanes sums[4] = {{0}};
    float part[LANES], sum = 0;
    int64_t i = 0;
    for (; i + 4 * LANES <= count; i += 4 * LANES) {
        UNROLL
        for (int t = 0; t < 4; t++)
            sums[t] += load(x + i + t * LANES);
    }
    for (; i + LANES <= count; i += LANES)
        sums[0] += load(x + i);
    store(part, (sums[0] + sums[1]) + (sums[2] + sums[3]));
    for (int t = 0; t < LANES; t++)
        sum += part[t];
    for (; i < count; i++)
        sum += x[i];
    return sum;
}

/* How a value of images, channels and pixels lies in memory: as planes [image][channel][pixel], as
   rows [image][pixel][channel], or as panels [image][panel][channel][PANEL]. */
enum form { PLANES, ROWS, PANELS };

/* A form and the sizes it needs. */
struct shape {
    enum form form;
    int64_t channels, pixels;
};

/* The number of panels that hold some pixels. */
INLINE int64_t panels_of(int64_t pixels)
{
    return (pixels + PANEL - 1) / PANEL;
}

/* The pixels of a panel: from `first` on, `count` of them, in so many vectors. */
struct stripe {
    int64_t panel, first, count, vectors;
};

/* A panel of some pixels. Panels share the vectors evenly, so that none is nearly empty. */
static struct stripe stripe_of(int64_t pixels, int64_t panel)
{
    const int64_t panels = panels_of(pixels), vectors = (pixels + LANES - 1) / LANES;
    const int64_t first = panel * vectors / panels * LANES;
    const int64_t end = (panel + 1) * vectors / panels * LANES;
    return (struct stripe){panel, first, (end < pixels ? end : pixels) - first,
                           (end - first) / LANES};
}

/* Where a channel of a stripe starts, in floats; pixels of rows lie `channels` apart. */
INLINE int64_t place_in(const struct shape *s, int64_t image, const struct stripe *t,
                        int64_t channel)
{
    if (s->form == PANELS)
        return ((image * panels_of(s->pixels) + t->panel) * s->channels + channel) * PANEL;
    if (s->form == PLANES)
        return (image * s->channels + channel) * s->pixels + t->first;
    return (image * s->pixels + t->first) * s->channels + channel;
}

/* How far apart neighbouring channels lie, of planes or panels. */
INLINE int64_t channel_step(const struct shape *s)
{
    return s->form == PANELS ? PANEL : s->pixels;
}

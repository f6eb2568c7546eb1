/* The norm of a layer: each pixel (or token) brought to mean 0 and variance 1 over its channels,
   then scaled and shifted. */
struct norm {
    const float *x;
    struct shape from;
    float *y;
    struct shape to;
    const float *weight, *bias;
    float epsilon;
    int64_t images;
};

/* Copies a vector of pixels of each channel, from any form, to a panel. */
static void norm_gather(const struct norm *s, const float *x, int64_t count, float *y)
{
    const struct steps step = steps_of(&s->from);
    for (int64_t c = 0; c < s->to.channels; c++) {
        float part[LANES] = {0};
        for (int64_t i = 0; i < count; i++)
            part[i] = x[c * step.channel + i * step.pixel];
        store(y + c * PANEL, load(part));
    }
}

/* Norms a vector of pixels of a panel; x and y are one place, or apart. */
static void norm_vector(const struct norm *s, const float *x, float *y)
{
    const int64_t channels = s->to.channels;
    lanes sum = {0}, squares = {0};
    for (int64_t c = 0; c < channels; c++)
        sum += load(x + c * PANEL);
    const lanes centre = sum / (float)channels;
    for (int64_t c = 0; c < channels; c++) {
        const lanes apart = load(x + c * PANEL) - centre;
        squares += apart * apart;
    }
    float part[LANES];
    store(part, squares / (float)channels + s->epsilon);
    for (int64_t i = 0; i < LANES; i++)
        part[i] = 1 / sqrtf(part[i]);
    const lanes scale = load(part);
    for (int64_t c = 0; c < channels; c++) {
        const float weight = s->weight ? s->weight[c] : 1, bias = s->bias ? s->bias[c] : 0;
        store(y + c * PANEL, (load(x + c * PANEL) - centre) * scale * weight + bias);
    }
}

/* Some of the panels of all images. */
static void norm_panels(const void *given, int64_t first, int64_t last, int worker)
{
    const struct norm *s = given;
    const int64_t panels = panels_of(s->to.pixels);
    (void)worker;
    for (int64_t u = first; u < last; u++) {
        const struct stripe stripe = stripe_of(s->to.pixels, u % panels);
        const float *x = s->x + place_in(&s->from, u / panels, &stripe, 0);
        float *y = s->y + place_in(&s->to, u / panels, &stripe, 0);
        for (int64_t v = 0; v < stripe.vectors; v++) {
            const int64_t left = stripe.count - v * LANES;
            const float *from = x + v * LANES;
            if (s->from.form != PANELS) {
                norm_gather(s, x + v * LANES * steps_of(&s->from).pixel,
                            left < LANES ? left : LANES, y + v * LANES);
                from = y + v * LANES;
            }
            norm_vector(s, from, y + v * LANES);
        }
    }
}

/* y = the layer norm of x, in panels; x in any form. */
static void panel_norm(struct pool *pool, const struct norm *s)
{
    parallel(pool, norm_panels, s, s->images * panels_of(s->to.pixels));
}

/* The mean of each channel over all pixels of a value in panels. */
static void panel_mean(const float *x, const struct shape *from, int64_t images, float *y)
{
    for (int64_t image = 0; image < images; image++)
        for (int64_t c = 0; c < from->channels; c++) {
            float sum = 0;
            for (int64_t panel = 0; panel < panels_of(from->pixels); panel++) {
                const struct stripe stripe = stripe_of(from->pixels, panel);
                sum += sum_of_run(x + place_in(from, image, &stripe, c), stripe.count);
            }
            *y++ = sum / (float)from->pixels;
        }
}

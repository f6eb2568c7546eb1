/* Some of the tiles of a layer. */
static void layer_tiles(const void *given, int64_t first, int64_t last, int worker)
{
    const struct layer_job *job = given;
    const struct layer *s = job->layer;
    const int64_t panels = panels_of(s->to.pixels), groups = s->matrix.groups;
    for (int64_t u = first; u < last; u++) {
        const int64_t part = u % job->parts, panel = u / job->parts % panels;
        const int64_t group = u / job->parts / panels % groups;
        const struct stripe stripe = stripe_of(s->to.pixels, panel);
        const struct tile tile = {job->image + u / job->parts / panels / groups,
                                  group,
                                  part_start(&s->matrix, group, part, job->parts),
                                  part_start(&s->matrix, group, part + 1, job->parts),
                                  partial_step(s, &stripe),
                                  stripe};
        layer_tile(job, &tile, (float *)(void *)(s->scratch + worker * s->scratch_step));
    }
}

/* Some of the channels of an image, spread over planes. */
static void layer_planes(const void *given, int64_t first, int64_t last, int worker)
{
    const struct layer_job *job = given;
    const struct layer *s = job->layer;
    const int64_t plane = s->conv.height * s->conv.width;
    (void)worker;
    for (int64_t c = first; c < last; c++)
        conv_planes(&s->conv, &job->phases, s->x + (job->image * s->conv.channels + c) * plane,
                    s->planes + c * job->phases.step);
}

/* The multiplications of a layer; a dense row counts whole. */
static int64_t layer_work(const struct layer *s)
{
    const struct matrix *m = &s->matrix;
    const int64_t rows = row_count(m) * m->groups, blocks = (m->depth + DEPTH - 1) / DEPTH;
    const int64_t pixels = s->images * s->to.pixels;
    if (m->kind == DENSE)
        return m->outputs * m->depth * pixels;
    return kept_of(m->loaded, rows).starts[blocks * rows] * row_outputs(m->kind) * pixels;
}

/* Multiplications below which waking a thread takes longer than it saves. */
#define LEAST_SHARED 1000000

/* Into how many parts the rows of each tile are cut, at most `most`: so many that no worker has much
   more to do than others, and no more, as each part gathers its panel anew. */
static int64_t parts_for(int64_t tiles, int64_t workers, int64_t most)
{
    int64_t parts = 1;
    while (parts < most) {
        const int64_t units = tiles * parts, longest = (units + workers - 1) / workers;
        if (8 * longest * workers <= 9 * units)
            break;
        parts++;
    }
    return parts;
}

/* Runs a layer. Work is split by images, groups and panels, and where these are few by rows. */
static void run_layer(struct pool *pool, int64_t workers, const struct layer *s)
{
    if (layer_work(s) < LEAST_SHARED) {
        pool = NULL;
        workers = 1;
    }
    struct layer_job job = {s, conv_phases(&s->conv), 0, 1};
    const int64_t images = s->planes ? 1 : s->images;
    const int64_t tiles = images * panels_of(s->to.pixels) * s->matrix.groups;
    job.parts = parts_for(tiles, workers, row_count(&s->matrix) / 4);
    conv_offsets(&s->conv, &job.phases, s->offsets);
    for (; job.image < s->images; job.image += images) {
        if (s->planes)
            parallel(pool, layer_planes, &job, s->conv.channels);
        parallel(pool, layer_tiles, &job, tiles * job.parts);
    }
}

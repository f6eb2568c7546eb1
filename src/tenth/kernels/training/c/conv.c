/* Sparse convolutions of whole batches, forward and backward. Each thread has panels of its own. */
#include <stdlib.h>
#include "conv.h"
#include "threads.h"

struct job {
    const struct conv_plan *plan, *back;
    const struct entry *entries;
    const float *x, *gradient, *bias;
    float *y, *scratch;
    int64_t images, kept, panel[3];
};

EXPORT int64_t tenth_conv_lanes(void)
{
    return LANES;
}

static int64_t panel_floats(const struct conv_plane *plane, int64_t across)
{
    return (plane->channels * plane->positions * across + 15) / 16 * 16;
}

/* The values of a pattern's entries, in its order. */
static void fill(const struct conv_pattern *pattern, const float *values, struct entry *entries)
{
    for (int64_t k = 0; k < pattern->kept; k++)
        entries[k] = (struct entry){pattern->offset[k], values[pattern->slot[k]]};
}

static void *floats(int64_t count)
{
    return aligned_alloc(64, (size_t)(count + 15) / 16 * 64);
}

static void forward_part(const void *given, int64_t first, int64_t last, int worker)
{
    const struct job *job = given;
    const struct conv_plan *plan = job->plan;
    float *source = job->scratch + worker * (job->panel[0] + job->panel[1]);
    float *result = source + job->panel[0];
    memset(source, 0, (size_t)job->panel[0] * sizeof *source);
    for (int64_t p = first; p < last; p++) {
        conv_pack(&plan->source, plan->across, job->x, p * plan->across, job->images, source);
        conv_product(plan, job->entries, job->bias, source, result);
        conv_unpack(&plan->result, plan->across, result, p * plan->across, job->images, job->y);
    }
}

/* y [images, outputs, pixels] of x [images, inputs, pixels]; 0 if done, 1 if memory is short. */
EXPORT int64_t tenth_conv_forward(const struct conv_plan *plan, int64_t images, const float *x,
                                  const float *values, const float *bias, float *y,
                                  int64_t threads)
{
    struct job job = {.plan = plan, .x = x, .bias = bias, .y = y, .images = images};
    job.panel[0] = panel_floats(&plan->source, plan->across);
    job.panel[1] = panel_floats(&plan->result, plan->across);
    int64_t panels = (images + plan->across - 1) / plan->across;
    threads = threads < panels ? threads : panels;
    struct entry *entries = malloc((size_t)(plan->pattern.kept + 1) * sizeof *entries);
    job.scratch = floats(threads * (job.panel[0] + job.panel[1]));
    int64_t short_of_memory = !entries || !job.scratch;
    if (!short_of_memory) {
        fill(&plan->pattern, values, entries);
        job.entries = entries;
        share_work(forward_part, &job, panels, threads);
    }
    free(job.scratch);
    free(entries);
    return short_of_memory;
}

static void backward_part(const void *given, int64_t first, int64_t last, int worker)
{
    const struct job *job = given;
    const struct conv_plan *plan = job->plan, *back = job->back;
    int64_t across = plan->across, images = job->images;
    float *sums = job->scratch + worker * (job->kept + job->panel[0] + job->panel[1] + job->panel[2]);
    float *gradient = sums + job->kept, *source = gradient + job->panel[0];
    float *result = source + job->panel[1];
    memset(gradient, 0, (size_t)(result - gradient) * sizeof *gradient);
    for (int64_t p = first; p < last; p++) {
        conv_pack(&back->source, across, job->gradient, p * across, images, gradient);
        if (job->x) {
            conv_pack(&plan->source, across, job->x, p * across, images, source);
            conv_sample(plan, back, source, gradient, sums);
        }
        if (job->y) {
            conv_product(back, job->entries, NULL, gradient, result);
            conv_unpack(&back->result, across, result, p * across, images, job->y);
        }
    }
}

/* The gradients of x and of the values, from that of y; a NULL for what is not wanted. */
EXPORT int64_t tenth_conv_backward(const struct conv_plan *plan, const struct conv_plan *back,
                                   int64_t images, const float *gradient, const float *x,
                                   const float *values, float *x_gradient, float *value_gradient,
                                   int64_t threads)
{
    struct job job = {.plan = plan, .back = back, .gradient = gradient, .y = x_gradient,
                      .x = value_gradient ? x : NULL, .images = images};
    int64_t kept = plan->pattern.kept, across = plan->across;
    job.kept = (kept + 15) / 16 * 16;
    job.panel[0] = panel_floats(&back->source, across);
    job.panel[1] = job.x ? panel_floats(&plan->source, across) : 0;
    job.panel[2] = job.y ? panel_floats(&back->result, across) : 0;
    int64_t panels = (images + across - 1) / across;
    threads = threads < panels ? threads : panels;
    int64_t each = job.kept + job.panel[0] + job.panel[1] + job.panel[2];
    struct entry *entries = malloc((size_t)(kept + 1) * sizeof *entries);
    job.scratch = floats(threads * each);
    int64_t short_of_memory = !entries || !job.scratch;
    if (!short_of_memory) {
        fill(&back->pattern, values, entries);
        job.entries = entries;
        for (int64_t w = 0; w < threads; w++) /* here: a worker may get nothing to do */
            memset(job.scratch + w * each, 0, (size_t)job.kept * sizeof *job.scratch);
        share_work(backward_part, &job, panels, threads);
        for (int64_t k = 0; k < kept && job.x; k++) {
            float sum = 0;
            for (int64_t w = 0; w < threads; w++)
                sum += job.scratch[w * each + k];
            value_gradient[plan->pattern.slot[k]] = sum;
        }
    }
    free(job.scratch);
    free(entries);
    return short_of_memory;
}

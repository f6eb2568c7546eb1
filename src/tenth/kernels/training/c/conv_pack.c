/* Between images side by side in memory and images side by side in vectors. */
#include "conv.h"

typedef float eight __attribute__((vector_size(32), aligned(4), may_alias));

/* Two rows woven by pairs, then fours, then halves: an 8 by 8 transposition takes 24 of these. */
#define WEAVE(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#define PAIRS_LOW(a, b) WEAVE(a, b, 0, 8, 1, 9, 4, 12, 5, 13)
#define PAIRS_HIGH(a, b) WEAVE(a, b, 2, 10, 3, 11, 6, 14, 7, 15)
#define FOURS_LOW(a, b) WEAVE(a, b, 0, 1, 8, 9, 4, 5, 12, 13)
#define FOURS_HIGH(a, b) WEAVE(a, b, 2, 3, 10, 11, 6, 7, 14, 15)
#define HALVES_LOW(a, b) WEAVE(a, b, 0, 1, 2, 3, 8, 9, 10, 11)
#define HALVES_HIGH(a, b) WEAVE(a, b, 4, 5, 6, 7, 12, 13, 14, 15)

INLINE void transpose(eight r[8])
{
    eight p[8], q[8];
    UNROLL
    for (int i = 0; i < 8; i += 2) {
        p[i] = PAIRS_LOW(r[i], r[i + 1]);
        p[i + 1] = PAIRS_HIGH(r[i], r[i + 1]);
    }
    UNROLL
    for (int i = 0; i < 8; i += 4)
        for (int j = 0; j < 2; j++) {
            q[i + 2 * j] = FOURS_LOW(p[i + j], p[i + 2 + j]);
            q[i + 2 * j + 1] = FOURS_HIGH(p[i + j], p[i + 2 + j]);
        }
    UNROLL
    for (int i = 0; i < 4; i++) {
        r[i] = HALVES_LOW(q[i], q[i + 4]);
        r[i + 4] = HALVES_HIGH(q[i], q[i + 4]);
    }
}

/* Eight images of one channel; `distance` from image to image. */
INLINE void pack_plane(const struct conv_plane *plane, int64_t across, const float *x,
                       int64_t distance, int64_t images, float *to)
{
    int64_t pixel = 0;
    for (; pixel + 8 <= plane->pixels; pixel += 8) {
        const int32_t *place = plane->place + pixel;
        eight r[8];
        UNROLL
        for (int i = 0; i < 8; i++)
            r[i] = i < images ? *(const eight *)(x + i * distance + pixel) : (eight){0};
        transpose(r);
        UNROLL
        for (int i = 0; i < 8; i++)
            if (place[i] >= 0)
                *(eight *)(to + place[i] * across) = r[i];
    }
    for (; pixel < plane->pixels; pixel++)
        if (plane->place[pixel] >= 0)
            for (int i = 0; i < 8; i++)
                to[plane->place[pixel] * across + i] = i < images ? x[i * distance + pixel] : 0;
}

INLINE void unpack_plane(const struct conv_plane *plane, int64_t across, const float *from,
                         int64_t distance, int64_t images, float *y)
{
    int64_t pixel = 0;
    for (; pixel + 8 <= plane->pixels; pixel += 8) {
        const int32_t *place = plane->place + pixel;
        eight r[8];
        UNROLL
        for (int i = 0; i < 8; i++)
            r[i] = place[i] >= 0 ? *(const eight *)(from + place[i] * across) : (eight){0};
        transpose(r);
        UNROLL
        for (int i = 0; i < 8; i++)
            if (i < images)
                *(eight *)(y + i * distance + pixel) = r[i];
    }
    for (; pixel < plane->pixels; pixel++) {
        int32_t place = plane->place[pixel];
        for (int i = 0; i < 8 && i < images; i++)
            y[i * distance + pixel] = place >= 0 ? from[place * across + i] : 0;
    }
}

void conv_pack(const struct conv_plane *plane, int64_t across, const float *x, int64_t first,
               int64_t images, float *panel)
{
    int64_t distance = plane->channels * plane->pixels;
    for (int64_t c = 0; c < plane->channels; c++)
        for (int64_t lane = 0; lane < across; lane += 8) {
            const float *from = x + (first + lane) * distance + c * plane->pixels;
            float *to = panel + c * plane->positions * across + lane;
            if (images - first - lane >= 8)
                pack_plane(plane, across, from, distance, 8, to);
            else
                pack_plane(plane, across, from, distance, images - first - lane, to);
        }
}

void conv_unpack(const struct conv_plane *plane, int64_t across, const float *panel, int64_t first,
                 int64_t images, float *y)
{
    int64_t distance = plane->channels * plane->pixels;
    for (int64_t c = 0; c < plane->channels; c++)
        for (int64_t lane = 0; lane < across && first + lane < images; lane += 8) {
            float *to = y + (first + lane) * distance + c * plane->pixels;
            const float *from = panel + c * plane->positions * across + lane;
            if (images - first - lane >= 8)
                unpack_plane(plane, across, from, distance, 8, to);
            else
                unpack_plane(plane, across, from, distance, images - first - lane, to);
        }
}

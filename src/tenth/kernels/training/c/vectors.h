/* Vectors of floats, as many as the processor multiplies at once: see ../../c/lanes.c for LANES,
   lanes, INLINE, UNROLL. */
#ifndef TENTH_VECTORS_H
#define TENTH_VECTORS_H
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include "../../c/lanes.c"

/* What Python may call. */
#if defined(_WIN32)
#define EXPORT __declspec(dllexport)
#else
#define EXPORT __attribute__((visibility("default")))
#endif

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

/* One number in all lanes. */
INLINE lanes splat(float value)
{
    return (lanes){0} + value;
}

/* The sum of all lanes, pair by pair. */
INLINE float total(lanes v)
{
    float parts[LANES];
    memcpy(parts, &v, sizeof parts);
    UNROLL
    for (int width = LANES / 2; width; width /= 2)
        for (int i = 0; i < width; i++)
            parts[i] += parts[i + width];
    return parts[0];
}
#endif

/* What this processor can do at most: multiply-adds in registers, and bytes from memory. */
#include <stdint.h>

#if defined(__AVX512F__)
#define LANES 16
#define CHAINS 24
#elif defined(__AVX__)
#define LANES 8
#define CHAINS 12
#else
#define LANES 4
#define CHAINS 12
#endif
/* sums that are not unrolled go through memory, and the roof is a third of what it is */
#if defined(__clang__)
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 24")
#endif
#define API __attribute__((visibility("default")))
typedef float lanes __attribute__((vector_size(LANES * sizeof(float))));

/* Independent sums, enough to hide how long one multiply-add takes. Returns the FLOPs done. */
API double roof_multiply(int64_t turns, float *out)
{
    lanes sums[CHAINS], factor, term;
    for (int k = 0; k < LANES; k++) {
        factor[k] = 0.999f + 1e-5f * (float)turns / (float)(turns + 1);
        term[k] = 1e-3f * (float)(k + 1);
    }
    for (int i = 0; i < CHAINS; i++)
        sums[i] = term * (float)i;
    for (int64_t turn = 0; turn < turns; turn++) {
        UNROLL
        for (int i = 0; i < CHAINS; i++)
            sums[i] = sums[i] * factor + term;
    }
    for (int i = 1; i < CHAINS; i++)
        sums[0] += sums[i];
    for (int k = 0; k < LANES; k++)
        out[k] = sums[0][k];
    return 2.0 * LANES * CHAINS * (double)turns;
}

/* The triad of STREAM. Returns the bytes read and written. */
API double roof_triad(float *restrict a, const float *restrict b, const float *restrict c, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        a[i] = b[i] + 3.0f * c[i];
    return 3.0 * sizeof(float) * (double)n;
}

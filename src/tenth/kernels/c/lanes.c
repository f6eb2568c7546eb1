/* As many floats as the processor multiplies at once. Loads need no alignment. */
#if defined(__AVX512F__)
#define LANES 16
#elif defined(__AVX__)
#define LANES 8
#else
#define LANES 4
#endif
typedef float lanes
    __attribute__((vector_size(LANES * sizeof(float)), aligned(sizeof(float)), may_alias));

/* Sums stay in registers only where short loops are unrolled, which gcc does not do by itself. */
#if defined(__GNUC__) && !defined(__clang__)
#define UNROLL _Pragma("GCC unroll 16")
#else
#define UNROLL
#endif
#define INLINE static inline __attribute__((always_inline))
#define APART static __attribute__((noinline))

/* The value cut off at `low` and `high`; a NaN passes. */
INLINE float clamp(float value, float low, float high)
{
    value = low > value ? low : value;
    return high < value ? high : value;
}

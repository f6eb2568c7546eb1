/* 16 lanes at once, where the processor has AVX-512. */
#ifndef TENTH_KEEP_WIDE_H
#define TENTH_KEEP_WIDE_H

#if defined(__AVX512F__) && defined(__AVX512BW__) && defined(__AVX512VL__) && defined(__AVX512CD__)
#include <immintrin.h>

#include "rans.h"
#define WIDE 1

static inline __m512i wide_words(const uint8_t *from, int64_t i, int word) {
    from += i * word;
    if (word == 1)
        return _mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)from));
    if (word == 2)
        return _mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i *)from));
    return _mm512_loadu_si512(from);
}

/* Classes of the 16 elements from i on, which are of one block. */
static inline __m512i wide_class(const struct contexts *c, int64_t i, __m512i word) {
    __m512i set = _mm512_set1_epi32(c->sets ? c->sets[i / BLOCK] * (int)c->count : 0);
    if (c->count == 1)
        return set;
    __m512i class = _mm512_srl_epi32(word, _mm_cvtsi32_si128((int)c->shift));
    class = _mm512_and_si512(class, _mm512_set1_epi32((int)c->mask));
    class = _mm512_sub_epi32(class, _mm512_set1_epi32((int)c->lowest));
    class = _mm512_max_epi32(class, _mm512_setzero_si512());
    return _mm512_add_epi32(set,
                            _mm512_min_epi32(class, _mm512_set1_epi32((int)c->count - 1)));
}

#else
#define WIDE 0
#endif
#endif

/* A row of 16 lanes as two halves of 8, where the processor has AVX2 and no AVX-512. */
#ifndef TENTH_KEEP_EIGHT_H
#define TENTH_KEEP_EIGHT_H

#include "wide.h"

#if !WIDE && defined(__AVX2__)
#include <immintrin.h>
#define EIGHT 1

/* Of each set of lanes: which of the next words each of its lanes takes. */
static uint8_t orders[256][8];

__attribute__((constructor)) static void fill_orders(void) {
    for (int set = 0; set < 256; set++)
        for (int lane = 0, next = 0; lane < 8; lane++)
            if (set >> lane & 1)
                orders[set][lane] = (uint8_t)next++;
}

static inline __m256i eight_refill(__m256i x, struct stream *s) {
    __m256i low = _mm256_cmpeq_epi32(_mm256_srli_epi32(x, 16), _mm256_setzero_si256());
    int set = _mm256_movemask_ps(_mm256_castsi256_ps(low));
    __m256i words = _mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i *)s->at));
    __m256i order = _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)orders[set]));
    words = _mm256_permutevar8x32_epi32(words, order);
    s->at += __builtin_popcount((unsigned)set);
    return _mm256_blendv_epi8(x, _mm256_or_si256(_mm256_slli_epi32(x, 16), words), low);
}

static inline __m256i eight_words(const uint8_t *from, int64_t i, int word) {
    from += i * word;
    if (word == 1)
        return _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)from));
    if (word == 2)
        return _mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i *)from));
    return _mm256_loadu_si256((const __m256i *)from);
}

static inline void put_eight(uint8_t *to, int64_t i, int word, __m256i value) {
    to += i * word;
    if (word == 4) {
        _mm256_storeu_si256((__m256i *)to, value);
        return;
    }
    __m256i mask = _mm256_set1_epi32(word == 1 ? 0xff : 0xffff);
    value = _mm256_and_si256(value, mask);
    __m128i shorts = _mm_packus_epi32(_mm256_castsi256_si128(value),
                                      _mm256_extracti128_si256(value, 1));
    if (word == 2)
        _mm_storeu_si128((__m128i *)to, shorts);
    else
        _mm_storel_epi64((__m128i *)to, _mm_packus_epi16(shorts, shorts));
}

static inline __m256i eight_class(const struct contexts *c, int64_t i, __m256i word) {
    __m256i set = _mm256_set1_epi32(c->sets ? c->sets[i / BLOCK] * (int)c->count : 0);
    if (c->count == 1)
        return set;
    __m256i class = _mm256_srl_epi32(word, _mm_cvtsi32_si128((int)c->shift));
    class = _mm256_and_si256(class, _mm256_set1_epi32((int)c->mask));
    class = _mm256_sub_epi32(class, _mm256_set1_epi32((int)c->lowest));
    class = _mm256_max_epi32(class, _mm256_setzero_si256());
    return _mm256_add_epi32(set,
                            _mm256_min_epi32(class, _mm256_set1_epi32((int)c->count - 1)));
}

/* The lowest `bits` of x below `place`, which x loses. */
static inline __m256i eight_raw(__m256i *x, __m256i bits, int place) {
    __m256i one = _mm256_set1_epi32(1);
    __m256i mask = _mm256_sub_epi32(_mm256_sllv_epi32(one, bits), one);
    __m256i part = _mm256_slli_epi32(_mm256_and_si256(*x, mask), place);
    *x = _mm256_srlv_epi32(*x, bits);
    return part;
}

/* A whole row; the stream holds ROW_WORDS more. */
static inline __attribute__((always_inline)) void eight_row(uint32_t *states,
                                                            const struct job *job, int64_t i,
                                                            struct stream *s, int word) {
    const __m256i one = _mm256_set1_epi32(1), zero = _mm256_setzero_si256();
    const __m256i twelve = _mm256_set1_epi32(0xfff), sixteen = _mm256_set1_epi32(16);
    __m256i x[2], below[2], value[2], negative[2], k[2];
    for (int h = 0; h < 2; h++) {
        x[h] = _mm256_loadu_si256((const __m256i *)(states + 8 * h));
        below[h] = job->base ? eight_words(job->base, i + 8 * h, word) : zero;
        __m256i slot = _mm256_and_si256(x[h], _mm256_set1_epi32(SLOTS - 1));
        if (job->mixed) {
            __m256i class = eight_class(job->contexts, i, below[h]);
            slot = _mm256_or_si256(slot, _mm256_slli_epi32(class, BITS));
        }
        __m256i entry = _mm256_i32gather_epi32((const int *)job->table, slot, 4);
        x[h] = _mm256_mullo_epi32(_mm256_and_si256(entry, twelve), _mm256_srli_epi32(x[h], BITS));
        x[h] = _mm256_add_epi32(x[h], _mm256_and_si256(_mm256_srli_epi32(entry, 12), twelve));
        __m256i q = _mm256_srli_epi32(entry, 25);
        negative[h] = _mm256_srai_epi32(_mm256_slli_epi32(entry, 7), 31);
        __m256i quarter = _mm256_srli_epi32(q, 2);
        __m256i small = _mm256_cmpeq_epi32(quarter, zero);
        k[h] = _mm256_andnot_si256(small, _mm256_sub_epi32(quarter, one));
        __m256i head = _mm256_or_si256(_mm256_and_si256(q, _mm256_set1_epi32(3)),
                                       _mm256_set1_epi32(4));
        value[h] = _mm256_blendv_epi8(_mm256_sllv_epi32(head, k[h]), q, small);
    }
    x[0] = eight_refill(x[0], s);
    x[1] = eight_refill(x[1], s);
    __m256i any = _mm256_or_si256(k[0], k[1]);
    if (!_mm256_testz_si256(any, any)) {
        for (int h = 0; h < 2; h++) {
            __m256i bits = _mm256_min_epi32(k[h], sixteen);
            value[h] = _mm256_or_si256(value[h], eight_raw(&x[h], bits, 0));
            k[h] = _mm256_sub_epi32(k[h], bits);
            x[h] = eight_refill(x[h], s);
        }
        any = _mm256_or_si256(k[0], k[1]);
        if (word == 4 && !_mm256_testz_si256(any, any))
            for (int h = 0; h < 2; h++) {
                value[h] = _mm256_or_si256(value[h], eight_raw(&x[h], k[h], 16));
                x[h] = eight_refill(x[h], s);
            }
    }
    for (int h = 0; h < 2; h++) {
        value[h] = _mm256_sub_epi32(_mm256_xor_si256(value[h], negative[h]), negative[h]);
        put_eight(job->out, i + 8 * h, word, _mm256_add_epi32(below[h], value[h]));
        _mm256_storeu_si256((__m256i *)(states + 8 * h), x[h]);
    }
}

#else
#define EIGHT 0
#endif
#endif

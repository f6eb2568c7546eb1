/* Encoding rANS: from the last element to the first, the stream from its end to its start.
 *
 * The caller has checked sizes, and gives each symbol that occurs a frequency.
 */
#include <string.h>

#include "rans.h"
#include "wide.h"

/* A code: frequency (12 bits), and the first slot of the symbol. */
#define FREQUENCY(code) ((code)&0xfff)
#define FIRST(code) ((code) >> 12)

struct source {
    const uint8_t *words, *base; /* base may be NULL */
    const struct contexts *contexts;
    int mixed; /* whether there are more classes than one */
};

EXPORT void tenth_keep_rans_count(const uint8_t *words, const uint8_t *base,
                                  const struct contexts *contexts, int64_t count, int64_t word,
                                  uint32_t *counts, int64_t entries);
EXPORT void tenth_keep_rans_assign(const uint8_t *words, const uint8_t *base,
                                   const struct contexts *contexts, int64_t count, int64_t word,
                                   const uint16_t *costs, int64_t sets, uint8_t *out);
EXPORT int64_t tenth_keep_rans_encode(const uint8_t *words, const uint8_t *base,
                                      const struct contexts *contexts, int64_t count, int64_t word,
                                      const uint16_t *frequencies, int64_t classes,
                                      uint32_t *states, int64_t lanes, word2 *out, int64_t room);

/* The number to code, words less base, and the word of the base. */
static inline int32_t difference(const struct source *from, int64_t i, int word, uint32_t *below) {
    if (word == 1) {
        *below = from->base ? from->base[i] : 0;
        return (int8_t)(from->words[i] - *below);
    }
    if (word == 2) {
        *below = from->base ? ((const word2 *)from->base)[i] : 0;
        return (int16_t)(((const word2 *)from->words)[i] - *below);
    }
    *below = from->base ? ((const word4 *)from->base)[i] : 0;
    return (int32_t)(((const word4 *)from->words)[i] - *below);
}

/* Class and symbol as one index, and the magnitude. */
static inline uint32_t index_of(const struct source *from, int64_t i, int word, uint32_t *m) {
    uint32_t below;
    uint32_t symbol = symbol_of(difference(from, i, word, &below), m);
    uint32_t class = from->mixed ? class_of(from->contexts, i, below) : 0;
    return class * SYMBOLS + symbol;
}

#if WIDE
/* The same of 16 elements, with the raw bits of each. */
static inline __m512i wide_index(const struct source *from, int64_t i, int word, __m512i *m,
                                 __m512i *k) {
    __m512i zero = _mm512_setzero_si512();
    __m512i below = from->base ? wide_words(from->base, i, word) : zero;
    __m512i s = _mm512_sub_epi32(wide_words(from->words, i, word), below);
    if (word < 4) /* the sign of the difference is that of its lowest word */
        s = _mm512_srai_epi32(_mm512_slli_epi32(s, 32 - 8 * word), 32 - 8 * word);
    *m = _mm512_abs_epi32(s);
    __mmask16 large = _mm512_cmpgt_epu32_mask(*m, _mm512_set1_epi32(3));
    *k = _mm512_maskz_sub_epi32(large, _mm512_set1_epi32(29), _mm512_lzcnt_epi32(*m));
    __m512i q = _mm512_add_epi32(_mm512_slli_epi32(*k, 2), _mm512_srlv_epi32(*m, *k));
    __m512i symbol = _mm512_sub_epi32(_mm512_slli_epi32(q, 1), _mm512_srai_epi32(s, 31));
    if (from->mixed) {
        __m512i class = wide_class(from->contexts, i, below);
        symbol = _mm512_or_si512(symbol, _mm512_slli_epi32(class, 8));
    }
    return symbol;
}
#endif

/* The indices of up to 16 elements. */
static inline __attribute__((always_inline)) void indices(const struct source *from, int64_t i,
                                                          int live, int word, uint32_t *at) {
    uint32_t m;
#if WIDE
    if (live == ROW) {
        __m512i size, k;
        _mm512_storeu_si512(at, wide_index(from, i, word, &size, &k));
        return;
    }
#endif
    for (int j = 0; j < live; j++)
        at[j] = index_of(from, i + j, word, &m);
}

static inline int live_from(int64_t i, int64_t count) {
    return (int)(count - i < ROW ? count - i : ROW);
}

/* Every other element is counted in `other`, so that equal neighbours do not wait for each other. */
static inline __attribute__((always_inline)) void count_words(const struct source *from,
                                                              int64_t count, int word,
                                                              uint32_t *counts, uint32_t *other) {
    for (int64_t i = 0; i < count; i += ROW) {
        uint32_t at[ROW];
        int live = live_from(i, count);
        indices(from, i, live, word, at);
        for (int j = 0; j < live; j++)
            (j & 1 ? other : counts)[at[j]]++;
    }
}

/* Add to counts [2][classes][SYMBOLS], of which the sum is wanted. */
void tenth_keep_rans_count(const uint8_t *words, const uint8_t *base,
                           const struct contexts *contexts, int64_t count, int64_t word,
                           uint32_t *counts, int64_t entries) {
    struct source from = {words, base, contexts, contexts->count > 1 || contexts->sets};
    if (word == 1)
        count_words(&from, count, 1, counts, counts + entries);
    else if (word == 2)
        count_words(&from, count, 2, counts, counts + entries);
    else
        count_words(&from, count, 4, counts, counts + entries);
}

static inline __attribute__((always_inline)) void assign(const struct source *from, int64_t count,
                                                         int word, const uint16_t *costs,
                                                         int64_t sets, uint8_t *out) {
    int64_t entries = from->contexts->count * SYMBOLS;
    for (int64_t start = 0; start < count; start += BLOCK) {
        uint32_t at[BLOCK], least = UINT32_MAX;
        int64_t size = count - start < BLOCK ? count - start : BLOCK;
        for (int64_t i = 0; i < size; i += ROW)
            indices(from, start + i, live_from(i, size), word, at + i);
        for (int64_t set = 0; set < sets; set++) {
            uint32_t sum = 0;
            for (int64_t i = 0; i < size; i++)
                sum += costs[set * entries + at[i]];
            if (sum < least) {
                least = sum;
                out[start / BLOCK] = (uint8_t)set;
            }
        }
    }
}

/* Of each block: the set whose costs [sets][classes][SYMBOLS] make it cheapest. */
void tenth_keep_rans_assign(const uint8_t *words, const uint8_t *base,
                            const struct contexts *contexts, int64_t count, int64_t word,
                            const uint16_t *costs, int64_t sets, uint8_t *out) {
    struct source from = {words, base, contexts, contexts->count > 1};
    if (word == 1)
        assign(&from, count, 1, costs, sets, out);
    else if (word == 2)
        assign(&from, count, 2, costs, sets, out);
    else
        assign(&from, count, 4, costs, sets, out);
}

static void codes_of(const uint16_t *frequencies, int64_t classes, uint32_t *codes) {
    for (int64_t c = 0; c < classes; c++)
        for (uint32_t symbol = 0, first = 0; symbol < SYMBOLS; symbol++) {
            uint32_t frequency = frequencies[c * SYMBOLS + symbol];
            codes[c * SYMBOLS + symbol] = frequency | first << 12;
            first += frequency;
        }
}

/* Raw bits of one row, the highest lane first. */
static inline __attribute__((always_inline)) word2 *raw(uint32_t *x, const uint32_t *value, const uint32_t *bits, int live,
                         word2 *at) {
    for (int j = live - 1; j >= 0; j--) {
        if ((uint64_t)x[j] << bits[j] >> 32)
            *--at = (uint16_t)x[j], x[j] >>= 16;
        x[j] = x[j] << bits[j] | (value[j] & ((1u << bits[j]) - 1));
    }
    return at;
}

static inline __attribute__((always_inline)) word2 *row(uint32_t *x, const struct source *from,
                                                        const uint32_t *codes, int64_t i, int live,
                                                        word2 *at, int word) {
    uint32_t code[ROW], low[ROW], low_bits[ROW], high[ROW], high_bits[ROW], any = 0, more = 0;
    for (int j = 0; j < live; j++) {
        uint32_t index = index_of(from, i + j, word, &low[j]);
        uint32_t k = raw_bits(index % SYMBOLS >> 1);
        code[j] = codes[index];
        low_bits[j] = k < 16 ? k : 16;
        high_bits[j] = k - low_bits[j];
        high[j] = low[j] >> 16;
        any |= k;
        more |= high_bits[j];
    }
    if (more)
        at = raw(x, high, high_bits, live, at);
    if (any)
        at = raw(x, low, low_bits, live, at);
    for (int j = live - 1; j >= 0; j--) {
        uint32_t state = x[j], frequency = FREQUENCY(code[j]);
        if (state >> (32 - BITS) >= frequency) {
            *--at = (uint16_t)state;
            state >>= 16;
        }
        x[j] = (state / frequency << BITS) + state % frequency + FIRST(code[j]);
    }
    return at;
}

#if WIDE
/* Write the low words of some lanes so that they end at `at`; what is before them may be lost. */
static inline word2 *wide_give(__m512i x, __mmask16 some, word2 *at) {
    const __m512i lanes = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    int given = __builtin_popcount(some);
    __m512i order = _mm512_add_epi32(lanes, _mm512_set1_epi32(given));
    __m512i words = _mm512_permutexvar_epi32(order, _mm512_maskz_compress_epi32(some, x));
    _mm256_storeu_si256((__m256i *)(at - ROW), _mm512_cvtepi32_epi16(words));
    return at - given;
}

static inline __m512i wide_raw(__m512i x, __m512i value, __m512i bits, word2 **at) {
    const __m512i one = _mm512_set1_epi32(1);
    __m512i over = _mm512_srlv_epi32(x, _mm512_sub_epi32(_mm512_set1_epi32(32), bits));
    __mmask16 some = _mm512_test_epi32_mask(over, over);
    *at = wide_give(x, some, *at);
    x = _mm512_sllv_epi32(_mm512_mask_srli_epi32(x, some, x, 16), bits);
    __m512i mask = _mm512_sub_epi32(_mm512_sllv_epi32(one, bits), one);
    return _mm512_or_si512(x, _mm512_and_si512(value, mask));
}

/* x / f of whole numbers: float64 rounds to the right side, as f has but 12 bits. */
static inline __m512i wide_quotient(__m512i x, __m512i f) {
    __m512d low = _mm512_div_pd(_mm512_cvtepu32_pd(_mm512_castsi512_si256(x)),
                                _mm512_cvtepu32_pd(_mm512_castsi512_si256(f)));
    __m512d high = _mm512_div_pd(_mm512_cvtepu32_pd(_mm512_extracti64x4_epi64(x, 1)),
                                 _mm512_cvtepu32_pd(_mm512_extracti64x4_epi64(f, 1)));
    return _mm512_inserti64x4(_mm512_castsi256_si512(_mm512_cvttpd_epu32(low)),
                              _mm512_cvttpd_epu32(high), 1);
}

static inline __attribute__((always_inline)) word2 *wide_row(uint32_t *states,
                                                             const struct source *from,
                                                             const uint32_t *codes, int64_t i,
                                                             word2 *at, int word) {
    const __m512i sixteen = _mm512_set1_epi32(16);
    __m512i x = _mm512_loadu_si512(states), m, k;
    __m512i code = _mm512_i32gather_epi32(wide_index(from, i, word, &m, &k), codes, 4);
    if (word == 4 && _mm512_cmpgt_epu32_mask(k, sixteen)) {
        __m512i high = _mm512_subs_epu16(k, sixteen);
        x = wide_raw(x, _mm512_srli_epi32(m, 16), high, &at);
    }
    if (_mm512_test_epi32_mask(k, k))
        x = wide_raw(x, m, _mm512_min_epu32(k, sixteen), &at);
    __m512i frequency = _mm512_and_si512(code, _mm512_set1_epi32(0xfff));
    __mmask16 some = _mm512_cmpge_epu32_mask(_mm512_srli_epi32(x, 32 - BITS), frequency);
    at = wide_give(x, some, at);
    x = _mm512_mask_srli_epi32(x, some, x, 16);
    __m512i quotient = wide_quotient(x, frequency);
    __m512i rest = _mm512_sub_epi32(x, _mm512_mullo_epi32(quotient, frequency));
    x = _mm512_add_epi32(_mm512_slli_epi32(quotient, BITS), rest);
    _mm512_storeu_si512(states, _mm512_add_epi32(x, _mm512_srli_epi32(code, 12)));
    return at;
}
#endif

static inline __attribute__((always_inline)) word2 *encode(uint32_t *states, int64_t lanes,
                                                           const struct source *from,
                                                           const uint32_t *codes, int64_t count,
                                                           word2 *at, int word) {
    for (int64_t i = (count - 1) / ROW * ROW; count && i >= 0; i -= ROW) {
        int live = live_from(i, count);
#if WIDE
        if (live == ROW) {
            at = wide_row(states + i % lanes, from, codes, i, at, word);
            continue;
        }
#endif
        /* a constant count of lanes lets the compiler use what vectors there are */
        at = live == ROW ? row(states + i % lanes, from, codes, i, ROW, at, word)
                         : row(states + i % lanes, from, codes, i, live, at, word);
    }
    return at;
}

/* Words written, at the end of `out`, or -1 for more classes or less room than there must be. */
int64_t tenth_keep_rans_encode(const uint8_t *words, const uint8_t *base,
                               const struct contexts *contexts, int64_t count, int64_t word,
                               const uint16_t *frequencies, int64_t classes, uint32_t *states,
                               int64_t lanes, word2 *out, int64_t room) {
    uint32_t codes[MOST_CLASSES * SYMBOLS];
    if (classes > MOST_CLASSES || room < 3 * count + ROW)
        return -1;
    codes_of(frequencies, classes, codes);
    struct source from = {words, base, contexts, contexts->count > 1 || contexts->sets};
    word2 *end = out + room;
    for (int64_t j = 0; j < lanes; j++)
        states[j] = LOWEST;
    word2 *at = word == 1   ? encode(states, lanes, &from, codes, count, end, 1)
                : word == 2 ? encode(states, lanes, &from, codes, count, end, 2)
                            : encode(states, lanes, &from, codes, count, end, 4);
    return end - at;
}

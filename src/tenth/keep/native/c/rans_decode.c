/* Decoding rANS: 16 lanes at a time, with vectors where the processor has AVX-512 or AVX2.
 *
 * Nothing is read past the end of the stream, whatever it holds; tables and counts were checked by
 * the caller, and the arrays hold `count` entries. Returns 1, or 0 for a stream that is damaged.
 */
#include <string.h>

#include "rans.h"
#include "wide.h"

/* An entry of a table: frequency (12 bits), slot less the symbol's first slot (11), symbol (8). */
#define FREQUENCY(entry) ((entry)&0xfff)
#define WITHIN(entry) ((entry) >> 12 & 0xfff)
#define SYMBOL(entry) ((entry) >> 24)

/* What one row needs at most: a word for each lane before the next symbol and for 16 raw bits. */
enum { ROW_WORDS = 3 * ROW };

struct stream {
    const word2 *at, *end;
};

struct job {
    const uint32_t *table; /* classes of SLOTS entries */
    const struct contexts *contexts;
    const uint8_t *base; /* or NULL */
    uint8_t *out;
    int mixed; /* whether there are more classes than one */
};

#include "eight.h"

EXPORT void tenth_keep_rans_table(const uint16_t *frequencies, int64_t classes, uint32_t *table);
EXPORT int64_t tenth_keep_rans_decode(const word2 *words, int64_t length, const uint32_t *states,
                                      int64_t lanes, const uint32_t *table,
                                      const struct contexts *contexts, const uint8_t *base,
                                      uint8_t *out, int64_t count, int64_t word);

/* Frequencies [classes][SYMBOLS], each row of the sum SLOTS, as entries for each slot. */
void tenth_keep_rans_table(const uint16_t *frequencies, int64_t classes, uint32_t *table) {
    for (int64_t c = 0; c < classes; c++)
        for (uint32_t symbol = 0, slot = 0; symbol < SYMBOLS; symbol++) {
            uint32_t frequency = frequencies[c * SYMBOLS + symbol];
            for (uint32_t i = 0; i < frequency && slot < SLOTS; i++, slot++)
                table[c * SLOTS + slot] = frequency | i << 12 | symbol << 24;
        }
}

static inline uint32_t word_at(const uint8_t *from, int64_t i, int word) {
    if (word == 1)
        return from[i];
    return word == 2 ? ((const word2 *)from)[i] : ((const word4 *)from)[i];
}

static inline void put_word(uint8_t *to, int64_t i, int word, uint32_t value) {
    if (word == 1)
        to[i] = (uint8_t)value;
    else if (word == 2)
        ((word2 *)to)[i] = (uint16_t)value;
    else
        ((word4 *)to)[i] = value;
}

/* Give each lane that fell below LOWEST its next word; 0: there is none left. */
static inline __attribute__((always_inline)) int refill(uint32_t *x, int live, struct stream *s) {
    if (s->end - s->at >= ROW) {
        const word2 *at = s->at;
        for (int j = 0; j < live; j++) {
            uint32_t low = x[j] < LOWEST; /* without a branch, which would be a guess */
            x[j] = x[j] << 16 * low | (*at & (0u - low));
            at += low;
        }
        s->at = at;
        return 1;
    }
    for (int j = 0; j < live; j++)
        if (x[j] < LOWEST) {
            if (s->at == s->end)
                return 0;
            x[j] = x[j] << 16 | *s->at++;
        }
    return 1;
}

/* `live` elements from i on, one a lane. */
static inline __attribute__((always_inline)) int row(uint32_t *x, const struct job *job, int64_t i,
                                                     int live, struct stream *s, int word) {
    uint32_t value[ROW], bits[ROW], negative[ROW], below[ROW], any = 0, more = 0;
    for (int j = 0; j < live; j++) {
        below[j] = job->base ? word_at(job->base, i + j, word) : 0;
        uint32_t class = job->mixed ? class_of(job->contexts, i + j, below[j]) : 0;
        uint32_t entry = job->table[class * SLOTS + (x[j] & (SLOTS - 1))];
        x[j] = FREQUENCY(entry) * (x[j] >> BITS) + WITHIN(entry);
        uint32_t symbol = SYMBOL(entry), q = symbol >> 1;
        negative[j] = 0u - (symbol & 1);
        bits[j] = raw_bits(q);
        value[j] = magnitude(q);
        any |= bits[j];
        more |= bits[j] > 16;
    }
    if (!refill(x, live, s))
        return 0;
    if (any) {
        for (int j = 0; j < live; j++) {
            uint32_t k = bits[j] < 16 ? bits[j] : 16;
            value[j] |= x[j] & ((1u << k) - 1);
            x[j] >>= k;
        }
        if (!refill(x, live, s))
            return 0;
    }
    if (more) {
        for (int j = 0; j < live; j++) {
            uint32_t k = bits[j] > 16 ? bits[j] - 16 : 0;
            value[j] |= (x[j] & ((1u << k) - 1)) << 16;
            x[j] >>= k;
        }
        if (!refill(x, live, s))
            return 0;
    }
    for (int j = 0; j < live; j++)
        put_word(job->out, i + j, word, below[j] + ((value[j] ^ negative[j]) - negative[j]));
    return 1;
}

#if WIDE
static inline __m512i wide_refill(__m512i x, struct stream *s) {
    __mmask16 low = _mm512_cmplt_epu32_mask(x, _mm512_set1_epi32(LOWEST));
    __m512i words = _mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i *)s->at));
    s->at += __builtin_popcount(low);
    return _mm512_mask_or_epi32(x, low, _mm512_slli_epi32(x, 16),
                                _mm512_maskz_expand_epi32(low, words));
}

static inline void put_wide(uint8_t *to, int64_t i, int word, __m512i value) {
    to += i * word;
    if (word == 1)
        _mm_storeu_si128((__m128i *)to, _mm512_cvtepi32_epi8(value));
    else if (word == 2)
        _mm256_storeu_si256((__m256i *)to, _mm512_cvtepi32_epi16(value));
    else
        _mm512_storeu_si512(to, value);
}

/* A whole row; the stream holds ROW_WORDS more. */
static inline __attribute__((always_inline)) void wide_row(uint32_t *states, const struct job *job,
                                                           int64_t i, struct stream *s, int word) {
    const __m512i one = _mm512_set1_epi32(1), zero = _mm512_setzero_si512();
    __m512i x = _mm512_loadu_si512(states);
    __m512i below = job->base ? wide_words(job->base, i, word) : zero;
    __m512i slot = _mm512_and_si512(x, _mm512_set1_epi32(SLOTS - 1));
    if (job->mixed) {
        __m512i class = wide_class(job->contexts, i, below);
        slot = _mm512_or_si512(slot, _mm512_slli_epi32(class, BITS));
    }
    __m512i entry = _mm512_i32gather_epi32(slot, job->table, 4);
    __m512i twelve = _mm512_set1_epi32(0xfff);
    x = _mm512_mullo_epi32(_mm512_and_si512(entry, twelve), _mm512_srli_epi32(x, BITS));
    x = _mm512_add_epi32(x, _mm512_and_si512(_mm512_srli_epi32(entry, 12), twelve));
    x = wide_refill(x, s);
    __m512i q = _mm512_srli_epi32(entry, 25);
    __mmask16 negative = _mm512_test_epi32_mask(entry, _mm512_set1_epi32(1 << 24));
    __m512i quarter = _mm512_srli_epi32(q, 2);
    __mmask16 large = _mm512_test_epi32_mask(quarter, quarter);
    __m512i k = _mm512_maskz_sub_epi32(large, quarter, one);
    __m512i head = _mm512_or_si512(_mm512_and_si512(q, _mm512_set1_epi32(3)),
                                   _mm512_set1_epi32(4));
    __m512i value = _mm512_mask_sllv_epi32(q, large, head, k);
    if (_mm512_test_epi32_mask(k, k)) {
        __m512i some = _mm512_min_epu32(k, _mm512_set1_epi32(16));
        __m512i mask = _mm512_sub_epi32(_mm512_sllv_epi32(one, some), one);
        value = _mm512_or_si512(value, _mm512_and_si512(x, mask));
        x = wide_refill(_mm512_srlv_epi32(x, some), s);
        if (word == 4 && _mm512_cmpgt_epu32_mask(k, _mm512_set1_epi32(16))) {
            some = _mm512_sub_epi32(k, some);
            mask = _mm512_sub_epi32(_mm512_sllv_epi32(one, some), one);
            mask = _mm512_slli_epi32(_mm512_and_si512(x, mask), 16);
            value = _mm512_or_si512(value, mask);
            x = wide_refill(_mm512_srlv_epi32(x, some), s);
        }
    }
    value = _mm512_mask_sub_epi32(value, negative, zero, value);
    put_wide(job->out, i, word, _mm512_add_epi32(below, value));
    _mm512_storeu_si512(states, x);
}
#endif

static inline __attribute__((always_inline)) int decode(uint32_t *x, int64_t lanes,
                                                        const struct job *job, struct stream *s,
                                                        int64_t count, int word) {
    for (int64_t i = 0; i < count; i += ROW) {
        int64_t live = count - i < ROW ? count - i : ROW;
        uint32_t *states = x + i % lanes;
#if WIDE || EIGHT
        if (live == ROW && s->end - s->at >= ROW_WORDS) {
#if WIDE
            wide_row(states, job, i, s, word);
#else
            eight_row(states, job, i, s, word);
#endif
            continue;
        }
#endif
        /* a constant count of lanes lets the compiler use what vectors there are */
        if (live == ROW ? !row(states, job, i, ROW, s, word)
                        : !row(states, job, i, (int)live, s, word))
            return 0;
    }
    return 1;
}

int64_t tenth_keep_rans_decode(const word2 *words, int64_t length, const uint32_t *states,
                               int64_t lanes, const uint32_t *table,
                               const struct contexts *contexts, const uint8_t *base, uint8_t *out,
                               int64_t count, int64_t word) {
    uint32_t x[MOST_LANES];
    if (lanes < ROW || lanes > MOST_LANES || lanes % ROW)
        return 0;
    memcpy(x, states, (size_t)lanes * sizeof *x);
    for (int64_t j = 0; j < lanes; j++)
        if (x[j] < LOWEST)
            return 0;
    struct stream s = {words, words + length};
    struct job job = {table, contexts, base, out, contexts->count > 1 || contexts->sets};
    int whole = word == 1   ? decode(x, lanes, &job, &s, count, 1)
                : word == 2 ? decode(x, lanes, &job, &s, count, 2)
                            : decode(x, lanes, &job, &s, count, 4);
    for (int64_t j = 0; j < lanes; j++)
        whole &= x[j] == LOWEST;
    return whole && s.at == s.end;
}

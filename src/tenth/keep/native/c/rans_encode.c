/* Encoding rANS: from the last element to the first, the stream from its end to its start.
 *
 * The caller has checked sizes; `words` holds room for 3 words an element.
 */
#include <string.h>

#include "rans.h"

struct code {
    double inverse; /* of the frequency, so much too large that a product's floor is the quotient */
    uint32_t frequency;
    uint32_t first; /* of its slots */
};

EXPORT void tenth_keep_rans_count(const uint8_t *words, const uint8_t *base,
                                  const struct contexts *contexts, int64_t count, int64_t word,
                                  uint32_t *counts);
EXPORT int64_t tenth_keep_rans_encode(const uint8_t *words, const uint8_t *base,
                                      const struct contexts *contexts, int64_t count, int64_t word,
                                      const uint16_t *frequencies, uint32_t *states, int64_t lanes,
                                      word2 *out, int64_t room);

/* The number to code: words less base, with its sign. */
static inline int32_t difference(const uint8_t *words, const uint8_t *base, int64_t i, int word,
                                 uint32_t *below) {
    if (word == 1) {
        *below = base ? base[i] : 0;
        return (int8_t)(words[i] - *below);
    }
    if (word == 2) {
        *below = base ? ((const word2 *)base)[i] : 0;
        return (int16_t)(((const word2 *)words)[i] - *below);
    }
    *below = base ? ((const word4 *)base)[i] : 0;
    return (int32_t)(((const word4 *)words)[i] - *below);
}

static inline __attribute__((always_inline)) void count_words(const uint8_t *words,
                                                              const uint8_t *base,
                                                              const struct contexts *contexts,
                                                              int64_t count, int word,
                                                              uint32_t *counts) {
    for (int64_t i = 0; i < count; i++) {
        uint32_t m, below;
        uint32_t symbol = symbol_of(difference(words, base, i, word, &below), &m);
        uint32_t class = contexts->count > 1 ? class_of(contexts, below) : 0;
        counts[class * SYMBOLS + symbol]++;
    }
}

/* Add to counts [classes][SYMBOLS]. */
void tenth_keep_rans_count(const uint8_t *words, const uint8_t *base,
                           const struct contexts *contexts, int64_t count, int64_t word,
                           uint32_t *counts) {
    if (word == 1)
        count_words(words, base, contexts, count, 1, counts);
    else if (word == 2)
        count_words(words, base, contexts, count, 2, counts);
    else
        count_words(words, base, contexts, count, 4, counts);
}

static void codes_of(const uint16_t *frequencies, int64_t classes, struct code *codes) {
    for (int64_t c = 0; c < classes; c++) {
        uint32_t first = 0;
        for (int symbol = 0; symbol < SYMBOLS; symbol++) {
            uint32_t f = frequencies[c * SYMBOLS + symbol];
            double inverse = f ? (1.0 + 0x1p-46) / f : 0;
            codes[c * SYMBOLS + symbol] = (struct code){inverse, f, first};
            first += f;
        }
    }
}

/* Raw bits of one row, the highest lane first. */
static inline word2 *raw(uint32_t *x, const uint32_t *value, const uint32_t *bits, int live,
                         word2 *at) {
    for (int j = live - 1; j >= 0; j--) {
        if ((uint64_t)x[j] << bits[j] >> 32)
            *--at = (uint16_t)x[j], x[j] >>= 16;
        x[j] = x[j] << bits[j] | (value[j] & ((1u << bits[j]) - 1));
    }
    return at;
}

struct source {
    const uint8_t *words, *base;
    const struct contexts *contexts;
    const struct code *codes;
};

static inline __attribute__((always_inline)) word2 *row(uint32_t *x, const struct source *from,
                                                        int64_t i, int live, word2 *at, int word) {
    const struct code *code[ROW];
    uint32_t low[ROW], low_bits[ROW], high[ROW], high_bits[ROW], any = 0, more = 0;
    for (int j = 0; j < live; j++) {
        uint32_t m, below;
        uint32_t symbol = symbol_of(difference(from->words, from->base, i + j, word, &below), &m);
        uint32_t class = from->contexts->count > 1 ? class_of(from->contexts, below) : 0;
        uint32_t k = raw_bits(symbol >> 1);
        code[j] = from->codes + class * SYMBOLS + symbol;
        low_bits[j] = k < 16 ? k : 16;
        high_bits[j] = k - low_bits[j];
        low[j] = m;
        high[j] = m >> 16;
        any |= k;
        more |= high_bits[j];
    }
    if (more)
        at = raw(x, high, high_bits, live, at);
    if (any)
        at = raw(x, low, low_bits, live, at);
    for (int j = live - 1; j >= 0; j--) {
        uint32_t state = x[j];
        if (state >> (32 - BITS) >= code[j]->frequency) {
            *--at = (uint16_t)state;
            state >>= 16;
        }
        uint32_t quotient = (uint32_t)(state * code[j]->inverse);
        x[j] = (quotient << BITS) + state - quotient * code[j]->frequency + code[j]->first;
    }
    return at;
}

/* Words written, at the end of `out`, or -1 where a symbol has no frequency or room is short. */
int64_t tenth_keep_rans_encode(const uint8_t *words, const uint8_t *base,
                               const struct contexts *contexts, int64_t count, int64_t word,
                               const uint16_t *frequencies, uint32_t *states, int64_t lanes,
                               word2 *out, int64_t room) {
    static _Thread_local struct code codes[MOST_CLASSES * SYMBOLS];
    if (contexts->count > MOST_CLASSES || room < 3 * count)
        return -1;
    codes_of(frequencies, contexts->count, codes);
    struct source from = {words, base, contexts, codes};
    word2 *end = out + room, *at = end;
    for (int64_t j = 0; j < lanes; j++)
        states[j] = LOWEST;
    for (int64_t i = (count - 1) / ROW * ROW; count && i >= 0; i -= ROW) {
        int live = (int)(count - i < ROW ? count - i : ROW);
        uint32_t *x = states + i % lanes;
        at = word == 1   ? row(x, &from, i, live, at, 1)
             : word == 2 ? row(x, &from, i, live, at, 2)
                         : row(x, &from, i, live, at, 4);
    }
    return end - at;
}

/* Byte planes to words and back, with what RAW and SUB do to a word in the same pass.
 *
 * The caller has checked that every array holds `count` entries.
 */
#include "words.h"

/* SUB: out = base + (high:low) - bias, modulo the word. */
EXPORT void tenth_keep_add2(const uint8_t *low, const uint8_t *high, const word2 *base, word2 *out,
                            int64_t count);
EXPORT void tenth_keep_add4(const uint8_t *const *planes, const word4 *base, word4 *out,
                            int64_t count);
/* RAW: out = the words rotated right by one. */
EXPORT void tenth_keep_turn2(const uint8_t *low, const uint8_t *high, word2 *out, int64_t count);
EXPORT void tenth_keep_turn4(const uint8_t *const *planes, word4 *out, int64_t count);
/* The inverses, into planes; base NULL: of the words themselves. */
EXPORT void tenth_keep_split2(const word2 *words, const word2 *base, uint8_t *low, uint8_t *high,
                              int64_t count);
EXPORT void tenth_keep_split4(const word4 *words, const word4 *base, uint8_t *const *planes,
                              int64_t count);

void tenth_keep_add2(const uint8_t *restrict low, const uint8_t *restrict high,
                     const word2 *restrict base, word2 *restrict out, int64_t count) {
    for (int64_t i = 0; i < count; i++)
        out[i] = (uint16_t)(base[i] + (low[i] | high[i] << 8) - 0x80);
}

void tenth_keep_add4(const uint8_t *const *planes, const word4 *restrict base, word4 *restrict out,
                     int64_t count) {
    const uint8_t *restrict a = planes[0], *restrict b = planes[1];
    const uint8_t *restrict c = planes[2], *restrict d = planes[3];
    for (int64_t i = 0; i < count; i++) {
        uint32_t word = a[i] | (uint32_t)b[i] << 8 | (uint32_t)c[i] << 16 | (uint32_t)d[i] << 24;
        out[i] = base[i] + word - 0x808080u;
    }
}

void tenth_keep_turn2(const uint8_t *restrict low, const uint8_t *restrict high,
                      word2 *restrict out, int64_t count) {
    for (int64_t i = 0; i < count; i++) {
        uint16_t word = (uint16_t)(low[i] | high[i] << 8);
        out[i] = (uint16_t)(word >> 1 | word << 15);
    }
}

void tenth_keep_turn4(const uint8_t *const *planes, word4 *restrict out, int64_t count) {
    const uint8_t *restrict a = planes[0], *restrict b = planes[1];
    const uint8_t *restrict c = planes[2], *restrict d = planes[3];
    for (int64_t i = 0; i < count; i++) {
        uint32_t word = a[i] | (uint32_t)b[i] << 8 | (uint32_t)c[i] << 16 | (uint32_t)d[i] << 24;
        out[i] = word >> 1 | word << 31;
    }
}

static inline uint16_t taken2(const word2 *words, const word2 *base, int64_t i) {
    if (base)
        return (uint16_t)(words[i] - base[i] + 0x80);
    return (uint16_t)(words[i] << 1 | words[i] >> 15);
}

static inline uint32_t taken4(const word4 *words, const word4 *base, int64_t i) {
    if (base)
        return words[i] - base[i] + 0x808080u;
    return words[i] << 1 | words[i] >> 31;
}

void tenth_keep_split2(const word2 *restrict words, const word2 *restrict base,
                       uint8_t *restrict low, uint8_t *restrict high, int64_t count) {
    for (int64_t i = 0; i < count; i++) {
        uint16_t word = taken2(words, base, i);
        low[i] = (uint8_t)word;
        high[i] = (uint8_t)(word >> 8);
    }
}

void tenth_keep_split4(const word4 *restrict words, const word4 *restrict base,
                       uint8_t *const *planes, int64_t count) {
    uint8_t *restrict a = planes[0], *restrict b = planes[1];
    uint8_t *restrict c = planes[2], *restrict d = planes[3];
    for (int64_t i = 0; i < count; i++) {
        uint32_t word = taken4(words, base, i);
        a[i] = (uint8_t)word;
        b[i] = (uint8_t)(word >> 8);
        c[i] = (uint8_t)(word >> 16);
        d[i] = (uint8_t)(word >> 24);
    }
}

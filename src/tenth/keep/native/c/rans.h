/* Interleaved rANS over the buckets of small signed numbers: the shared words of both directions.
 *
 * A number s, of 8, 16 or 32 bits, has the bucket q of its magnitude m and k raw bits:
 *
 *     m < 4: q = m, k = 0        else with L bits: k = L - 3, q = 4 (k + 1) + (m >> k) - 4
 *
 * and the symbol 2 q + (s < 0). Symbols are coded with probabilities of 11 bits by as many states
 * as there are lanes, raw bits go into the same states: element i is coded by lane i mod lanes.
 * States have 32 bits and are renormalised by words of 16 bits, so once before each symbol and
 * once for each 16 raw bits at most.
 *
 * Source: J. Duda, arXiv 1311.2540; interleaving: F. Giesen, arXiv 1402.3392.
 */
#ifndef TENTH_KEEP_RANS_H
#define TENTH_KEEP_RANS_H

#include "words.h"

enum { BITS = 11, SLOTS = 1 << BITS, SYMBOLS = 256, ROW = 16, BLOCK = 64, MOST_LANES = 256, MOST_CLASSES = 64 };
#define LOWEST 65536u /* of a state between two symbols */

/* How the class of an element follows from the word of its base, and from where it stands. */
struct contexts {
    int64_t count;  /* classes of exponents; 1: base is not looked at */
    int64_t shift;  /* where the exponent stands */
    int64_t mask;   /* of the exponent, after the shift */
    int64_t lowest; /* exponents up to this one are class 0, each one above has the next class */
    const uint8_t *sets; /* of each BLOCK elements: which set of `count` classes; NULL: one set */
};

static inline uint32_t class_of(const struct contexts *c, int64_t i, uint32_t word) {
    uint32_t set = c->sets ? (uint32_t)c->sets[i / BLOCK] * (uint32_t)c->count : 0;
    if (c->count == 1)
        return set;
    int64_t class = (int64_t)(word >> c->shift & (uint32_t)c->mask) - c->lowest;
    return set + (uint32_t)(class < 0 ? 0 : class >= c->count ? c->count - 1 : class);
}

static inline uint32_t raw_bits(uint32_t q) { return q < 4 ? 0 : q / 4 - 1; }

/* The lowest magnitude of a bucket. */
static inline uint32_t magnitude(uint32_t q) { return q < 4 ? q : (4 | (q & 3)) << (q / 4 - 1); }

static inline uint32_t symbol_of(int32_t s, uint32_t *m) {
    uint32_t size = s < 0 ? 0u - (uint32_t)s : (uint32_t)s;
    *m = size;
    if (size < 4)
        return 2 * size + (s < 0);
    uint32_t k = 29 - (uint32_t)__builtin_clz(size);
    return 2 * (4 * k + (size >> k)) + (s < 0);
}

#endif

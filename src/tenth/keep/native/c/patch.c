/* Differences that are added in rising places; a place beyond the words ends it. */
#include "words.h"

EXPORT int64_t tenth_keep_patch(uint8_t *out, const word4 *gaps, const uint8_t *differences,
                                int64_t changes, int64_t count, int64_t word);

static inline __attribute__((always_inline)) int64_t patch(uint8_t *out, const word4 *gaps,
                                                           const uint8_t *differences,
                                                           int64_t changes, int64_t count,
                                                           int word) {
    int64_t at = -1;
    for (int64_t i = 0; i < changes; i++) {
        at += 1 + (int64_t)gaps[i];
        if (at >= count)
            return 0;
        if (word == 1)
            out[at] = (uint8_t)(out[at] + differences[i]);
        else if (word == 2)
            ((word2 *)out)[at] = (uint16_t)(((word2 *)out)[at] + ((const word2 *)differences)[i]);
        else
            ((word4 *)out)[at] += ((const word4 *)differences)[i];
    }
    return 1;
}

/* 1, or 0 where a place is beyond `count` words of `word` bytes. */
int64_t tenth_keep_patch(uint8_t *out, const word4 *gaps, const uint8_t *differences,
                         int64_t changes, int64_t count, int64_t word) {
    return word == 1   ? patch(out, gaps, differences, changes, count, 1)
           : word == 2 ? patch(out, gaps, differences, changes, count, 2)
                       : patch(out, gaps, differences, changes, count, 4);
}

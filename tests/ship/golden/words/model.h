/* words: a neural network in plain C11, written by tenth.

   input 0, ids: int64[n, l]
   output 0, class_: float32[n, 5]
   output 1, normed: float32[n, l, 8]
   Free sizes, known when it runs: n, l.

   Arrays are contiguous, the last axis first. Inputs and outputs must not overlap.
   Nothing is allocated and nothing is global: calls with an arena each may run at
   the same time. */

#ifndef WORDS_MODEL_H
#define WORDS_MODEL_H

#include <stddef.h>
#include <stdint.h>

#define WORDS_VERSION 1 /* of this interface */

#define WORDS_INPUTS 1
#define WORDS_INPUT_0_RANK 2
#define WORDS_OUTPUTS 2
#define WORDS_OUTPUT_0_RANK 2
#define WORDS_OUTPUT_1_RANK 3

/* What a call returns. */
enum words_status {
    WORDS_OK = 0, /* the outputs are written */
    WORDS_BAD_SIZE = 1, /* a size is below 1, does not fit the program, or does not fit in memory */
    WORDS_BAD_ARENA = 2, /* the arena is too small, or does not start at a multiple of 64 bytes */
    WORDS_BAD_POINTER = 3, /* an input, an output or the arena is NULL */
    WORDS_BAD_ID = 4, /* an id is negative, or as large as its table or larger */
};

#if defined(__GNUC__)
#define WORDS_API __attribute__((visibility("default")))
#else
#define WORDS_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* The types and shapes of the inputs and outputs in one line. */
WORDS_API const char *words_signature(void);

/* Writes the shape of an input, counted from 0. Returns a status. */
WORDS_API int words_input_shape(int which, int64_t n, int64_t l, int64_t *shape);

/* Writes the shape of an output, counted from 0. Returns a status. */
WORDS_API int words_output_shape(int which, int64_t n, int64_t l, int64_t *shape);

/* The bytes that a run needs; 0 if the sizes are bad. */
WORDS_API size_t words_arena_bytes(int64_t n, int64_t l);

/* Runs the network. The arena is any memory that starts at a multiple of 64 bytes;
   what it holds before and after means nothing. Returns a status. */
WORDS_API int words_run(const int64_t *ids, float *class_, float *normed, int64_t n, int64_t l,
    void *arena, size_t arena_bytes);

#ifdef __cplusplus
}
#endif

#endif

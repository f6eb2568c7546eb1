/* life: a neural network in plain C11, written by tenth.

   input 0, board: float32[n, 1, h, w]
   output 0, next: float32[n, 1, h, w]
   Free sizes, known when it runs: n, h, w.

   Arrays are contiguous, the last axis first. Inputs and outputs must not overlap.
   Nothing is allocated and nothing is global: calls with an arena each may run at
   the same time. */

#ifndef LIFE_MODEL_H
#define LIFE_MODEL_H

#include <stddef.h>
#include <stdint.h>

#define LIFE_VERSION 1 /* of this interface */

#define LIFE_INPUTS 1
#define LIFE_INPUT_0_RANK 4
#define LIFE_OUTPUTS 1
#define LIFE_OUTPUT_0_RANK 4

/* What a call returns. */
enum life_status {
    LIFE_OK = 0, /* the outputs are written */
    LIFE_BAD_SIZE = 1, /* a size is below 1, does not fit the program, or does not fit in memory */
    LIFE_BAD_ARENA = 2, /* the arena is too small, or does not start at a multiple of 64 bytes */
    LIFE_BAD_POINTER = 3, /* an input, an output or the arena is NULL */
    LIFE_BAD_ID = 4, /* an id is negative, or as large as its table or larger */
};

#if defined(__GNUC__)
#define LIFE_API __attribute__((visibility("default")))
#else
#define LIFE_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* The types and shapes of the inputs and outputs in one line. */
LIFE_API const char *life_signature(void);

/* Writes the shape of an input, counted from 0. Returns a status. */
LIFE_API int life_input_shape(int which, int64_t n, int64_t h, int64_t w, int64_t *shape);

/* Writes the shape of an output, counted from 0. Returns a status. */
LIFE_API int life_output_shape(int which, int64_t n, int64_t h, int64_t w, int64_t *shape);

/* The bytes that a run needs; 0 if the sizes are bad. */
LIFE_API size_t life_arena_bytes(int64_t n, int64_t h, int64_t w);

/* Runs the network. The arena is any memory that starts at a multiple of 64 bytes;
   what it holds before and after means nothing. Returns a status. */
LIFE_API int life_run(const float *board, float *next, int64_t n, int64_t h, int64_t w, void *arena,
    size_t arena_bytes);

#ifdef __cplusplus
}
#endif

#endif

/* life: a neural network in plain C11, written by tenth.

   input 0, board: float32[n, 1, h, w]
   output 0, next: float32[n, 1, h, w]
   Free sizes, known when it runs: n, h, w.

   Arrays are contiguous, the last axis first. Inputs and outputs must not overlap.
   Nothing is allocated, and nothing that a run computes is global: all memory is the
   caller's and starts at multiples of 64 bytes. Calls may run at the same time: the
   weights are shared, an arena and a pool serve one call at a time. Built with
   -DTENTH_SINGLE_THREAD there is one thread only, and no header of threads is
   needed. */

#ifndef LIFE_MODEL_H
#define LIFE_MODEL_H

#include <stddef.h>
#include <stdint.h>

#define LIFE_VERSION 2 /* of this interface */

#define LIFE_INPUTS 1
#define LIFE_INPUT_0_RANK 4
#define LIFE_OUTPUTS 1
#define LIFE_OUTPUT_0_RANK 4

/* What a call returns. */
enum life_status {
    LIFE_OK = 0, /* the outputs are written */
    LIFE_BAD_SIZE = 1, /* a size is below 1, does not fit the program, or does not fit in memory */
    LIFE_BAD_ARENA = 2, /* the arena is too small, or does not start at a multiple of 64 bytes */
    LIFE_BAD_POINTER = 3, /* an input, an output, the weights or the arena is NULL */
    LIFE_BAD_ID = 4, /* an id is negative, or as large as its table or larger */
    LIFE_BAD_WEIGHTS = 5, /* the weights are damaged, of another program, or not loaded */
    LIFE_BAD_POOL = 6, /* the threads are too many, or the pool is not open */
};

#if defined(TENTH_VARIANT) /* one build of several in a library, which dispatch.c alone calls */
#define LIFE_API __attribute__((visibility("hidden")))
#elif defined(__GNUC__)
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

/* The bytes of the loaded weights. */
LIFE_API size_t life_weights_bytes(void);

/* Checks the bytes of weights.bin, whole, and unpacks them into memory for weights.
   The file is not needed afterwards. Returns a status. */
LIFE_API int life_load(const void *file, size_t file_bytes, void *weights, size_t weights_bytes);

/* The bytes of a pool of threads; 0 if there cannot be so many. */
LIFE_API size_t life_pool_bytes(int threads);

/* Starts threads - 1 threads, which sleep when they have nothing to do. Returns a
   status. */
LIFE_API int life_pool_open(void *pool, size_t pool_bytes, int threads);

/* Ends the threads of a pool. */
LIFE_API void life_pool_close(void *pool);

/* The bytes that a run on so many threads needs; 0 if the sizes are bad. */
LIFE_API size_t life_arena_bytes(int64_t n, int64_t h, int64_t w, int threads);

/* Runs the network with loaded weights, on the threads of a pool, or on this one alone
   if it is NULL: the outputs are the same to the bit. What the arena holds before and
   after means nothing. Returns a status. */
LIFE_API int life_run(const void *weights, const float *board, float *next, int64_t n, int64_t h,
    int64_t w, void *arena, size_t arena_bytes, void *pool);

/* The bytes of weights.bin, built in with weights.c. */
#define LIFE_FILE_BYTES 400
extern LIFE_API const unsigned char life_file[LIFE_FILE_BYTES];

/* Built with -DTENTH_PROFILE, every run adds the nanoseconds of each step; one run at a time. */
#ifdef TENTH_PROFILE
#define LIFE_STEPS 6
extern LIFE_API double life_profile[LIFE_STEPS];
extern LIFE_API const char *const life_profile_steps[LIFE_STEPS + 1]; /* the last is NULL */
#endif

#ifdef __cplusplus
}
#endif

#endif

/* words: a neural network in plain C11, written by tenth.

   input 0, ids: int64[n, l]
   output 0, class_: float32[n, 5]
   output 1, normed: float32[n, l, 8]
   Free sizes, known when it runs: n, l.

   Arrays are contiguous, the last axis first. Inputs and outputs must not overlap.
   Nothing is allocated, and nothing that a run computes is global: all memory is the
   caller's and starts at multiples of 64 bytes. Calls may run at the same time: the
   weights are shared, an arena and a pool serve one call at a time. Built with
   -DTENTH_SINGLE_THREAD there is one thread only, and no header of threads is
   needed. */

#ifndef WORDS_MODEL_H
#define WORDS_MODEL_H

#include <stddef.h>
#include <stdint.h>

#define WORDS_VERSION 2 /* of this interface */

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
    WORDS_BAD_POINTER = 3, /* an input, an output, the weights or the arena is NULL */
    WORDS_BAD_ID = 4, /* an id is negative, or as large as its table or larger */
    WORDS_BAD_WEIGHTS = 5, /* the weights are damaged, of another program, or not loaded */
    WORDS_BAD_POOL = 6, /* the threads are too many, or the pool is not open */
};

#if defined(TENTH_VARIANT) /* one build of several in a library, which dispatch.c alone calls */
#define WORDS_API __attribute__((visibility("hidden")))
#elif defined(__GNUC__)
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

/* The bytes of the loaded weights. */
WORDS_API size_t words_weights_bytes(void);

/* Checks the bytes of weights.bin, whole, and unpacks them into memory for weights.
   The file is not needed afterwards. Returns a status. */
WORDS_API int words_load(const void *file, size_t file_bytes, void *weights, size_t weights_bytes);

/* The bytes of a pool of threads; 0 if there cannot be so many. */
WORDS_API size_t words_pool_bytes(int threads);

/* Starts threads - 1 threads, which sleep when they have nothing to do. Returns a
   status. */
WORDS_API int words_pool_open(void *pool, size_t pool_bytes, int threads);

/* Ends the threads of a pool. */
WORDS_API void words_pool_close(void *pool);

/* The bytes that a run on so many threads needs; 0 if the sizes are bad. */
WORDS_API size_t words_arena_bytes(int64_t n, int64_t l, int threads);

/* Runs the network with loaded weights, on the threads of a pool, or on this one alone
   if it is NULL: the outputs are the same to the bit. What the arena holds before and
   after means nothing. Returns a status. */
WORDS_API int words_run(const void *weights, const int64_t *ids, float *class_, float *normed,
    int64_t n, int64_t l, void *arena, size_t arena_bytes, void *pool);

/* The bytes of weights.bin, built in with weights.c. */
#define WORDS_FILE_BYTES 568
extern WORDS_API const unsigned char words_file[WORDS_FILE_BYTES];

/* Built with -DTENTH_PROFILE, every run adds the nanoseconds of each step; one run at a time. */
#ifdef TENTH_PROFILE
#define WORDS_STEPS 5
extern WORDS_API double words_profile[WORDS_STEPS];
extern WORDS_API const char *const words_profile_steps[WORDS_STEPS + 1]; /* the last is NULL */
#endif

#ifdef __cplusplus
}
#endif

#endif

/* Words in memory that need not be aligned, and what every file here marks its functions with. */
#ifndef TENTH_KEEP_WORDS_H
#define TENTH_KEEP_WORDS_H

#include <stddef.h>
#include <stdint.h>

#ifdef _WIN32
#define EXPORT __declspec(dllexport)
#else
#define EXPORT __attribute__((visibility("default")))
#endif

/* may_alias: one buffer is read as words of one size and as bytes. */
typedef uint8_t word1;
typedef uint16_t __attribute__((may_alias, aligned(1))) word2;
typedef uint32_t __attribute__((may_alias, aligned(1))) word4;

#endif

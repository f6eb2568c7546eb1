/* Loads many damaged copies of weights.bin, half of them with a checksum that is right again, and
   runs the network with those that load. Prints how many loaded, and how many were refused. */
#include "model.c"

#include <stdio.h>
#include <stdlib.h>

static uint64_t state = 88172645463325252u;

static uint64_t draw(uint64_t below)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state % below;
}

static const uint64_t HOSTILE[] = {0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fffffff,
                                   0x80000000, 0xffffffff, 0x7f800000, 0x7fc00000,
                                   0x7fffffffffffffff, 0xffffffffffffffff};

static void damage(unsigned char *data, size_t size)
{
    for (uint64_t n = 1 + draw(3); n > 0 && size >= 8; n--) {
        /* one in four in the header */
        const uint64_t at = draw(4) || size <= 64 ? draw(size) : draw(64);
        const uint64_t hostile = HOSTILE[draw(sizeof HOSTILE / sizeof *HOSTILE)];
        const uint64_t bytes = 1u << draw(4);
        switch (draw(3)) {
        case 0:
            data[at] ^= (unsigned char)(1u << draw(8));
            break;
        case 1:
            data[at] = (unsigned char)draw(256);
            break;
        default:
            for (uint64_t i = 0; i < bytes && at + i < size; i++)
                data[at + i] = (unsigned char)(hostile >> 8 * i);
        }
    }
}

static void repair(unsigned char *data, size_t size)
{
    const uint64_t sum = weights_checksum(data + 64, size - 64);
    for (int i = 0; i < 8; i++)
        data[40 + i] = (unsigned char)(sum >> 8 * i);
}

static void *memory(size_t size)
{
    void *start = aligned_alloc(64, (size + 63) / 64 * 64);
    if (!start)
        exit(3);
    return start;
}

int main(int argc, char **argv)
{
    FILE *file = argc > 2 ? fopen(argv[1], "rb") : NULL;
    unsigned char *whole = malloc(1 << 20);
    if (!file || !whole)
        return 2;
    const size_t size = fread(whole, 1, 1 << 20, file);
    fclose(file);
    const size_t weights_bytes = fuzzed_weights_bytes();
    const size_t arena_bytes = fuzzed_arena_bytes(1);
    void *weights = memory(weights_bytes), *arena = memory(arena_bytes);
    float x[256], y[256];
    int64_t ids[16];
    for (int i = 0; i < 256; i++)
        x[i] = (float)i / 128 - 1;
    for (int i = 0; i < 16; i++)
        ids[i] = i % 11;
    if (fuzzed_load(whole, size, weights, weights_bytes) != FUZZED_OK)
        return 4;
    long loaded = 0, refused = 0;
    for (long round = atol(argv[2]); round > 0; round--) {
        /* one in eight is cut short, or longer; each stands in memory of its very own size */
        const uint64_t other = draw(8);
        const size_t length = other ? size : (size_t)draw(size + 100);
        unsigned char *copy = malloc(length + (length == 0));
        memset(copy, 0, length);
        memcpy(copy, whole, length < size ? length : size);
        damage(copy, length);
        if (length >= 64 && draw(2))
            repair(copy, length);
        const int status = fuzzed_load(copy, length, weights, weights_bytes);
        if (status != FUZZED_OK && status != FUZZED_BAD_WEIGHTS)
            return 5;
        free(copy);
        const int ran = fuzzed_run(weights, x, ids, y, arena, arena_bytes, NULL);
        if (ran != status)
            return 6;
        loaded += status == FUZZED_OK;
        refused += status != FUZZED_OK;
    }
    printf("%ld %ld\n", loaded, refused);
    free(weights);
    free(arena);
    free(whole);
    return 0;
}

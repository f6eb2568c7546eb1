/* Numbers as weights.bin holds them: the lowest byte first. */
static inline uint32_t read_32(const unsigned char *from)
{
    return (uint32_t)from[0] | (uint32_t)from[1] << 8 | (uint32_t)from[2] << 16 |
           (uint32_t)from[3] << 24;
}

/* As read_32. */
static inline uint64_t read_64(const unsigned char *from)
{
    return read_32(from) | (uint64_t)read_32(from + 4) << 32;
}

/* Checks a section of weights.bin and unpacks it; the three numbers mean what the function likes.
   Returns 0 if anything is wrong. */
typedef int unpack(const unsigned char *from, size_t from_bytes, void *to, size_t to_bytes,
                   int64_t a, int64_t b, int64_t c);

/* Where a section stands in weights.bin and in the loaded weights, and what unpacks it. */
struct section {
    uint64_t from, from_bytes, to, to_bytes;
    unpack *unpack;
    int64_t a, b, c;
};

/* What weights.bin must be: all but the numbers themselves is known beforehand. */
struct weights_file {
    uint64_t bytes, fingerprint;
    uint32_t values;
    size_t count;
    const struct section *sections;
};

/* As weights.bin starts, and as loaded weights do: the bytes \x89TNW\r\n\x1a\n. */
#define WEIGHTS_MAGIC 0x0a1a0a0d574e5489u
#define WEIGHTS_VERSION 1
#define WEIGHTS_HEADER 64

/* The sum over all words of a hash of the word and its place: no two changes cancel but by a
   chance of 2^-64. */
static uint64_t weights_checksum(const unsigned char *from, uint64_t bytes)
{
    uint64_t sum = bytes;
    for (uint64_t i = 0; i + 8 <= bytes; i += 8) {
        uint64_t word = read_64(from + i) ^ (i + 8) * 0x9e3779b97f4a7c15u;
        word = (word ^ word >> 30) * 0xbf58476d1ce4e5b9u;
        word = (word ^ word >> 27) * 0x94d049bb133111ebu;
        sum += word ^ word >> 31;
    }
    return sum;
}

/* Whether these bytes are a whole weights.bin of this very program. */
static int fits_program(const struct weights_file *program, const unsigned char *file,
                        size_t file_bytes)
{
    return file_bytes >= WEIGHTS_HEADER && file_bytes == program->bytes &&
           read_64(file) == WEIGHTS_MAGIC && read_32(file + 8) == WEIGHTS_VERSION &&
           read_32(file + 12) == program->values && read_64(file + 16) == program->fingerprint &&
           read_64(file + 24) == program->bytes && read_64(file + 32) == program->count &&
           read_64(file + 48) == 0 && read_64(file + 56) == 0 &&
           read_64(file + 40) ==
               weights_checksum(file + WEIGHTS_HEADER, file_bytes - WEIGHTS_HEADER);
}

/* What loaded weights of a program start with. */
struct weights_mark {
    uint64_t magic, fingerprint;
};

/* Checks all of weights.bin and unpacks it. Returns 0 if anything is wrong; then the weights are
   not marked as loaded. */
static int load_weights(const struct weights_file *program, const void *file, size_t file_bytes,
                        void *weights)
{
    const unsigned char *from = file;
    struct weights_mark mark = {0, 0};
    memcpy(weights, &mark, sizeof mark);
    if (!fits_program(program, from, file_bytes))
        return 0;
    for (size_t i = 0; i < program->count; i++) {
        const struct section *s = &program->sections[i];
        if (!s->unpack(from + s->from, (size_t)s->from_bytes, (char *)weights + s->to,
                       (size_t)s->to_bytes, s->a, s->b, s->c))
            return 0;
    }
    mark = (struct weights_mark){WEIGHTS_MAGIC, program->fingerprint};
    memcpy(weights, &mark, sizeof mark);
    return 1;
}

/* Whether the weights of this program stand at an address. */
static int are_loaded(const void *weights, uint64_t fingerprint)
{
    struct weights_mark mark;
    memcpy(&mark, weights, sizeof mark);
    return mark.magic == WEIGHTS_MAGIC && mark.fingerprint == fingerprint;
}

/* Numbers in float32, as they are. */
static int unpack_float32(const unsigned char *from, size_t from_bytes, void *to, size_t to_bytes,
                          int64_t a, int64_t b, int64_t c)
{
    (void)a, (void)b, (void)c;
    if (from_bytes != to_bytes || to_bytes % 4)
        return 0;
    for (size_t i = 0; i < to_bytes; i += 4) {
        const uint32_t bits = read_32(from + i);
        memcpy((char *)to + i, &bits, 4);
    }
    return 1;
}

/* The bits of a float32 that equals a float16 given by its bits. */
static inline uint32_t from_float16(uint32_t half)
{
    const uint32_t sign = (half & 0x8000) << 16, rest = half & 0x7fff;
    uint32_t bits = rest << 13;
    if (rest >= 0x7c00) {
        bits |= 0x7f800000;
    } else if (rest >= 0x400) {
        bits += 112u << 23;
    } else {
        const float small = (float)rest * 0x1p-24f;
        memcpy(&bits, &small, 4);
    }
    return sign | bits;
}

/* Numbers in float16, which become float32. */
static int unpack_float16(const unsigned char *from, size_t from_bytes, void *to, size_t to_bytes,
                          int64_t a, int64_t b, int64_t c)
{
    (void)a, (void)b, (void)c;
    if (from_bytes != to_bytes / 2 || to_bytes % 4)
        return 0;
    for (size_t i = 0; i < from_bytes; i += 2) {
        const uint32_t bits = from_float16((uint32_t)from[i] | (uint32_t)from[i + 1] << 8);
        memcpy((char *)to + 2 * i, &bits, 4);
    }
    return 1;
}

/* Numbers in bfloat16, the upper half of a float32, which become float32. */
static int unpack_bfloat16(const unsigned char *from, size_t from_bytes, void *to, size_t to_bytes,
                           int64_t a, int64_t b, int64_t c)
{
    (void)a, (void)b, (void)c;
    if (from_bytes != to_bytes / 2 || to_bytes % 4)
        return 0;
    for (size_t i = 0; i < from_bytes; i += 2) {
        const uint32_t bits = (uint32_t)from[i] << 16 | (uint32_t)from[i + 1] << 24;
        memcpy((char *)to + 2 * i, &bits, 4);
    }
    return 1;
}

/* Whole numbers, none below `least` or above `most`. */
static int unpack_int32(const unsigned char *from, size_t from_bytes, void *to, size_t to_bytes,
                        int64_t least, int64_t most, int64_t unused)
{
    (void)unused;
    if (from_bytes != to_bytes || to_bytes % 4)
        return 0;
    for (size_t i = 0; i < to_bytes; i += 4) {
        const int32_t number = (int32_t)read_32(from + i);
        if (number < least || number > most)
            return 0;
        memcpy((char *)to + i, &number, 4);
    }
    return 1;
}

/* Outputs of a dense matrix that stand side by side. */
#define DENSE_ROWS 6

/* Columns of a K-block in a file: one byte says where in it a kept weight stands. */
#define FILE_DEPTH 128

/* How a matrix runs: dense, or the number of neighbouring outputs whose weights are kept or zero
   together. */
enum kind { DENSE = 0, KEPT_1 = 1, KEPT_2 = 2, KEPT_4 = 4, KEPT_16 = 16 };

/* A sparse matrix. Its rows are blocks of outputs; its columns are cut into K-blocks of DEPTH. Each
   entry is a column that a block of outputs meets, with a value for each of them. The entries of
   K-block b and row r are starts[b * rows + r] up to the next one. A place says where the column
   stands in a panel, from the K-block's start, in units of 8 bytes. */
struct kept {
    int64_t rows;
    const uint32_t *starts;
    const uint16_t *places;
    const float *values;
};

/* The bytes before the starts of a loaded sparse matrix. */
#define KEPT_HEAD 64

/* A sparse matrix where it was loaded. */
static struct kept kept_of(const void *loaded, int64_t rows)
{
    const char *at = loaded;
    uint64_t head[2];
    memcpy(head, at, sizeof head);
    return (struct kept){rows, (const uint32_t *)(at + KEPT_HEAD), (const uint16_t *)(at + head[0]),
                         (const float *)(at + head[1])};
}

/* Number i of an array of float32 (0), float16 (1) or bfloat16 (2). */
static inline float read_value(const unsigned char *from, int format, int64_t i)
{
    const unsigned char *at = from + (format ? 2 : 4) * i;
    uint32_t bits;
    float value;
    if (format == 0)
        bits = read_32(at);
    else if (format == 1)
        bits = from_float16((uint32_t)at[0] | (uint32_t)at[1] << 8);
    else
        bits = (uint32_t)at[0] << 16 | (uint32_t)at[1] << 24;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* Reads a dense matrix of `outputs` by `depth` in `groups`, and puts it in blocks of DENSE_ROWS
   outputs: [group][block][column][row]. In the file: 16 bytes, of which the first is the format;
   the values, row by row. Returns 0 if it is not so. */
static int unpack_dense(const unsigned char *from, size_t from_bytes, void *to, size_t to_bytes,
                      int64_t outputs, int64_t depth, int64_t groups)
{
    const int64_t own = outputs / groups, blocks = (own + DENSE_ROWS - 1) / DENSE_ROWS;
    if (from_bytes < 16 || from[0] > 2)
        return 0;
    const int format = from[0];
    if (from_bytes != 16 + (size_t)(outputs * depth) * (format ? 2 : 4) ||
        to_bytes < (size_t)(groups * blocks * DENSE_ROWS * depth) * sizeof(float))
        return 0;
    float *y = to;
    for (int64_t g = 0; g < groups; g++)
        for (int64_t row = 0; row < blocks * DENSE_ROWS; row++) {
            float *at = y + ((g * blocks + row / DENSE_ROWS) * depth) * DENSE_ROWS + row % DENSE_ROWS;
            for (int64_t k = 0; k < depth; k++)
                at[k * DENSE_ROWS] =
                    row < own ? read_value(from + 16, format, (g * own + row) * depth + k) : 0;
        }
    return 1;
}

/* A sparse matrix in a file: 16 bytes (format, height, two zeros, entries in four bytes, zeros);
   how many entries each row has in each K-block of FILE_DEPTH, a byte each; where in its K-block
   each stands, a byte each; up to three zeros; the values. Entries go K-block by K-block, in each
   row by row. */
struct kept_file {
    const unsigned char *counts, *positions, *values;
    int64_t rows, depth, blocks, entries;
    int format, height;
};

/* Reads the head of a sparse matrix of `rows` blocks of outputs. Returns 0 if a size is wrong. */
static int read_kept(const unsigned char *from, size_t from_bytes, int64_t rows, int64_t depth,
                     int64_t height, struct kept_file *f)
{
    if (from_bytes < 16 || from[0] > 2 || from[1] != height)
        return 0;
    const uint32_t entries = read_32(from + 4);
    const int64_t blocks = (depth + FILE_DEPTH - 1) / FILE_DEPTH;
    const size_t values = ((size_t)(blocks * rows) + entries + 16 + 3) / 4 * 4;
    *f = (struct kept_file){from + 16, from + 16 + blocks * rows, from + values, rows,
                            depth, blocks, entries, from[0], from[1]};
    return from_bytes == values + (size_t)entries * (size_t)height * (from[0] ? 2 : 4);
}

/* Whether the counts add up and every entry stands inside the matrix. */
static int kept_is_sound(const struct kept_file *f)
{
    int64_t total = 0;
    for (int64_t i = 0; i < f->blocks * f->rows; i++)
        total += f->counts[i];
    if (total != f->entries)
        return 0;
    for (int64_t b = 0, e = 0; b < f->blocks; b++) {
        const int64_t left = f->depth - b * FILE_DEPTH;
        const int64_t inside = left < FILE_DEPTH ? left : FILE_DEPTH;
        for (int64_t r = 0; r < f->rows; r++)
            for (int64_t i = 0; i < f->counts[b * f->rows + r]; i++, e++)
                if (f->positions[e] >= inside)
                    return 0;
    }
    return 1;
}

/* Copies entries of one row from one K-block of a file. */
static void unpack_entries(const struct kept_file *f, int64_t first, int64_t count, int64_t shift,
                         uint16_t *restrict places, float *restrict values)
{
    for (int64_t i = 0; i < count; i++) {
        places[i] = (uint16_t)((f->positions[first + i] + shift) * (PANEL / 2));
        for (int h = 0; h < f->height; h++)
            values[i * f->height + h] =
                read_value(f->values, f->format, (first + i) * f->height + h);
    }
}

/* Where entries of the next K-blocks of a file start; the last is where those behind them do. */
static void block_starts(const struct kept_file *f, int64_t block, int64_t *first)
{
    for (int64_t m = 0; m < DEPTH / FILE_DEPTH; m++) {
        first[m + 1] = first[m];
        for (int64_t r = 0; block + m < f->blocks && r < f->rows; r++)
            first[m + 1] += f->counts[(block + m) * f->rows + r];
    }
}

/* Reads a sparse matrix of `rows` blocks of `height` outputs by `depth`. Rows of height 1 are
   filled up to whole fours with zeros. Returns 0 if the file does not hold one. */
static int unpack_kept(const unsigned char *from, size_t from_bytes, void *to, size_t to_bytes,
                     int64_t rows, int64_t depth, int64_t height)
{
    struct kept_file f;
    if (!read_kept(from, from_bytes, rows, depth, height, &f) || !kept_is_sound(&f))
        return 0;
    const int64_t merged = DEPTH / FILE_DEPTH, blocks = (depth + DEPTH - 1) / DEPTH;
    const size_t most = (size_t)(f.entries + (height == 1 ? 3 * rows * blocks : 0));
    const size_t places_at = (KEPT_HEAD + ((size_t)(blocks * rows) + 1) * 4 + 63) / 64 * 64;
    const uint64_t head[2] = {places_at, (places_at + most * 2 + 63) / 64 * 64};
    if (to_bytes < head[1] + most * (size_t)height * sizeof(float))
        return 0;
    memcpy(to, head, sizeof head);
    uint32_t *starts = (uint32_t *)((char *)to + KEPT_HEAD), end = 0;
    uint16_t *places = (uint16_t *)((char *)to + head[0]);
    float *values = (float *)((char *)to + head[1]);
    int64_t first[DEPTH / FILE_DEPTH + 1] = {0};
    for (int64_t b = 0; b < blocks; b++) {
        block_starts(&f, b * merged, first);
        const int64_t next = first[merged];
        for (int64_t r = 0; r < rows; r++) {
            starts[b * rows + r] = end;
            for (int64_t m = 0; m < merged && b * merged + m < f.blocks; m++) {
                const int64_t count = f.counts[(b * merged + m) * rows + r];
                unpack_entries(&f, first[m], count, m * FILE_DEPTH, places + end,
                             values + end * height);
                first[m] += count;
                end += (uint32_t)count;
            }
            for (; height == 1 && (end - starts[b * rows + r]) % 4; end++) {
                places[end] = 0;
                values[end] = 0;
            }
        }
        first[0] = next;
    }
    starts[blocks * rows] = end;
    return 1;
}

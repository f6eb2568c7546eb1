/* A product of whole numbers in float64, of which every partial sum is exact: no order matters. */
#include "words.h"

enum { TILE = 512 };

EXPORT void tenth_keep_product(const double *left, const double *right, double *out, int64_t rows,
                               int64_t width, int64_t rank, double unit);

/* out [rows][width] = left [rows][rank] right [rank][width] unit; unit is a power of two. */
void tenth_keep_product(const double *restrict left, const double *restrict right,
                        double *restrict out, int64_t rows, int64_t width, int64_t rank,
                        double unit) {
    for (int64_t start = 0; start < width; start += TILE) {
        int64_t size = width - start < TILE ? width - start : TILE;
        for (int64_t i = 0; i < rows; i++) {
            double sums[TILE] = {0};
            for (int64_t k = 0; k < rank; k++) {
                double factor = left[i * rank + k];
                const double *row = right + k * width + start;
                for (int64_t j = 0; j < size; j++)
                    sums[j] += factor * row[j];
            }
            for (int64_t j = 0; j < size; j++)
                out[i * width + start + j] = sums[j] * unit;
        }
    }
}

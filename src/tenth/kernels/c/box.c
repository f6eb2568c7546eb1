/* Where the element of a number stands: its coordinates in a box of `sizes`, times the strides. */
static int64_t place_of(int64_t number, int64_t rank, const int64_t *sizes,
                        const int64_t *strides)
{
    int64_t place = 0;
    for (int64_t axis = rank - 1; axis >= 0; axis--) {
        place += number % sizes[axis] * strides[axis];
        number /= sizes[axis];
    }
    return place;
}

/* The number of elements of a box. */
static int64_t elements(int64_t rank, const int64_t *sizes)
{
    int64_t count = 1;
    for (int64_t axis = 0; axis < rank; axis++)
        count *= sizes[axis];
    return count;
}

/* The time of each step, for who builds with -DTENTH_PROFILE; else nothing is written here. */
#ifdef TENTH_PROFILE
#include <time.h>
static double nanoseconds(void)
{
    struct timespec now;
    timespec_get(&now, TIME_UTC);
    return 1e9 * (double)now.tv_sec + (double)now.tv_nsec;
}
#define PROFILE_START double profile_time = nanoseconds()
#define PROFILE_STEP(total)                        \
    do {                                           \
        const double profile_now = nanoseconds();  \
        (total) += profile_now - profile_time;     \
        profile_time = profile_now;                \
    } while (0)
#else
#define PROFILE_START
#define PROFILE_STEP(total)
#endif

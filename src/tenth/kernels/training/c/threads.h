/* Work shared out among threads that wait for it. */
#ifndef TENTH_THREADS_H
#define TENTH_THREADS_H
#include <stdint.h>

/* A part of some work: its units from `first` up to `last`, done by worker number `worker`. */
typedef void work(const void *job, int64_t first, int64_t last, int worker);

/* Does `units` of work on so many threads, the caller one of them; worker w out of W gets the units
   from w U / W up to (w + 1) U / W, always. Callers take turns. One thread needs no pool. */
void share_work(work *run, const void *job, int64_t units, int64_t threads);
#endif

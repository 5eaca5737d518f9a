/* The clock of all measurements, random numbers, and random order. */
#include "measure/measure.h"
#include <time.h>

uint64_t gcs_now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* splitmix64 (Steele, Lea, Flood, 2014): any seed will do, also 0. */
uint64_t gcs_random_next(gcs_random *random) {
    uint64_t z = random->state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* Uniform in [0, bound), bound > 0, without the bias of a plain remainder. */
static uint64_t below(gcs_random *random, uint64_t bound) {
    uint64_t rest = (UINT64_MAX % bound + 1) % bound; /* 2^64 mod bound */
    uint64_t value;
    do {
        value = gcs_random_next(random);
    } while (value > UINT64_MAX - rest);
    return value % bound;
}

void gcs_shuffle(gcs_random *random, size_t *order, size_t count) {
    for (size_t i = 0; i < count; i++)
        order[i] = i;
    for (size_t i = count; i > 1; i--) {
        size_t j = (size_t)below(random, i);
        size_t kept = order[i - 1];
        order[i - 1] = order[j];
        order[j] = kept;
    }
}

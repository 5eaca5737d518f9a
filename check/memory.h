/* Buffers between guard pages, with canaries in what lies around them. */
#ifndef GCSTEP_CHECK_MEMORY_H
#define GCSTEP_CHECK_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Room for one buffer at a time, an inaccessible page before and after it. */
typedef struct gcs_arena {
    void *map;
    size_t map_bytes;
    char *data;
    size_t bytes; /* in data: a whole number of pages */
} gcs_arena;

/* Elements between a buffer and the guard page are below this. */
#define GCS_SLACK 16

/* Room for `floats` floats and the largest slack. Memory is taken from the system when it is
 * touched. False: out of memory. */
bool gcs_arena_open(gcs_arena *arena, uint64_t floats);
void gcs_arena_close(gcs_arena *arena);

/* A place for `count` elements of `size` bytes, 2 or 4: `slack` elements after the guard page at
 * the start, or before the one at the end. Writes canaries on both sides. */
void *gcs_arena_place(gcs_arena *arena, uint64_t count, unsigned size, unsigned slack,
                      bool at_start);

/* Whether the canaries around a place of so many bytes are what they were. */
bool gcs_arena_intact(const gcs_arena *arena, const void *place, size_t bytes);

#endif

/* Guard pages and canaries: see memory.h. */
#include "check/memory.h"
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { CANARIES = 64 }; /* floats on each side, fewer where the guard page is nearer */

/* The bits of a NaN: reading one by mistake spoils the result as well. */
static const uint32_t canary = 0x7fc5a5a5;

bool gcs_arena_open(gcs_arena *arena, uint64_t floats) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t bytes = (size_t)(floats + GCS_SLACK) * sizeof(float);
    bytes = (bytes + page - 1) / page * page;
    arena->map_bytes = bytes + 2 * page;
    arena->map =
        mmap(NULL, arena->map_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (arena->map == MAP_FAILED) {
        arena->map = NULL;
        return false;
    }
    arena->data = (float *)(void *)((char *)arena->map + page);
    arena->floats = bytes / sizeof(float);
    return mprotect(arena->data, bytes, PROT_READ | PROT_WRITE) == 0;
}

void gcs_arena_close(gcs_arena *arena) {
    if (arena->map)
        munmap(arena->map, arena->map_bytes);
    *arena = (gcs_arena){0};
}

/* The stretch of canaries before a place, or after it. */
static uint64_t canaries_before(const gcs_arena *arena, const float *place) {
    uint64_t room = (uint64_t)(place - arena->data);
    return room < CANARIES ? room : CANARIES;
}

static uint64_t canaries_after(const gcs_arena *arena, const float *end) {
    uint64_t room = (uint64_t)(arena->data + arena->floats - end);
    return room < CANARIES ? room : CANARIES;
}

static void write_canaries(float *at, uint64_t count) {
    for (uint64_t i = 0; i < count; i++)
        memcpy(at + i, &canary, sizeof canary);
}

static bool canaries_stand(const float *at, uint64_t count) {
    for (uint64_t i = 0; i < count; i++) {
        if (memcmp(at + i, &canary, sizeof canary) != 0)
            return false;
    }
    return true;
}

float *gcs_arena_place(gcs_arena *arena, uint64_t count, unsigned slack, bool at_start) {
    float *place = at_start ? arena->data + slack : arena->data + (arena->floats - count - slack);
    uint64_t before = canaries_before(arena, place);
    write_canaries(place - before, before);
    write_canaries(place + count, canaries_after(arena, place + count));
    return place;
}

bool gcs_arena_intact(const gcs_arena *arena, const float *place, uint64_t count) {
    uint64_t before = canaries_before(arena, place);
    return canaries_stand(place - before, before) &&
           canaries_stand(place + count, canaries_after(arena, place + count));
}

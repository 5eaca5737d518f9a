/* Guard pages and canaries: see memory.h. */
#include "check/memory.h"
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { CANARY_BYTES = 256 }; /* on each side, fewer where the guard page is nearer */

/* The bits of a NaN, in any of the types: reading one by mistake spoils the result as well. */
static const uint16_t canary = 0x7fc5;

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
    arena->data = (char *)arena->map + page;
    arena->bytes = bytes;
    return mprotect(arena->data, bytes, PROT_READ | PROT_WRITE) == 0;
}

void gcs_arena_close(gcs_arena *arena) {
    if (arena->map)
        munmap(arena->map, arena->map_bytes);
    *arena = (gcs_arena){0};
}

/* The stretch of canaries before a place, or after its end. */
static size_t canaries_before(const gcs_arena *arena, const char *place) {
    size_t room = (size_t)(place - arena->data);
    return room < CANARY_BYTES ? room : CANARY_BYTES;
}

static size_t canaries_after(const gcs_arena *arena, const char *end) {
    size_t room = (size_t)(arena->data + arena->bytes - end);
    return room < CANARY_BYTES ? room : CANARY_BYTES;
}

static void write_canaries(char *at, size_t bytes) {
    for (size_t i = 0; i < bytes; i += sizeof canary)
        memcpy(at + i, &canary, sizeof canary);
}

/* The first is one, and each is like the one before it. */
static bool canaries_stand(const char *at, size_t bytes) {
    return bytes == 0 || (memcmp(at, &canary, sizeof canary) == 0 &&
                          memcmp(at, at + sizeof canary, bytes - sizeof canary) == 0);
}

void *gcs_arena_place(gcs_arena *arena, uint64_t count, unsigned size, unsigned slack,
                      bool at_start) {
    size_t bytes = (size_t)count * size, distance = (size_t)slack * size;
    char *place = arena->data + (at_start ? distance : arena->bytes - bytes - distance);
    size_t before = canaries_before(arena, place);
    write_canaries(place - before, before);
    write_canaries(place + bytes, canaries_after(arena, place + bytes));
    return place;
}

bool gcs_arena_intact(const gcs_arena *arena, const void *place, size_t bytes) {
    const char *start = place, *end = start + bytes;
    size_t before = canaries_before(arena, start);
    return canaries_stand(start - before, before) &&
           canaries_stand(end, canaries_after(arena, end));
}

/* Asking OpenCL about the trainer's cl_mems. */
#include "dispatch/opencl/memories.h"

#include "dispatch/opencl/plan_internal.h"

#include <stdlib.h>
#include <string.h>

/* ---- Finding what was asked before --------------------------------------------------------- */

static size_t slot_of(const gcs_opencl_memories *memories, gcs_cl_mem handle) {
    const uint64_t hash = (uint64_t)(uintptr_t)handle * 0x9e3779b97f4a7c15U;
    size_t slot = (size_t)(hash >> 32) & (memories->slot_count - 1);
    while (memories->slots[slot] != 0 &&
           memories->items[memories->slots[slot] - 1].handle != handle)
        slot = (slot + 1) & (memories->slot_count - 1);
    return slot;
}

/* Twice the room, with at most half of the slots taken. */
static bool grow(gcs_opencl_memories *memories) {
    const size_t room = memories->room != 0 ? 2 * memories->room : 64;
    gcs_opencl_memory_facts *items = realloc(memories->items, room * sizeof *items);
    if (items != NULL)
        memories->items = items;
    uint32_t *slots = room < UINT32_MAX / 2 ? calloc(2 * room, sizeof *slots) : NULL;
    if (items == NULL || slots == NULL) {
        free(slots);
        return false;
    }
    free(memories->slots);
    memories->slots = slots;
    memories->slot_count = 2 * room;
    memories->room = room;
    for (size_t i = 0; i < memories->count; i++)
        slots[slot_of(memories, memories->items[i].handle)] = (uint32_t)(i + 1);
    return true;
}

void gcs_opencl_forget(gcs_opencl_memories *memories) {
    memories->count = 0;
    if (memories->slots != NULL)
        memset(memories->slots, 0, memories->slot_count * sizeof *memories->slots);
}

void gcs_opencl_memories_free(gcs_opencl_memories *memories) {
    free(memories->items);
    free(memories->slots);
    *memories = (gcs_opencl_memories){.items = NULL};
}

/* ---- Asking -------------------------------------------------------------------------------- */

typedef struct answers {
    gcs_cl_uint type;
    gcs_cl_context context;
    gcs_cl_mem whole; /* NULL: it is no sub-buffer */
    size_t bytes, origin;
    gcs_cl_flags flags;
} answers;

static gcs_cl_int ask(const gcs_opencl_driver *driver, gcs_cl_mem handle, answers *a) {
    const struct {
        gcs_cl_uint name;
        size_t size;
        void *value;
    } wanted[] = {
        {GCS_CL_MEM_TYPE, sizeof a->type, &a->type},
        {GCS_CL_MEM_CONTEXT, sizeof a->context, &a->context},
        {GCS_CL_MEM_SIZE, sizeof a->bytes, &a->bytes},
        {GCS_CL_MEM_FLAGS, sizeof a->flags, &a->flags},
        {GCS_CL_MEM_ASSOCIATED_MEMOBJECT, sizeof a->whole, &a->whole},
        {GCS_CL_MEM_OFFSET, sizeof a->origin, &a->origin},
    };
    gcs_cl_int result = GCS_CL_SUCCESS;
    *a = (answers){.type = 0};
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0] && result == GCS_CL_SUCCESS; i++)
        result = driver->mem_info(handle, wanted[i].name, wanted[i].size, wanted[i].value, NULL);
    return result;
}

static gcs_opencl_memory_facts *meet(gcs_opencl_memories *memories,
                                     const struct gcs_opencl_plan *opencl, gcs_cl_mem handle,
                                     gcs_opencl_refusal *refusal) {
    answers a;
    *refusal = (gcs_opencl_refusal){.what = NULL};
    if (memories->slot_count != 0) {
        const uint32_t known = memories->slots[slot_of(memories, handle)];
        if (known != 0)
            return &memories->items[known - 1];
    }
    refusal->result = ask(opencl->driver, handle, &a);
    if (refusal->result != GCS_CL_SUCCESS)
        refusal->what = "is no cl_mem that OpenCL knows";
    else if (a.type != GCS_CL_MEM_OBJECT_BUFFER)
        refusal->what = "is a cl_mem but no buffer";
    else if (a.context != opencl->context)
        refusal->what = "is a buffer of another context than the plan's";
    if (refusal->what != NULL)
        return NULL;
    size_t root = 0;
    if (a.whole != NULL) {
        const gcs_opencl_memory_facts *whole = meet(memories, opencl, a.whole, refusal);
        if (whole == NULL)
            return NULL;
        root = (size_t)(whole - memories->items);
    }
    if (memories->count == memories->room && !grow(memories))
        return NULL;
    if (a.whole == NULL)
        root = memories->count;
    memories->items[memories->count] = (gcs_opencl_memory_facts){
        .handle = handle, .bytes = a.bytes, .origin = a.origin, .flags = a.flags, .root = root};
    memories->slots[slot_of(memories, handle)] = (uint32_t)(memories->count + 1);
    return &memories->items[memories->count++];
}

const gcs_opencl_memory_facts *gcs_opencl_met(gcs_opencl_memories *memories,
                                              const struct gcs_opencl_plan *opencl,
                                              gcs_cl_mem handle, gcs_opencl_refusal *refusal) {
    gcs_opencl_memory_facts *met = meet(memories, opencl, handle, refusal);
    if (met != NULL)
        met->given = true;
    return met;
}

bool gcs_opencl_are_as_before(const gcs_opencl_memories *memories,
                              const struct gcs_opencl_plan *opencl) {
    for (size_t i = 0; i < memories->count; i++) {
        size_t bytes = 0;
        if (!memories->items[i].given) /* what only its parts are known by may be no more */
            continue;
        if (opencl->driver->mem_info(memories->items[i].handle, GCS_CL_MEM_SIZE, sizeof bytes,
                                     &bytes, NULL) != GCS_CL_SUCCESS ||
            bytes != memories->items[i].bytes)
            return false;
    }
    return true;
}

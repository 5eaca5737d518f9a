/* Sending and fetching: see freight.h. */
#include "check/opencl/freight.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    ALIGNMENT = 256,
    CANARY_BYTES = 512,    /* at least, on each side */
    LEAST_ROOM = 256 << 10 /* bytes of a roomy hold */
};

/* The bits of a NaN, in any of the types: reading one by mistake spoils the result as well. */
static const uint16_t canary = 0x7fc5;

void gcs_cl_freight_open(gcs_cl_freight *f, const gcs_opencl_driver *driver, gcs_cl_context context,
                         gcs_cl_queue queue) {
    *f = (gcs_cl_freight){.driver = driver, .context = context, .queue = queue};
}

static void free_memory(const gcs_cl_freight *f, gcs_cl_hold *hold) {
    if (hold->buffer != NULL)
        f->driver->mem_release(hold->buffer);
    if (hold->svm != NULL)
        f->driver->svm_free(f->context, hold->svm);
    hold->buffer = NULL;
    hold->svm = NULL;
    hold->room = 0;
}

void gcs_cl_freight_close(gcs_cl_freight *f) {
    for (size_t i = 0; i < GCS_CL_HOLDS; i++) {
        free_memory(f, &f->holds[i]);
        free(f->holds[i].image);
    }
    *f = (gcs_cl_freight){.driver = f->driver};
}

/* ---- Parts -----------------------------------------------------------------------------------
 */

void gcs_cl_freight_clear(gcs_cl_freight *f) {
    f->count = 0;
    for (size_t i = 0; i < GCS_CL_HOLDS; i++)
        f->holds[i].bytes = 0;
}

static size_t add(gcs_cl_freight *f, gcs_cl_hold_kind kind, const gcs_cl_part *part) {
    gcs_cl_hold *hold = &f->holds[part->hold];
    if (part->bytes == 0)
        return GCS_CL_NONE;
    if (hold->bytes == 0 && hold->kind != kind) {
        free_memory(f, hold);
        hold->kind = kind;
    }
    hold->bytes = part->at + part->bytes;
    f->parts[f->count] = *part;
    return f->count++;
}

size_t gcs_cl_freight_add_alone(gcs_cl_freight *f, size_t hold, gcs_cl_hold_kind kind,
                                const char *name, void *data, size_t bytes, bool returns) {
    return add(f, kind, &(gcs_cl_part){name, data, bytes, returns, hold, 0});
}

size_t gcs_cl_freight_add(gcs_cl_freight *f, size_t hold, gcs_cl_hold_kind kind, const char *name,
                          void *data, size_t bytes, bool returns) {
    const size_t least = f->holds[hold].bytes + CANARY_BYTES;
    const size_t at = (least + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT + (uintptr_t)data % ALIGNMENT;
    return add(f, kind, &(gcs_cl_part){name, data, bytes, returns, hold, at});
}

gcs_cl_mem gcs_cl_freight_buffer(const gcs_cl_freight *f, size_t part) {
    return part != GCS_CL_NONE ? f->holds[f->parts[part].hold].buffer : NULL;
}

uint64_t gcs_cl_freight_at(const gcs_cl_freight *f, size_t part) {
    if (part == GCS_CL_NONE)
        return 0;
    const gcs_cl_hold *hold = &f->holds[f->parts[part].hold];
    return (uint64_t)(uintptr_t)hold->svm + f->parts[part].at;
}

gcs_cl_uint gcs_cl_freight_svm(const gcs_cl_freight *f, void *pointers[GCS_CL_HOLDS]) {
    gcs_cl_uint count = 0;
    for (size_t i = 0; i < GCS_CL_HOLDS; i++) {
        if (f->holds[i].bytes != 0 && f->holds[i].svm != NULL)
            pointers[count++] = f->holds[i].svm;
    }
    return count;
}

/* ---- Places ----------------------------------------------------------------------------------
 */

static gcs_cl_int make_memory(const gcs_cl_freight *f, gcs_cl_hold *hold) {
    gcs_cl_int result = GCS_CL_SUCCESS;
    size_t room = hold->bytes;
    free_memory(f, hold);
    if (hold->kind != GCS_CL_HOLD_EXACT)
        room = 2 * room > LEAST_ROOM ? 2 * room : LEAST_ROOM;
    if (hold->kind == GCS_CL_HOLD_SVM) {
        hold->svm = f->driver->svm_alloc(f->context, GCS_CL_MEM_READ_WRITE, room, 0);
        result = hold->svm != NULL ? GCS_CL_SUCCESS : GCS_CL_MEM_OBJECT_ALLOCATION_FAILURE;
    } else {
        hold->buffer =
            f->driver->buffer_create(f->context, GCS_CL_MEM_READ_WRITE, room, NULL, &result);
    }
    if (result != GCS_CL_SUCCESS)
        hold->buffer = NULL;
    else
        hold->room = room;
    return result;
}

static bool make_image(gcs_cl_hold *hold) {
    if (hold->bytes <= hold->image_room)
        return true;
    free(hold->image);
    hold->image = malloc(2 * hold->bytes);
    hold->image_room = hold->image != NULL ? 2 * hold->bytes : 0;
    return hold->image != NULL;
}

gcs_cl_int gcs_cl_freight_place(gcs_cl_freight *f) {
    gcs_cl_int result = GCS_CL_SUCCESS;
    for (size_t i = 0; i < GCS_CL_HOLDS && result == GCS_CL_SUCCESS; i++) {
        gcs_cl_hold *hold = &f->holds[i];
        if (hold->bytes == 0)
            continue;
        if (hold->kind != GCS_CL_HOLD_EXACT)
            hold->bytes += CANARY_BYTES;
        if (hold->bytes > hold->room || hold->kind == GCS_CL_HOLD_EXACT)
            result = make_memory(f, hold);
        if (!make_image(hold))
            result = GCS_CL_OUT_OF_HOST_MEMORY;
    }
    return result;
}

/* ---- Canaries --------------------------------------------------------------------------------
 */

static void write_canaries(unsigned char *at, size_t bytes) {
    for (size_t i = 0; i < bytes; i += sizeof canary)
        memcpy(at + i, &canary, sizeof canary);
}

/* Each is the one before it. */
static bool canaries_stand(const unsigned char *at, size_t bytes) {
    return memcmp(at, &canary, sizeof canary) == 0 &&
           memcmp(at, at + sizeof canary, bytes - sizeof canary) == 0;
}

/* A stretch of canaries, between two parts or a part and an end of the hold. */
typedef struct gap {
    unsigned char *at;
    size_t bytes;
    const gcs_cl_part *before, *after; /* NULL: none */
} gap;

/* What lies in front of each part of the hold, and behind the last; calls `use` for each. */
static void for_gaps(gcs_cl_freight *f, size_t number, void (*use)(gcs_cl_freight *, const gap *)) {
    const gcs_cl_hold *hold = &f->holds[number];
    gap g = {.at = hold->image};
    for (size_t i = 0; i <= f->count; i++) {
        if (i < f->count && f->parts[i].hold != number)
            continue;
        g.after = i < f->count ? &f->parts[i] : NULL;
        g.bytes = (size_t)(hold->image + (g.after ? g.after->at : hold->bytes) - g.at);
        if (g.bytes > 0)
            use(f, &g);
        g.before = g.after;
        if (g.after)
            g.at = hold->image + g.after->at + g.after->bytes;
    }
}

static void write_gap(gcs_cl_freight *f, const gap *g) {
    (void)f;
    write_canaries(g->at, g->bytes);
}

/* Keeps what it finds. */
static void judge_gap(gcs_cl_freight *f, const gap *g) {
    const size_t half = g->before == NULL ? 0 : g->after == NULL ? g->bytes : g->bytes / 4 * 2;
    const gcs_cl_part *spoilt = NULL;
    if (half > 0 && !canaries_stand(g->at, half))
        spoilt = g->before;
    else if (half < g->bytes && !canaries_stand(g->at + half, g->bytes - half))
        spoilt = g->after;
    if (spoilt != NULL)
        snprintf(f->trouble, sizeof f->trouble, "wrote beside %s", spoilt->name);
}

/* ---- There and back --------------------------------------------------------------------------
 */

gcs_cl_int gcs_cl_freight_send(gcs_cl_freight *f) {
    gcs_cl_int result = GCS_CL_SUCCESS;
    for (size_t i = 0; i < f->count; i++) {
        const gcs_cl_part *part = &f->parts[i];
        memcpy(f->holds[part->hold].image + part->at, part->data, part->bytes);
    }
    for (size_t i = 0; i < GCS_CL_HOLDS && result == GCS_CL_SUCCESS; i++) {
        const gcs_cl_hold *hold = &f->holds[i];
        if (hold->bytes == 0)
            continue;
        for_gaps(f, i, write_gap);
        result = hold->svm != NULL ? f->driver->svm_copy(f->queue, GCS_CL_FALSE, hold->svm,
                                                         hold->image, hold->bytes, 0, NULL, NULL)
                                   : f->driver->write(f->queue, hold->buffer, GCS_CL_FALSE, 0,
                                                      hold->bytes, hold->image, 0, NULL, NULL);
    }
    return result;
}

static void unpack(gcs_cl_freight *f) {
    for (size_t i = 0; i < GCS_CL_HOLDS; i++) {
        if (f->holds[i].bytes != 0)
            for_gaps(f, i, judge_gap);
    }
    for (size_t i = 0; i < f->count; i++) {
        const gcs_cl_part *part = &f->parts[i];
        const unsigned char *at = f->holds[part->hold].image + part->at;
        if (part->returns)
            memcpy(part->data, at, part->bytes);
        else if (memcmp(part->data, at, part->bytes) != 0)
            snprintf(f->trouble, sizeof f->trouble, "changed %s", part->name);
    }
}

gcs_cl_int gcs_cl_freight_fetch(gcs_cl_freight *f) {
    gcs_cl_int result = GCS_CL_SUCCESS;
    f->trouble[0] = '\0';
    for (size_t i = 0; i < GCS_CL_HOLDS && result == GCS_CL_SUCCESS; i++) {
        const gcs_cl_hold *hold = &f->holds[i];
        if (hold->bytes == 0)
            continue;
        result = hold->svm != NULL ? f->driver->svm_copy(f->queue, GCS_CL_FALSE, hold->image,
                                                         hold->svm, hold->bytes, 0, NULL, NULL)
                                   : f->driver->read(f->queue, hold->buffer, GCS_CL_FALSE, 0,
                                                     hold->bytes, hold->image, 0, NULL, NULL);
    }
    const gcs_cl_int end = f->driver->finish(f->queue);
    if (result == GCS_CL_SUCCESS)
        result = end;
    if (result == GCS_CL_SUCCESS)
        unpack(f);
    return result;
}

/* Sending and fetching: see freight.h. */
#include "check/cuda/freight.h"

#include <stdio.h>
#include <string.h>

enum {
    ALIGNMENT = 256,
    CANARY_BYTES = 512,    /* at least, on each side */
    LEAST_ROOM = 16 << 20, /* bytes */
    NONE = GCS_FREIGHT_PARTS
};

/* The bits of a NaN, in any of the types: reading one by mistake spoils the result as well. */
static const uint16_t canary = 0x7fc5;

void gcs_freight_open(gcs_freight *f, const gcs_cuda_driver *driver, gcs_cu_stream stream,
                      bool apart) {
    *f = (gcs_freight){.driver = driver, .stream = stream, .apart = apart};
}

static void free_room(gcs_freight *f) {
    if (f->device != 0)
        f->driver->memory_free(f->device);
    if (f->pinned != NULL)
        f->driver->host_free(f->pinned);
    f->device = 0;
    f->pinned = NULL;
    f->room = 0;
}

void gcs_freight_clear(gcs_freight *f) {
    for (size_t i = 0; i < f->count; i++) {
        if (f->parts[i].own != 0)
            f->driver->memory_free(f->parts[i].own);
    }
    f->count = 0;
}

void gcs_freight_close(gcs_freight *f) {
    gcs_freight_clear(f);
    free_room(f);
}

size_t gcs_freight_add(gcs_freight *f, const char *name, void *data, size_t bytes, bool returns) {
    if (bytes == 0)
        return NONE;
    f->parts[f->count] = (gcs_freight_part){.name = name,
                                            .data = data,
                                            .bytes = bytes,
                                            .returns = returns,
                                            .shift = (uintptr_t)data % ALIGNMENT};
    return f->count++;
}

void *gcs_freight_device(const gcs_freight *f, size_t part) {
    return part != NONE ? (void *)(uintptr_t)f->parts[part].device : NULL;
}

/* ---- Places ----------------------------------------------------------------------------------
 */

static gcs_cu_result reserve(gcs_freight *f) {
    if (f->bytes <= f->room)
        return GCS_CU_SUCCESS;
    const size_t room = 2 * f->bytes > LEAST_ROOM ? 2 * f->bytes : LEAST_ROOM;
    free_room(f);
    gcs_cu_result result = f->driver->memory_alloc(&f->device, room);
    if (result != GCS_CU_SUCCESS) {
        f->device = 0;
        return result;
    }
    void *pinned = NULL;
    result = f->driver->host_alloc(&pinned, room, 0);
    if (result != GCS_CU_SUCCESS)
        return result;
    f->pinned = pinned;
    f->room = room;
    return GCS_CU_SUCCESS;
}

static gcs_cu_result place_apart(gcs_freight *f) {
    for (size_t i = 0; i < f->count; i++) {
        gcs_freight_part *part = &f->parts[i];
        const gcs_cu_result result = f->driver->memory_alloc(&part->own, part->shift + part->bytes);
        if (result != GCS_CU_SUCCESS) {
            part->own = 0;
            return result;
        }
        part->device = part->own + part->shift;
    }
    return GCS_CU_SUCCESS;
}

gcs_cu_result gcs_freight_place(gcs_freight *f) {
    if (f->apart)
        return place_apart(f);
    size_t end = 0;
    for (size_t i = 0; i < f->count; i++) {
        gcs_freight_part *part = &f->parts[i];
        part->at = (end + CANARY_BYTES + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT + part->shift;
        end = part->at + part->bytes;
    }
    f->bytes = end + CANARY_BYTES;
    const gcs_cu_result result = reserve(f);
    for (size_t i = 0; i < f->count; i++)
        f->parts[i].device = f->device + f->parts[i].at;
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

/* The stretch of canaries before part `index`; of their number: that behind the last. */
static unsigned char *gap(const gcs_freight *f, size_t index, size_t *bytes) {
    const gcs_freight_part *before = index > 0 ? &f->parts[index - 1] : NULL;
    const size_t begin = before ? before->at + before->bytes : 0;
    *bytes = (index < f->count ? f->parts[index].at : f->bytes) - begin;
    return f->pinned + begin;
}

/* ---- There and back --------------------------------------------------------------------------
 */

gcs_cu_result gcs_freight_send(gcs_freight *f) {
    gcs_cu_result result = GCS_CU_SUCCESS;
    for (size_t i = 0; i < f->count && result == GCS_CU_SUCCESS; i++) {
        const gcs_freight_part *part = &f->parts[i];
        if (f->apart)
            result = f->driver->to_device(part->device, part->data, part->bytes, f->stream);
        else
            memcpy(f->pinned + part->at, part->data, part->bytes);
    }
    if (f->apart)
        return result;
    for (size_t i = 0; i <= f->count; i++) {
        size_t bytes;
        unsigned char *at = gap(f, i, &bytes);
        write_canaries(at, bytes);
    }
    return f->driver->to_device(f->device, f->pinned, f->bytes, f->stream);
}

static gcs_cu_result fetch_apart(gcs_freight *f) {
    gcs_cu_result result = GCS_CU_SUCCESS;
    for (size_t i = 0; i < f->count && result == GCS_CU_SUCCESS; i++) {
        const gcs_freight_part *part = &f->parts[i];
        if (part->returns)
            result = f->driver->to_host(part->data, part->device, part->bytes, f->stream);
    }
    return result;
}

/* Looks at a gap; keeps what it finds. */
static void judge_gap(gcs_freight *f, size_t index) {
    size_t bytes;
    const unsigned char *at = gap(f, index, &bytes);
    const size_t half = index == 0 ? 0 : index == f->count ? bytes : bytes / 4 * 2;
    const gcs_freight_part *spoilt = NULL;
    if (half > 0 && !canaries_stand(at, half))
        spoilt = &f->parts[index - 1];
    else if (half < bytes && !canaries_stand(at + half, bytes - half))
        spoilt = &f->parts[index];
    if (spoilt != NULL)
        snprintf(f->trouble, sizeof f->trouble, "wrote beside %s", spoilt->name);
}

static void unpack(gcs_freight *f) {
    for (size_t i = 0; i <= f->count; i++)
        judge_gap(f, i);
    for (size_t i = 0; i < f->count; i++) {
        const gcs_freight_part *part = &f->parts[i];
        const unsigned char *at = f->pinned + part->at;
        if (part->returns)
            memcpy(part->data, at, part->bytes);
        else if (memcmp(part->data, at, part->bytes) != 0)
            snprintf(f->trouble, sizeof f->trouble, "changed %s", part->name);
    }
}

gcs_cu_result gcs_freight_fetch(gcs_freight *f) {
    f->trouble[0] = '\0';
    gcs_cu_result result =
        f->apart ? fetch_apart(f) : f->driver->to_host(f->pinned, f->device, f->bytes, f->stream);
    const gcs_cu_result end = f->driver->stream_synchronize(f->stream);
    if (result == GCS_CU_SUCCESS)
        result = end;
    if (result == GCS_CU_SUCCESS && !f->apart)
        unpack(f);
    return result;
}

/* Copies to the device that neither block nor overwrite what is under way.
 *
 * Each set carries a number. Behind its copy to the device the number is copied back, to a word of
 * the slot that it came from: when it is there, the slot is free. Events would tell the same, but
 * asking one invalidates any capture that is under way in the process. */
#include "dispatch/cuda/uploads.h"

#include "dispatch/error.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ALIGNMENT 256U

static size_t set_bytes(size_t bytes) {
    return (GCS_CUDA_HEADER + bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

size_t gcs_cuda_uploads_device_bytes(size_t bytes) {
    return (1 + GCS_CUDA_CAPTURES) * set_bytes(bytes);
}

gcs_status gcs_cuda_uploads_open(gcs_cuda_uploads *u, const gcs_cuda_driver *driver, size_t bytes,
                                 gcs_cu_pointer device) {
    *u = (gcs_cuda_uploads){
        .driver = driver, .payload = bytes, .bytes = set_bytes(bytes), .device = device};
    const size_t sets = GCS_CUDA_SLOTS * u->bytes, words = GCS_CUDA_SLOTS * sizeof(uint32_t);
    void *pinned = NULL;
    gcs_cu_result result = driver->stream_create(&u->apart, GCS_CU_STREAM_NON_BLOCKING);
    if (result == GCS_CU_SUCCESS)
        result = driver->host_alloc(&pinned, sets + words, 0);
    if (result != GCS_CU_SUCCESS)
        return gcs_cuda_fail(driver, result, "no pinned memory for the plan");
    u->pinned = pinned;
    memset(u->pinned, 0, sets + words);
    u->arrived = (volatile uint32_t *)(void *)(u->pinned + sets);
    u->frozen = calloc(GCS_CUDA_CAPTURES, u->bytes);
    return u->frozen != NULL ? GCS_OK : gcs_fail(GCS_OUT_OF_MEMORY, "no memory for the plan");
}

void gcs_cuda_uploads_close(gcs_cuda_uploads *u) {
    if (u->apart != NULL)
        u->driver->stream_destroy(u->apart);
    if (u->pinned != NULL)
        u->driver->host_free(u->pinned);
    free(u->frozen);
    *u = (gcs_cuda_uploads){0};
}

gcs_cu_pointer gcs_cuda_uploads_plain(const gcs_cuda_uploads *u) {
    return u->device + GCS_CUDA_HEADER;
}

static bool is_free(const gcs_cuda_uploads *u, unsigned slot) {
    return u->arrived[slot] == u->expected[slot];
}

static void sleep_a_little(void) {
    const struct timespec time = {.tv_nsec = 20000};
    nanosleep(&time, NULL);
}

/* Any failure of the device shows in its streams. */
static gcs_status wait_until_free(const gcs_cuda_uploads *u, unsigned slot, gcs_cu_stream stream) {
    while (!is_free(u, slot)) {
        const gcs_cu_result result = u->driver->stream_query(stream);
        if (result != GCS_CU_SUCCESS && result != GCS_CU_NOT_READY)
            return gcs_cuda_fail(u->driver, result, "waiting for earlier steps");
        sleep_a_little();
    }
    return GCS_OK;
}

/* Copies a set from the slot, which is free, to `to`. */
static gcs_status send(gcs_cuda_uploads *u, unsigned slot, gcs_cu_pointer to, const void *set,
                       size_t bytes, gcs_cu_stream stream) {
    unsigned char *from = u->pinned + slot * u->bytes;
    const uint32_t number = ++u->number;
    memcpy(from, &number, sizeof number);
    memcpy(from + GCS_CUDA_HEADER, set, bytes);
    gcs_cu_result result = u->driver->to_device(to, from, GCS_CUDA_HEADER + bytes, stream);
    if (result == GCS_CU_SUCCESS)
        result =
            u->driver->to_host((void *)(uintptr_t)&u->arrived[slot], to, sizeof number, stream);
    /* If the first copy is under way alone, the slot's next one follows it to the same place. */
    if (result != GCS_CU_SUCCESS)
        return gcs_cuda_fail(u->driver, result, "the tensors' addresses cannot be sent");
    u->expected[slot] = number;
    u->next = (slot + 1) % GCS_CUDA_SLOTS;
    return GCS_OK;
}

gcs_status gcs_cuda_upload(gcs_cuda_uploads *u, const void *set, size_t bytes,
                           gcs_cu_stream stream) {
    const gcs_status status = wait_until_free(u, u->next, stream);
    return status != GCS_OK ? status : send(u, u->next, u->device, set, bytes, stream);
}

/* ---- Captured steps ------------------------------------------------------------------------ */

/* While a capture is under way nothing may ask the device, but memory may be looked at. */
static gcs_status watch_until_free(const gcs_cuda_uploads *u, unsigned slot) {
    const unsigned most = 500000; /* 10 s and more */
    for (unsigned i = 0; !is_free(u, slot); i++) {
        if (i == most)
            return gcs_fail(GCS_DEVICE_ERROR, "the device does not answer during the capture");
        sleep_a_little();
    }
    return GCS_OK;
}

gcs_status gcs_cuda_upload_frozen(gcs_cuda_uploads *u, const void *set, gcs_cu_pointer *to) {
    unsigned i = 0;
    while (i < u->captures && memcmp(u->frozen + i * u->bytes, set, u->payload) != 0)
        i++;
    const gcs_cu_pointer place = u->device + (1 + i) * u->bytes;
    *to = place + GCS_CUDA_HEADER;
    if (i < u->captures)
        return GCS_OK;
    if (i == GCS_CUDA_CAPTURES)
        return gcs_fail(GCS_UNSUPPORTED,
                        "the plan has been captured with %d different sets of buffers: a further "
                        "one needs a plan of its own",
                        GCS_CUDA_CAPTURES);
    const unsigned slot = u->next;
    gcs_status status = watch_until_free(u, slot);
    if (status == GCS_OK)
        status = send(u, slot, place, set, u->payload, u->apart);
    if (status == GCS_OK)
        status = watch_until_free(u, slot);
    if (status != GCS_OK)
        return status;
    memcpy(u->frozen + i * u->bytes, set, u->payload);
    u->captures++;
    return GCS_OK;
}

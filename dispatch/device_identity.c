/* A device's identity as one line of text, and the backends that there are. */
#include "dispatch/device_identity.h"

#include "dispatch/cuda/identity.h"
#include "dispatch/opencl/identity.h"
#include "dispatch/registry.h"
#include "dispatch/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const gcs_device_backend *const backends[] = {&gcs_cuda_backend, &gcs_opencl_backend};

const gcs_device_backend *gcs_device_backend_find(const char *name) {
    for (size_t i = 0; i < sizeof backends / sizeof backends[0]; i++) {
        if (strcmp(backends[i]->name, name) == 0)
            return backends[i];
    }
    return NULL;
}

const gcs_kernel *gcs_device_kernel(const gcs_device_identity *device, const char *name) {
    if (device == NULL)
        return gcs_registry_find(name);
    const gcs_device_backend *backend = gcs_device_backend_find(device->backend);
    return backend != NULL ? backend->find(name) : NULL;
}

const char *gcs_device_impl_rev(const gcs_device_identity *device, const gcs_kernel *kernel) {
    if (device == NULL)
        return gcs_registry_impl_rev(kernel);
    const gcs_device_backend *backend = gcs_device_backend_find(device->backend);
    return backend != NULL ? backend->impl_rev() : "-";
}

/* ---- Fields -------------------------------------------------------------------------------- */

/* Its number; identity->count: there is none of that name. */
static size_t find(const gcs_device_identity *identity, const char *name) {
    size_t i = 0;
    while (i < identity->count && strcmp(identity->fields[i].name, name) != 0)
        i++;
    return i;
}

void gcs_device_identity_begin(gcs_device_identity *identity, const char *backend) {
    memset(identity, 0, sizeof *identity);
    snprintf(identity->backend, sizeof identity->backend, "%s", backend);
}

static bool is_visible(char c) {
    return c > ' ' && c <= '~';
}

void gcs_device_identity_add(gcs_device_identity *identity, const char *name, const char *value) {
    if (identity->count == GCS_DEVICE_FIELDS)
        return;
    char *to = identity->fields[identity->count].value;
    const size_t room = sizeof identity->fields[0].value - 1;
    snprintf(identity->fields[identity->count].name, sizeof identity->fields[0].name, "%s", name);
    size_t length = 0;
    for (; value[length] != '\0' && length < room; length++)
        to[length] = is_visible(value[length]) ? value[length] : '_';
    if (length == 0)
        to[length++] = '-';
    to[length] = '\0';
    identity->count++;
}

void gcs_device_identity_add_number(gcs_device_identity *identity, const char *name,
                                    uint64_t value) {
    char text[24];
    snprintf(text, sizeof text, "%" PRIu64, value);
    gcs_device_identity_add(identity, name, text);
}

bool gcs_device_identity_equal(const gcs_device_identity *a, const gcs_device_identity *b) {
    if (strcmp(a->backend, b->backend) != 0 || a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++) {
        const size_t other = find(b, a->fields[i].name);
        if (other == b->count || strcmp(a->fields[i].value, b->fields[other].value) != 0)
            return false;
    }
    return true;
}

uint64_t gcs_device_cache_bytes(const gcs_device_identity *identity) {
    const gcs_device_backend *backend = gcs_device_backend_find(identity->backend);
    const size_t field = backend != NULL ? find(identity, backend->cache) : identity->count;
    uint64_t bytes = 0;
    if (field < identity->count)
        gcs_text_u64(identity->fields[field].value, UINT64_MAX, &bytes);
    return bytes;
}

/* ---- Text ---------------------------------------------------------------------------------- */

size_t gcs_device_identity_format(const gcs_device_identity *identity, char *text, size_t size) {
    char whole[GCS_DEVICE_IDENTITY_SIZE];
    size_t length = (size_t)snprintf(whole, sizeof whole, "%s", identity->backend);
    for (size_t i = 0; i < identity->count; i++)
        length += (size_t)snprintf(whole + length, sizeof whole - length, " %s=%s",
                                   identity->fields[i].name, identity->fields[i].value);
    snprintf(text, size, "%s", whole);
    return length;
}

/* A lower-case letter, then such letters, digits and '_'. */
static bool is_name(const char *text, size_t length) {
    for (size_t i = 0; i < length; i++) {
        const char c = text[i];
        const bool later = (c >= '0' && c <= '9') || c == '_';
        if (!(c >= 'a' && c <= 'z') && !(later && i > 0))
            return false;
    }
    return length > 0;
}

static bool is_word(const char *text, size_t length) {
    for (size_t i = 0; i < length; i++) {
        if (!is_visible(text[i]))
            return false;
    }
    return length > 0;
}

/* Copies text[length]; false where it does not fit. */
static bool copy(char *to, size_t size, const char *text, size_t length) {
    if (length >= size)
        return false;
    memcpy(to, text, length);
    to[length] = '\0';
    return true;
}

static bool parse_field(const char *text, size_t length, gcs_device_identity *identity) {
    const char *mark = memchr(text, '=', length);
    if (mark == NULL || identity->count == GCS_DEVICE_FIELDS)
        return false;
    const size_t name = (size_t)(mark - text), value = length - name - 1, i = identity->count;
    if (!is_name(text, name) || !is_word(mark + 1, value) ||
        !copy(identity->fields[i].name, sizeof identity->fields[i].name, text, name) ||
        !copy(identity->fields[i].value, sizeof identity->fields[i].value, mark + 1, value) ||
        find(identity, identity->fields[i].name) < i)
        return false;
    identity->count++;
    return true;
}

/* Whether it has what its backend wants. */
static bool is_complete(const gcs_device_identity *identity) {
    const gcs_device_backend *backend = gcs_device_backend_find(identity->backend);
    if (backend == NULL)
        return true;
    for (size_t i = 0; i < backend->count; i++) {
        const size_t field = find(identity, backend->fields[i].name);
        uint64_t number;
        if (field == identity->count ||
            (backend->fields[i].is_number &&
             !gcs_text_u64(identity->fields[field].value, UINT64_MAX, &number)))
            return false;
    }
    return identity->count == backend->count;
}

bool gcs_device_identity_parse(const char *text, gcs_device_identity *identity) {
    memset(identity, 0, sizeof *identity);
    size_t length = strcspn(text, " ");
    if (!is_name(text, length) || !copy(identity->backend, sizeof identity->backend, text, length))
        return false;
    while (text[length] == ' ') {
        text += length + 1;
        length = strcspn(text, " ");
        if (!parse_field(text, length, identity))
            return false;
    }
    return identity->count > 0 && is_complete(identity);
}

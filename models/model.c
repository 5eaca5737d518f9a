/* A model: from a file to its tensors, and from a tensor to what a plan takes. */
#include "models/model.h"
#include "models/parse.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The whole file in memory, at most GCS_MODEL_MAX_BYTES of it; NULL and an error otherwise. A file
 * of size 0 gives a pointer too. */
static char *read_file(const char *path, size_t *size, char *error, size_t error_size) {
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        snprintf(error, error_size, "%s: cannot be opened: %s", path, strerror(errno));
        return NULL;
    }
    char *text = NULL;
    size_t capacity = 0;
    bool failed = false;
    *size = 0;
    do {
        if (*size == capacity) {
            capacity = capacity ? 2 * capacity : 16384;
            char *larger = realloc(text, capacity);
            if (larger == NULL) {
                snprintf(error, error_size, "%s: out of memory", path);
                failed = true;
                break;
            }
            text = larger;
        }
        *size += fread(text + *size, 1, capacity - *size, file);
    } while (*size == capacity && *size <= GCS_MODEL_MAX_BYTES);
    if (!failed && ferror(file)) {
        snprintf(error, error_size, "%s: cannot be read: %s", path, strerror(errno));
        failed = true;
    } else if (!failed && *size > GCS_MODEL_MAX_BYTES) {
        snprintf(error, error_size, "%s: larger than %zu bytes; not a model file", path,
                 GCS_MODEL_MAX_BYTES);
        failed = true;
    }
    fclose(file);
    if (failed) {
        free(text);
        return NULL;
    }
    return text;
}

/* The file's name without its folders and its last extension. */
static void name_from_path(char *name, size_t size, const char *path) {
    const char *slash = strrchr(path, '/');
    const char *base = slash ? slash + 1 : path;
    const char *dot = strrchr(base, '.');
    size_t length = dot && dot > base ? (size_t)(dot - base) : strlen(base);
    if (length >= size)
        length = size - 1;
    memcpy(name, base, length);
    name[length] = '\0';
}

bool gcs_model_read(gcs_model *model, const char *path, char *error, size_t error_size) {
    *model = (gcs_model){0};
    size_t size = 0;
    char *text = read_file(path, &size, error, error_size);
    if (text == NULL)
        return false;
    bool good = gcs_model_parse(model, path, text, size, error, error_size);
    free(text);
    if (good)
        name_from_path(model->name, sizeof model->name, path);
    return good;
}

void gcs_model_free(gcs_model *model) {
    free(model->tensors);
    *model = (gcs_model){0};
}

uint64_t gcs_model_tensor_elements(const gcs_model_tensor *tensor) {
    uint64_t elements = 1;
    for (uint32_t i = 0; i < tensor->rank; i++)
        elements *= tensor->dims[i];
    return elements;
}

uint64_t gcs_model_parameters(const gcs_model *model) {
    uint64_t parameters = 0;
    for (size_t i = 0; i < model->count; i++)
        parameters += gcs_model_tensor_elements(&model->tensors[i]);
    return parameters;
}

gcs_tensor gcs_model_as_tensor(const gcs_model_tensor *tensor) {
    uint64_t elements = gcs_model_tensor_elements(tensor);
    if (tensor->rank > 1 && tensor->layout == GCS_LAYOUT_ROWS) {
        uint64_t groups = tensor->dims[0];
        return gcs_rows(groups, elements / groups);
    }
    if (tensor->rank > 1 && tensor->layout == GCS_LAYOUT_COLS) {
        uint64_t groups = tensor->dims[tensor->rank - 1];
        return gcs_cols(elements / groups, groups);
    }
    return gcs_flat(elements);
}

const char *gcs_kind_name(gcs_kind kind) {
    switch (kind) {
    case GCS_KIND_CONV:
        return "conv";
    case GCS_KIND_LINEAR:
        return "linear";
    case GCS_KIND_NORM:
        return "norm";
    case GCS_KIND_BIAS:
        return "bias";
    case GCS_KIND_EMBEDDING:
        return "embedding";
    }
    return "unknown kind";
}

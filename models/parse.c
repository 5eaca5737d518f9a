/* The strict reader of the model format: lines, fields, numbers, and what may not be. */
#include "models/parse.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME, DIMS, KIND, LAYOUT, FIELDS };

static const char *const field_names[FIELDS] = {"name", "dims", "kind", "layout"};

typedef struct text_span {
    const char *start;
    size_t size;
} text_span;

/* Where the reader is, and where its complaint goes. */
typedef struct reader {
    gcs_model *model;
    size_t capacity;     /* of model->tensors */
    uint64_t parameters; /* of the tensors so far */
    const char *source;
    uint64_t line;
    char *error;
    size_t error_size;
} reader;

/* Writes "SOURCE:LINE: sentence". Always false, so that a check can return it. */
__attribute__((format(printf, 2, 3))) static bool complain(const reader *r, const char *format,
                                                           ...) {
    char sentence[320];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    snprintf(r->error, r->error_size, "%s:%" PRIu64 ": %s", r->source, r->line, sentence);
    return false;
}

/* Length for "%.*s": a long or binary field is cut short in a message. */
static int shown(text_span span) {
    return span.size < 60 ? (int)span.size : 60;
}

static bool span_is(text_span span, const char *word) {
    return strlen(word) == span.size && memcmp(span.start, word, span.size) == 0;
}

/* The part of `rest` before the first `separator`, which is taken off `rest` with it. `*last` is
 * whether there was none. */
static text_span take(text_span *rest, char separator, bool *last) {
    const char *end = memchr(rest->start, separator, rest->size);
    *last = end == NULL;
    text_span part = {rest->start, *last ? rest->size : (size_t)(end - rest->start)};
    size_t used = part.size + (*last ? 0 : 1);
    rest->start += used;
    rest->size -= used;
    return part;
}

static bool split(const reader *r, text_span line, text_span fields[FIELDS]) {
    bool last = false;
    for (int i = 0; i < FIELDS; i++) {
        if (last)
            return complain(r,
                            "the field '%s' is missing; a line is name, dims, kind and layout, "
                            "separated by one tab each",
                            field_names[i]);
        fields[i] = take(&line, '\t', &last);
        if (fields[i].size == 0)
            return complain(r, "the field '%s' is empty", field_names[i]);
    }
    if (!last)
        return complain(r, "there is something after the field 'layout'");
    return true;
}

static bool parse_name(const reader *r, text_span span, gcs_model_tensor *tensor) {
    if (span.size >= sizeof tensor->name)
        return complain(r, "name: longer than %zu bytes", sizeof tensor->name - 1);
    memcpy(tensor->name, span.start, span.size);
    return true;
}

static bool parse_dim(const reader *r, text_span span, uint64_t *dim) {
    bool digits = span.size > 0 && span.size <= 20;
    for (size_t i = 0; digits && i < span.size; i++)
        digits = span.start[i] >= '0' && span.start[i] <= '9';
    if (!digits || (span.start[0] == '0' && span.size > 1))
        return complain(r, "dims: '%.*s' is not a positive integer", shown(span), span.start);
    uint64_t value = 0;
    for (size_t i = 0; i < span.size; i++) {
        uint64_t digit = (uint64_t)(span.start[i] - '0');
        if (value > (UINT64_MAX - digit) / 10)
            return complain(r, "dims: %.*s does not fit in 64 bits", shown(span), span.start);
        value = value * 10 + digit;
    }
    if (value == 0)
        return complain(r, "dims: a dimension is 0");
    *dim = value;
    return true;
}

static bool parse_dims(const reader *r, text_span span, gcs_model_tensor *tensor) {
    uint64_t bytes = sizeof(float);
    bool last = false;
    while (!last) {
        if (tensor->rank == GCS_MODEL_MAX_RANK)
            return complain(r, "dims: more than %d dimensions", GCS_MODEL_MAX_RANK);
        uint64_t dim = 0;
        if (!parse_dim(r, take(&span, 'x', &last), &dim))
            return false;
        if (bytes > UINT64_MAX / dim)
            return complain(r, "dims: the size of the tensor in bytes does not fit in 64 bits");
        bytes *= dim;
        tensor->dims[tensor->rank++] = dim;
    }
    return true;
}

static bool parse_kind(const reader *r, text_span span, gcs_model_tensor *tensor) {
    for (int i = GCS_KIND_CONV; i <= GCS_KIND_EMBEDDING; i++) {
        if (span_is(span, gcs_kind_name((gcs_kind)i))) {
            tensor->kind = (gcs_kind)i;
            return true;
        }
    }
    return complain(r, "kind: '%.*s' is none of conv, linear, norm, bias, embedding", shown(span),
                    span.start);
}

static bool parse_layout(const reader *r, text_span span, gcs_model_tensor *tensor) {
    if (span_is(span, "rows"))
        tensor->layout = GCS_LAYOUT_ROWS;
    else if (span_is(span, "cols"))
        tensor->layout = GCS_LAYOUT_COLS;
    else if (span_is(span, "flat"))
        tensor->layout = GCS_LAYOUT_FLAT;
    else
        return complain(r, "layout: '%.*s' is none of rows, cols, flat", shown(span), span.start);
    if (tensor->rank == 1 && tensor->layout != GCS_LAYOUT_FLAT)
        return complain(r, "layout: a tensor of one dimension is never centred and must be flat");
    return true;
}

static bool append(reader *r, const gcs_model_tensor *tensor) {
    gcs_model *model = r->model;
    if (model->count == GCS_MODEL_MAX_TENSORS)
        return complain(r, "more than %zu tensors", GCS_MODEL_MAX_TENSORS);
    uint64_t elements = gcs_model_tensor_elements(tensor);
    if (r->parameters > UINT64_MAX - elements)
        return complain(r, "the number of parameters so far does not fit in 64 bits");
    if (model->count == r->capacity) {
        size_t capacity = r->capacity ? 2 * r->capacity : 64;
        gcs_model_tensor *tensors = realloc(model->tensors, capacity * sizeof *tensors);
        if (tensors == NULL)
            return complain(r, "out of memory");
        model->tensors = tensors;
        r->capacity = capacity;
    }
    model->tensors[model->count++] = *tensor;
    r->parameters += elements;
    return true;
}

static bool parse_line(reader *r, text_span line) {
    if (memchr(line.start, '\0', line.size) != NULL)
        return complain(r, "there is a NUL byte; this is not a text file");
    if (line.size > 0 && line.start[line.size - 1] == '\r')
        line.size--;
    if (line.size > GCS_MODEL_MAX_LINE)
        return complain(r, "the line is longer than %d bytes", GCS_MODEL_MAX_LINE);
    if (line.size == 0 || line.start[0] == '#')
        return true;
    for (size_t i = 0; i < line.size; i++) {
        unsigned char byte = (unsigned char)line.start[i];
        if ((byte < ' ' && byte != '\t') || byte == 0x7f)
            return complain(r, "there is a control character, byte 0x%02x", byte);
    }
    text_span fields[FIELDS] = {{NULL, 0}};
    gcs_model_tensor tensor = {0};
    return split(r, line, fields) && parse_name(r, fields[NAME], &tensor) &&
           parse_dims(r, fields[DIMS], &tensor) && parse_kind(r, fields[KIND], &tensor) &&
           parse_layout(r, fields[LAYOUT], &tensor) && append(r, &tensor);
}

static bool parse_all(reader *r, text_span rest) {
    while (rest.size > 0) {
        bool last;
        r->line++;
        if (!parse_line(r, take(&rest, '\n', &last)))
            return false;
    }
    if (r->model->count == 0) {
        snprintf(r->error, r->error_size, "%s: there is no tensor in it", r->source);
        return false;
    }
    return true;
}

bool gcs_model_parse(gcs_model *model, const char *source, const char *text, size_t size,
                     char *error, size_t error_size) {
    model->tensors = NULL;
    model->count = 0;
    reader r = {.model = model, .source = source, .error = error, .error_size = error_size};
    if (parse_all(&r, (text_span){text, size}))
        return true;
    free(model->tensors);
    model->tensors = NULL;
    model->count = 0;
    return false;
}

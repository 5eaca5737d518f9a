/* Reading a file of shapes: see network.h. */
#include "network.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* "64x3x7x7": the product of all, the first and the last; false where it is something else. */
static bool read_dims(const char *dims, uint64_t *product, uint64_t *first, uint64_t *last) {
    *product = 1;
    *first = 0;
    for (const char *at = dims;; at++) {
        char *end;
        *last = strtoull(at, &end, 10);
        if (end == at || *last == 0 || *product > UINT64_MAX / 64 / *last)
            return false;
        *product *= *last;
        *first = *first == 0 ? *last : *first;
        if (*end == '\0')
            return true;
        if (*end != 'x')
            return false;
        at = end;
    }
}

static bool read_tensor(char *line, gcs_tensor *tensor, uint64_t *elements) {
    uint64_t first, last;
    char dims[512], layout[8];
    /* names and kinds are for people */
    if (sscanf(line, "%*[^\t]\t%511[^\t]\t%*[^\t]\t%7s", dims, layout) != 2 ||
        !read_dims(dims, elements, &first, &last))
        return false;
    if (strcmp(layout, "rows") == 0)
        *tensor = gcs_rows(first, *elements / first);
    else if (strcmp(layout, "cols") == 0)
        *tensor = gcs_cols(*elements / last, last);
    else if (strcmp(layout, "flat") == 0)
        *tensor = gcs_flat(*elements);
    else
        return false;
    return true;
}

/* Room for one more tensor, and for the end behind it. */
static bool grow(network *net) {
    gcs_tensor *tensors = realloc(net->tensors, (net->count + 1) * sizeof *tensors);
    if (tensors)
        net->tensors = tensors;
    uint64_t *begin = realloc(net->begin, (net->count + 2) * sizeof *begin);
    if (begin)
        net->begin = begin;
    return tensors && begin;
}

static bool read_lines(FILE *file, const char *path, network *net) {
    char line[512];
    for (int number = 1; fgets(line, sizeof line, file); number++) {
        uint64_t elements;
        if (line[0] == '#' || line[0] == '\n')
            continue;
        if (!grow(net)) {
            fprintf(stderr, "%s: out of memory\n", path);
            return false;
        }
        if (!read_tensor(line, &net->tensors[net->count], &elements)) {
            fprintf(stderr, "%s:%d: no tensor like 'name<tab>64x3x7x7<tab>conv<tab>rows'\n", path,
                    number);
            return false;
        }
        net->begin[net->count++] = net->elements;
        net->begin[net->count] = net->elements += elements;
    }
    if (net->count == 0)
        fprintf(stderr, "%s: no tensor in it\n", path);
    return net->count > 0;
}

bool network_read(const char *path, network *net) {
    *net = (network){0};
    FILE *file = fopen(path, "r");
    if (!file) {
        perror(path);
        return false;
    }
    bool read = read_lines(file, path, net);
    fclose(file);
    return read;
}

void network_free(network *net) {
    free(net->tensors);
    free(net->begin);
}

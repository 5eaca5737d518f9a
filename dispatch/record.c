/* Appends a plan's shapes to the file that GCSTEP_RECORD names. */
#include "dispatch/record.h"

#include "dispatch/tensor.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static int compare_shapes(const void *left, const void *right) {
    const gcs_tensor *a = left, *b = right;
    if (a->layout != b->layout)
        return a->layout < b->layout ? -1 : 1;
    if (a->rows != b->rows)
        return a->rows < b->rows ? -1 : 1;
    return (a->cols > b->cols) - (a->cols < b->cols);
}

/* What kernels are looked up for: one matrix of the tensor, whatever piece of it is held; of a
 * vector the piece. */
static gcs_tensor looked_up(const gcs_tensor *tensor) {
    gcs_tensor shape = *tensor;
    if (shape.layout == GCS_LAYOUT_FLAT)
        shape.cols = gcs_tensor_elements(tensor);
    return shape;
}

/* A line of the models' format: name, dims, kind, layout. The kind is not known here; bias and
 * linear are those that the layouts usually belong to. */
static size_t format_shape(const gcs_tensor *tensor, char *text, size_t size) {
    int length;
    if (tensor->layout == GCS_LAYOUT_FLAT)
        length = snprintf(text, size, "shape_%" PRIu64 "\t%" PRIu64 "\tbias\tflat\n", tensor->cols,
                          tensor->cols);
    else
        length = snprintf(text, size,
                          "shape_%" PRIu64 "x%" PRIu64 "\t%" PRIu64 "x%" PRIu64 "\tlinear\t%s\n",
                          tensor->rows, tensor->cols, tensor->rows, tensor->cols,
                          tensor->layout == GCS_LAYOUT_ROWS ? "rows" : "cols");
    return length > 0 && (size_t)length < size ? (size_t)length : 0;
}

/* Whole or not at all in one write: several processes may append to the same file. */
static bool write_line(int fd, const char *text, size_t length) {
    ssize_t written;
    do {
        written = write(fd, text, length);
    } while (written < 0 && errno == EINTR);
    return written >= 0 && (size_t)written == length;
}

static bool write_header_if_new(int fd) {
    static const char header[] = "# recorded by gcstep\n";
    struct stat status;
    if (fstat(fd, &status) != 0)
        return false;
    return status.st_size > 0 || write_line(fd, header, sizeof header - 1);
}

static bool write_shapes(int fd, const gcs_tensor *sorted, size_t count) {
    char text[128];
    if (!write_header_if_new(fd))
        return false;
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && compare_shapes(&sorted[i - 1], &sorted[i]) == 0)
            continue;
        const size_t length = format_shape(&sorted[i], text, sizeof text);
        if (!write_line(fd, text, length))
            return false;
    }
    return true;
}

void gcs_record_shapes(const gcs_environment *env, const gcs_tensor *tensors, size_t count) {
    if (env->record == NULL || count == 0)
        return;
    gcs_tensor *sorted = count <= SIZE_MAX / sizeof *sorted ? malloc(count * sizeof *sorted) : NULL;
    if (sorted == NULL) {
        gcs_log(env, GCS_LOG_WARN, "GCSTEP_RECORD: out of memory, no shapes written");
        return;
    }
    for (size_t i = 0; i < count; i++)
        sorted[i] = looked_up(&tensors[i]);
    qsort(sorted, count, sizeof *sorted, compare_shapes);
    /* Non-blocking: a FIFO that nobody reads is an error and not a wait. */
    const int fd =
        open(env->record, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0666);
    if (fd < 0 || !write_shapes(fd, sorted, count))
        gcs_log(env, GCS_LOG_WARN, "GCSTEP_RECORD: %s: cannot be %s", env->record,
                fd < 0 ? "opened" : "written");
    if (fd >= 0)
        close(fd);
    free(sorted);
}

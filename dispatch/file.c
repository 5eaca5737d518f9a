/* Reading whole files. */
#include "dispatch/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *open_problem(int error) {
    return error == EACCES || error == EPERM ? "permission denied" : "cannot be opened";
}

/* Whether the descriptor is one to read; a size known to be too large is not read at all. */
static const char *kind_problem(int fd, size_t max) {
    struct stat status;
    if (fstat(fd, &status) != 0)
        return "cannot be examined";
    if (!S_ISREG(status.st_mode))
        return "is not a regular file";
    if (status.st_size > 0 && (uintmax_t)status.st_size > max)
        return "is too large";
    return NULL;
}

/* Reads to the end, one byte more than `max` at the most: the size that fstat told may be
 * outdated. */
static gcs_file_result read_all(int fd, size_t max, char **text, size_t *size,
                                const char **problem) {
    size_t capacity = 0, used = 0;
    char *buffer = NULL;
    for (;;) {
        if (used + 1 >= capacity) {
            capacity = capacity == 0 ? 4096 : 2 * capacity;
            char *larger = realloc(buffer, capacity);
            if (larger == NULL) {
                free(buffer);
                return GCS_FILE_NO_MEMORY;
            }
            buffer = larger;
        }
        const ssize_t got = read(fd, buffer + used, capacity - 1 - used);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            *problem = got < 0 ? "cannot be read" : NULL;
        else
            *problem = (used += (size_t)got) > max ? "is too large" : NULL;
        if (*problem != NULL) {
            free(buffer);
            return GCS_FILE_BAD;
        }
        if (got == 0)
            break;
    }
    buffer[used] = '\0';
    *text = buffer;
    *size = used;
    return GCS_FILE_OK;
}

gcs_file_result gcs_file_read(const char *path, size_t max, char **text, size_t *size,
                              const char **problem) {
    *text = NULL;
    *size = 0;
    *problem = NULL;
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) {
        if (errno == ENOENT || errno == ENOTDIR)
            return GCS_FILE_ABSENT;
        *problem = open_problem(errno);
        return GCS_FILE_BAD;
    }
    *problem = kind_problem(fd, max);
    const gcs_file_result result =
        *problem != NULL ? GCS_FILE_BAD : read_all(fd, max, text, size, problem);
    close(fd);
    return result;
}

bool gcs_file_first_line(const char *path, char *text, size_t size) {
    const size_t enough = (size_t)1 << 16;
    char *whole;
    size_t length;
    const char *problem;
    if (gcs_file_read(path, enough, &whole, &length, &problem) != GCS_FILE_OK)
        return false;
    whole[strcspn(whole, "\n")] = '\0';
    length = strlen(whole);
    const bool fits = length > 0 && length < size;
    if (fits)
        memcpy(text, whole, length + 1);
    free(whole);
    return fits;
}

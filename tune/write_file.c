/* Writing files whole or not at all. */
#include "tune/write_file.h"
#include "dispatch/file.h"
#include "dispatch/table_internal.h"
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_SIZE 4096

static bool fail(char *why, size_t size, const char *path, const char *what) {
    snprintf(why, size, "%s: %s", path, what);
    return false;
}

/* mkstemp makes files for their owner alone; a table is for whom the user's umask says. */
static bool set_mode(int file) {
    mode_t mask = umask(0);
    umask(mask);
    return fchmod(file, 0666 & ~mask) == 0;
}

bool gcs_write_file(const char *path, gcs_file_writer *writer, void *context, char *why,
                    size_t why_size) {
    char temporary[PATH_SIZE];
    if ((size_t)snprintf(temporary, sizeof temporary, "%s.XXXXXX", path) >= sizeof temporary)
        return fail(why, why_size, path, "the path is too long");
    int file = mkstemp(temporary);
    FILE *to = file >= 0 ? fdopen(file, "w") : NULL;
    if (!to) {
        if (file >= 0)
            close(file);
        return fail(why, why_size, temporary, strerror(errno));
    }
    writer(to, context);
    bool written = fflush(to) == 0 && !ferror(to) && set_mode(file) && fsync(file) == 0;
    written = fclose(to) == 0 && written && rename(temporary, path) == 0;
    if (written)
        return true;
    fail(why, why_size, path, strerror(errno));
    unlink(temporary);
    return false;
}

bool gcs_make_folder_of(const char *path, char *why, size_t why_size) {
    char folder[PATH_SIZE];
    if (*path == '\0' || path[strlen(path) - 1] == '/')
        return fail(why, why_size, path, "is not the name of a file");
    if ((size_t)snprintf(folder, sizeof folder, "%s", path) >= sizeof folder)
        return fail(why, why_size, path, "the path is too long");
    for (char *slash = strchr(folder + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(folder, 0777) != 0 && errno != EEXIST)
            return fail(why, why_size, folder, strerror(errno));
        *slash = '/';
    }
    return true;
}

/* Whether the text is that of a table, with whatever sections. */
static bool check_text(const char *path, const char *text, size_t size, char *why,
                       size_t why_size) {
    const gcs_table_file file = {.text = text, .size = size, .whole = true};
    gcs_table_entries entries = {NULL, 0, 0};
    gcs_table_report report;
    gcs_machine machine;
    gcs_machine_read(&machine);
    bool parsed = gcs_table_parse(&file, &machine, &entries, &report);
    free(entries.items);
    if (!parsed)
        return fail(why, why_size, path, "out of memory");
    if (report.refused)
        snprintf(why, why_size, "%s:%" PRIu32 ": %s; it is not written over", path,
                 report.first_line, report.first);
    return !report.refused;
}

bool gcs_may_write_table(const char *path, char *why, size_t why_size) {
    char *text;
    size_t size;
    const char *problem = "out of memory";
    if (!gcs_make_folder_of(path, why, why_size))
        return false;
    switch (gcs_file_read(path, GCS_TABLE_MAX_BYTES, &text, &size, &problem)) {
    case GCS_FILE_ABSENT:
        return true;
    case GCS_FILE_OK:
        break;
    case GCS_FILE_BAD:
    case GCS_FILE_NO_MEMORY:
        return fail(why, why_size, path, problem);
    }
    bool fine = check_text(path, text, size, why, why_size);
    free(text);
    return fine;
}

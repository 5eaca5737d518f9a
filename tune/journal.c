/* The journal of a tuning run: opening, resuming, appending. */
#include "tune/journal.h"
#include "dispatch/file.h"
#include "tune/journal_text.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define MOST_BYTES ((size_t)256 << 20)

static bool write_all(int file, const char *text, size_t size) {
    while (size > 0) {
        ssize_t written = write(file, text, size);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return false;
        text += written;
        size -= (size_t)written;
    }
    return true;
}

/* The header's text, to be freed; NULL when memory ran out. */
static char *header_text(const gcs_machine *machine, const gcs_device_identity *device,
                         size_t *size) {
    char *text = NULL;
    FILE *to = open_memstream(&text, size);
    if (!to)
        return NULL;
    gcs_journal_write_header(to, machine, device);
    if (fclose(to) != 0) {
        free(text);
        return NULL;
    }
    return text;
}

static bool fail(char *note, size_t size, const char *path, const char *what) {
    snprintf(note, size, "%s: %s", path, what);
    return false;
}

/* Two runs that append to one journal would also write one table over the other. */
static bool open_locked(gcs_journal *journal, char *note, size_t size) {
    journal->file = open(journal->path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (journal->file < 0)
        return fail(note, size, journal->path, strerror(errno));
    if (flock(journal->file, LOCK_EX | LOCK_NB) == 0)
        return true;
    return fail(note, size, journal->path, "in use by another run of gcstep tune");
}

/* Renames the journal to PATH.old and begins a new one. */
static bool set_aside(gcs_journal *journal, char *note, size_t size) {
    char old[4096];
    if ((size_t)snprintf(old, sizeof old, "%s.old", journal->path) >= sizeof old)
        return fail(note, size, journal->path, "the path is too long");
    if (rename(journal->path, old) != 0)
        return fail(note, size, journal->path, strerror(errno));
    close(journal->file);
    return open_locked(journal, note, size);
}

/* Takes the results of a journal whose header is the wanted one. */
static bool resume(gcs_journal *journal, char *text, size_t size, size_t header_size,
                   gcs_results *results, char *note, size_t note_size) {
    gcs_journal_reading reading;
    if (!gcs_journal_parse(text, size, header_size, results, &reading))
        return fail(note, note_size, journal->path, "out of memory");
    if (reading.bad_lines)
        snprintf(note, note_size, "%s:%zu: not understood; %zu such lines are passed over",
                 journal->path, reading.first_bad, reading.bad_lines);
    if (reading.end < size && ftruncate(journal->file, (off_t)reading.end) != 0)
        return fail(note, note_size, journal->path, strerror(errno));
    return true;
}

/* A journal that does not begin with the header: an empty one, or one to be set aside. */
static bool start(gcs_journal *journal, bool holds_something, const char *header,
                  size_t header_size, char *note, size_t note_size) {
    if (holds_something && !set_aside(journal, note, note_size))
        return false;
    if (!write_all(journal->file, header, header_size))
        return fail(note, note_size, journal->path, strerror(errno));
    return true;
}

static bool read_or_start(gcs_journal *journal, const gcs_machine *machine, bool fresh,
                          gcs_results *results, char *note, size_t note_size) {
    char *text;
    size_t size, header_size;
    const char *problem;
    if (gcs_file_read(journal->path, MOST_BYTES, &text, &size, &problem) != GCS_FILE_OK)
        return fail(note, note_size, journal->path, "cannot be read");
    char *header = header_text(machine, results->device, &header_size);
    bool done = header != NULL;
    if (!done)
        fail(note, note_size, journal->path, "out of memory");
    else if (!fresh && size >= header_size && memcmp(text, header, header_size) == 0)
        done = resume(journal, text, size, header_size, results, note, note_size);
    else {
        if (size > 0 && !fresh)
            snprintf(note, note_size,
                     "%s is of another %s or of other kernels: set aside as "
                     "%s.old",
                     journal->path, results->device ? "device" : "machine", journal->path);
        done = start(journal, size > 0, header, header_size, note, note_size);
    }
    free(header);
    free(text);
    return done;
}

bool gcs_journal_open(gcs_journal *journal, const char *path, const gcs_machine *machine,
                      bool fresh, gcs_results *results, char *note, size_t note_size) {
    *journal = (gcs_journal){.path = path, .file = -1};
    note[0] = '\0';
    if (open_locked(journal, note, note_size) &&
        read_or_start(journal, machine, fresh, results, note, note_size))
        return true;
    gcs_journal_close(journal);
    return false;
}

/* A result or, where that is NULL, a run. */
static bool append(const gcs_journal *journal, const gcs_shape_result *result, const char *run) {
    char *text = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&text, &size);
    if (!to)
        return false;
    if (result)
        gcs_journal_write_result(to, result);
    else
        gcs_journal_write_run(to, run);
    bool written =
        fclose(to) == 0 && write_all(journal->file, text, size) && fdatasync(journal->file) == 0;
    free(text);
    return written;
}

bool gcs_journal_append(const gcs_journal *journal, const gcs_shape_result *result) {
    return append(journal, result, NULL);
}

bool gcs_journal_begin_run(const gcs_journal *journal, const char *words) {
    return append(journal, NULL, words);
}

static bool read_contents(gcs_journal_contents *contents, const char *path, char *text, size_t size,
                          char *why, size_t why_size) {
    gcs_journal_reading reading;
    if (!gcs_journal_parse_header(text, &contents->header))
        return fail(why, why_size, path, "is no journal of gcstep tune");
    if (contents->header.of_device)
        contents->results.device = &contents->header.device;
    if (!gcs_journal_parse(text, size, contents->header.size, &contents->results, &reading) ||
        (reading.run && !(contents->run = strdup(reading.run))))
        return fail(why, why_size, path, "out of memory");
    contents->bad_lines = reading.bad_lines;
    contents->first_bad = reading.first_bad;
    return true;
}

bool gcs_journal_read(gcs_journal_contents *contents, const char *path, char *why,
                      size_t why_size) {
    char *text;
    size_t size;
    const char *problem = "out of memory";
    *contents = (gcs_journal_contents){.run = NULL};
    const gcs_file_result result = gcs_file_read(path, MOST_BYTES, &text, &size, &problem);
    if (result != GCS_FILE_OK)
        return fail(why, why_size, path, result == GCS_FILE_ABSENT ? "no such file" : problem);
    const bool read = read_contents(contents, path, text, size, why, why_size);
    free(text);
    return read;
}

void gcs_journal_contents_free(gcs_journal_contents *contents) {
    gcs_results_free(&contents->results);
    free(contents->run);
    contents->run = NULL;
}

void gcs_journal_close(gcs_journal *journal) {
    if (journal->file >= 0)
        close(journal->file);
    journal->file = -1;
}

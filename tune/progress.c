/* The progress of a tuning run, on stderr. */
#include "tune/progress.h"
#include "measure/measure.h"
#include "tune/shapes.h"
#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define REWRITE_NS 100000000u /* ten times a second is as much as one can read */

void gcs_progress_open(gcs_progress *progress, size_t shapes, uint64_t deadline) {
    *progress = (gcs_progress){
        .terminal = isatty(STDERR_FILENO) == 1, .shapes = shapes, .deadline = deadline};
}

void gcs_progress_shape(gcs_progress *progress, const gcs_table_key *key) {
    progress->shape++;
    progress->key = *key;
    progress->written = 0;
}

static void print_place(const gcs_progress *progress) {
    char key[96];
    gcs_key_text(&progress->key, key, sizeof key);
    fprintf(stderr, "shape %zu of %zu  %-28s ", progress->shape, progress->shapes, key);
}

static unsigned seconds_left(const gcs_progress *progress, uint64_t now) {
    return progress->deadline > now ? (unsigned)((progress->deadline - now) / 1000000000u) : 0;
}

/* Columns of the terminal: a longer line would break, and rewriting it would leave its first half.
 */
static int columns(void) {
    struct winsize size;
    return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

/* The end of a kernel's name: "avx2_pipe_u4". What comes before is told by the key. */
static const char *variant(const char *kernel) {
    const char *end = strstr(kernel, "_f32_");
    if (!end && strncmp(kernel, "any_", 4) == 0)
        end = strstr(kernel + 4, "_any_");
    return end ? end + strlen("_any_") : kernel;
}

void gcs_progress_round(gcs_progress *progress, const char *stage, size_t kernels, const char *best,
                        double gb_per_s, double ceiling) {
    uint64_t now = gcs_now_ns();
    if (!progress->terminal || now - progress->written < REWRITE_NS)
        return;
    progress->written = now;
    unsigned left = seconds_left(progress, now);
    char key[96], line[512];
    gcs_key_text(&progress->key, key, sizeof key);
    const char *space = strchr(key, ' '), *shape = space ? space + 1 : key; /* without the spec */
    snprintf(line, sizeof line,
             "shape %zu of %zu, %u:%02u left: %s, %s %.1f GB/s, %.0f %% of ceiling (%s of %zu)",
             progress->shape, progress->shapes, left / 60, left % 60, shape, variant(best),
             gb_per_s, 100 * ceiling, stage, kernels);
    gcs_progress_clear(progress);
    fprintf(stderr, "%.*s", columns() - 1, line);
    fflush(stderr);
}

void gcs_progress_result(gcs_progress *progress, const gcs_shape_result *result, double gb_per_s) {
    unsigned left = seconds_left(progress, gcs_now_ns());
    gcs_progress_clear(progress);
    print_place(progress);
    fprintf(stderr, "%-36s %6.1f GB/s, %3.0f %% of ceiling, %.2f x default, at most %u:%02u left\n",
            result->candidates[result->winner].kernel, gb_per_s, 100 * result->evidence.ceiling,
            result->evidence.vs_default, left / 60, left % 60);
}

void gcs_progress_note(gcs_progress *progress, const char *format, ...) {
    va_list arguments;
    gcs_progress_clear(progress);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
}

void gcs_progress_clear(gcs_progress *progress) {
    if (progress->terminal)
        fputs("\r\033[K", stderr); /* to the line's start, then erase to its end */
}

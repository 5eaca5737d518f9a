/* gcstep verify with a fault in the source of the OpenCL kernels:
 *
 *   verify_planted FILE FROM TO ARGUMENTS...
 *
 * FILE has the source; where FROM is in it for the first time, stands TO. Without FROM (""), the
 * source is as it is. This program has the array of that name in place of the library's. */
#include "tune/command.h"
#include "tune/verify_table.h"

#include <stdio.h>
#include <string.h>

enum { ROOM = 1 << 20 };
char gcs_opencl_source[ROOM];

/* Of tables there is nothing here. */
int gcs_verify_table(const char *path, uint64_t seconds) {
    (void)path;
    (void)seconds;
    return GCS_EXIT_USAGE;
}

static int usage(const char *what, const char *of) {
    fprintf(stderr, "verify_planted: %s%s\n", what, of);
    return 3;
}

static size_t read_source(const char *path) {
    FILE *file = fopen(path, "r");
    const size_t length = file != NULL ? fread(gcs_opencl_source, 1, ROOM, file) : 0;
    if (file != NULL)
        fclose(file);
    return length < ROOM ? length : 0;
}

static int plant(size_t length, const char *from, const char *to) {
    char *at = strstr(gcs_opencl_source, from);
    const size_t less = strlen(from), more = strlen(to);
    if (at == NULL)
        return usage("the source has no: ", from);
    if (length - less + more >= ROOM)
        return usage("no room for: ", to);
    memmove(at + more, at + less, strlen(at + less) + 1);
    memcpy(at, to, more);
    return 0;
}

int main(int argc, char **argv) {
    if (argc < 4)
        return usage("usage: verify_planted FILE FROM TO ARGUMENTS...", "");
    const size_t length = read_source(argv[1]);
    if (length == 0)
        return usage("cannot be read: ", argv[1]);
    const int status = argv[2][0] != '\0' ? plant(length, argv[2], argv[3]) : 0;
    static char verify[] = "verify";
    argv[3] = verify;
    return status != 0 ? status : gcs_cmd_verify(argc - 3, argv + 3);
}

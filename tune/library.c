/* The shared library that belongs to this program. */
#include "tune/library.h"
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Seen from the program's folder: in the build tree, and installed. */
static const char *const places[] = {"dispatch/libgcstep.so",
                                     "../" GCSTEP_INSTALL_LIBDIR "/libgcstep.so"};

/* The folder of this program, with its '/'. */
static bool own_folder(char folder[PATH_MAX]) {
    const ssize_t length = readlink("/proc/self/exe", folder, PATH_MAX - 1);
    if (length <= 0)
        return false;
    folder[length] = '\0';
    char *slash = strrchr(folder, '/');
    if (slash == NULL)
        return false;
    slash[1] = '\0';
    return true;
}

bool gcs_library_size(char *path, size_t path_size, uint64_t *bytes) {
    char folder[PATH_MAX];
    if (!own_folder(folder))
        return false;
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        if ((size_t)snprintf(path, path_size, "%s%s", folder, places[i]) >= path_size)
            continue;
        struct stat status;
        if (stat(path, &status) != 0)
            continue;
        *bytes = (uint64_t)status.st_size;
        return true;
    }
    return false;
}

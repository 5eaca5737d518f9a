/* The files of programs that were built: their names, reading them and writing them. */
#include "dispatch/opencl/cache.h"

#include "dispatch/file.h"
#include "dispatch/opencl/hash.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MOST_BYTES ((size_t)256 << 20) /* of a file */

/* Behind the key, and before the binary: its size and the checksum of both. */
#define SEAL_FORMAT "binary %016zx " GCS_HASH_FORMAT "\n"
enum { SEAL_LENGTH = 7 + 16 + 1 + 32 + 1 };

/* A new string; NULL: memory ran out. */
__attribute__((format(printf, 1, 2))) static char *new_text(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    const int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    char *text = length >= 0 ? malloc((size_t)length + 1) : NULL;
    if (text == NULL)
        return NULL;
    va_start(arguments, format);
    vsnprintf(text, (size_t)length + 1, format, arguments);
    va_end(arguments);
    return text;
}

/* ---- Which file ---------------------------------------------------------------------------- */

/* The XDG base directory specification has relative paths ignored. */
static bool is_absolute(const char *path) {
    return path != NULL && path[0] == '/';
}

static char *new_folder(const gcs_environment *env) {
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    if (env->opencl_cache != NULL)
        return strcmp(env->opencl_cache, "0") != 0 ? new_text("%s", env->opencl_cache) : NULL;
    if (is_absolute(cache))
        return new_text("%s/gcstep/opencl", cache);
    return is_absolute(home) ? new_text("%s/.cache/gcstep/opencl", home) : NULL;
}

/* What lies in the folder runs in this process where the device is a CPU. */
static bool is_trusted(const gcs_environment *env, const char *folder) {
    struct stat status;
    const char *problem = NULL;
    if (stat(folder, &status) != 0)
        problem = errno != ENOENT ? "cannot be examined" : NULL; /* NULL: it is to be made */
    else if (!S_ISDIR(status.st_mode))
        problem = "is no folder";
    else if (status.st_uid != geteuid())
        problem = "is another user's folder";
    else if ((status.st_mode & S_IWOTH) != 0)
        problem = "is a folder that any user may write to";
    if (problem != NULL)
        gcs_log(env, GCS_LOG_INFO, "OpenCL cache: %s %s: not used", folder, problem);
    return problem == NULL;
}

static char *new_key(const gcs_opencl_device *device, const char *source, const char *options) {
    const size_t length = strlen(source);
    gcs_hash hash = gcs_hash_start();
    gcs_hash_add(&hash, source, length);
    return new_text("gcstep OpenCL program, format 1\n"
                    "device %s\nvendor %s\nversion %s\ndriver %s\nplatform %s, %s\n"
                    "source %zu " GCS_HASH_FORMAT "\noptions %s\n",
                    device->name, device->vendor, device->version, device->driver_version,
                    device->platform_name, device->platform_version, length, GCS_HASH_PRINTED(hash),
                    options);
}

void gcs_opencl_cache_open(gcs_opencl_cache *cache, const gcs_environment *env,
                           const gcs_opencl_device *device, const char *source,
                           const char *options) {
    *cache = (gcs_opencl_cache){.env = env};
    char *folder = new_folder(env);
    char *key = folder != NULL && is_trusted(env, folder) ? new_key(device, source, options) : NULL;
    if (key != NULL) {
        gcs_hash hash = gcs_hash_start();
        gcs_hash_add(&hash, key, strlen(key));
        cache->path = new_text("%s/" GCS_HASH_FORMAT ".bin", folder, GCS_HASH_PRINTED(hash));
    }
    free(folder);
    if (cache->path != NULL)
        cache->key = key;
    else
        free(key);
}

void gcs_opencl_cache_close(gcs_opencl_cache *cache) {
    free(cache->key);
    free(cache->path);
    cache->key = cache->path = NULL;
}

/* ---- Its contents -------------------------------------------------------------------------- */

static void seal(const gcs_opencl_cache *cache, const unsigned char *binary, size_t size,
                 char text[SEAL_LENGTH + 1]) {
    gcs_hash hash = gcs_hash_start();
    gcs_hash_add(&hash, cache->key, strlen(cache->key));
    gcs_hash_add(&hash, binary, size);
    snprintf(text, SEAL_LENGTH + 1, SEAL_FORMAT, size, GCS_HASH_PRINTED(hash));
}

/* NULL where the file is whole and of this entry. */
static const char *problem_of(const gcs_opencl_cache *cache, const char *file, size_t size) {
    const size_t key = strlen(cache->key), head = key + SEAL_LENGTH;
    char expected[SEAL_LENGTH + 1];
    if (size <= head)
        return "is cut short";
    if (memcmp(file, cache->key, key) != 0)
        return "is of another key";
    seal(cache, (const unsigned char *)file + head, size - head, expected);
    return memcmp(file + key, expected, SEAL_LENGTH) != 0 ? "is damaged" : NULL;
}

unsigned char *gcs_opencl_cache_load(const gcs_opencl_cache *cache, size_t *size) {
    char *file;
    size_t bytes;
    const char *problem;
    *size = 0;
    if (cache->key == NULL)
        return NULL;
    const gcs_file_result result = gcs_file_read(cache->path, MOST_BYTES, &file, &bytes, &problem);
    if (result == GCS_FILE_ABSENT)
        return NULL;
    if (result == GCS_FILE_OK) {
        problem = problem_of(cache, file, bytes);
        if (problem == NULL) {
            const size_t head = strlen(cache->key) + SEAL_LENGTH;
            *size = bytes - head;
            memmove(file, file + head, *size);
            return (unsigned char *)file;
        }
        free(file);
    }
    gcs_log(cache->env, GCS_LOG_INFO, "OpenCL cache: %s %s: the program is built anew", cache->path,
            problem != NULL ? problem : "cannot be read: out of memory");
    return NULL;
}

/* ---- Writing ------------------------------------------------------------------------------- */

static bool make_folder_of(char *path) {
    for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        const bool exists = mkdir(path, 0700) == 0 || errno == EEXIST;
        *slash = '/';
        if (!exists)
            return false;
    }
    return true;
}

static bool write_all(int fd, const void *bytes, size_t count) {
    const char *at = bytes;
    while (count > 0) {
        const ssize_t written = write(fd, at, count);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return false;
        at += written;
        count -= (size_t)written;
    }
    return true;
}

/* No fsync: after a crash the checksum tells. mkstemp makes files for their owner alone. */
static bool write_file(const gcs_opencl_cache *cache, char *temporary, const unsigned char *binary,
                       size_t size) {
    char text[SEAL_LENGTH + 1];
    const int fd = mkstemp(temporary);
    if (fd < 0)
        return false;
    seal(cache, binary, size, text);
    bool written = write_all(fd, cache->key, strlen(cache->key)) &&
                   write_all(fd, text, SEAL_LENGTH) && write_all(fd, binary, size);
    written = close(fd) == 0 && written && rename(temporary, cache->path) == 0;
    if (!written) {
        const int error = errno;
        unlink(temporary);
        errno = error;
    }
    return written;
}

void gcs_opencl_cache_store(const gcs_opencl_cache *cache, const unsigned char *binary,
                            size_t size) {
    if (cache->key == NULL || size == 0)
        return;
    char *temporary = new_text("%s.XXXXXX", cache->path);
    if (temporary == NULL)
        return;
    if (!make_folder_of(cache->path) || !write_file(cache, temporary, binary, size))
        gcs_log(cache->env, GCS_LOG_INFO, "OpenCL cache: %s cannot be written: %s", cache->path,
                strerror(errno));
    else
        gcs_log(cache->env, GCS_LOG_DEBUG, "OpenCL cache: %s written", cache->path);
    free(temporary);
}

/* How many processors this process may use: its affinity mask and its control groups' CPU quota. */
#if defined(__linux__)
#define _GNU_SOURCE /* sched_getaffinity and the CPU_* macros */
#endif
#include "dispatch/machine.h"

#include "dispatch/file.h"
#include "dispatch/machine_internal.h"
#include "dispatch/text.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef _OPENMP
#include <omp.h>
#endif

#if defined(__linux__)
#include <dirent.h>
#include <sched.h>

/* Larger than any kernel's own mask: a shorter one is refused (EINVAL). */
#define MOST_PROCESSORS 8192

/* Adds the processors that a thread may run on; 0 is the calling thread. */
static void add_affinity(pid_t thread, cpu_set_t *set) {
    const size_t size = CPU_ALLOC_SIZE(MOST_PROCESSORS);
    cpu_set_t *own = CPU_ALLOC(MOST_PROCESSORS);
    if (own != NULL && sched_getaffinity(thread, size, own) == 0)
        CPU_OR_S(size, set, set, own);
    CPU_FREE(own);
}

static void add_affinity_of_all_threads(cpu_set_t *set) {
    DIR *tasks = opendir("/proc/self/task");
    if (tasks == NULL)
        return;
    for (const struct dirent *entry; (entry = readdir(tasks)) != NULL;) {
        uint64_t thread;
        if (gcs_text_u64(entry->d_name, INT_MAX, &thread))
            add_affinity((pid_t)thread, set);
    }
    closedir(tasks);
}

/* 0: the system does not tell. */
static int affinity(bool of_all_threads) {
    const size_t size = CPU_ALLOC_SIZE(MOST_PROCESSORS);
    cpu_set_t *set = CPU_ALLOC(MOST_PROCESSORS);
    if (set == NULL)
        return 0;
    CPU_ZERO_S(size, set);
    add_affinity(0, set);
    if (of_all_threads)
        add_affinity_of_all_threads(set);
    const int count = CPU_COUNT_S(size, set);
    CPU_FREE(set);
    return count;
}
#else
static int affinity(bool of_all_threads) {
    (void)of_all_threads;
    return 0;
}
#endif

/* The number in <folder>/<file>'s first line; false for "max", "-1" or no such file. */
static bool read_number(const char *folder, const char *file, uint64_t *number) {
    char path[4352], text[64];
    const int length = snprintf(path, sizeof path, "%s/%s", folder, file);
    return length > 0 && (size_t)length < sizeof path &&
           gcs_file_first_line(path, text, sizeof text) && gcs_text_u64(text, UINT64_MAX, number);
}

/* Version 2: cpu.max holds "<quota> <period>" or "max <period>". */
static bool read_cpu_max(const char *folder, uint64_t *quota, uint64_t *period) {
    char path[4352], text[64];
    const int length = snprintf(path, sizeof path, "%s/cpu.max", folder);
    if (length < 0 || (size_t)length >= sizeof path ||
        !gcs_file_first_line(path, text, sizeof text))
        return false;
    char *space = strchr(text, ' ');
    if (space == NULL)
        return false;
    *space = '\0';
    return gcs_text_u64(text, UINT64_MAX, quota) && gcs_text_u64(space + 1, UINT64_MAX, period);
}

/* Rounded down: a thread that the quota does not pay for is stopped in the middle of a step, and
 * all others wait for it. */
static int quota_of_folder(const char *folder) {
    uint64_t quota, period;
    const bool limited = read_cpu_max(folder, &quota, &period) ||
                         (read_number(folder, "cpu.cfs_quota_us", &quota) &&
                          read_number(folder, "cpu.cfs_period_us", &period));
    if (!limited || period == 0)
        return 0;
    const uint64_t whole = quota / period;
    if (whole > INT_MAX)
        return 0;
    return whole > 1 ? (int)whole : 1;
}

static int tighter(int a, int b) {
    if (a == 0 || b == 0)
        return a + b;
    return a < b ? a : b;
}

/* A group's quota binds its descendants too, so every folder from `path` up to the hierarchy's
 * root counts. In a container the path may be one that only the host can see, or lead out of the
 * root ("/../.."): then the root alone answers. */
static int quota_of_path(const char *hierarchy, const char *path) {
    char folder[4096];
    const int length =
        snprintf(folder, sizeof folder, "%s%s", hierarchy, strstr(path, "..") ? "" : path);
    if (length < 0 || (size_t)length >= sizeof folder)
        return 0;
    const size_t top = strlen(hierarchy);
    int least = 0;
    for (;;) {
        least = tighter(least, quota_of_folder(folder));
        char *slash = strrchr(folder, '/');
        if (slash == NULL || (size_t)(slash - folder) < top)
            return least;
        *slash = '\0';
    }
}

/* Whether the comma-separated `list` has the word "cpu". */
static bool lists_cpu(const char *list) {
    while (*list != '\0') {
        const size_t length = strcspn(list, ",");
        if (length == 3 && strncmp(list, "cpu", 3) == 0)
            return true;
        list += length + (list[length] == ',');
    }
    return false;
}

/* One line "<id>:<controllers>:<path>"; version 2 has id 0 and no controllers. */
static int quota_of_membership(char *line, const char *root) {
    char *controllers = strchr(line, ':');
    char *path = controllers != NULL ? strchr(controllers + 1, ':') : NULL;
    if (path == NULL)
        return 0;
    *controllers++ = '\0';
    *path++ = '\0';
    if (strcmp(line, "0") == 0 && *controllers == '\0')
        return quota_of_path(root, path);
    if (!lists_cpu(controllers))
        return 0;
    char hierarchy[4096];
    const int length = snprintf(hierarchy, sizeof hierarchy, "%s/cpu", root);
    if (length < 0 || (size_t)length >= sizeof hierarchy)
        return 0;
    return quota_of_path(hierarchy, path);
}

int gcs_machine_quota(const char *membership, const char *root) {
    const size_t enough = (size_t)1 << 16;
    char *text;
    size_t size;
    const char *problem;
    if (gcs_file_read(membership, enough, &text, &size, &problem) != GCS_FILE_OK)
        return 0;
    int least = 0;
    for (char *line = text; *line != '\0';) {
        char *end = line + strcspn(line, "\n");
        char *next = *end == '\n' ? end + 1 : end;
        *end = '\0';
        least = tighter(least, quota_of_membership(line, root));
        line = next;
    }
    free(text);
    return least;
}

static int within_quota(int count) {
    if (count < 1) {
        const long online = sysconf(_SC_NPROCESSORS_ONLN);
        count = online > 0 && online <= INT_MAX ? (int)online : 1;
    }
    return tighter(count, gcs_machine_quota("/proc/self/cgroup", "/sys/fs/cgroup"));
}

int gcs_machine_allowed_threads(void) {
#ifdef _OPENMP
    /* With OMP_PROC_BIND the run time has bound the calling thread to a processor of its own, and
     * knows what the process was given. */
    if (omp_get_proc_bind() != omp_proc_bind_false)
        return within_quota(omp_get_num_procs());
#endif
    return within_quota(affinity(false));
}

int gcs_machine_pool_threads(void) {
    return within_quota(affinity(true));
}

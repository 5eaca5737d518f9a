/* What the tests of tables share: lines made from fields, files in a scratch folder, and stderr
 * caught in a file. */
#ifndef GCSTEP_TESTS_TABLE_FIXTURE_H
#define GCSTEP_TESTS_TABLE_FIXTURE_H

/* cmocka wants these before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "dispatch/registry.h"
#include "dispatch/table.h"
#include <cmocka.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- Text -------------------------------------------------------------------------------- */

/* Columns of a line, in the order of docs/table.md. */
enum {
    F_LINE,
    F_SPEC,
    F_LAYOUT,
    F_TYPES,
    F_ROWS,
    F_COLS,
    F_THREADS,
    F_KERNEL,
    F_IMPL_REV,
    F_RIGOR,
    F_DATE,
    F_MEDIAN_NS,
    F_SPREAD,
    F_CEILING,
    F_VS_DEFAULT,
    F_GAP,
    F_TIES,
    F_ROUNDS,
    F_COUNT
};

typedef struct table_fields {
    const char *at[F_COUNT];
} table_fields;

/* The n-th compiled kernel, portable ones first, that does this; NULL: there are fewer. */
static inline const gcs_kernel *nth_kernel(const gcs_need *need, size_t n) {
    for (size_t i = 0; i < gcs_registry_lists(); i++) {
        const gcs_kernel_list *list = gcs_registry_list(i);
        for (size_t k = 0; k < list->count; k++) {
            if (gcs_kernel_accepts(&list->kernels[k], need) && n-- == 0)
                return &list->kernels[k];
        }
    }
    return NULL;
}

/* The name of the n-th kernel for such groups, f32, with the centre that goes with the view. */
static inline const char *kernel_for(gcs_op op, gcs_rule rule, gcs_view view, uint64_t length,
                                     size_t n) {
    const gcs_center center = view == GCS_VIEW_FLAT ? GCS_CENTER_NONE : GCS_CENTER_GRADIENT;
    const gcs_need need = {
        .op = op, .form = {.rule = rule, .center = center}, .view = view, .length = length};
    const gcs_kernel *kernel = nth_kernel(&need, n);
    if (kernel == NULL)
        fail_msg("this build has too few kernels");
    return kernel->name;
}

/* The key of a default f32 step on rows. */
static inline gcs_table_key rows_key(gcs_rule rule, uint64_t rows, uint64_t cols,
                                     uint32_t threads) {
    return (gcs_table_key){.rule = rule,
                           .center = GCS_CENTER_GRADIENT,
                           .layout = GCS_LAYOUT_ROWS,
                           .rows = rows,
                           .cols = cols,
                           .threads = threads};
}

/* The n-th kernel for centred SGDM on rows; the first ones are portable. */
static inline const char *rows_kernel(size_t n) {
    return kernel_for(GCS_OP_STEP, GCS_RULE_SGDM, GCS_VIEW_ROWS, 576, n);
}

/* A line that any build takes: its kernel is portable, and "-" is no stale revision. */
static inline table_fields good_fields(void) {
    return (table_fields){{"line", "sgdm_grad", "rows", "f32", "64", "576", "1", rows_kernel(0),
                           "-", "normal", "2024-05-06", "1234.5", "0.02", "0.91", "1.08", "0.03",
                           "-", "41"}};
}

/* One text, grown by appending. */
typedef struct text {
    char *at;
    size_t size; /* without the '\0' behind it */
} text;

__attribute__((format(printf, 2, 3))) static inline void add(text *t, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    int more = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    assert_true(more >= 0);
    t->at = realloc(t->at, t->size + (size_t)more + 1);
    assert_non_null(t->at);
    va_start(arguments, format);
    vsnprintf(t->at + t->size, (size_t)more + 1, format, arguments);
    va_end(arguments);
    t->size += (size_t)more;
}

static inline void add_fields(text *t, table_fields fields) {
    for (size_t i = 0; i < F_COUNT; i++)
        add(t, "%s%s", i > 0 ? "\t" : "", fields.at[i]);
    add(t, "\n");
}

/* The good line with one field changed. */
static inline void add_changed(text *t, size_t field, const char *value) {
    table_fields fields = good_fields();
    fields.at[field] = value;
    add_fields(t, fields);
}

static inline void add_head(text *t, const char *machine) {
    add(t, "gcstep-table\t1\nmachine\t%s\n", machine);
}

static inline void free_text(text *t) {
    free(t->at);
    *t = (text){0};
}

/* ---- Files ------------------------------------------------------------------------------- */

/* A folder of this process, removed by scratch_remove. */
static char scratch[256];

static inline int scratch_make(void **state) {
    (void)state;
    const char *base = getenv("TMPDIR");
    snprintf(scratch, sizeof scratch, "%s/gcstep-test-XXXXXX", base ? base : P_tmpdir);
    return mkdtemp(scratch) ? 0 : -1;
}

static inline void remove_tree(const char *folder) {
    DIR *dir = opendir(folder);
    struct dirent *entry;
    while (dir && (entry = readdir(dir))) {
        struct stat status;
        text path = {0};
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        add(&path, "%s/%s", folder, entry->d_name);
        if (lstat(path.at, &status) == 0 && S_ISDIR(status.st_mode))
            remove_tree(path.at);
        else
            unlink(path.at);
        free_text(&path);
    }
    if (dir)
        closedir(dir);
    rmdir(folder);
}

static inline int scratch_remove(void **state) {
    (void)state;
    remove_tree(scratch);
    return 0;
}

/* <scratch>/<name>; `path` has 512 bytes. */
static inline const char *scratch_path(char *path, const char *name) {
    snprintf(path, 512, "%s/%s", scratch, name);
    return path;
}

static inline void write_file(const char *path, const void *bytes, size_t size) {
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_true(size == 0 || fwrite(bytes, 1, size, file) == size);
    assert_int_equal(fclose(file), 0);
}

/* The whole file, to be freed. */
static inline char *read_file(const char *path) {
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    char *bytes = NULL;
    size_t size = 0;
    for (;;) {
        bytes = realloc(bytes, size + 4097);
        assert_non_null(bytes);
        size_t got = fread(bytes + size, 1, 4096, file);
        size += got;
        if (got == 0)
            break;
    }
    bytes[size] = '\0';
    fclose(file);
    return bytes;
}

/* ---- stderr ------------------------------------------------------------------------------ */

static int caught_stderr = -1;

static inline void catch_stderr(void) {
    char path[512];
    assert_int_equal(caught_stderr, -1);
    fflush(stderr);
    caught_stderr = dup(STDERR_FILENO);
    int fd = open(scratch_path(path, "stderr"), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0600);
    assert_true(caught_stderr >= 0 && fd >= 0);
    assert_true(dup2(fd, STDERR_FILENO) >= 0);
    close(fd);
}

/* Gives stderr back; returns what was written to it, to be freed. */
static inline char *release_stderr(void) {
    char path[512];
    fflush(stderr);
    dup2(caught_stderr, STDERR_FILENO);
    close(caught_stderr);
    caught_stderr = -1;
    return read_file(scratch_path(path, "stderr"));
}

static inline size_t count_lines(const char *lines) {
    size_t count = 0;
    for (; *lines != '\0'; lines++)
        count += *lines == '\n';
    return count;
}

#define assert_contains(all, part)                                                                 \
    do {                                                                                           \
        if (strstr((all), (part)) == NULL)                                                         \
            fail_msg("\"%s\" does not contain \"%s\"", (all), (part));                             \
    } while (0)

/* Writes `bytes` to <scratch>/<name>, its folders made. */
static inline void scratch_put(const char *name, const char *bytes) {
    char path[512];
    scratch_path(path, name);
    for (char *slash = path + strlen(scratch) + 1; (slash = strchr(slash, '/')); slash++) {
        *slash = '\0';
        mkdir(path, 0700);
        *slash = '/';
    }
    write_file(path, bytes, strlen(bytes));
}

#endif

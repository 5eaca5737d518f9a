/* Which program measured, when, and where its user's table lies. */
#include "tune/tool.h"
#include <gcstep/gcstep.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define TEXT(x)  TEXT_(x)
#define TEXT_(x) #x

#if defined(__clang__)
#define COMPILER                                                                                   \
    "clang " TEXT(__clang_major__) "." TEXT(__clang_minor__) "." TEXT(__clang_patchlevel__)
#elif defined(__GNUC__)
#define COMPILER "gcc " TEXT(__GNUC__) "." TEXT(__GNUC_MINOR__) "." TEXT(__GNUC_PATCHLEVEL__)
#else
#define COMPILER "cc"
#endif

#define VERSION TEXT(GCS_VERSION_MAJOR) "." TEXT(GCS_VERSION_MINOR) "." TEXT(GCS_VERSION_PATCH)

const char *gcs_tool_text(void) {
    return "gcstep " VERSION " " COMPILER;
}

void gcs_today(char *text, size_t size) {
    time_t now = time(NULL);
    struct tm date;
    gmtime_r(&now, &date);
    strftime(text, size, "%Y-%m-%d", &date);
}

size_t gcs_user_table_path(char *path, size_t size) {
    const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
    int length = 0;
    if (config && config[0] == '/') /* the XDG specification: a relative path is not valid */
        length = snprintf(path, size, "%s/gcstep/table.tsv", config);
    else if (home && *home)
        length = snprintf(path, size, "%s/.config/gcstep/table.tsv", home);
    return length > 0 ? (size_t)length : 0;
}

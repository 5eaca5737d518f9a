/* The thread's last error, the names of the statuses, the version. */
#include "dispatch/error.h"

#include <stdarg.h>
#include <stdio.h>

#define MESSAGE_SIZE 512

static _Thread_local char message[MESSAGE_SIZE];

gcs_status gcs_fail(gcs_status status, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    return status;
}

const char *gcs_last_error(void) {
    return message;
}

const char *gcs_status_name(gcs_status status) {
    switch (status) {
    case GCS_OK:
        return "GCS_OK";
    case GCS_INVALID_ARGUMENT:
        return "GCS_INVALID_ARGUMENT";
    case GCS_OUT_OF_MEMORY:
        return "GCS_OUT_OF_MEMORY";
    case GCS_UNSUPPORTED:
        return "GCS_UNSUPPORTED";
    case GCS_BAD_ENVIRONMENT:
        return "GCS_BAD_ENVIRONMENT";
    case GCS_BUSY:
        return "GCS_BUSY";
    case GCS_DEVICE_ERROR:
        return "GCS_DEVICE_ERROR";
    }
    return "unknown status";
}

#define TEXT_OF(number) #number
#define TEXT(number)    TEXT_OF(number)

const char *gcs_version(void) {
    return TEXT(GCS_VERSION_MAJOR) "." TEXT(GCS_VERSION_MINOR) "." TEXT(GCS_VERSION_PATCH);
}

/* Numbers and words of the library's text formats. strtod, printf's %f and isdigit follow the
 * program's locale, which belongs to the caller, so none of them is used here. */
#include "dispatch/text.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static size_t count_digits(const char *text) {
    size_t count = 0;
    while (is_digit(text[count]))
        count++;
    return count;
}

static uint64_t read_digits(const char *text, size_t count) {
    uint64_t value = 0;
    for (size_t i = 0; i < count; i++)
        value = 10 * value + (uint64_t)(text[i] - '0');
    return value;
}

bool gcs_text_u64(const char *text, uint64_t max, uint64_t *value) {
    const size_t count = count_digits(text);
    if (count == 0 || text[count] != '\0' || (count > 1 && text[0] == '0'))
        return false;
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        const uint64_t digit = (uint64_t)(text[i] - '0');
        if (sum > (UINT64_MAX - digit) / 10)
            return false;
        sum = 10 * sum + digit;
    }
    if (sum > max)
        return false;
    *value = sum;
    return true;
}

bool gcs_text_decimal(const char *text, double *value) {
    const size_t whole = count_digits(text);
    if (whole < 1 || whole > 15 || (whole > 1 && text[0] == '0'))
        return false;
    double sum = (double)read_digits(text, whole);
    text += whole;
    if (*text == '.') {
        text++;
        const size_t decimals = count_digits(text);
        if (decimals < 1 || decimals > 9)
            return false;
        double scale = 1;
        for (size_t i = 0; i < decimals; i++)
            scale *= 10;
        sum += (double)read_digits(text, decimals) / scale;
        text += decimals;
    }
    if (*text != '\0')
        return false;
    *value = sum;
    return true;
}

void gcs_text_format_decimal(double value, char text[GCS_TEXT_DECIMAL]) {
    const double largest = 999999999999999.0;
    const uint64_t scale = 1000000;
    double magnitude = isfinite(value) ? fabs(value) : 0;
    if (magnitude > largest)
        magnitude = largest;
    uint64_t whole = (uint64_t)magnitude;
    uint64_t decimals = (uint64_t)((magnitude - (double)whole) * (double)scale + 0.5);
    if (decimals == scale) {
        decimals = 0;
        whole++;
    }
    const char *sign = value < 0 && (whole > 0 || decimals > 0) ? "-" : "";
    int width = 6;
    while (width > 0 && decimals % 10 == 0) {
        decimals /= 10;
        width--;
    }
    if (width == 0)
        snprintf(text, GCS_TEXT_DECIMAL, "%s%" PRIu64, sign, whole);
    else
        snprintf(text, GCS_TEXT_DECIMAL, "%s%" PRIu64 ".%0*" PRIu64, sign, whole, width, decimals);
}

bool gcs_text_copy(char *target, size_t size, const char *text) {
    const size_t length = strlen(text);
    if (length == 0 || length >= size)
        return false;
    memcpy(target, text, length + 1);
    return true;
}

bool gcs_text_is_date(const char *text) {
    if (count_digits(text) != 4 || text[4] != '-' || count_digits(text + 5) != 2 ||
        text[7] != '-' || count_digits(text + 8) != 2 || text[10] != '\0')
        return false;
    const uint64_t month = read_digits(text + 5, 2), day = read_digits(text + 8, 2);
    return month >= 1 && month <= 12 && day >= 1 && day <= 31;
}

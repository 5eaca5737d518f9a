/* Numbers and words of the library's text formats, the same in every locale. */
#ifndef GCSTEP_DISPATCH_TEXT_H
#define GCSTEP_DISPATCH_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Digits alone, no sign, no leading zero, at most `max`. */
bool gcs_text_u64(const char *text, uint64_t max, uint64_t *value);

/* 1 to 15 digits, then perhaps a point and 1 to 9 digits: no sign, no exponent. */
bool gcs_text_decimal(const char *text, double *value);

/* Room for any text of gcs_text_format_decimal. */
#define GCS_TEXT_DECIMAL 32

/* `value` with at most 6 decimals, in the form that gcs_text_decimal reads (and a '-' before a
 * negative one); "0" for what is not finite, 999999999999999 for what is larger than that. */
void gcs_text_format_decimal(double value, char text[GCS_TEXT_DECIMAL]);

/* Copies `text` with its end; false, and nothing copied, where it is empty or does not fit. */
bool gcs_text_copy(char *target, size_t size, const char *text);

/* YYYY-MM-DD with a month of 1 to 12 and a day of 1 to 31. */
bool gcs_text_is_date(const char *text);

#endif

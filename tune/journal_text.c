/* The text of a journal: header, runs and results, tab-separated. A result is its candidates' lines
 * and then one line `result`, which makes it count. */
#include "tune/journal_text.h"
#include "dispatch/registry.h"
#include "dispatch/table_internal.h"
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define CANDIDATE_FIELDS 7
#define RESULT_FIELDS    21
#define MOST_FIELDS      21
#define REAL             "\t%.17g" /* so many digits give the same number when read */

static void write_device(FILE *to, const gcs_device_identity *device) {
    const gcs_device_backend *backend = gcs_device_backend_find(device->backend);
    char identity[GCS_DEVICE_IDENTITY_SIZE];
    gcs_device_identity_format(device, identity, sizeof identity);
    fprintf(to, "gcstep-journal\t2\ndevice\t%s\nimpl_revs\t%s=%s\n", identity, device->backend,
            backend ? backend->impl_rev() : "-");
}

void gcs_journal_write_header(FILE *to, const gcs_machine *machine,
                              const gcs_device_identity *device) {
    char identity[512];
    if (device) {
        write_device(to, device);
        return;
    }
    gcs_machine_format(machine, identity, sizeof identity);
    fprintf(to, "gcstep-journal\t2\nmachine\t%s\nimpl_revs", identity);
    for (size_t i = 0; i < gcs_registry_lists(); i++) {
        const gcs_kernel_list *list = gcs_registry_list(i);
        fprintf(to, "\t%s=%s", list->isa_name, list->impl_rev);
    }
    fputc('\n', to);
}

void gcs_journal_write_result(FILE *to, const gcs_shape_result *result) {
    for (size_t i = 0; i < result->count; i++) {
        const gcs_candidate_result *c = &result->candidates[i];
        fprintf(to, "candidate\t%s\t%s" REAL REAL REAL "\t%" PRIu32 "\n", c->kernel,
                gcs_fate_name(c->fate), c->median, c->lower_quartile, c->upper_quartile, c->rounds);
    }
    const gcs_table_key *key = &result->key;
    const gcs_evidence *e = &result->evidence;
    fprintf(to, "result\t%s_%s\t%s\t%s\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu32 "\t%s\t%s\t%s",
            gcs_rule_name(key->rule), gcs_center_name(key->center),
            gcs_view_name((gcs_view)key->layout), gcs_types_name(key->gradient, key->copy),
            key->rows, key->cols, key->threads, gcs_rigor_name(result->rigor), result->date,
            result->candidates[result->winner].kernel);
    fprintf(to, REAL REAL REAL REAL REAL REAL "\t%" PRIu32 REAL REAL "\t%" PRIu32 "\t%s\n",
            result->default_ns, e->median_ns, e->spread, e->ceiling, e->vs_default,
            e->runner_up_gap, e->rounds, result->hot_gain, result->hot_ceiling, result->hot_rounds,
            e->ties);
}

void gcs_journal_write_run(FILE *to, const char *words) {
    fprintf(to, "run\t%s\n", words);
}

/* ---- Reading the header -------------------------------------------------------------------- */

/* The line at *at, without its newline, if it begins with the word and a tab; *at: behind it. */
static bool take_header_line(const char **at, const char *word, char *text, size_t size) {
    const size_t length = strlen(word), whole = strcspn(*at, "\n");
    if (strncmp(*at, word, length) != 0 || (*at)[length] != '\t' || (*at)[whole] != '\n')
        return false;
    const int cut = snprintf(text, size, "%.*s", (int)(whole - length - 1), *at + length + 1);
    *at += whole + 1;
    return cut >= 0 && (size_t)cut < size;
}

/* Whether the text begins with the header that this build writes there. */
static bool is_of_this_build(const char *text, const gcs_journal_header *header) {
    char *own = NULL;
    size_t size;
    FILE *to = open_memstream(&own, &size);
    if (!to)
        return false;
    gcs_journal_write_header(to, &header->machine, header->of_device ? &header->device : NULL);
    const bool same = fclose(to) == 0 && strncmp(text, own, size) == 0;
    free(own);
    return same;
}

/* The line of a machine or of a device. */
static bool take_owner(const char **at, gcs_journal_header *header) {
    char value[1024];
    if (take_header_line(at, "machine", value, sizeof value))
        return gcs_machine_parse(value, &header->machine);
    header->of_device = true;
    return take_header_line(at, "device", value, sizeof value) &&
           gcs_device_identity_parse(value, &header->device);
}

bool gcs_journal_parse_header(const char *text, gcs_journal_header *header) {
    char value[1024];
    const char *at = text;
    memset(header, 0, sizeof *header);
    if (!take_header_line(&at, "gcstep-journal", value, sizeof value) || strcmp(value, "2") != 0 ||
        !take_owner(&at, header) || !take_header_line(&at, "impl_revs", value, sizeof value))
        return false;
    header->size = (size_t)(at - text);
    header->same_kernels = is_of_this_build(text, header);
    return true;
}

/* ---- Reading ------------------------------------------------------------------------------- */

static size_t cut(char *line, char *fields[MOST_FIELDS]) {
    size_t count = 0;
    while (line && count < MOST_FIELDS) {
        fields[count++] = line;
        line = strchr(line, '\t');
        if (line)
            *line++ = '\0';
    }
    return line ? MOST_FIELDS + 1 : count;
}

static bool read_real(const char *text, double *value) {
    char *end;
    *value = strtod(text, &end);
    return end != text && *end == '\0' && isfinite(*value) && *value >= 0;
}

static bool read_count(const char *text, uint64_t most, uint64_t *value) {
    char *end;
    if (text[0] < '0' || text[0] > '9')
        return false;
    *value = strtoull(text, &end, 10);
    return *end == '\0' && *value <= most;
}

static bool read_count32(const char *text, uint32_t *value) {
    uint64_t wide;
    if (!read_count(text, UINT32_MAX, &wide))
        return false;
    *value = (uint32_t)wide;
    return true;
}

static bool read_text(const char *text, char *to, size_t size) {
    return *text != '\0' && (size_t)snprintf(to, size, "%s", text) < size;
}

static bool read_candidate(char *const f[], gcs_candidate_result *c) {
    return read_text(f[1], c->kernel, sizeof c->kernel) && gcs_fate_parse(f[2], &c->fate) &&
           read_real(f[3], &c->median) && read_real(f[4], &c->lower_quartile) &&
           read_real(f[5], &c->upper_quartile) && read_count32(f[6], &c->rounds) &&
           (c->fate == GCS_FATE_FAILED || c->median > 0);
}

/* On a device there are no threads to count. */
static bool read_key(char *const f[], bool of_device, gcs_table_key *key) {
    gcs_spec spec;
    if (!gcs_spec_parse(f[1], &spec) || !gcs_layout_parse(f[2], &key->layout) ||
        !gcs_types_parse(f[3], &key->gradient, &key->copy) ||
        !read_count(f[4], UINT64_MAX, &key->rows) || !read_count(f[5], UINT64_MAX, &key->cols) ||
        !read_count32(f[6], &key->threads))
        return false;
    key->rule = spec.rule;
    key->center = spec.center;
    return key->rows > 0 && key->cols > 0 && (key->threads == 0) == of_device;
}

static bool find_winner(gcs_shape_result *result, const char *kernel) {
    for (size_t i = 0; i < result->count; i++) {
        if (strcmp(result->candidates[i].kernel, kernel) != 0)
            continue;
        result->winner = i;
        return result->candidates[i].fate != GCS_FATE_FAILED;
    }
    return false;
}

/* `result` has its candidates already. */
static bool read_result(char *const f[], bool of_device, gcs_shape_result *result) {
    gcs_evidence *e = &result->evidence;
    return read_key(f, of_device, &result->key) && gcs_rigor_parse(f[7], &result->rigor) &&
           read_text(f[8], result->date, sizeof result->date) && find_winner(result, f[9]) &&
           result->candidates[0].fate == GCS_FATE_DEFAULT &&
           read_real(f[10], &result->default_ns) && read_real(f[11], &e->median_ns) &&
           read_real(f[12], &e->spread) && read_real(f[13], &e->ceiling) &&
           read_real(f[14], &e->vs_default) && read_real(f[15], &e->runner_up_gap) &&
           read_count32(f[16], &e->rounds) && read_real(f[17], &result->hot_gain) &&
           read_real(f[18], &result->hot_ceiling) && read_count32(f[19], &result->hot_rounds) &&
           read_text(f[20], e->ties, sizeof e->ties);
}

/* What one line did. */
typedef enum line_kind {
    LINE_CANDIDATE,
    LINE_RESULT,
    LINE_RUN,
    LINE_BAD,
    LINE_NO_MEMORY
} line_kind;

static line_kind take_line(char *line, gcs_shape_result *pending, gcs_results *results) {
    char *fields[MOST_FIELDS];
    if (strncmp(line, "run\t", 4) == 0)
        return LINE_RUN;
    size_t count = cut(line, fields);
    if (count == CANDIDATE_FIELDS && strcmp(fields[0], "candidate") == 0) {
        gcs_candidate_result candidate;
        if (!read_candidate(fields, &candidate))
            return LINE_BAD;
        gcs_candidate_result *room = gcs_result_add(pending);
        if (!room)
            return LINE_NO_MEMORY;
        *room = candidate;
        return LINE_CANDIDATE;
    }
    if (count != RESULT_FIELDS || strcmp(fields[0], "result") != 0 ||
        !read_result(fields, results->device != NULL, pending))
        return LINE_BAD;
    if (!gcs_results_put(results, pending))
        return LINE_NO_MEMORY;
    *pending = (gcs_shape_result){.count = 0};
    return LINE_RESULT;
}

static size_t count_lines(const char *text, size_t size) {
    size_t lines = 0;
    for (size_t i = 0; i < size; i++)
        lines += text[i] == '\n';
    return lines;
}

bool gcs_journal_parse(char *text, size_t size, size_t begin, gcs_results *results,
                       gcs_journal_reading *reading) {
    gcs_shape_result pending = {.count = 0};
    size_t number = count_lines(text, begin);
    line_kind kind = LINE_RESULT;
    *reading = (gcs_journal_reading){.end = begin};
    for (size_t at = begin; at < size && kind != LINE_NO_MEMORY;) {
        char *newline = memchr(text + at, '\n', size - at);
        if (!newline)
            break;
        *newline = '\0';
        number++;
        kind = take_line(text + at, &pending, results);
        if (kind == LINE_RUN)
            reading->run = text + at + strlen("run\t");
        if (kind == LINE_BAD || kind == LINE_RUN)
            gcs_result_free(&pending);
        if (kind == LINE_BAD && reading->bad_lines++ == 0)
            reading->first_bad = number;
        at = (size_t)(newline - text) + 1;
        if (kind != LINE_CANDIDATE)
            reading->end = at;
    }
    gcs_result_free(&pending);
    return kind != LINE_NO_MEMORY;
}

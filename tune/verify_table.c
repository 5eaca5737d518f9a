/* gcstep verify --table: resolving the lines of a table, and timing a sample of them again. */
#include "tune/verify_table.h"
#include "dispatch/plan.h"
#include "dispatch/registry.h"
#include "measure/measure.h"
#include "tune/command.h"
#include "tune/options.h"
#include "tune/retime.h"
#include "tune/shapes.h"
#include "tune/whole_table.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECOND_NS 1000000000u
/* What a line gets where there are too many for all to be timed: room for setting up, and for the
 * rounds of a shape of some MiB. */
#define LEAST_SHARE_NS (SECOND_NS / 2)

/* A device that the table has lines for. */
typedef struct listed_device {
    gcs_device_identity identity;
    size_t lines;
    gcs_rig *rig;  /* NULL: it is not here */
    char why[512]; /* what is said of that */
} listed_device;

/* A line that can be timed, and where. */
typedef struct drawn_line {
    const gcs_table_entry *entry;
    gcs_rig *rig;
} drawn_line;

typedef struct verification {
    gcs_whole_table table;
    gcs_machine machine;
    gcs_rig *cpu;
    listed_device *devices;
    size_t device_count;
    size_t unresolved, stale, of_others;
    drawn_line *lines; /* [count], in random order */
    size_t count;
    size_t timed, drifted, failed;
} verification;

/* ---- Resolving ----------------------------------------------------------------------------- */

/* The parser has looked at the kernels that this build has. */
static void resolve(verification *v) {
    v->unresolved = v->table.bad_lines;
    for (size_t i = 0; i < v->table.entries.count; i++) {
        const gcs_table_entry *entry = &v->table.entries.items[i];
        const gcs_table_line *line = &entry->line;
        gcs_device_identity device;
        if (!gcs_device_kernel(gcs_entry_device(&v->table, entry, &device), line->kernel)) {
            fprintf(stderr, "gcstep verify: %s:%" PRIu32 ": kernel '%s' is not in this build\n",
                    v->table.path, line->number, line->kernel);
            v->unresolved++;
        } else if (gcs_entry_is_stale(entry)) {
            v->stale++;
        }
    }
}

static void print_resolved(const verification *v) {
    const size_t lines = v->table.entries.count + v->table.bad_lines;
    printf("%s: %zu of %zu lines resolve to a kernel\n", v->table.path, lines - v->unresolved,
           lines);
    if (v->stale)
        printf("  stale: %zu lines, measured on other kernels than this build's; tune again\n",
               v->stale);
}

/* ---- The sample ---------------------------------------------------------------------------- */

static bool is_of_this_machine(const verification *v, const gcs_table_entry *entry) {
    char identity[GCS_IDENTITY_SIZE];
    gcs_machine machine;
    gcs_entry_identity(&v->table, entry, identity);
    return !entry->of_device && gcs_machine_parse(identity, &machine) &&
           gcs_machine_same(&machine, &v->machine);
}

static bool can_be_timed(gcs_rig *rig, const gcs_table_line *line) {
    const gcs_table_key *key = &line->key;
    const gcs_kernel *kernel = gcs_device_kernel(rig->device, line->kernel);
    const gcs_spec spec = gcs_key_spec(key);
    const gcs_tensor tensor = {.layout = key->layout, .rows = key->rows, .cols = key->cols};
    const gcs_need need = {.op = GCS_OP_STEP,
                           .form = gcs_key_form(key),
                           .view = (gcs_view)key->layout,
                           .length = key->layout == GCS_LAYOUT_COLS ? key->rows : key->cols};
    return kernel && key->rows > 0 && line->evidence.rounds > 0 && line->evidence.vs_default > 0 &&
           rig->may_race(rig, kernel, &need) &&
           (rig->device || (key->threads <= (uint32_t)gcs_machine_allowed_threads() &&
                            !gcs_tensor_is_split(&spec, &tensor, (int)key->threads)));
}

/* The entry's device, opened where it is here; NULL: memory ran out. */
static listed_device *device_of(verification *v, const gcs_table_entry *entry) {
    gcs_device_identity identity;
    gcs_entry_device(&v->table, entry, &identity);
    for (size_t i = 0; i < v->device_count; i++)
        if (gcs_device_identity_equal(&v->devices[i].identity, &identity))
            return &v->devices[i];
    listed_device *grown = realloc(v->devices, (v->device_count + 1) * sizeof *grown);
    if (!grown)
        return NULL;
    v->devices = grown;
    listed_device *found = &grown[v->device_count++];
    *found = (listed_device){.identity = identity};
    found->rig = gcs_rig_open_same(&identity, found->why, sizeof found->why);
    if (found->rig)
        found->rig->all = true;
    return found;
}

/* Where the entry is to be timed; NULL: nowhere here. False: memory ran out. */
static bool find_rig(verification *v, const gcs_table_entry *entry, gcs_rig **rig) {
    *rig = NULL;
    if (entry->of_device) {
        listed_device *found = device_of(v, entry);
        if (!found)
            return false;
        found->lines++;
        *rig = found->rig;
    } else if (is_of_this_machine(v, entry)) {
        *rig = v->cpu;
    } else {
        v->of_others++;
    }
    return true;
}

/* False: memory ran out. */
static bool draw_sample(verification *v) {
    const size_t entries = v->table.entries.count;
    drawn_line *found = calloc(entries + 1, sizeof *found);
    size_t *order = calloc(entries + 1, sizeof *order);
    gcs_random random = {gcs_now_ns()};
    v->lines = calloc(entries + 1, sizeof *v->lines);
    bool room = found && order && v->lines;
    for (size_t i = 0; room && i < entries; i++) {
        const gcs_table_entry *entry = &v->table.entries.items[i];
        gcs_rig *rig;
        room = find_rig(v, entry, &rig);
        if (rig && can_be_timed(rig, &entry->line))
            found[v->count++] = (drawn_line){entry, rig};
    }
    if (room)
        gcs_shuffle(&random, order, v->count);
    for (size_t i = 0; room && i < v->count; i++)
        v->lines[i] = found[order[i]];
    free(found);
    free(order);
    return room;
}

static void print_timing(const gcs_table_entry *entry, const gcs_retiming *timing,
                         const char *verdict) {
    const gcs_table_line *line = &entry->line;
    char text[96];
    gcs_key_text(&line->key, text, sizeof text);
    char where[32] = "device";
    if (!entry->of_device)
        snprintf(where, sizeof where, "%" PRIu32 " thread%s", line->key.threads,
                 line->key.threads == 1 ? "" : "s");
    printf("  line %-4" PRIu32 " %s, %s, %s: %s %.3f (%.3f to %.3f), now %.3f "
           "(%.3f to %.3f)%s: %s\n",
           line->number, text, where, line->kernel,
           timing->with_ceiling ? "the default itself, of the ceiling"
                                : "times the default's speed",
           timing->recorded, timing->recorded_low, timing->recorded_high, timing->now,
           timing->now_low, timing->now_high, gcs_entry_is_stale(entry) ? ", stale" : "", verdict);
    fflush(stdout);
}

static void retime(verification *v, const drawn_line *drawn, uint64_t deadline) {
    const gcs_table_entry *entry = drawn->entry;
    const gcs_table_line *line = &entry->line;
    gcs_retiming timing;
    char why[640];
    switch (gcs_retime(drawn->rig, line, deadline, &timing, why, sizeof why)) {
    case GCS_RETIMED_NO_TIME: /* for a smaller shape there may be some */
        return;
    case GCS_RETIMED_FAILED:
        fprintf(stderr, "gcstep verify: %s:%" PRIu32 ": %s\n", v->table.path, line->number, why);
        v->failed++;
        return;
    case GCS_RETIMED_DRIFT:
        v->drifted++;
        print_timing(entry, &timing, "DRIFT");
        break;
    case GCS_RETIMED_HOLDS:
        print_timing(entry, &timing, "holds");
        break;
    }
    v->timed++;
}

static void print_absent(const listed_device *absent) {
    char identity[GCS_DEVICE_IDENTITY_SIZE];
    gcs_device_identity_format(&absent->identity, identity, sizeof identity);
    printf("  not timed: %zu line%s of a device that is not here: %s\n", absent->lines,
           absent->lines == 1 ? "" : "s", identity);
}

static void retime_sample(verification *v, uint64_t seconds) {
    const uint64_t end = gcs_now_ns() + seconds * SECOND_NS;
    for (size_t i = 0; i < v->count; i++) {
        const uint64_t now = gcs_now_ns();
        if (now >= end)
            break;
        uint64_t share = (end - now) / (v->count - i);
        share = share < LEAST_SHARE_NS ? LEAST_SHARE_NS : share;
        retime(v, &v->lines[i], now + share < end ? now + share : end);
    }
    printf("  timed again: %zu of the %zu lines of this machine that can be, %zu with drift\n",
           v->timed, v->count, v->drifted);
    if (v->of_others)
        printf("  not timed: %zu lines of other machines or of any\n", v->of_others);
    for (size_t i = 0; i < v->device_count; i++)
        if (!v->devices[i].rig)
            print_absent(&v->devices[i]);
    if (v->drifted)
        printf("  drift is no error: a table decides speed only; 'gcstep tune --fresh' measures "
               "again\n");
}

/* ---- The whole ----------------------------------------------------------------------------- */

static int verify(verification *v, uint64_t seconds) {
    resolve(v);
    print_resolved(v);
    if (seconds > 0) {
        if (!draw_sample(v)) {
            fprintf(stderr, "gcstep verify: out of memory\n");
            return GCS_EXIT_FAILED;
        }
        retime_sample(v, seconds);
    }
    return v->unresolved || v->failed ? GCS_EXIT_FAILED : GCS_EXIT_OK;
}

int gcs_verify_table(const char *path, uint64_t seconds) {
    verification v = {.count = 0};
    gcs_environment env;
    int status = GCS_EXIT_USAGE;
    gcs_machine_read(&v.machine);
    char why[512];
    if (gcs_check_timing_environment("verify", &env) &&
        gcs_whole_table_read(&v.table, "verify", path, &status)) {
        v.cpu = gcs_rig_open("cpu", 0, why, sizeof why);
        if (v.cpu)
            status = verify(&v, seconds);
        else
            fprintf(stderr, "gcstep verify: %s\n", why);
    }
    gcs_rig_close(v.cpu);
    for (size_t i = 0; i < v.device_count; i++)
        gcs_rig_close(v.devices[i].rig);
    free(v.devices);
    gcs_whole_table_free(&v.table);
    free(v.lines);
    return status;
}

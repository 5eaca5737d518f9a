/* Names for the trainer's memory, and what can be said of it before it is used. */
#include "dispatch/opencl/names.h"

#include "dispatch/error.h"
#include "dispatch/opencl/memories.h"
#include "dispatch/opencl/plan_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A name: the highest bit, which no address of a process has, a cl_mem's number, a place in it. */
#define NAME_BIT      ((uint64_t)1 << 63)
#define PLACE_BITS    44
#define MOST_MEMORIES ((size_t)1 << 19)

gcs_status gcs_opencl_names_open(gcs_opencl_names *names, const gcs_plan *plan) {
    *names = (gcs_opencl_names){.given = calloc(plan->count, sizeof *names->given),
                                .buffers = calloc(plan->count, sizeof *names->buffers),
                                .places = calloc(plan->count, sizeof *names->places),
                                .given_flags = calloc(plan->groups, sizeof *names->given_flags),
                                .flag_of = calloc(plan->groups, sizeof *names->flag_of),
                                .flags = calloc(plan->groups, sizeof *names->flags)};
    const bool all = names->given != NULL && names->buffers != NULL && names->places != NULL &&
                     names->given_flags != NULL && names->flag_of != NULL && names->flags != NULL;
    return all ? GCS_OK : gcs_fail(GCS_OUT_OF_MEMORY, "no memory for the plan");
}

void gcs_opencl_names_close(gcs_opencl_names *names) {
    gcs_opencl_memories_free(&names->memories);
    free(names->given);
    free(names->buffers);
    free(names->places);
    free(names->given_flags);
    free(names->flag_of);
    free(names->flags);
    *names = (gcs_opencl_names){.given = NULL};
}

/* ---- One buffer ---------------------------------------------------------------------------- */

/* What an error calls an argument. */
typedef struct label {
    char text[80];
} label;

static label label_of(const char *array, size_t index, const char *field) {
    label l;
    snprintf(l.text, sizeof l.text, "%s[%zu]%s%s", array, index, field[0] != '\0' ? "." : "",
             field);
    return l;
}

static bool is_there(const gcs_cl_buffer *buffer) {
    return buffer->mem != NULL || buffer->svm != NULL;
}

static gcs_status name_svm(const struct gcs_opencl_plan *opencl, const label *l,
                           const gcs_cl_buffer *buffer, void **name, gcs_opencl_place *place) {
    const uint64_t from = (uint64_t)(uintptr_t)buffer->svm, at = from + buffer->offset;
    if (opencl->device.svm == 0 || opencl->driver->kernel_exec_info == NULL)
        return gcs_fail(GCS_UNSUPPORTED,
                        "%s is an address of shared virtual memory, which '%.100s' does not have",
                        l->text, opencl->device.name);
    if (at < from || (at & NAME_BIT) != 0 || at > UINTPTR_MAX)
        return gcs_fail(GCS_INVALID_ARGUMENT, "%s is no address of shared virtual memory", l->text);
    *name = (void *)(uintptr_t)at;
    *place = (gcs_opencl_place){.at = at};
    return GCS_OK;
}

/* NULL: the access is allowed. */
static const char *wrong_flags(gcs_cl_flags flags, unsigned access) {
    if ((access & GCS_OPENCL_WRITE) && (flags & GCS_CL_MEM_READ_ONLY))
        return "is written, but its cl_mem is CL_MEM_READ_ONLY";
    if ((access & GCS_OPENCL_READ) && (flags & GCS_CL_MEM_WRITE_ONLY))
        return "is read, but its cl_mem is CL_MEM_WRITE_ONLY";
    return NULL;
}

static gcs_status name_memory(const struct gcs_opencl_plan *opencl, gcs_opencl_names *names,
                              const label *l, const gcs_cl_buffer *buffer, uint64_t bytes,
                              unsigned access, void **name, gcs_opencl_place *place) {
    gcs_opencl_refusal refusal;
    const gcs_opencl_memory_facts *facts =
        gcs_opencl_met(&names->memories, opencl, buffer->mem, &refusal);
    if (facts == NULL && refusal.what == NULL)
        return gcs_fail(GCS_OUT_OF_MEMORY, "no memory for what is known of the buffers");
    if (facts == NULL && refusal.result != GCS_CL_SUCCESS)
        return gcs_fail(GCS_INVALID_ARGUMENT, "%s %s: %s", l->text, refusal.what,
                        gcs_opencl_result_name(refusal.result) != NULL
                            ? gcs_opencl_result_name(refusal.result)
                            : "an unknown error");
    if (facts == NULL)
        return gcs_fail(GCS_INVALID_ARGUMENT, "%s %s", l->text, refusal.what);
    if (buffer->offset > facts->bytes || bytes > facts->bytes - buffer->offset)
        return gcs_fail(GCS_INVALID_ARGUMENT,
                        "%s is too small: %llu bytes are needed from byte %llu on, and its cl_mem "
                        "has %llu",
                        l->text, (unsigned long long)bytes, (unsigned long long)buffer->offset,
                        (unsigned long long)facts->bytes);
    const char *wrong = wrong_flags(facts->flags, access);
    if (wrong != NULL)
        return gcs_fail(GCS_INVALID_ARGUMENT, "%s %s", l->text, wrong);
    const uint64_t at = facts->origin + buffer->offset;
    if (sizeof(uintptr_t) < sizeof(uint64_t) || facts->root >= MOST_MEMORIES ||
        at + bytes >= (uint64_t)1 << PLACE_BITS)
        return gcs_fail(GCS_UNSUPPORTED, "%s: too many or too large cl_mems for this build",
                        l->text);
    *name = (void *)(uintptr_t)(NAME_BIT | (uint64_t)facts->root << PLACE_BITS | at);
    *place = (gcs_opencl_place){.memory = buffer->mem, .at = buffer->offset};
    return GCS_OK;
}

gcs_status gcs_opencl_name(const gcs_plan *plan, gcs_opencl_names *names, const char *array,
                           size_t index, const char *field, const gcs_cl_buffer *buffer,
                           uint64_t bytes, unsigned access, void **name, gcs_opencl_place *place) {
    *name = NULL;
    *place = (gcs_opencl_place){.memory = NULL};
    if (!is_there(buffer))
        return GCS_OK;
    const label l = label_of(array, index, field);
    if (buffer->mem != NULL && buffer->svm != NULL)
        return gcs_fail(GCS_INVALID_ARGUMENT, "%s has both a cl_mem and an address", l.text);
    return buffer->mem == NULL
               ? name_svm(plan->opencl, &l, buffer, name, place)
               : name_memory(plan->opencl, names, &l, buffer, bytes, access, name, place);
}

/* ---- A tensor ------------------------------------------------------------------------------ */

gcs_status gcs_opencl_name_tensor(const gcs_plan *plan, gcs_opencl_names *names, size_t index,
                                  const unsigned accesses[GCS_OPENCL_STREAMS]) {
    const gcs_planned_tensor *planned = &plan->tensors[index];
    const gcs_cl_buffers *given = &names->given[index];
    const uint64_t f32 = planned->elements * sizeof(float), means = planned->groups * sizeof(float);
    void *at[GCS_OPENCL_STREAMS] = {NULL};
    const struct {
        const char *field;
        const gcs_cl_buffer *buffer;
        uint64_t bytes;
    } streams[GCS_OPENCL_STREAMS] = {
        [GCS_OPENCL_W] = {"w", &given->w, f32},
        [GCS_OPENCL_G] = {"g", &given->g, planned->elements * gcs_type_bytes(plan->spec.gradient)},
        [GCS_OPENCL_M] = {"m", &given->m, f32},
        [GCS_OPENCL_V] = {"v", &given->v, f32},
        [GCS_OPENCL_V_MAX] = {"v_max", &given->v_max, f32},
        [GCS_OPENCL_COPY] = {"copy", &given->copy, planned->elements * sizeof(uint16_t)},
        [GCS_OPENCL_MEANS] = {"means", &given->means, means},
        [GCS_OPENCL_W_MEANS] = {"w_means", &given->w_means, means},
    };
    for (size_t i = 0; i < GCS_OPENCL_STREAMS; i++) {
        gcs_opencl_place *place = &names->places[index][i];
        *place = (gcs_opencl_place){.memory = NULL};
        if (accesses[i] == GCS_OPENCL_UNUSED)
            continue;
        const gcs_status status =
            gcs_opencl_name(plan, names, "buffers", index, streams[i].field, streams[i].buffer,
                            streams[i].bytes, accesses[i], &at[i], place);
        if (status != GCS_OK)
            return status;
    }
    names->buffers[index] = (gcs_buffers){.w = at[GCS_OPENCL_W],
                                          .g = at[GCS_OPENCL_G],
                                          .m = at[GCS_OPENCL_M],
                                          .v = at[GCS_OPENCL_V],
                                          .v_max = at[GCS_OPENCL_V_MAX],
                                          .copy = at[GCS_OPENCL_COPY],
                                          .means = at[GCS_OPENCL_MEANS],
                                          .w_means = at[GCS_OPENCL_W_MEANS],
                                          .means_count = given->means_count};
    return GCS_OK;
}

gcs_cl_buffers gcs_opencl_buffers_of(const gcs_opencl_given *given, size_t index) {
    if (given->cl_buffers != NULL)
        return given->cl_buffers[index];
    const gcs_buffers *b = &given->buffers[index];
    return (gcs_cl_buffers){.w = {.svm = b->w},
                            .g = {.svm = b->g},
                            .m = {.svm = b->m},
                            .v = {.svm = b->v},
                            .v_max = {.svm = b->v_max},
                            .copy = {.svm = b->copy},
                            .means = {.svm = b->means},
                            .w_means = {.svm = b->w_means},
                            .means_count = b->means_count};
}

/* ---- Flags --------------------------------------------------------------------------------- */

static gcs_cl_buffer flag_of(const gcs_hyper *hyper, const gcs_opencl_given *given, size_t group) {
    if (given->cl_buffers == NULL)
        return (gcs_cl_buffer){.svm = hyper[group].found_inf};
    if (given->call == NULL || given->call->found_inf == NULL)
        return (gcs_cl_buffer){.mem = NULL};
    return given->call->found_inf[group];
}

/* Parameter groups share flags more often than not, if not all of them, then those beside. */
#define LOOKED_BACK 64

/* Its number, from 1 on. */
static uint32_t number_of(gcs_opencl_names *names, gcs_opencl_place place) {
    for (size_t i = names->flag_count; i > 0 && names->flag_count - i < LOOKED_BACK; i--) {
        const gcs_opencl_place *known = &names->flags[i - 1];
        if (known->memory == place.memory && known->at == place.at)
            return (uint32_t)i;
    }
    names->flags[names->flag_count++] = place;
    return (uint32_t)names->flag_count;
}

static gcs_status name_flag(const gcs_plan *plan, const gcs_opencl_given *given,
                            gcs_opencl_names *names, size_t group) {
    const bool cl = given->cl_buffers != NULL;
    const char *array = cl ? "call->found_inf" : "hyper", *field = cl ? "" : "found_inf";
    const gcs_cl_buffer *flag = &names->given_flags[group];
    gcs_opencl_place place;
    void *name;
    names->flag_of[group] = 0;
    const gcs_status status = gcs_opencl_name(plan, names, array, group, field, flag, sizeof(float),
                                              GCS_OPENCL_COPIED, &name, &place);
    if (status != GCS_OK || name == NULL)
        return status;
    const label l = label_of(array, group, field);
    if (place.at % sizeof(float) != 0)
        return gcs_fail(GCS_INVALID_ARGUMENT, "%s is not aligned for a float", l.text);
    const bool svm = place.memory == NULL;
    if (names->flag_count > 0 && svm != names->flags_in_svm)
        return gcs_fail(GCS_INVALID_ARGUMENT,
                        "%s is %s, and an earlier flag of the step the other: they must be alike",
                        l.text, svm ? "an address" : "a cl_mem");
    names->flags_in_svm = svm;
    names->flag_of[group] = number_of(names, place);
    return GCS_OK;
}

/* ---- A step -------------------------------------------------------------------------------- */

static void step_accesses(const gcs_plan *plan, size_t index, const gcs_cl_buffers *given,
                          unsigned accesses[GCS_OPENCL_STREAMS]) {
    const gcs_planned_tensor *planned = &plan->tensors[index];
    const unsigned both = GCS_OPENCL_READ | GCS_OPENCL_WRITE;
    const bool means = planned->given != NULL && is_there(&given->means);
    const bool l2 = planned->form.center == GCS_CENTER_GRADIENT &&
                    !gcs_rule_is_decoupled(plan->spec.rule); /* maybe in what is centred */
    accesses[GCS_OPENCL_W] = both;
    accesses[GCS_OPENCL_G] = GCS_OPENCL_READ;
    accesses[GCS_OPENCL_M] = plan->m ? both : GCS_OPENCL_UNUSED;
    accesses[GCS_OPENCL_V] = plan->v ? both : GCS_OPENCL_UNUSED;
    accesses[GCS_OPENCL_V_MAX] = plan->v_max ? both : GCS_OPENCL_UNUSED;
    accesses[GCS_OPENCL_COPY] = plan->copy ? GCS_OPENCL_WRITE : GCS_OPENCL_UNUSED;
    accesses[GCS_OPENCL_MEANS] = means ? GCS_OPENCL_READ : GCS_OPENCL_UNUSED;
    accesses[GCS_OPENCL_W_MEANS] = means && l2 ? GCS_OPENCL_READ : GCS_OPENCL_UNUSED;
}

/* Whether something is not what it was. */
static bool note_given(const gcs_plan *plan, const gcs_hyper *hyper, const gcs_opencl_given *given,
                       gcs_opencl_names *names) {
    bool differs = false;
    for (size_t i = 0; i < plan->count; i++) {
        const gcs_cl_buffers now = gcs_opencl_buffers_of(given, i);
        if (memcmp(&now, &names->given[i], sizeof now) != 0) {
            names->given[i] = now;
            differs = true;
        }
    }
    for (size_t i = 0; i < plan->groups; i++) {
        const gcs_cl_buffer now = flag_of(hyper, given, i);
        if (memcmp(&now, &names->given_flags[i], sizeof now) != 0) {
            names->given_flags[i] = now;
            differs = true;
        }
    }
    return differs;
}

static gcs_status name_all(const gcs_plan *plan, const gcs_opencl_given *given,
                           gcs_opencl_names *names) {
    gcs_status status = GCS_OK;
    unsigned accesses[GCS_OPENCL_STREAMS];
    gcs_opencl_forget(&names->memories);
    names->flag_count = 0;
    for (size_t i = 0; i < plan->groups && status == GCS_OK; i++)
        status = name_flag(plan, given, names, i);
    for (size_t i = 0; i < plan->count && status == GCS_OK; i++) {
        step_accesses(plan, i, &names->given[i], accesses);
        status = gcs_opencl_name_tensor(plan, names, i, accesses);
    }
    return status;
}

gcs_status gcs_opencl_take_names(const gcs_plan *plan, const gcs_hyper *hyper,
                                 const gcs_opencl_given *given, gcs_opencl_names *names,
                                 bool *changed) {
    const bool differs = note_given(plan, hyper, given, names);
    *changed =
        differs || !names->valid || !gcs_opencl_are_as_before(&names->memories, plan->opencl);
    if (!*changed)
        return GCS_OK;
    names->valid = false;
    const gcs_status status = name_all(plan, given, names);
    names->valid = status == GCS_OK;
    return status;
}

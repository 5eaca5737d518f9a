/* A machine's identity as one line of text, and the comparison of two. */
#include "dispatch/machine.h"

#include "dispatch/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

size_t gcs_machine_format(const gcs_machine *machine, char *text, size_t size) {
    const int length = snprintf(text, size,
                                "%s %s family=%" PRIu32 " model=%" PRIu32 " cores=%" PRIu32
                                " l1d=%" PRIu64 " l2=%" PRIu64 " l3=%" PRIu64 "%s%s isa=%s",
                                machine->arch, machine->vendor, machine->family, machine->model,
                                machine->cores, machine->l1d, machine->l2, machine->l3,
                                machine->core_kinds[0] != '\0' ? " kinds=" : "",
                                machine->core_kinds, machine->isa);
    return length > 0 ? (size_t)length : 0;
}

bool gcs_machine_same(const gcs_machine *a, const gcs_machine *b) {
    return strcmp(a->arch, b->arch) == 0 && strcmp(a->vendor, b->vendor) == 0 &&
           a->family == b->family && a->model == b->model && a->cores == b->cores &&
           a->l1d == b->l1d && a->l2 == b->l2 && a->l3 == b->l3 &&
           strcmp(a->core_kinds, b->core_kinds) == 0;
}

/* The last may be absent. */
enum { FIELDS = 8, REQUIRED_FIELDS = 7 };
static const char *const field_names[FIELDS] = {"family", "model", "cores", "l1d",
                                                "l2",     "l3",    "isa",   "kinds"};

/* Number of the field whose "name=" begins `word`, and where its value begins; FIELDS: none. */
static size_t find_field(const char *word, const char **value) {
    for (size_t i = 0; i < FIELDS; i++) {
        const size_t length = strlen(field_names[i]);
        if (strncmp(word, field_names[i], length) == 0 && word[length] == '=') {
            *value = word + length + 1;
            return i;
        }
    }
    return FIELDS;
}

static bool read_u32(const char *text, uint32_t *number) {
    uint64_t value;
    if (!gcs_text_u64(text, UINT32_MAX, &value))
        return false;
    *number = (uint32_t)value;
    return true;
}

static bool set_field(gcs_machine *machine, size_t field, const char *value) {
    switch (field) {
    case 0:
        return read_u32(value, &machine->family);
    case 1:
        return read_u32(value, &machine->model);
    case 2:
        return read_u32(value, &machine->cores);
    case 3:
        return gcs_text_u64(value, UINT64_MAX, &machine->l1d);
    case 4:
        return gcs_text_u64(value, UINT64_MAX, &machine->l2);
    case 5:
        return gcs_text_u64(value, UINT64_MAX, &machine->l3);
    case 6:
        return gcs_text_copy(machine->isa, sizeof machine->isa, value);
    case 7:
        return gcs_text_copy(machine->core_kinds, sizeof machine->core_kinds, value);
    default:
        return false;
    }
}

/* Cuts the next word off *rest; words are parted by exactly one space. NULL: none is left. */
static char *next_word(char **rest) {
    char *word = *rest;
    if (word == NULL)
        return NULL;
    char *space = strchr(word, ' ');
    if (space != NULL)
        *space = '\0';
    *rest = space != NULL ? space + 1 : NULL;
    return word;
}

bool gcs_machine_parse(const char *text, gcs_machine *machine) {
    char copy[512];
    memset(machine, 0, sizeof *machine);
    if (!gcs_text_copy(copy, sizeof copy, text))
        return false;
    char *rest = copy;
    const char *arch = next_word(&rest);
    const char *vendor = next_word(&rest);
    if (vendor == NULL || !gcs_text_copy(machine->arch, sizeof machine->arch, arch) ||
        !gcs_text_copy(machine->vendor, sizeof machine->vendor, vendor))
        return false;

    unsigned seen = 0;
    for (const char *word = next_word(&rest); word != NULL; word = next_word(&rest)) {
        const char *value = NULL;
        const size_t field = find_field(word, &value);
        if (field == FIELDS || (seen & 1U << field) != 0 || !set_field(machine, field, value))
            return false;
        seen |= 1U << field;
    }
    const unsigned required = (1U << REQUIRED_FIELDS) - 1;
    return (seen & required) == required;
}

/* What this machine is: the identity under which a table is valid. Never a host name, an address,
 * a path or a user. */
#ifndef GCSTEP_DISPATCH_MACHINE_H
#define GCSTEP_DISPATCH_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct gcs_machine {
    char arch[16];       /* "x86_64", "aarch64", "other" */
    char vendor[32];     /* x86: CPUID's vendor string; Arm: the implementer's name; "unknown". No
                          * spaces */
    uint32_t family;     /* extended family and model, stepping left out; Arm: of MIDR the */
    uint32_t model;      /* implementer and the part number */
    char core_kinds[96]; /* Arm, where there are several (big.LITTLE), the fastest first: "4x41:d0b+
                          * 4x41:d05", number of cores, implementer and part in hexadecimal digits;
                          * vendor, family, model and the caches are then the first's. Else "" */
    uint32_t cores;      /* processors that the machine has online (not this process' affinity) */
    uint64_t l1d, l2;    /* bytes, of one core */
    uint64_t l3;         /* bytes, of one cluster; 0: none */
    char isa[64];        /* names of the ISAs of this library that it can run, joined by '+' */
    bool emulated;       /* this program's instructions are: no time means anything. Not part of the
                          * identity */
} gcs_machine;

/* Fills `machine`; what the system does not tell is 0 or "unknown". Never fails. The system is
 * asked once, by the first call: processors that go on or off line later do not change it. */
void gcs_machine_read(gcs_machine *machine);

/* One line, e.g. "x86_64 AuthenticAMD family=25 model=1 cores=2 l1d=32768 l2=524288 l3=33554432
 * isa=portable+avx2", with " kinds=<core_kinds>" before isa where there are any: written into
 * text[size]; returns its whole length, as snprintf. */
size_t gcs_machine_format(const gcs_machine *machine, char *text, size_t size);

/* Whether two machines are the same kind: a table of the one is valid on the other. The ISA list
 * is not compared (it belongs to the build as well). */
bool gcs_machine_same(const gcs_machine *a, const gcs_machine *b);

/* Reads what gcs_machine_format wrote; false if a field is missing, twice or malformed. */
bool gcs_machine_parse(const char *text, gcs_machine *machine);

/* Number of processors this process may use, at least 1: affinity of the calling thread, from which
 * the threads that it starts have theirs, and cgroup quota. */
int gcs_machine_allowed_threads(void);

/* The same for threads that are there already, each of which may be bound to a processor. */
int gcs_machine_pool_threads(void);

#endif

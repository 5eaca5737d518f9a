/* A plugin of qemu's user-mode emulator that counts the instructions which the functions of one
 * name execute: see counts.py, which builds and loads it.
 *
 *   qemu-aarch64 -plugin count.so,function=NAME PROGRAM...
 *
 * Debian does not ship qemu-plugin.h: what is used of the interface (version 1, documented in
 * QEMU's docs/devel/tcg-plugins) is declared here. */
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef uint64_t plugin_id;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
enum { ADD_U64 = 0 };

void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id, void (*)(plugin_id, struct qemu_plugin_tb *));
void qemu_plugin_register_atexit_cb(plugin_id, void (*)(plugin_id, void *), void *);
void qemu_plugin_register_vcpu_insn_exec_inline(struct qemu_plugin_insn *, int, void *, uint64_t);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *, size_t);
const char *qemu_plugin_insn_symbol(const struct qemu_plugin_insn *);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *);
char *qemu_plugin_insn_disas(const struct qemu_plugin_insn *);
void qemu_plugin_outs(const char *);

#define EXPORT __attribute__((visibility("default")))
EXPORT int qemu_plugin_version = 1;

enum { ALL, LOADS, STORES, COUNTERS };
static uint64_t count[COUNTERS], calls;
static char function[128];
static uint64_t entry =
    UINT64_MAX; /* the lowest address of it that was met: its first instruction */

/* Of the base set and of SIMD: LDR, LDP, LDUR, LD1, ... and likewise stores. */
static bool begins_with(const char *text, const char *start) {
    return strncmp(text, start, strlen(start)) == 0;
}

static void count_instruction(struct qemu_plugin_insn *instruction) {
    char *text = qemu_plugin_insn_disas(instruction);
    qemu_plugin_register_vcpu_insn_exec_inline(instruction, ADD_U64, &count[ALL], 1);
    if (begins_with(text, "ld"))
        qemu_plugin_register_vcpu_insn_exec_inline(instruction, ADD_U64, &count[LOADS], 1);
    if (begins_with(text, "st"))
        qemu_plugin_register_vcpu_insn_exec_inline(instruction, ADD_U64, &count[STORES], 1);
    free(text);
}

static void translated(plugin_id id, struct qemu_plugin_tb *block) {
    (void)id;
    for (size_t i = 0; i < qemu_plugin_tb_n_insns(block); i++) {
        struct qemu_plugin_insn *instruction = qemu_plugin_tb_get_insn(block, i);
        const char *symbol = qemu_plugin_insn_symbol(instruction);
        if (symbol == NULL || strcmp(symbol, function) != 0)
            continue;
        const uint64_t address = qemu_plugin_insn_vaddr(instruction);
        if (address < entry)
            entry = address;
        if (address == entry)
            qemu_plugin_register_vcpu_insn_exec_inline(instruction, ADD_U64, &calls, 1);
        count_instruction(instruction);
    }
}

static void report(plugin_id id, void *unused) {
    char text[256];
    (void)id, (void)unused;
    snprintf(text, sizeof text,
             "calls %" PRIu64 " instructions %" PRIu64 " loads %" PRIu64 " stores %" PRIu64 "\n",
             calls, count[ALL], count[LOADS], count[STORES]);
    qemu_plugin_outs(text);
}

EXPORT int qemu_plugin_install(plugin_id id, const void *info, int argc, char **argv) {
    (void)info;
    for (int i = 0; i < argc; i++) {
        if (begins_with(argv[i], "function="))
            snprintf(function, sizeof function, "%s", argv[i] + strlen("function="));
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    qemu_plugin_register_atexit_cb(id, report, NULL);
    return 0;
}

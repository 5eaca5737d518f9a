/* The program `gcstep`: finds the subcommand. */
#include "tune/command.h"
#include <errno.h>
#include <gcstep/gcstep.h>
#include <stdio.h>
#include <string.h>

typedef struct command {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *purpose;
} command;

static const command commands[] = {
    {"info", gcs_cmd_info, "show this machine, the kernels it can run, and the tables in use"},
    {"verify", gcs_cmd_verify, "check every kernel against the reference, or the lines of a table"},
    {"tune", gcs_cmd_tune, "time the kernels on a network's tensors and write a table"},
    {"merge", gcs_cmd_merge, "make one table of several"},
    {"builtin", gcs_cmd_builtin, "make the built-in table from tuning journals"},
    {"show", gcs_cmd_show, "print a table in columns"},
    {"explain", gcs_cmd_explain, "say which kernel a tensor would get, and why"},
};
#define COMMANDS (sizeof commands / sizeof commands[0])

static void print_help(FILE *to) {
    fprintf(to, "gcstep: the optimizer step with Gradient Centralization.\n"
                "\n"
                "Usage: gcstep COMMAND [OPTION]...\n"
                "\n"
                "Commands:\n");
    for (size_t i = 0; i < COMMANDS; i++)
        fprintf(to, "  %-9s %s\n", commands[i].name, commands[i].purpose);
    fprintf(to, "\n"
                "  --help     this text; 'gcstep COMMAND --help' tells of one command\n"
                "  --version  the version\n"
                "\n"
                "Exit status: 0 done, 1 something failed, 2 bad arguments or input.\n");
}

/* A result that could not be written (a full disk, a closed pipe) is no success. */
static int finish(int status) {
    if (fflush(stdout) == 0 && !ferror(stdout))
        return status;
    fprintf(stderr, "gcstep: standard output: %s\n", strerror(errno));
    return status != GCS_EXIT_OK ? status : GCS_EXIT_FAILED;
}

int main(int argc, char **argv) {
    if (argc < 2) {
        print_help(stderr);
        return GCS_EXIT_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        print_help(stdout);
        return finish(GCS_EXIT_OK);
    }
    if (strcmp(argv[1], "--version") == 0) {
        printf("gcstep %s\n", gcs_version());
        return GCS_EXIT_OK;
    }
    for (size_t i = 0; i < COMMANDS; i++)
        if (strcmp(argv[1], commands[i].name) == 0)
            return finish(commands[i].run(argc - 1, argv + 1));
    fprintf(stderr, "gcstep: unknown %s '%s'\nTry 'gcstep --help'.\n",
            argv[1][0] == '-' ? "option" : "command", argv[1]);
    return GCS_EXIT_USAGE;
}

/* The subcommands of the program `gcstep`, and its exit statuses. */
#ifndef GCSTEP_TUNE_COMMAND_H
#define GCSTEP_TUNE_COMMAND_H

/* Exit statuses. */
enum {
    GCS_EXIT_OK = 0,
    GCS_EXIT_FAILED = 1,       /* the work was started and went wrong */
    GCS_EXIT_USAGE = 2,        /* bad arguments, bad input or a bad GCSTEP_* value: nothing done */
    GCS_EXIT_INTERRUPTED = 130 /* SIGINT or SIGTERM, as shells number it */
};

/* Each gets its own name as argv[0] and returns an exit status. */
int gcs_cmd_info(int argc, char **argv);
int gcs_cmd_verify(int argc, char **argv);
int gcs_cmd_tune(int argc, char **argv);
int gcs_cmd_merge(int argc, char **argv);
int gcs_cmd_builtin(int argc, char **argv);
int gcs_cmd_show(int argc, char **argv);
int gcs_cmd_explain(int argc, char **argv);

#endif

/* Catching SIGSEGV, SIGBUS and SIGILL of one call. */
#include "check/fault.h"
#include <setjmp.h>
#include <signal.h>

static const int signals[] = {SIGSEGV, SIGBUS, SIGILL};
enum { SIGNALS = sizeof signals / sizeof signals[0] };

static sigjmp_buf before_the_call;
static volatile uintptr_t touched;

static void on_fault(int number, siginfo_t *info, void *context) {
    (void)number;
    (void)context;
    touched = (uintptr_t)info->si_addr;
    siglongjmp(before_the_call, 1);
}

bool gcs_fault_run(void (*run)(const gcs_args *args), const gcs_args *args, uintptr_t *address) {
    struct sigaction previous[SIGNALS];
    /* SA_NODEFER: the mask needs no restoring after the jump. */
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_NODEFER};
    sigemptyset(&action.sa_mask);
    for (int i = 0; i < SIGNALS; i++)
        sigaction(signals[i], &action, &previous[i]);
    bool finished = sigsetjmp(before_the_call, 0) == 0;
    if (finished)
        run(args);
    for (int i = 0; i < SIGNALS; i++)
        sigaction(signals[i], &previous[i], NULL);
    if (!finished)
        *address = touched;
    return finished;
}

"""What a user would pick instead of gcstep, stepped on the same tensors: the parts of
tools/peers.py.

The program itself (program, shapes, spec, interpreter, session, trial, report) needs the standard
library alone. It starts one worker process for each engine (worker), since the thread pools of
torch, XLA and OpenMP would get in each other's way, and so that each has its processors before it
is loaded. An engine is a module NAME_engine with

    offer(setup) -> (peers, absent)

where `setup` is a spec.Setup and `absent` lists pairs (name, why it is not here). A peer has

    name, version, centred    for the table
    step(k)                   one step on the k-th set of tensors, finished when it returns
    weights(k)                yields numpy arrays in the order of the tensors
    state_bytes(k)            bytes of w, g and state that the step works on
    restore(k)                the first values again, at step workload.FIRST_STEP
"""

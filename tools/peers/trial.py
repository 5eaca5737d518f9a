"""One trial: on one network, with one rule and one number of threads, all peers are first held to
gcstep's weights and then timed against it in rounds."""
import os
import random
import statistics
import tempfile
import time
from dataclasses import dataclass, field

from peers.session import Peer, WorkerFailed

CHECK_STEPS = 3
# Of a weight's change over these steps. float32 leaves some 1e-5; a rate that is a hundredth off
# is 1e-2, and so is another group's mean.
TOLERANCE = 1e-4
LEAST_ROUNDS = 5
# OpenMP's threads spin for milliseconds after a step; the next peer is not to pay for it.
SETTLE_SECONDS = 0.01


class Mismatch(Exception):
    """gcstep itself could not be stepped."""


@dataclass
class Entry:
    """What was found out about a peer."""
    peer: Peer
    deviation: float = None
    refused: str = None
    times: list = field(default_factory=list)  # ns, one for each round


def check_size(entry, expected):
    held = entry.peer.state_bytes
    if held != expected:
        entry.refused = f"it works on {held} bytes of weights, gradients and state, not {expected}"


def check_weights(entry, path):
    """Whether a peer takes the same step as gcstep does."""
    try:
        entry.deviation = entry.peer.ask("compare", steps=CHECK_STEPS, path=path)["deviation"]
    except WorkerFailed as failure:
        entry.refused = str(failure)
        return
    if not entry.deviation <= TOLERANCE:
        entry.refused = (f"its weights are off by {entry.deviation:.2g} of their change in "
                         f"{CHECK_STEPS} steps")


def agree(entries, expected_bytes):
    """Refuses the peers that do something else than gcstep."""
    with tempfile.TemporaryDirectory() as folder:
        for centred in (True, False):
            of_kind = [e for e in entries if e.peer.centred == centred]
            path = os.path.join(folder, f"weights-{centred}")
            gcstep_of(entries, centred).peer.ask("record", steps=CHECK_STEPS, path=path)
            for entry in of_kind:
                check_size(entry, expected_bytes)
                if not entry.refused:
                    check_weights(entry, path)
            os.remove(path)


def gcstep_of(entries, centred):
    return next(e for e in entries if e.peer.name == "gcstep" and e.peer.centred == centred)


def take_round(entries, order):
    order.shuffle(entries)
    for entry in entries:
        time.sleep(SETTLE_SECONDS)
        entry.times.append(entry.peer.step())


def take_rounds(entries, seconds, rounds):
    """Every peer once in each round, in random order. The first round is warming up."""
    entries, order = list(entries), random.Random()
    take_round(entries, order)
    for entry in entries:
        entry.times.clear()
    end = time.monotonic() + seconds
    taken = 0
    while taken < (rounds or LEAST_ROUNDS) or (not rounds and time.monotonic() < end):
        take_round(entries, order)
        taken += 1


def ratio(entry, base):
    """Median and quartiles of the ratios of paired times."""
    ratios = [a / b for a, b in zip(entry.times, base.times)]
    lower, median, upper = statistics.quantiles(ratios, n=4, method="inclusive")
    return {"median": median, "lower_quartile": lower, "upper_quartile": upper}


def run(session, expected_bytes, seconds, rounds):
    """The entries of all peers, gcstep's first."""
    entries = [Entry(peer) for peer in session.peers]
    if not any(e.peer.name == "gcstep" for e in entries):
        raise Mismatch(f"gcstep: {dict(session.absent)['native']}")
    agree(entries, expected_bytes)
    ours = gcstep_of(entries, centred=True)
    if ours.refused:
        raise Mismatch(f"gcstep: {ours.refused}")
    take_rounds([e for e in entries if not e.refused], seconds, rounds)
    return entries

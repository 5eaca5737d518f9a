"""The process of one engine: reads a command per line from standard input and answers each with a
line, both JSON. The first command is the set-up. The process ends with its input."""
import importlib
import json
import os
import sys
import time

# A set is given its first values again after so many steps: a first moment whose gradient is 0
# has shrunk by 0.9^200 = 7e-10 by then, and is no subnormal.
RESTORE_AFTER = 200


class Engine:
    """Its peers by number, and the sets that all of them go round."""

    def __init__(self, name, setup):
        from peers.spec import Setup
        self.setup = Setup.from_message(setup)
        self.peers, self.absent = importlib.import_module(f"peers.{name}_engine").offer(self.setup)
        self.next, self.steps = 0, [0] * self.setup.sets

    def describe(self):
        peers = [{"name": p.name, "version": p.version, "centred": p.centred,
                  "state_bytes": p.state_bytes(0)} for p in self.peers]
        return {"peers": peers, "absent": self.absent}

    def weights_after(self, peer, steps):
        """After so many steps from the first values."""
        peer.restore(0)
        for _ in range(steps):
            peer.step(0)
        return peer.weights(0)

    def record(self, peer, steps, path):
        from peers.workload import record
        record(path, self.weights_after(self.peers[peer], steps))
        return {}

    def compare(self, peer, steps, path):
        from peers.workload import deviation
        weights = self.weights_after(self.peers[peer], steps)
        return {"deviation": deviation(path, self.setup.shapes, weights)}

    def step(self, peer):
        """One step on the next set, timed. Restoring is not, and comes before the other sets' turn,
        so that it leaves nothing in a cache."""
        k, self.next = self.next, (self.next + 1) % self.setup.sets
        start = time.perf_counter_ns()
        self.peers[peer].step(k)
        taken = time.perf_counter_ns() - start
        self.steps[k] += 1
        if self.steps[k] % RESTORE_AFTER == 0:
            self.peers[peer].restore(k)
        return {"ns": taken}


def serve(name, commands, answers):
    def answer(message):
        print(json.dumps(message), file=answers, flush=True)

    engine = None
    for line in commands:
        command = json.loads(line)
        action = command.pop("do")
        try:
            if action == "set up":
                os.sched_setaffinity(0, command["processors"])
                engine = Engine(name, command["setup"])
                answer(engine.describe())
            else:
                answer(getattr(engine, action)(**command))
        except Exception as error:  # whatever a peer throws is the answer
            first_line = str(error).strip().partition("\n")[0]
            answer({"error": f"{type(error).__name__}: {first_line}"})


def main():
    # What libraries print must not come between the answers.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    serve(sys.argv[1], sys.stdin, answers)


if __name__ == "__main__":
    main()

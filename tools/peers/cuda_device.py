"""The GPU that torch has, and its clock."""
import time

import torch

# Of torch.cuda._sleep: a GPU's clock is below 3 GHz, so that this is at least a millisecond.
CYCLES_OF_A_MS = 3_000_000


class NoDevice(Exception):
    """A sentence that says why there is no GPU to use."""


class CudaDevice:
    """GPU 0 of those that the process sees (CUDA_VISIBLE_DEVICES)."""

    def __init__(self):
        if not torch.version.cuda:
            raise NoDevice(f"torch {torch.__version__} is built without CUDA")
        if not torch.cuda.is_available():
            raise NoDevice(f"torch {torch.__version__} finds no GPU that it can use")
        self.name = "cuda"
        torch.zeros(1, device=self.name)  # its context is current from here on
        self.begin, self.end = (torch.cuda.Event(enable_timing=True) for _ in range(2))

    def describe(self):
        p = torch.cuda.get_device_properties(0)
        return (f"{p.name}, sm_{p.major}{p.minor}, {p.multi_processor_count} multiprocessors, "
                f"{p.total_memory >> 20} MiB; torch {torch.__version__}, CUDA {torch.version.cuda}")

    def target(self, library):
        """Of gcstep's plans: where torch enqueues."""
        return library.c.gcs_cuda(torch.cuda.current_stream().cuda_stream)

    def synchronize(self):
        torch.cuda.synchronize()

    def release(self):
        """Memory that nobody uses."""
        torch.cuda.empty_cache()

    def time_behind(self, step, lead_ms):
        """Milliseconds of the GPU's time in a step that is enqueued while the GPU is busy for
        `lead_ms`."""
        torch.cuda._sleep(int(lead_ms * CYCLES_OF_A_MS))
        self.begin.record()
        step()
        self.end.record()
        self.synchronize()
        return self.begin.elapsed_time(self.end)

    def time_alone(self, step):
        """Milliseconds of a step where the GPU has nothing else to do: of the host's part, and of
        all until the GPU is done."""
        self.synchronize()
        start = time.perf_counter()
        step()
        host = time.perf_counter() - start
        self.synchronize()
        return host * 1e3, (time.perf_counter() - start) * 1e3

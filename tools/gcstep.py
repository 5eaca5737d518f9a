"""libgcstep.so through ctypes: the structs of include/gcstep/gcstep.h, in the same order. For the
programs that hold the library beside others: tests/parity and tools/peers."""
import ctypes
import re
from ctypes import (POINTER, Structure, byref, c_bool, c_char_p, c_double, c_float, c_int, c_size_t,
                    c_uint32, c_uint64, c_void_p)


class Spec(Structure):
    _fields_ = [("rule", c_int), ("center", c_int), ("gradient", c_int), ("copy", c_int),
                ("maximize", c_bool), ("authors_form", c_bool)]


class Tensor(Structure):
    _fields_ = [("layout", c_int), ("rows", c_uint64), ("cols", c_uint64), ("group", c_uint32),
                ("id", c_uint32), ("outer", c_uint64), ("offset", c_uint64), ("count", c_uint64)]


class Target(Structure):
    _fields_ = [("threads", c_int), ("parallel_for", c_void_p), ("pool", c_void_p),
                ("table", c_char_p), ("kernel", c_char_p), ("backend", c_int),
                ("stream", c_void_p)]


class Hyper(Structure):
    _fields_ = [("lr", c_double), ("momentum", c_double), ("dampening", c_double),
                ("beta1", c_double), ("beta2", c_double), ("eps", c_double),
                ("weight_decay", c_double), ("t", c_uint64), ("found_inf", c_void_p),
                ("lr_decay", c_double), ("grad_scale", c_double), ("clip", c_double),
                ("seed", c_uint64)]


class Buffers(Structure):
    _fields_ = [("w", c_void_p), ("g", c_void_p), ("m", c_void_p), ("v", c_void_p),
                ("v_max", c_void_p), ("copy", c_void_p), ("means", c_void_p),
                ("w_means", c_void_p), ("means_count", c_uint64)]


class Measures(Structure):
    _fields_ = [("sums", c_void_p), ("w_sums", c_void_p), ("change_sums", c_void_p),
                ("norm", c_double), ("norm_centered", c_double), ("max", c_float),
                ("max_centered", c_float), ("finite", c_bool)]


class Error(Exception):
    """A call that failed, with the library's own sentence."""


class Library:
    """The functions, and the enumerators of the header by name."""

    def __init__(self, path, header):
        with open(header, encoding="utf-8") as file:
            found = re.findall(r"\bGCS_([A-Z0-9_]+) = (\d+)", file.read())
        self.enum = {name: int(value) for name, value in found}
        self.c = ctypes.CDLL(path)
        for name, result, arguments in [
                ("gcs_last_error", c_char_p, []),
                ("gcs_version", c_char_p, []),
                ("gcs_cpu", Target, []),
                ("gcs_cuda", Target, [c_void_p]),
                ("gcs_hyper_default", Hyper, []),
                ("gcs_rows", Tensor, [c_uint64] * 2),
                ("gcs_cols", Tensor, [c_uint64] * 2),
                ("gcs_general", Tensor, [c_uint64] * 3),
                ("gcs_flat", Tensor, [c_uint64]),
                ("gcs_shard", Tensor, [Tensor, c_uint64, c_uint64]),
                ("gcs_plan_create", c_int,
                 [POINTER(c_void_p), Target, POINTER(Spec), POINTER(Tensor), c_size_t]),
                ("gcs_plan_destroy", None, [c_void_p]),
                ("gcs_step", c_int, [c_void_p, POINTER(Hyper), POINTER(Buffers)]),
                ("gcs_measure", c_int,
                 [c_void_p, POINTER(Hyper), POINTER(Buffers), POINTER(Measures)]),
                ("gcs_total_norm", c_double, [POINTER(Measures), c_size_t]),
                ("gcs_clip_factor", c_double, [c_double, c_double])]:
            function = getattr(self.c, name)
            function.restype, function.argtypes = result, arguments
        self.check_structs()

    def check_structs(self):
        """ctypes cannot see the header: a field that moved must not pass for a rounding error."""
        hyper = self.c.gcs_hyper_default()
        seen = [getattr(hyper, name) for name, _ in Hyper._fields_]
        if seen != [1e-3, 0.9, 0, 0.9, 0.999, 1e-8, 0, 1, None, 0, 0, 0, 0]:
            raise Error(f"struct gcs_hyper is not what gcstep.py takes it for: {seen}")
        piece = self.c.gcs_shard(self.c.gcs_general(5, 6, 7), 8, 9)
        seen = [getattr(piece, name) for name, _ in Tensor._fields_]
        if seen != [self.enum["LAYOUT_COLS"], 6, 7, 0, 0, 5, 8, 9]:
            raise Error(f"struct gcs_tensor is not what gcstep.py takes it for: {seen}")
        target = self.c.gcs_cuda(0x1230)
        seen = [getattr(target, name) for name, _ in Target._fields_]
        if seen != [0, None, None, None, None, self.enum["BACKEND_CUDA"], 0x1230]:
            raise Error(f"struct gcs_target is not what gcstep.py takes it for: {seen}")

    def call(self, name, *arguments):
        status = getattr(self.c, name)(*arguments)
        if status != self.enum["OK"]:
            raise Error(f"{name}: {self.c.gcs_last_error().decode()}")

    def spec(self, rule, center, gradient="F32", copy="NONE", **flags):
        return Spec(self.enum["RULE_" + rule], self.enum["CENTER_" + center],
                    self.enum["TYPE_" + gradient], self.enum["COPY_" + copy], **flags)

    def hyper(self, **fields):
        hyper = self.c.gcs_hyper_default()
        for name, value in fields.items():
            setattr(hyper, name, value)
        return hyper


def address(array):
    """Of the memory of a torch tensor or a numpy array."""
    return array.data_ptr() if hasattr(array, "data_ptr") else array.ctypes.data


class Plan:
    """A plan with one parameter group, and the buffers of its tensors as torch tensors or numpy
    arrays: dicts with the field names of gcs_buffers. Freed with the object. `table` as in
    gcs_target: b"" for the default rule, None for the tables that a trainer would get. `target` in
    the place of both, e.g. library.c.gcs_cuda(torch.cuda.current_stream().cuda_stream)."""

    def __init__(self, library, spec, tensors, threads=0, table=b"", target=None):
        self.library, self.count = library, len(tensors)
        self.handle = c_void_p()
        if target is None:
            target = library.c.gcs_cpu()
            target.threads, target.table = threads, table
        library.call("gcs_plan_create", byref(self.handle), target, byref(spec),
                     (Tensor * self.count)(*tensors), self.count)

    def __del__(self):
        self.library.c.gcs_plan_destroy(self.handle)

    def addresses(self, buffers):
        """For step_at; the arrays must outlive it."""
        return (Buffers * self.count)(
            *(Buffers(**{name: address(array) for name, array in b.items()}) for b in buffers))

    def step(self, hyper, buffers):
        self.step_at(hyper, self.addresses(buffers))

    def step_at(self, hyper, addresses):
        self.library.call("gcs_step", self.handle, byref(hyper), addresses)

    def measure(self, hyper, buffers):
        """One Measures for each tensor, without sums."""
        measures = (Measures * self.count)()
        self.library.call("gcs_measure", self.handle, byref(hyper), self.addresses(buffers),
                          measures)
        return measures

    def total_norm(self, measures):
        return self.library.c.gcs_total_norm(measures, self.count)

"""torch.optim's SGD, Adam and AdamW in the forms that the installed torch has, with a centring
pass before and without."""
import torch

from peers.workload import FIRST_STEP, BufferSet

OPTIMIZERS = {"sgdm": torch.optim.SGD, "adam": torch.optim.Adam, "adamw": torch.optim.AdamW}
STATE_NAMES = {"sgdm": {"m": "momentum_buffer"},
               "adam": {"m": "exp_avg", "v": "exp_avg_sq"},
               "adamw": {"m": "exp_avg", "v": "exp_avg_sq"}}
FORMS = {"loop": {"foreach": False}, "foreach": {"foreach": True}, "fused": {"fused": True}}


def arguments(setup):
    """Of the optimizer's class, in torch's names."""
    given = dict(setup.hyper)
    if "beta1" in given:
        given["betas"] = (given.pop("beta1"), given.pop("beta2"))
    return given


class TorchSet:
    """The parameters of one set, on the memory of a BufferSet, and the state that all forms of the
    optimizer share."""

    def __init__(self, setup):
        self.buffers = BufferSet(setup.shapes, setup.rule)
        self.parameters, self.state, self.centred = [], [], []
        for shape, arrays in zip(setup.shapes, self.buffers.tensors):
            tensors = {name: torch.from_numpy(array) for name, array in arrays.items()}
            parameter = torch.nn.Parameter(tensors["w"])
            parameter.grad = tensors["g"]
            state = {theirs: tensors[ours] for ours, theirs in STATE_NAMES[setup.rule].items()}
            if setup.rule != "sgdm":
                state["step"] = torch.tensor(FIRST_STEP - 1.0)
            self.parameters.append(parameter)
            self.state.append(state)
            if shape.mean_axes is not None:
                self.centred.append((parameter, shape.mean_axes))

    def restore(self):
        self.buffers.restore()
        for state in self.state:
            if "step" in state:
                state["step"].fill_(FIRST_STEP - 1)

    def optimizer(self, setup, form):
        optimizer = OPTIMIZERS[setup.rule](self.parameters, **arguments(setup), **form)
        for parameter, state in zip(self.parameters, self.state):
            optimizer.state[parameter] = dict(state)
        return optimizer

    @torch.no_grad()
    def centre(self):
        """A pass of its own, in place, as the GC authors' optimizers do it to each gradient."""
        for parameter, axes in self.centred:
            parameter.grad -= parameter.grad.mean(dim=axes, keepdim=True)


class TorchPeer:
    version = f"torch {torch.__version__}"

    def __init__(self, name, setup, form, centred, sets):
        self.name, self.centred, self.sets = name, centred, sets
        self.optimizers = [s.optimizer(setup, form) for s in sets]

    def step(self, k):
        if self.centred:
            self.sets[k].centre()
        self.optimizers[k].step()

    def weights(self, k):
        return [p.detach().numpy() for p in self.sets[k].parameters]

    def state_bytes(self, k):
        tensors = [t for p, state in self.optimizers[k].state.items()
                   for t in (p, p.grad, *(v for name, v in state.items() if name != "step"))]
        return sum(t.numel() * t.element_size() for t in tensors)

    def restore(self, k):
        self.sets[k].restore()


class CompiledPeer(TorchPeer):
    """torch.compile of the pass and the step as one function."""

    def __init__(self, setup, centred, sets):
        super().__init__("torch.compile", setup, FORMS["foreach"], centred, sets)
        self.compiled = torch.compile(lambda: TorchPeer.step(self, 0))

    def step(self, k):
        assert k == 0
        self.compiled()


def offer_compiled(setup, sets):
    if not setup.compile:
        return [], [("torch.compile", "not asked for (--compile)")]
    if not hasattr(torch, "compile"):
        return [], [("torch.compile", f"torch {torch.__version__} does not have it")]
    if len(sets) > 1:  # an optimizer's own tensors are constants to the compiler
        return [], [("torch.compile", "it would compile anew for each of the "
                     f"{len(sets)} sets that make so small a network cold")]
    return [CompiledPeer(setup, centred, sets) for centred in (True, False)], []


def offer(setup):
    torch.set_num_threads(setup.threads)
    sets = [TorchSet(setup) for _ in range(setup.sets)]
    peers, absent = offer_compiled(setup, sets)
    for name, form in FORMS.items():
        try:
            peers += [TorchPeer(f"torch {name}", setup, form, centred, sets)
                      for centred in (True, False)]
        except (TypeError, RuntimeError) as error:
            # Older releases know no such argument, or have no such form for the CPU.
            absent.append((f"torch {name}", f"torch {torch.__version__}: {error}"))
    return peers, absent

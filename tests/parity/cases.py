"""Which optimizers are held to the library, and with which hyper-parameters: each of a size that
tells."""
import torch

import authors
from trajectory import Case

SGD = {"lr": 0.05, "weight_decay": 0.1}
SGDM = {**SGD, "momentum": 0.8, "dampening": 0.15}
ADAM = {"lr": 0.02, "beta1": 0.8, "beta2": 0.95, "eps": 0.02, "weight_decay": 0.1}
ADAGRAD = {"lr": 0.05, "lr_decay": 0.1, "eps": 0.1, "weight_decay": 0.1}


def derived(optimizer, **attributes):
    """The class with another place to centre, say."""
    return type(optimizer.__name__, (optimizer,), attributes)


def authors_cases():
    undamped = {**SGDM, "dampening": 0.0}
    nesterov, amsgrad, old = {"nesterov": True}, {"amsgrad": True}, {"authors_form": True}
    yield Case("SGD_GC", authors.SGD_GC, "SGDM", "GRADIENT", SGDM)
    yield Case("SGD_GC, no momentum", authors.SGD_GC, "SGD", "GRADIENT", SGD)
    yield Case("SGD_GC, Nesterov", authors.SGD_GC, "NESTEROV", "GRADIENT", undamped, nesterov)
    yield Case("SGD_GCC", authors.SGD_GCC, "SGDM", "GRADIENT", SGDM)
    yield Case("SGDW_GC, no momentum", authors.SGDW_GC, "SGDW", "GRADIENT", SGD)
    yield Case("SGDW_GCC", authors.SGDW_GCC, "SGDMW", "GRADIENT", SGDM)
    yield Case("SGDW_GCC, Nesterov", authors.SGDW_GCC, "NESTEROVW", "GRADIENT", undamped, nesterov)
    yield Case("Adam_GC", authors.Adam_GC, "ADAM", "GRADIENT", ADAM)
    yield Case("Adam_GCC", authors.Adam_GCC, "ADAM", "GRADIENT", ADAM)
    yield Case("Adam_GCC, AMSGrad", authors.Adam_GCC, "AMSGRAD", "GRADIENT", ADAM, amsgrad)
    yield Case("Adam_GC, authors' form", authors.Adam_GC, "ADAM", "GRADIENT", ADAM, old)
    yield Case("AdamW_GC", authors.AdamW_GC, "ADAMW", "GRADIENT", ADAM)
    yield Case("AdamW_GCC", authors.AdamW_GCC, "ADAMW", "GRADIENT", ADAM)
    yield Case("AdamW_GCC, authors' form", authors.AdamW_GCC, "ADAMW", "GRADIENT", ADAM, old)
    yield Case("AdamW_GC, AMSGrad, authors' form", authors.AdamW_GC, "AMSGRADW", "GRADIENT", ADAM,
               {**amsgrad, **old})
    yield Case("Adagrad_GC", authors.Adagrad_GC, "ADAGRAD", "GRADIENT", ADAGRAD)
    yield Case("Adagrad_GCC", authors.Adagrad_GCC, "ADAGRAD", "GRADIENT", ADAGRAD)
    yield Case("Adam_GC2", authors.Adam_GC2, "ADAM", "UPDATE", ADAM)
    yield Case("AdamW_GC2", authors.AdamW_GC2, "ADAMW", "UPDATE", ADAM)
    yield Case("AdamW_GC2, AMSGrad", authors.AdamW_GC2, "AMSGRADW", "UPDATE", ADAM, amsgrad)
    yield Case("AdamW_GC2, authors' form", authors.AdamW_GC2, "ADAMW", "UPDATE", ADAM, old)
    yield Case("Adagrad, update", derived(authors.Adagrad, where="update"), "ADAGRAD", "UPDATE",
               ADAGRAD)
    yield Case("SGDW, update", derived(authors.SGDW_GC, where="update"), "SGDMW", "UPDATE", SGDM)
    for name, optimizer, rule, hyper in [("SGD", authors.SGD, "SGDM", SGDM),
                                         ("Adam", authors.Adam, "ADAM", ADAM),
                                         ("Adagrad", authors.Adagrad, "ADAGRAD", ADAGRAD)]:
        yield Case(name + ", raw gradient", derived(optimizer, where="raw"), rule, "RAW_GRADIENT",
                   hyper)


def sgd_arguments(hyper, flags):
    return {**hyper, **flags}


def adam_arguments(hyper, flags):
    rest = {k: v for k, v in hyper.items() if k not in ("beta1", "beta2")}
    return {"betas": (hyper["beta1"], hyper["beta2"]), **rest, **flags}


def torch_cases():
    """torch.optim itself, uncentred."""
    optim = torch.optim
    undamped = {**SGDM, "dampening": 0.0}
    usual = {"lr": 1e-3, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8, "weight_decay": 0.01}
    up, nesterov, amsgrad = {"maximize": True}, {"nesterov": True}, {"amsgrad": True}
    for name, optimizer, rule, built_in, hyper, flags in [
            ("SGD", authors.SGD, "SGD", optim.SGD, SGD, {}),
            ("SGD, momentum, dampening", authors.SGD, "SGDM", optim.SGD, SGDM, {}),
            ("SGD, momentum, maximize", authors.SGD, "SGDM", optim.SGD, SGDM, up),
            ("SGD, Nesterov", authors.SGD, "NESTEROV", optim.SGD, undamped, nesterov),
            ("Adam", authors.Adam, "ADAM", optim.Adam, ADAM, {}),
            ("Adam, maximize", authors.Adam, "ADAM", optim.Adam, ADAM, up),
            ("Adam, AMSGrad", authors.Adam, "AMSGRAD", optim.Adam, ADAM, amsgrad),
            ("AdamW", authors.AdamW_GC, "ADAMW", optim.AdamW, ADAM, {}),
            ("AdamW, maximize", authors.AdamW_GC, "ADAMW", optim.AdamW, ADAM, up),
            ("AdamW, AMSGrad", authors.AdamW_GC, "AMSGRADW", optim.AdamW, ADAM, amsgrad),
            ("AdamW, its defaults", authors.AdamW_GC, "ADAMW", optim.AdamW, usual, {}),
            ("Adagrad", authors.Adagrad, "ADAGRAD", optim.Adagrad, ADAGRAD, {}),
            ("Adagrad, maximize", authors.Adagrad, "ADAGRAD", optim.Adagrad, ADAGRAD, up)]:
        arguments = {**hyper, **flags}
        if "beta1" in hyper:
            arguments["betas"] = (arguments.pop("beta1"), arguments.pop("beta2"))
        yield Case("torch.optim." + name, derived(optimizer, where=None), rule, "NONE", hyper,
                   flags, (built_in, arguments),
                   untold=("eps", "weight_decay") if hyper is usual else ())


def mixed_cases():
    """Gradients and copies in 16 bits."""
    yield Case("AdamW_GC, bf16, bf16 copy", authors.AdamW_GC, "ADAMW", "GRADIENT", ADAM,
               gradient="BF16", copy="BF16")
    yield Case("SGD_GC, f16, f16 copy", authors.SGD_GC, "SGDM", "GRADIENT", SGDM, gradient="F16",
               copy="F16")
    yield Case("Adam_GC2, f16, bf16 copy", authors.Adam_GC2, "ADAM", "UPDATE", ADAM,
               gradient="F16", copy="BF16")
    yield Case("Adagrad_GC, bf16, f16 copy", authors.Adagrad_GC, "ADAGRAD", "GRADIENT", ADAGRAD,
               gradient="BF16", copy="F16")

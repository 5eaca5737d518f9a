"""optax's sgd, adam and adamw as one jitted function, with optax.centralize and without."""
import jax
import numpy as np
import optax

from peers.workload import FIRST_STEP, fill

jax.config.update("jax_platforms", "cpu")


def optimizer(rule, hyper):
    if rule == "sgdm":
        return optax.sgd(hyper["lr"], hyper["momentum"])
    arguments = {"b1": hyper["beta1"], "b2": hyper["beta2"], "eps": hyper["eps"]}
    if rule == "adam":
        return optax.adam(hyper["lr"], **arguments)
    return optax.adamw(hyper["lr"], weight_decay=hyper["weight_decay"], **arguments)


def centralize_columns():
    """optax.centralize for weights whose output channel is the last dimension."""
    def update(updates, state, params=None):
        del params
        return jax.tree.map(lambda g: g - g.mean(tuple(range(g.ndim - 1)), keepdims=True),
                            updates), state
    return optax.GradientTransformation(lambda params: optax.EmptyState(), update)


def centred_optimizer(setup):
    plain = optimizer(setup.rule, setup.hyper)
    rows, cols = ([s.layout == layout for s in setup.shapes] for layout in ("rows", "cols"))
    return optax.chain(optax.masked(optax.centralize(), rows),
                       optax.masked(centralize_columns(), cols), plain)


class JaxSet:
    """Weights, gradients and the arrays of the optimizer's state, in the order in which both forms
    of the optimizer have them. A step donates weights and state, and puts the new ones here."""

    def __init__(self, setup, first_state):
        self.setup, self.first_state = setup, first_state
        self.restore()

    def arrays(self, name):
        scratch = np.empty(max(s.elements for s in self.setup.shapes), np.float32)
        arrays = []
        for shape in self.setup.shapes:
            values = scratch[:shape.elements].reshape(shape.dims)
            fill(values, name)
            arrays.append(jax.block_until_ready(jax.numpy.array(values, copy=True)))
        return arrays

    def restore(self):
        self.weights = self.state = self.gradients = None  # their memory is used again
        self.weights, self.gradients = self.arrays("w"), self.arrays("g")
        self.state = jax.tree.leaves(self.first_state(self))
        jax.block_until_ready((self.weights, self.gradients, self.state))


def first_state(setup, transformation):
    """A function that makes the state of a set at FIRST_STEP."""
    names = {"sgdm": {"trace": "m"}}.get(setup.rule, {"mu": "m", "nu": "v"})

    def make(jax_set):
        values = {theirs: jax_set.arrays(ours) for theirs, ours in names.items()}
        if setup.rule != "sgdm":
            values["count"] = jax.numpy.array(FIRST_STEP - 1, "int32")
        return optax.tree.set(transformation.init(jax_set.weights), **values)
    return make


class JaxPeer:
    version = f"optax {optax.__version__}, jax {jax.__version__}"

    def __init__(self, transformation, centred, sets):
        self.name, self.centred, self.sets = "optax", centred, sets
        self.form = jax.tree.structure(transformation.init(sets[0].weights))

        def step(weights, leaves, gradients):
            state = jax.tree.unflatten(self.form, leaves)
            changes, state = transformation.update(gradients, state, weights)
            return optax.apply_updates(weights, changes), jax.tree.leaves(state)
        self.jitted = jax.jit(step, donate_argnums=(0, 1))

    def step(self, k):
        s = self.sets[k]
        s.weights, s.state = self.jitted(s.weights, s.state, s.gradients)
        jax.block_until_ready((s.weights, s.state))

    def weights(self, k):
        # Through dlpack nothing keeps the memory, so that the next step can have it.
        return (np.from_dlpack(w) for w in self.sets[k].weights)

    def state_bytes(self, k):
        s = self.sets[k]
        return sum(a.nbytes for a in (*s.weights, *s.gradients, *s.state) if a.ndim > 0)

    def restore(self, k):
        self.sets[k].restore()


def offer(setup):
    plain, centred = optimizer(setup.rule, setup.hyper), centred_optimizer(setup)
    sets = [JaxSet(setup, first_state(setup, plain)) for _ in range(setup.sets)]
    return [JaxPeer(centred, True, sets), JaxPeer(plain, False, sets)], []

"""Through all layers of a model and back: the chain rule, layer by layer."""

from ._model_layers import Pass
from ._model_plain import Add, Unpool


def forward(placed, x, params, state, *, seed, training=()):
    """Run the layers one after the other; yields each one's name, output and cache.

    Arguments: placed layers; x (N, ...); params "layer.part" -> array; state, to which batch normalisation writes its
    new running statistics; seed for dropout; training, the names of the layers that are in training, not in use.
    """
    referred = {p.layer.of for p in placed if isinstance(p.layer, (Add, Unpool))}
    run = Pass(state=state)
    for i, p in enumerate(placed):
        run.layer, run.train, run.seed = p.name, p.name in training, (seed, state["passes"], i)
        own = {part: params[f"{p.name}.{part}"] for part in p.parameters}
        try:
            x, cache = p.layer.forward(x, own, run)
        except (ValueError, TypeError) as error:
            raise type(error)(f"{p.name}: {error}") from error
        if p.name in referred:
            run.kept[p.name] = (x, cache)
        yield p.name, x, cache


def backward(placed, dscores, caches, *, first):
    """Run the layers in reverse; yields each one's name, the gradient of its output, and those of its parameters.

    It stops at the layer with the index `first`: what stands before has nothing that moves, so no gradient is needed.
    """
    dout, shortcuts = dscores, {}
    for i in range(len(placed) - 1, first - 1, -1):
        name, layer, *_ = placed[i]
        if name in shortcuts:  # the output went two ways: the gradients of both add up
            dout = dout + shortcuts[name]
        if isinstance(layer, Add):
            shortcuts[layer.of] = shortcuts.get(layer.of, 0) + dout
        dx, parts = layer.backward(dout, caches[name], need_dx=i > first)
        yield name, dout, {f"{name}.{part}": gradient for part, gradient in parts.items() if gradient is not None}
        dout = dx

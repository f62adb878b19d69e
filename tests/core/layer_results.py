"""What course_lib returns for a case of tests/fixtures/layer_cases.py, and how far that is from PyTorch's values."""

import layer_cases
import numpy as np

from course_lib import activations, conv, jacobian, linear, losses, norm, pool

TOLERANCE = {np.float64: 1e-12, np.float32: 2e-5}
MODULES = (activations, conv, linear, losses, norm, pool)


def function(name):
    return next(getattr(module, name) for module in MODULES if hasattr(module, name))


def softmax_forward(x):
    return losses.softmax(x), (x,)


def softmax_backward(dout, cache):
    """Row by row through the Jacobian J[n, m] = ∂p_m/∂z_n."""
    (x,) = cache
    rows = zip(x.reshape(-1, x.shape[-1]), dout.reshape(-1, x.shape[-1]))
    return np.stack([jacobian.softmax_jacobian(z) @ d for z, d in rows]).reshape(x.shape)


def layer(case):
    """The layer's pair of functions, its options bound."""
    name, options = case["layer"], case["options"]
    if name == "softmax":
        return softmax_forward, softmax_backward
    if name == "max_unpool2d":

        def unpool(image, x):
            cache = pool.max_pool2d_forward(image, **options)[1]
            return pool.max_unpool2d(x, cache), cache

        return unpool, pool.max_unpool2d_backward
    forward, backward = function(f"{name}_forward"), function(f"{name}_backward")
    return lambda *given: forward(*given, **options), backward


def results(case, dtype):
    """out (or loss), whatever else the layer returns, and the gradients: arrays by name, as make_layers.py has them."""
    given = layer_cases.inputs(case, dtype)
    for value in given.values():
        value.flags.writeable = False
    if case["layer"].endswith(("cross_entropy", "loss", "error")):
        loss, gradient = function(case["layer"])(*given.values(), **case["options"])
        return {"loss": np.asarray(loss), f"d{case['wrt'][0]}": gradient}
    forward, backward = layer(case)
    if case["layer"] == "batchnorm":
        x, gamma, beta, *running = given.values()
        out, cache, (mean, var) = forward(x, gamma, beta, running)
        found = {"out": out, "new_mean": mean, "new_var": var}
    else:
        out, cache = forward(*given.values())
        found = {"out": out}
    gradients = backward(layer_cases.upstream(case, out.shape, dtype), cache)
    gradients = gradients if isinstance(gradients, tuple) else (gradients,)
    return found | {f"d{name}": gradient for name, gradient in zip(case["wrt"], gradients)}


def disagreements(case, got, expected, dtype):
    """One line for each result that is not of PyTorch's shape and dtype, or not max|a - b| ≤ tol·max|b|."""
    assert got.keys() == expected.keys()
    lines = []
    for name, wanted in expected.items():
        found = got[name]
        where = f"{name} of {case['layer']}{case['options']} on {case['shapes']} in {dtype.__name__}"
        if found.shape != wanted.shape or (name != "loss" and found.dtype != wanted.dtype):
            lines.append(f"{where}: {found.dtype} {found.shape}, PyTorch's is {wanted.dtype} {wanted.shape}")
            continue
        error, size = np.max(np.abs(found - wanted)), np.max(np.abs(wanted))
        if not error <= TOLERANCE[dtype] * size:
            lines.append(f"{where}: {error:.1e} away from PyTorch, of numbers up to {size:.1e}")
    return lines

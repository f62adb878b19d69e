"""The course's reference library: every layer of the lectures as a pair of pure functions in NumPy.

    from course_lib.conv import conv2d_forward, conv2d_backward
    out, cache = conv2d_forward(x, w, b, stride=1, pad=0)
    dx, dw, db = conv2d_backward(dout, cache)

Layers write to none of their arguments, and a cache holds references to the arrays of its forward pass: do not write
to those arrays between `forward` and `backward`. Submodules load when first used, so
`import course_lib` costs next to nothing.
"""

from importlib import import_module

__version__ = "0.1.0"


def __getattr__(name):
    """Load a submodule on first use (PEP 562): `course_lib.conv` works after `import course_lib`."""
    submodule = f"{__name__}.{name}"
    if not name.startswith("_"):
        try:
            return import_module(submodule)
        except ModuleNotFoundError as error:
            if error.name != submodule:  # the submodule is there; something that it needs is not
                raise
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    """Offer the public submodules for completion, loaded or not."""
    from pkgutil import iter_modules

    return sorted({*globals(), *(found.name for found in iter_modules(__path__) if not found.name.startswith("_"))})

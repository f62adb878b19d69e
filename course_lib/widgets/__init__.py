"""Widgets for the notebooks: pictures that move, driven by mouse, touch or keyboard, with Python's numbers behind them.

    from course_lib.widgets import FilterSlide
    FilterSlide([[1, 2, 3], [4, 5, 6], [7, 8, 9]], [[1, 0], [0, -1]])

Python computes when a widget is made and when its example changes; the browser draws from these numbers, and so a
widget moves without waiting for a kernel, and also on a page that has none. A widget loads when its name is first used.
"""

from importlib import import_module

_HOMES = {
    "FilterSlide": "filter_slide",
    "OptimizerRace": "optimizer_race",
    "PoolRoutes": "pool_routes",
    "CrossEntropySliders": "cross_entropy_sliders",
    "ReceptiveField": "receptive_field",
    "GraphStepper": "graph_stepper",
    "JacobianView": "jacobian_view",
    "ProgressView": "progress_view",
}
__all__ = list(_HOMES)


def __getattr__(name):
    """Load a widget on first use (PEP 562), and say in one sentence what is missing where it cannot run."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    except ModuleNotFoundError as error:
        if error.name not in ("anywidget", "ipywidgets", "traitlets"):
            raise
        raise ImportError(
            f"{name} needs the package {error.name}, which is not installed here: python -m pip install anywidget "
            "(it brings ipywidgets along), then start the kernel again"
        ) from error


def __dir__():
    """Offer the widgets for completion, loaded or not."""
    return sorted({*globals(), *__all__})

import json
import subprocess
import sys
from pathlib import Path

import pytest

import course_lib


def run_python(code):
    """Standard output of a fresh interpreter that finds this checkout."""
    root = Path(course_lib.__file__).parents[1]
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root).stdout


def top_level_modules_loaded_by(statement):
    """The packages, beside the standard library, that a statement loads in a fresh interpreter."""
    code = (
        "import sys, json; before = set(sys.modules)\n"
        f"{statement}\n"
        "new = {name.split('.')[0] for name in set(sys.modules) - before}\n"
        "print(json.dumps(sorted(new - set(sys.stdlib_module_names))))"
    )
    return set(json.loads(run_python(code)))


def test_import_is_light():
    assert top_level_modules_loaded_by("import course_lib") <= {"course_lib", "numpy"}


def test_core_needs_numpy_only():
    modules = "activations classic conv data flat gradcheck graph jacobian linear losses models norm optim pool train".split()
    statement = "import course_lib\n" + "\n".join(f"course_lib.{module}" for module in modules)
    assert top_level_modules_loaded_by(statement) == {"course_lib", "numpy"}


def test_submodules_load_on_first_use():
    code = "import course_lib; print(hasattr(course_lib, '_validate'), course_lib.conv.output_size(7, 3, stride=2))"
    assert run_python(code).split() == ["False", "3"]  # a private module is not loaded by a look


def test_unknown_attribute_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'konv'"):
        course_lib.konv
    assert not hasattr(course_lib, "_nothing")


def test_missing_dependency_of_a_submodule_is_not_hidden(monkeypatch):
    def import_module(name):
        raise ModuleNotFoundError("No module named 'elsewhere'", name="elsewhere")

    monkeypatch.setattr(course_lib, "import_module", import_module)
    with pytest.raises(ModuleNotFoundError, match="elsewhere"):
        course_lib.a_module_that_needs_elsewhere


def test_completion_offers_the_submodules():
    assert {"conv", "flat", "gradcheck", "__version__"} <= set(dir(course_lib))
    assert "_validate" not in set(dir(course_lib)) - set(vars(course_lib))

"""What all widgets share: the joined module, state, repr, the picture to fall back to, refused values."""

import base64
import json
import subprocess
import sys

import pytest
import traitlets

import course_lib.widgets
from course_lib import draw
from course_lib.widgets import _assets
from course_lib.widgets._base import CourseWidget, capped

WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"


class Dial(CourseWidget, script="common.js"):
    """The least that a widget needs."""

    saved = ("angle", "name")
    angle = traitlets.Float(0.0).tag(sync=True)
    name = traitlets.Unicode("north").tag(sync=True)

    @traitlets.validate("angle")
    def _whole_turn(self, proposal):
        if not 0 <= proposal["value"] <= 360:
            raise traitlets.TraitError(f"angle: expected 0 to 360, got {proposal['value']}")
        return proposal["value"]

    def picture(self):
        from matplotlib.figure import Figure

        figure = Figure(figsize=(1, 1))
        figure.add_subplot().plot([0, self.angle])
        return figure


@pytest.fixture
def dial():
    widget = Dial(angle=90.0)
    yield widget
    widget.close()


def test_repr_is_the_same_on_every_run(dial):
    other = Dial(angle=90.0)
    assert repr(dial) == repr(other) == "Dial(angle=90.0, name='north')"
    other.close()


def test_state_goes_through_json_and_back(dial):
    dial.name = "east"
    stored = json.loads(json.dumps(dial.state()))
    again = Dial.from_state(stored)
    assert again.state() == dial.state() == {"angle": 90.0, "name": "east"}
    again.close()


@pytest.mark.parametrize("bad", [{"angle": 400.0}, {"name": "east", "angle": 400.0}, {"angle": "x"}, {"other": 1}, [1]])
def test_a_refused_state_changes_nothing(dial, bad):
    before = dial.state()
    with pytest.raises(ValueError, match="state: "):
        dial.restore(bad)
    assert dial.state() == before
    with pytest.raises(ValueError, match="state: "):
        Dial.from_state(bad)


def test_a_refused_value_from_the_browser_is_told_and_the_last_good_one_goes_back(dial, monkeypatch):
    sent = []
    monkeypatch.setattr(dial, "send_state", lambda key=None: sent.append(key))
    dial.set_state({"angle": 400.0})
    assert dial.problem == "angle: expected 0 to 360, got 400.0"
    assert dial.angle == 90.0
    assert ["angle"] in sent
    dial.set_state({"angle": 10.0})
    assert (dial.problem, dial.angle) == ("", 10.0)


def test_an_error_in_a_callback_is_shown_and_not_swallowed(dial):
    def broken(change):
        raise ZeroDivisionError("my callback")

    dial.observe(broken, "angle")
    with pytest.raises(ZeroDivisionError):
        dial.set_state({"angle": 10.0})
    assert dial.problem == "ZeroDivisionError: my callback"


def test_viewers_without_widgets_get_text_and_a_picture(dial, monkeypatch):
    data, metadata = dial._repr_mimebundle_()
    assert set(data) == {WIDGET_VIEW, "text/plain", "image/png"}
    assert data["text/plain"] == repr(dial) == metadata["image/png"]["alt"]
    assert base64.b64decode(data["image/png"]).startswith(b"\x89PNG")
    assert data["image/png"] == dial._repr_mimebundle_()[0]["image/png"]
    assert "image/png" not in dial._repr_mimebundle_(exclude=["image/png"])[0]
    monkeypatch.setenv(draw.NO_PICTURES, "1")
    assert set(dial._repr_mimebundle_()[0]) == {WIDGET_VIEW, "text/plain"}


def test_a_closed_widget_lets_go_of_its_connection():
    widget = Dial()
    assert widget.comm is not None
    widget.close()
    assert widget.comm is None


def test_caps_say_what_and_how_many():
    capped("image", 4, 4, "channels", "Show some of them.")
    with pytest.raises(ValueError, match="image: the widget shows at most 4 channels, got 5. Show some of them."):
        capped("image", 5, 4, "channels", "Show some of them.")


# the joined module


@pytest.fixture
def files(tmp_path, monkeypatch):
    monkeypatch.setattr(_assets, "STATIC", tmp_path)

    def write(**sources):
        for name, source in sources.items():
            (tmp_path / f"{name}.js").write_text(source)

    return write


def test_files_are_joined_once_each_and_in_order(files):
    files(
        a='import { two,\n  three } from "./b.js";\nimport { three } from "./c.js";\nexport default { two };\n',
        b='import { three } from "./c.js";\nexport function two() { return three; }\n',
        c="export const three = 3;\n",
    )
    assert _assets.module_source("a.js") == (
        "// c.js\nconst three = 3;\n\n// b.js\nfunction two() { return three; }\n\n// a.js\nexport default { two };\n"
    )


@pytest.mark.parametrize(
    "broken, message",
    [
        ({"a": 'import { x as y } from "./b.js";\n', "b": "export const x = 1;\n"}, "renames"),
        (
            {"a": 'import { x } from "./b.js";\nconst x = 2;\n', "b": "export const x = 1;\n"},
            "a.js: defines x, which b.js defines too",
        ),
        (
            {"a": 'import { x } from "./b.js";\n', "b": 'import { y } from "./a.js";\nexport const x = 1;\n'},
            "imports itself",
        ),
        ({"a": 'import x from "./b.js";\n', "b": "export default 1;\n"}, "cannot be joined"),
        ({"a": 'import { x } from "./b.js";\n', "b": "const x = 1;\nexport { x };\n"}, "cannot be joined"),
    ],
)
def test_what_cannot_be_joined_is_refused(files, broken, message):
    files(**broken)
    with pytest.raises(ValueError, match=message):
        _assets.module_source("a.js")


@pytest.mark.parametrize("name", course_lib.widgets.__all__)
def test_every_widgets_module_asks_for_nothing_from_elsewhere(name):
    widget = getattr(course_lib.widgets, name)
    text = widget._esm + widget._css
    assert "\nexport default {" in widget._esm
    for word in ("http://", "https://", "@import", "url(", "fetch(", "XMLHttpRequest", "import("):
        assert word not in text, f"{name} has {word}"


def test_light_colours_are_those_of_the_pictures():
    css = _assets.style_source("base.css")
    for i, stop in enumerate(draw._STOPS):
        assert f"--cw-stop-{i}: light-dark({stop}," in css


# importing


def run_python(source):
    return subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, timeout=60)


def test_importing_the_package_loads_no_widget():
    run = run_python(
        "import sys, course_lib.widgets; assert 'FilterSlide' in dir(course_lib.widgets); print('anywidget' in sys.modules)"
    )
    assert run.stdout.strip() == "False", run.stderr


@pytest.mark.parametrize("absent", ["anywidget", "ipywidgets"])
def test_where_a_package_is_absent_one_sentence_says_so(absent):
    run = run_python(f"import sys; sys.modules[{absent!r}] = None\nimport course_lib.widgets as w\nw.FilterSlide")
    last = run.stderr.strip().splitlines()[-1]
    assert last.startswith(
        f"ImportError: FilterSlide needs the package {absent}, which is not installed here: python -m pip"
    )


def test_an_unknown_widget_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'Slide'"):
        course_lib.widgets.Slide  # noqa: B018

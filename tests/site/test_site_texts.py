"""The glossary and the map: what they say of assignments, rows and names is so."""

import importlib
import re
import tomllib
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from course_lib.check.assignments import ASSIGNMENTS, builds_on
from course_lib.walkthrough.map import map_svg

ROOT = Path(__file__).resolve().parents[2]
MAP = (ROOT / "site" / "map.md").read_text(encoding="utf-8")
GLOSSARY = (ROOT / "site" / "glossary.md").read_text(encoding="utf-8")
WAYS = [re.findall(r"\d\d", line.partition(":")[2]) for line in MAP.splitlines() if " → " in line]


def test_the_picture_is_that_of_the_assignments():
    svg = map_svg()
    assert (ROOT / "site" / "map.svg").read_text(encoding="utf-8") == svg, "write it anew: course_lib.walkthrough.map.map_svg()"
    tree = ElementTree.fromstring(svg)
    texts = " ".join(e.text for e in tree.iter("{http://www.w3.org/2000/svg}text"))
    for number, assignment in ASSIGNMENTS.items():
        assert f"{number} {assignment.title}" in texts
    arrows = [e for e in tree.iter("{http://www.w3.org/2000/svg}path") if e.get("fill") == "none"]
    assert len(arrows) == sum(len(a.builds_on) for a in ASSIGNMENTS.values())


def test_no_two_assignments_stand_in_one_place():
    places = [a.place for a in ASSIGNMENTS.values()]
    for i, (x, y) in enumerate(places):
        assert all(x != u or abs(y - v) >= 0.9 for u, v in places[:i])


def test_the_pictures_words_name_every_arrow():
    (alt,) = re.findall(r"!\[([^\]]+)\]\(map\.svg\)", MAP)
    for number in ASSIGNMENTS:
        assert number in alt
    for number, after in re.findall(r"(\d\d) leads to ([\d, and]+?)[.;]", alt):
        for one in re.findall(r"\d\d", after):
            assert number in ASSIGNMENTS[one].builds_on, (number, one)


def test_the_table_says_what_builds_on_what():
    rows = re.findall(r"^\| (\d\d) \| ([^|]+) \| ([^|]*) ?\| ([^|]+) \|$", MAP, re.M)
    assert [(n, title, tuple(re.findall(r"\d\d", before))) for n, title, before, _ in rows] == [
        (n, a.title, a.builds_on) for n, a in ASSIGNMENTS.items()
    ]


@pytest.mark.parametrize("way", WAYS, ids=lambda w: f"to-{w[-1]}-by-{len(w)}")
def test_a_way_can_be_gone(way):
    for i, number in enumerate(way):
        assert builds_on(number) <= set(way[:i]), f"{number} comes too early"


def test_ways_called_shortest_are():
    assert len(WAYS) == 5 and set(WAYS[0]) == set(ASSIGNMENTS)
    for way in WAYS[1:]:
        assert set(way) == builds_on(way[-1]) | {way[-1]}


def test_the_glossary_knows_all_lectures_and_no_row_that_is_not_there():
    rows = tomllib.loads((ROOT / "tests" / "rows.toml").read_text(encoding="utf-8"))
    assert set(re.findall(r"\bX-\d+\b", GLOSSARY)) <= set(rows)
    table = [line for line in GLOSSARY.splitlines() if line.startswith("| ") and not line.startswith("| here")]
    assert len(table) >= 25 and all(line.count("|") in (4, 5) for line in table)
    for lecture in "ABCDE":
        assert sum(bool(re.search(rf"\b{lecture}\b[:,]", line)) for line in table) >= 5, lecture
    assert len(GLOSSARY.split()) < 1300, "one page"


def test_functions_that_the_glossary_names_are_there():
    conv = importlib.import_module("course_lib.conv")
    for name in ("conv2d_forward", "convolve2d"):
        assert f"`{name}`" in GLOSSARY and callable(getattr(conv, name))

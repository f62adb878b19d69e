"""A class of sample hand-ins made of real answers: several right ones, every listed misconception, and mishaps.

One sample student holds one misconception of each exercise, so the class is as large as the longest list of them plus the
others. What each deserves is worked out by judging the same functions directly, without notebook, kernel or nbgrader.
"""

from __future__ import annotations

import copy
import json
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import nbformat

from course_lib.check.engine import cases_for, drawn_from, judge
from course_lib.check.exercise import functions_from
from course_lib.check.exercises import exercises

from .answers import right_answers, split_functions
from .course import Course, read_notebook
from .frame import grade_id
from .hidden import check_calls
from .written import is_written

Answers = Mapping[str, str]  # {function name: source, or the name of a written answer: its text}


@dataclass(frozen=True)
class SampleStudent:
    """One made-up student: what they answered, and what becomes of the notebook on the way."""

    name: str
    story: str
    answers: Answers = field(default_factory=dict)
    ideas: tuple[str, ...] = ()
    mishap: str = ""  # "", "not json", "wrong assignment", "tests deleted", "cell duplicated", "labels lost"


def sample_class(course: Course, assignment: str) -> list[SampleStudent]:
    """The sample class of one assignment; at least twelve students."""
    all_of_it = list(exercises(assignment[:2]).values())
    solved = solved_answers(course, assignment) | written_answers(course, assignment)
    students = [SampleStudent("ada", "the solved notebook's own answers", solved)]
    rewritten = {e.id: list(right_answers(course.root, assignment, e).values()) for e in all_of_it}
    for i, name in enumerate(("bo", "chen", "dana")):
        answers = dict(solved)
        for e in all_of_it:
            if rewritten[e.id]:
                answers |= rewritten[e.id][i % len(rewritten[e.id])]
        students.append(SampleStudent(name, f"right answers, written another way ({i + 1})", answers))
    students += _with_ideas(all_of_it, solved)
    students += [
        SampleStudent("warner", "right answers that set off NumPy warnings", {n: _warning(s) for n, s in solved.items()}),
        SampleStudent("deleter", "right answers; every test cell deleted", solved, mishap="tests deleted"),
        SampleStudent("doubler", "right answers; a test cell duplicated under the same id", solved, mishap="cell duplicated"),
        SampleStudent("relabeler", "right answers; an editor dropped every label", solved, mishap="labels lost"),
        SampleStudent("half", "only the first exercise answered", {n: solved[n] for n in all_of_it[0].names}),
        SampleStudent("empty", "nothing answered"),
        SampleStudent("typo", "a syntax error in the first answer, nothing else answered",
                      {all_of_it[0].names[-1]: f"def {all_of_it[0].names[-1]}(:\n    return 0"}),
        SampleStudent("broken", "a file that is not a notebook", solved, mishap="not json"),
        SampleStudent("mixed-up", "another assignment's notebook under this name", solved, mishap="wrong assignment"),
    ]
    return students


def _with_ideas(all_of_it, solved: Answers) -> list[SampleStudent]:
    """Students who between them hold every misconception, each at most one of an exercise.

    An exercise that builds on another's function is left right where that one is wrong, else its own idea would not show.
    """
    waiting = {e.id: list(e.misconceptions) for e in all_of_it}
    students = []
    while any(waiting.values()):
        answers, ideas, taken = dict(solved), [], set()
        for e in all_of_it:
            if waiting[e.id] and e.needs not in taken:
                m = waiting[e.id].pop(0)
                taken.add(e.id)
                # The wrong version and the functions it needs belong together.
                answers |= split_functions(e.wrong_source(m))
                ideas.append(f"{e.name}: {m.name}")
        students.append(SampleStudent(f"idea-{len(students) + 1:02}", "; ".join(ideas), answers, tuple(ideas)))
    return students


def solved_answers(course: Course, assignment: str) -> dict[str, str]:
    """{function name: source} of the solved notebook's answer cells."""
    answers = {}
    for cell in read_notebook(course.solutions / assignment / f"{assignment}.ipynb").cells:
        if cell.cell_type == "code" and cell.metadata.get("nbgrader", {}).get("solution"):
            answers[grade_id(cell)] = cell.source
    return answers


def written_answers(course: Course, assignment: str) -> dict[str, str]:
    """{grade id: text} of the solved notebook's answers in words, without the scheme for their marker."""
    return {grade_id(cell): cell.source.partition("**Marking")[0].strip()
            for cell in read_notebook(course.solutions / assignment / f"{assignment}.ipynb").cells if is_written(cell)}


def _warning(source: str) -> str:
    """The same function with a first line that makes NumPy warn on stderr."""
    lines, out, inside = source.splitlines(), [], False
    for line in lines:
        out.append(line)
        if line.startswith("def "):
            inside = True
        if inside and line.rstrip().endswith(":") and not line.startswith((" ", "\t", "@")):
            out.append("    np.log(np.zeros(1))")
            inside = False
    return "\n".join(out)


def write_class(course: Course, assignment: str, submitted: Path, size: int | None = None) -> list[SampleStudent]:
    """Write the sample hand-ins to submitted/<student>/<assignment>/, replacing all earlier ones; and who they are.

    size: a class of so many, in which the same stories return under names of their own ("ada-2"); None: each story once.
    """
    frame = read_notebook(course.notebooks / assignment / f"{assignment}.ipynb")
    others = [a for a in course.assignments() if a != assignment]
    other = read_notebook(course.notebooks / others[0] / f"{others[0]}.ipynb") if others else nbformat.v4.new_notebook()
    students = of_size(sample_class(course, assignment), size)
    for earlier in submitted.glob(f"*/{assignment}"):
        shutil.rmtree(earlier)
    for s in students:
        folder = submitted / s.name / assignment
        folder.mkdir(parents=True)
        path = folder / f"{assignment}.ipynb"
        if s.mishap == "not json":
            path.write_text('{"cells": [ the download was cut off here', encoding="utf-8")
        else:
            nbformat.write(other if s.mishap == "wrong assignment" else filled(frame, s), path)
    (submitted / f"{assignment}.json").write_text(json.dumps({s.name: s.story for s in students}, indent=1), encoding="utf-8")
    return students


def of_size(students: list[SampleStudent], size: int | None) -> list[SampleStudent]:
    """The first `size` of the class, which begins again at its end."""
    if size is None:
        return students
    rounds = (divmod(k, len(students)) for k in range(size))
    return [replace(students[k], name=f"{students[k].name}-{again + 1}") if again else students[k] for again, k in rounds]


def filled(frame, student: SampleStudent):
    nb = copy.deepcopy(frame)
    for cell in nb.cells:
        if grade_id(cell) in student.answers and cell.metadata["nbgrader"].get("solution"):
            cell.source = student.answers[grade_id(cell)]
    tests = [c for c in nb.cells if c.metadata.get("nbgrader", {}).get("grade") and not c.metadata["nbgrader"]["solution"]]
    if student.mishap == "tests deleted":
        nb.cells = [c for c in nb.cells if c not in tests]
    elif student.mishap == "cell duplicated":
        twin = copy.deepcopy(tests[0])
        twin.id = "twin"
        nb.cells.insert(nb.cells.index(tests[0]) + 1, twin)
    elif student.mishap == "labels lost":
        for i, cell in enumerate(nb.cells):
            cell.metadata, cell.id = nbformat.NotebookNode(), f"relabeled-{i}"
    return nb


def deserved(course: Course, assignment: str, student: SampleStudent, seed: str = "") -> float:
    """The score that a sample student's answers deserve before anybody marked those in words, by judging the functions
    directly. seed: what hidden tests are drawn from (the assignment's in `Records`)."""
    if student.mishap in ("not json", "wrong assignment"):
        return 0.0
    known, total = exercises(assignment[:2]), 0.0
    solved = course.solutions / assignment / f"{assignment}.ipynb"
    helpers = [cell.source for cell in read_notebook(solved).cells if is_helper(cell)]
    working = {name: source for name, source in student.answers.items()
               if re.search(rf"^(?:def|class) {name}\b", source, re.MULTILINE) and compiles(source)}
    for call in check_calls(solved):
        e = known[call.exercise]
        if any(n not in working for n in e.names):
            continue
        # an answer may call the notebook's helpers and the student's other answers
        functions = functions_from("\n\n".join([*helpers, *working.values()]), e.names)
        with drawn_from(seed):
            total += judge(e, functions, cases_for(e, call.hidden, call.seed), call.points, call.hidden is not None)
    return float(total)


def is_helper(cell) -> bool:
    """A locked code cell that is no test: imports, data, helpers."""
    about = cell.metadata.get("nbgrader", {})
    return cell.cell_type == "code" and bool(about.get("locked")) and not about.get("grade") and not about.get("solution")


def compiles(source: str) -> bool:
    try:
        compile(source, "<answer>", "exec")
    except SyntaxError:
        return False
    return True

"""The `workbook` command: every step of the course, for students, instructors and self-study readers.

Heavy modules are imported inside the commands, so that `workbook --help` answers at once.
"""

from __future__ import annotations

import errno
import importlib.util
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import click

from course_lib.grading.course import Course, WorkbookError, table, this_environment


class WorkbookGroup(click.Group):
    """A group whose WorkbookErrors are one line on stderr and exit code 1, and so are files that cannot be read or
    written (a full disk, a read-only folder); anything else keeps its traceback."""

    def invoke(self, ctx: click.Context):
        try:
            return super().invoke(ctx)
        except WorkbookError as error:
            raise click.ClickException(" ".join(str(error).split())) from error
        except OSError as error:
            if error.strerror is None or error.errno == errno.EPIPE:  # click ends quietly where the reader went away
                raise
            raise click.ClickException(": ".join(str(part) for part in (error.filename, error.strerror) if part)) from error


@click.group(cls=WorkbookGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--root", type=click.Path(path_type=Path), help="The course folder. Default: found from the current one.")
@click.pass_context
def workbook(ctx: click.Context, root: Path | None) -> None:
    """Work on, check, hand in and grade the notebooks of the course.

    Notebooks and assignments can be named by number: `workbook check 07`.
    """
    ctx.obj = root
    ctx.with_resource(this_environment())


def _course(ctx: click.Context) -> Course:
    return Course.find() if ctx.obj is None else Course.at(ctx.obj)


# --- for students ---------------------------------------------------------------------------------------------------


@workbook.command()
@click.option("--port", type=click.IntRange(1, 65535), help="This port and no other. Default: the first free from 8888.")
@click.option("--no-browser", is_flag=True, help="Only start the server.")
@click.pass_context
def lab(ctx: click.Context, port: int | None, no_browser: bool) -> None:
    """Copy new notebooks into work/ and open JupyterLab there."""
    from course_lib.cli.lab import start

    ctx.exit(start(_course(ctx), port, browser=not no_browser))


@workbook.command()
@click.argument("notebook")
@click.option("--solutions", is_flag=True, help="Check the solved notebook instead of the one in work/.")
@click.pass_context
def check(ctx: click.Context, notebook: str, solutions: bool) -> None:
    """Run the visible checks of NOTEBOOK (a file, or a number such as 07); exit 0 only when all pass."""
    from course_lib.grading.run import run_checks
    from course_lib.grading.course import read_notebook
    from course_lib.grading.submit import check_cells, find_notebooks, result_rows, unwritten_line, with_labels
    from course_lib.grading.written import unanswered

    course = _course(ctx)
    assignment, paths = find_notebooks(course, notebook, course.solutions if solutions else None)
    results, unwritten = [], []
    for name, path in [(check_cells(course, assignment, path)[0], path) for path in paths]:
        with with_labels(course, assignment, name, path) as labelled:
            results += run_checks(labelled)
            unwritten += unanswered(read_notebook(labelled))
    if not results:
        raise WorkbookError(f"{course.show(paths[0])}: holds no check. Is it the assignment's notebook?")
    click.echo(table(("exercise", "check", "points"), result_rows(results)))
    _messages(results)
    if unwritten:
        click.echo(f"{unwritten_line(unwritten)}.")
    ctx.exit(0 if all(result.status == "passed" for result in results) else 1)


@workbook.command()
@click.argument("notebook")
@click.option("--student", metavar="NAME", help="Your name in the course. Default: your login name.")
@click.option("--out", type=click.Path(path_type=Path), help="The zip to write, or its folder. Default: hand-in/.")
@click.pass_context
def submit(ctx: click.Context, notebook: str, student: str | None, out: Path | None) -> None:
    """Check NOTEBOOK (a file, or a number such as 07) and pack the hand-in, also when parts are not done."""
    from course_lib.grading.submit import result_rows, unwritten_line
    from course_lib.grading.submit import submit as make_hand_in

    course = _course(ctx)
    hand_in = make_hand_in(course, notebook, out=out, student=student)
    click.echo(table(("exercise", "check", "points"), result_rows(hand_in.results)))
    _messages(hand_in.by_status("failed", "error"))
    for status, words in (("unsolved", "Not done yet"), ("failed", "Wrong"), ("error", "Stopped with an error")):
        if exercises := [result.exercise for result in hand_in.by_status(status)]:
            click.echo(f"{words}: {', '.join(exercises)}")
    if hand_in.unwritten:
        click.echo(f"{unwritten_line(hand_in.unwritten)}, then submit again.")
    if hand_in.relabelled:
        click.echo("Your editor dropped the labels of the cells: they were put back in the hand-in, from what the cells say. Your file is as it was.")
    if hand_in.missing:
        click.echo(f"Cells of the assignment that are gone from the notebook: {', '.join(hand_in.missing)}")
    click.echo(f"Packed for {hand_in.student}: {course.show(hand_in.path)}. Hand in this file.")


@workbook.command()
@click.option("--file", type=click.Path(path_type=Path), help="Another progress file, or its folder. Default: the one in work/.")
@click.option("--json", "as_data", is_flag=True, help="Print it as JSON.")
@click.option("--on/--off", "turn", default=None, help="Record from now on, or no more; what is recorded stays.")
@click.pass_context
def progress(ctx: click.Context, file: Path | None, as_data: bool, turn: bool | None) -> None:
    """Say which exercises are done, which misconceptions were met and overcome, which hints used, and what is next.

    The checks and hints in your notebooks record it in work/.workbook-progress.json. It stays on your computer.
    """
    from course_lib.cli import progress as recorded

    path = recorded.shown_file(_course(ctx), file)
    if turn is not None:
        recorded.switch(path, turn)
    view = recorded.standing(path)
    click.echo(recorded.as_json(view) if as_data else recorded.as_text(view))


def _messages(results) -> None:
    for result in results:
        if result.status != "passed" and result.message.strip():
            click.echo(f"\n{result.exercise}\n" + "\n".join(f"  {line}" for line in result.message.strip().splitlines()))
    if results:
        click.echo()


# --- for instructors ------------------------------------------------------------------------------------------------


@workbook.command()
@click.argument("assignments", nargs=-1)
@click.option("--execute/--no-execute", default=True, help="Re-execute the solved notebooks first.")
@click.pass_context
def notebooks(ctx: click.Context, assignments: tuple[str, ...], execute: bool) -> None:
    """Re-execute solutions/ and make notebooks/ from it (all, or the ASSIGNMENTS named)."""
    from course_lib.grading import coverage, generate, handbook

    course = _course(ctx)
    names = generate.chosen(course, assignments or None)
    generate.refuse_answered(course, names)  # before minutes of executing, not after
    changed = generate.execute_solutions(course, names) if execute else []
    changed += generate.regenerate(course, names)
    if (course.root / coverage.ROWS).is_file():
        changed += handbook.write(course)  # what instructors read tells of the notebooks
    for path in changed:
        click.echo(f"wrote {course.show(path)}")
    if not changed:
        click.echo("Everything was up to date.")


@workbook.command()
@click.argument("assignment", required=False)
@click.option("--out", type=click.Path(path_type=Path), help="The zip to write, or its folder. Default: release/.")
@click.option("--variants", "roster", metavar="ROSTER", type=click.Path(path_type=Path),
              help="One zip for each student of this class list, each with numbers of their own to work with by hand.")
@click.pass_context
def release(ctx: click.Context, assignment: str | None, out: Path | None, roster: Path | None) -> None:
    """Make the students' zip: notebooks, library and environment, without solutions and hidden tests.

    ROSTER has one student name a line, or in the first column of a CSV file: the names that hand-ins will have. It turns
    variants on for the assignments in the zips, for grading too; `workbook variants` says where they are on.
    """
    from course_lib.grading.release import make_bundle, make_variants, unfinished

    course = _course(ctx)
    for warning in unfinished(course, assignment):
        click.echo(f"Warning: {warning}", err=True)
    if roster is None:
        click.echo(f"wrote {course.show(make_bundle(course, assignment, out))}")
        from course_lib.grading.variants import Variants

        if on := [n for n in Variants.of(course.root).on if assignment is None or n == course.resolve(assignment)]:
            click.echo(f"Variants are on for {', '.join(on)}, and this zip has the lecture's numbers: give each student the zip of their own "
                       "(workbook release --variants ROSTER), or turn them off (workbook variants --off).")
        return
    paths, on = make_variants(course, roster, assignment, out)
    click.echo(f"wrote {len(paths)} zips to {course.show(paths[0].parent)}/: give each student the one with their name")
    click.echo(f"Variants are on for {', '.join(on)}. The secret behind them is in variants.json: keep it with the gradebook, show it to nobody.")


@workbook.command()
@click.argument("assignments", nargs=-1)
@click.option("--on/--off", "turn", default=None, help="Turn them on or off for the ASSIGNMENTS (default: all).")
@click.pass_context
def variants(ctx: click.Context, assignments: tuple[str, ...], turn: bool | None) -> None:
    """Say in which assignments each student works with numbers of their own; turn that on or off."""
    from course_lib.grading.course import read_notebook
    from course_lib.grading.variants import FILE, Variants, variant_cell

    course = _course(ctx)
    names = [course.resolve(name) for name in assignments] or course.assignments()
    able = [n for n in names if any(variant_cell(read_notebook(p)) is not None for p in course.notebook_files(course.solutions, n))]
    kept = Variants.of(course.root)
    if turn is not None:
        if turn and (without := [n for n in names if n not in able]) and assignments:
            raise WorkbookError(f"{', '.join(without)}: no cell there holds `VARIANT = None`, so there is nothing to vary")
        kept.turn(able if turn else names, turn)
    on = kept.on
    words = {True: "numbers of their own", False: "the lecture's numbers"}
    click.echo(table(("assignment", "students work with"), [(n, words[n in on] if n in able else "no numbers that vary") for n in names]))
    click.echo(f"Kept in {FILE}." if kept.path.exists() else f"Variants are off ({FILE} is not there). `workbook release --variants ROSTER` turns them on.")


@workbook.command()
@click.argument("directory", type=click.Path(path_type=Path))
@click.option("--received", metavar="TIME", help='When they were handed in, as "2026-11-21 13:00 UTC", for late penalties. Default: now.')
@click.pass_context
def collect(ctx: click.Context, directory: Path, received: str | None) -> None:
    """Sort the hand-ins in DIRECTORY (zips, notebooks, a folder per student) into submitted/."""
    from course_lib.grading._collect_files import received_at
    from course_lib.grading.collect import collect as sort_hand_ins

    report = sort_hand_ins(_course(ctx), directory, received=received_at(received) if received else None)
    if not report.rows:
        raise WorkbookError(f"{directory}: holds no zip and no notebook. Name the folder that holds the hand-ins")
    rows = [(row.source, row.status, row.student or "?", row.assignment or "?", row.note) for row in report.rows]
    click.echo(table(("file", "result", "student", "assignment", "note"), rows))
    click.echo(f"Received: {report.received:%Y-%m-%d %H:%M} UTC" + ("" if received else " (now; say when with --received)"))
    if report.refused:
        count = len(report.refused)
        some = f"{count} hand-ins were" if count > 1 else "1 hand-in was"
        raise WorkbookError(f"{some} refused (the table says why); all others are in their place")


@workbook.command()
@click.argument("assignment", required=False)
@click.option("--sample", is_flag=True, help="First make a class of sample submissions, and grade that.")
@click.option("--students", type=click.IntRange(min=1), default=None, help="How many students the sample class has.")
@click.option("--feedback/--no-feedback", default=True, help="Write the feedback pages.")
@click.option("--jobs", type=click.IntRange(min=1), default=None, help="Submissions graded at the same time. Default: one a core.")
@click.option("--scheduler", metavar="ADDRESS", help="Grade on the dask cluster at ADDRESS (tcp://HOST:PORT).")
@click.option("--again", is_flag=True, help="Grade everyone again, and list whose score changed and why.")
@click.option("--seed", metavar="HEX", help="Draw the hidden tests from this seed. Default: the one of the first run.")
@click.option("--no-sandbox", is_flag=True, help="Run the answers without isolation, where there is none to be had.")
@click.option("--db-url", metavar="URL", help="Another gradebook, as sqlite:///FILE or postgresql://USER@HOST/NAME.")
@click.pass_context
def grade(ctx: click.Context, assignment: str | None, sample: bool, students: int | None, feedback: bool, jobs: int | None,
          scheduler: str | None, again: bool, seed: str | None, no_sandbox: bool, db_url: str | None) -> None:
    """Grade submitted/ (all assignments, or ASSIGNMENT) into the gradebook.

    A submission in which nothing changed since it was graded is not run again; a run that was stopped goes on.
    """
    from course_lib.grading.grade import grade_class

    course = _course(ctx)
    name = None if assignment is None else course.resolve(assignment)
    outcomes = grade_class(course, name, sample=sample or students is not None, students=students, feedback=feedback,
                           jobs=jobs or os.cpu_count() or 1, scheduler=scheduler, again=again, seed=seed, sandbox=not no_sandbox,
                           db_url=db_url)
    if failed := sorted({o.student for o in outcomes if o.failed}):
        raise WorkbookError(f"not graded, or without a feedback page: {', '.join(failed)} (the table says why); all others are "
                            "in the gradebook")


# --- for the repository ---------------------------------------------------------------------------------------------


@workbook.command()
@click.option("--out", type=click.Path(path_type=Path), help="The folder to write. Default: build/site.")
@click.pass_context
def site(ctx: click.Context, out: Path | None) -> None:
    """Make the walkthrough's web pages from solutions/, as they are stored: nothing is executed."""
    from course_lib.walkthrough.build import build

    course = _course(ctx)
    target, pages = build(course, out)
    for page in pages:
        for about in page.without:
            click.echo(f"Warning: {page.name}: shown as a picture, since the notebook stored no program for it: {about}", err=True)
    solutions, widgets = (sum(getattr(page, what) for page in pages) for what in ("solutions", "widgets"))
    click.echo(f"wrote {course.show(target)}: {len(pages)} notebooks, {solutions} solutions folded, {widgets} widgets. Open {course.show(target / 'index.html')}")


@workbook.command(context_settings={"ignore_unknown_options": True})
@click.argument("pytest_args", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
def test(ctx: click.Context, pytest_args: tuple[str, ...]) -> None:
    """Run every test; further arguments go to pytest."""
    course = _course(ctx)
    if not (course.root / "tests").is_dir():
        raise WorkbookError(f"{course.root} has no tests/: the student bundle comes without; use `workbook check`")
    if importlib.util.find_spec("pytest") is None:
        raise WorkbookError("pytest is not installed here: python -m pip install -c requirements.lock -e '.[test]'")
    ctx.exit(subprocess.run([sys.executable, "-m", "pytest", *pytest_args], cwd=course.root).returncode)


@workbook.command()
@click.argument("words", nargs=-1)
@click.option("--markdown", is_flag=True, help="Print the table by kind, in Markdown.")
@click.pass_context
def redteam(ctx: click.Context, words: tuple[str, ...], markdown: bool) -> None:
    """Attack the grading with every hand-in of redteam/ (those with all WORDS in their names); exit 0 only when all fail."""
    from course_lib.grading.redteam import attacks, by_kind, row, run_all, selected

    course = _course(ctx)
    chosen = selected(attacks(course), words)
    if not chosen:
        raise WorkbookError(f"no attack in redteam/ is called {' '.join(words)}")
    findings = run_all(course, chosen)
    header = ("attack", "what it tries", "score / deserved", "verdict", "host", "")
    click.echo(by_kind(course, findings) if markdown else table(header, map(row, findings)))
    for finding in (f for f in findings if not f.failed_as_it_must):
        click.echo(f"\n{finding.attack.id}\n" + "\n".join(f"  {what}" for what in (*finding.problems, *finding.traces)))
    won = sum(not f.failed_as_it_must for f in findings)
    click.echo(f"\n{len(findings)} attacks and honest hand-ins; {won or 'none'} went otherwise than they must.")
    ctx.exit(1 if won else 0)


@workbook.command()
@click.option("--assignment", "chosen", multiple=True, metavar="NN", help="Only this one (may be given several times). Default: all.")
@click.option("--slips/--no-slips", "with_slips", default=True, help="Also make slips by machine, which takes most of the time.")
@click.option("--jobs", type=click.IntRange(min=1), default=None, help="Exercises measured at the same time. Default: one a core.")
@click.pass_context
def mutants(ctx: click.Context, chosen: tuple[str, ...], with_slips: bool, jobs: int | None) -> None:
    """Measure the checks: wrong ideas killed and named, right answers accepted, slips killed; exit 0 only at 100 %."""
    from tqdm import tqdm

    from course_lib.check.exercises import MODULES, exercises
    from course_lib.grading import mutants as measured

    course = _course(ctx)
    if not (course.root / measured.EQUIVALENT).is_file():
        raise WorkbookError(f"{course.root} has no {measured.EQUIVALENT}: only the course's repository can measure its checks")
    numbers = [course.resolve(name)[:2] for name in chosen] or [name[:2] for name in course.assignments()]
    order = [id for n in MODULES if n in numbers for id in exercises(n)]
    if not order:
        raise WorkbookError(f"{', '.join(chosen) or course.root}: no checks there to measure")
    found = measured.measure_all(course, numbers, with_slips=with_slips, jobs=jobs or os.cpu_count() or 1)
    rows = sorted(tqdm(found, total=len(order), unit="exercise", disable=None), key=lambda row: order.index(row.exercise))
    click.echo(table(measured.HEADER if with_slips else measured.HEADER[:6], measured.table_rows(rows, with_slips)))
    for row in rows:
        for fault in row.faults:
            click.echo(f"{row.exercise}: {fault}")
    ctx.exit(1 if any(row.faults for row in rows) else 0)


@workbook.command()
@click.option("--write", is_flag=True, help="Write it to solutions/COVERAGE.md, and renew the tables of solutions/README.md.")
@click.pass_context
def coverage(ctx: click.Context, write: bool) -> None:
    """Say where each row of the syllabus is taught, asked and tested; exit 0 only when none lacks anything."""
    from course_lib.grading import coverage as covered
    from course_lib.grading import handbook

    course = _course(ctx)
    rows = covered.coverage(course)
    if write:
        for path in handbook.write(course):
            click.echo(f"wrote {course.show(path)}")
    else:
        click.echo(table(covered.HEADER, covered.table_rows(rows)))
    click.echo(covered.summary(rows))
    ctx.exit(1 if any(row.missing for row in rows) else 0)


CLEANED = ("build", "release", "autograded", "feedback", ".pytest_cache")
KEPT = {".git", ".venv", "work", "submitted", "submitted-earlier", "hand-in"}


@workbook.command()
@click.pass_context
def clean(ctx: click.Context) -> None:
    """Remove what was built; never work/, submitted/, hand-in/ or the gradebook."""
    course = _course(ctx)
    doomed = [course.root / name for name in CLEANED]
    for here, folders, _ in os.walk(course.root):
        folders[:] = [f for f in folders if not (Path(here) == course.root and (f in KEPT or f in CLEANED))]
        doomed += [Path(here, f) for f in folders if f == "__pycache__"]
        folders[:] = [f for f in folders if f != "__pycache__"]
    removed = [course.show(path) for path in doomed if _remove(path)]
    click.echo(f"removed {', '.join(removed)}" if removed else "Nothing to remove.")


def _remove(path: Path) -> bool:
    """Whether there was something. Of a link only the link goes, never what it points to."""
    if path.is_symlink():
        path.unlink()
        return True
    if not path.is_dir():
        return False
    for here, _, _ in os.walk(path):
        os.chmod(here, stat.S_IRWXU)  # nbgrader makes read-only trees
    if os.name == "nt":
        for here, _, files in os.walk(path):
            for file in files:
                os.chmod(Path(here, file), stat.S_IWRITE)
    shutil.rmtree(path)
    return True


def main() -> None:
    """The console script."""
    workbook(prog_name="workbook")

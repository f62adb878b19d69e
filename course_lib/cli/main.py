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
    from course_lib.grading.submit import check_cells, find_notebooks, result_rows

    course = _course(ctx)
    assignment, paths = find_notebooks(course, notebook, course.solutions if solutions else None)
    for path in paths:
        check_cells(course, assignment, path)
    results = [result for path in paths for result in run_checks(path)]
    if not results:
        raise WorkbookError(f"{course.show(paths[0])}: holds no check. Is it the assignment's notebook?")
    click.echo(table(("exercise", "check", "points"), result_rows(results)))
    _messages(results)
    ctx.exit(0 if all(result.status == "passed" for result in results) else 1)


@workbook.command()
@click.argument("notebook")
@click.option("--student", metavar="NAME", help="Your name in the course. Default: your login name.")
@click.option("--out", type=click.Path(path_type=Path), help="The zip to write, or its folder. Default: hand-in/.")
@click.pass_context
def submit(ctx: click.Context, notebook: str, student: str | None, out: Path | None) -> None:
    """Check NOTEBOOK (a file, or a number such as 07) and pack the hand-in, also when parts are not done."""
    from course_lib.grading.submit import result_rows
    from course_lib.grading.submit import submit as make_hand_in

    course = _course(ctx)
    hand_in = make_hand_in(course, notebook, out=out, student=student)
    click.echo(table(("exercise", "check", "points"), result_rows(hand_in.results)))
    _messages(hand_in.by_status("failed", "error"))
    for status, words in (("unsolved", "Not done yet"), ("failed", "Wrong"), ("error", "Stopped with an error")):
        if exercises := [result.exercise for result in hand_in.by_status(status)]:
            click.echo(f"{words}: {', '.join(exercises)}")
    if hand_in.missing:
        click.echo(f"Cells of the assignment that are gone from the notebook: {', '.join(hand_in.missing)}")
    click.echo(f"Packed for {hand_in.student}: {course.show(hand_in.path)}. Hand in this file.")


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
    from course_lib.grading import generate

    course = _course(ctx)
    names = generate.chosen(course, assignments or None)
    generate.refuse_answered(course, names)  # before minutes of executing, not after
    changed = generate.execute_solutions(course, names) if execute else []
    changed += generate.regenerate(course, names)
    for path in changed:
        click.echo(f"wrote {course.show(path)}")
    if not changed:
        click.echo("Everything was up to date.")


@workbook.command()
@click.argument("assignment", required=False)
@click.option("--out", type=click.Path(path_type=Path), help="The zip to write, or its folder. Default: release/.")
@click.pass_context
def release(ctx: click.Context, assignment: str | None, out: Path | None) -> None:
    """Make the students' zip: notebooks, library and environment, without solutions and hidden tests."""
    from course_lib.grading.release import make_bundle

    course = _course(ctx)
    click.echo(f"wrote {course.show(make_bundle(course, assignment, out))}")


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
@click.pass_context
def redteam(ctx: click.Context, words: tuple[str, ...]) -> None:
    """Attack the grading with every hand-in of redteam/ (those with all WORDS in their names); exit 0 only when all fail."""
    from course_lib.grading.redteam import attacks, row, run_all, selected

    course = _course(ctx)
    chosen = selected(attacks(course), words)
    if not chosen:
        raise WorkbookError(f"no attack in redteam/ is called {' '.join(words)}")
    findings = run_all(course, chosen)
    click.echo(table(("attack", "what it tries", "score / deserved", "verdict", "host", ""), map(row, findings)))
    for finding in (f for f in findings if not f.failed_as_it_must):
        click.echo(f"\n{finding.attack.id}\n" + "\n".join(f"  {what}" for what in (*finding.problems, *finding.traces)))
    won = sum(not f.failed_as_it_must for f in findings)
    click.echo(f"\n{len(findings)} attacks and honest hand-ins; {won or 'none'} went otherwise than they must.")
    ctx.exit(1 if won else 0)


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

"""The gradebook on a real PostgreSQL server, started for these tests in a folder of its own."""

import glob
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from classroom import NAME, ROOT, SEED, course_at, grade_class, hand_in, sample
from nbgrader.api import Gradebook
from sqlalchemy import create_engine, text
from test_recording import FIRST, LATER, dump, executed, grade_by_hand, stock, template  # noqa: F401  (template is a fixture)
from test_recording import NAME as DEMO

from course_lib.grading.course import Course, WorkbookError
from course_lib.grading.gradebook import Book, Folders
from course_lib.grading.recording import Writer


def programs():
    """The folder with initdb and pg_ctl; None where there is none. Debian keeps them off the path."""
    found = shutil.which("initdb")
    folders = [Path(found).parent] if found else []
    folders += map(Path, sorted(glob.glob("/usr/lib/postgresql/*/bin"), reverse=True))
    return next((f for f in folders if (f / "initdb").exists() and (f / "pg_ctl").exists()), None)


@pytest.fixture(scope="module")
def server():
    """The folder of the socket of a server that listens nowhere else, and trusts whoever can reach that."""
    binaries = programs()
    if binaries is None:
        pytest.skip("no PostgreSQL server here (Debian: apt install postgresql)")
    folder = Path(tempfile.mkdtemp(prefix="workbook-pg-", dir="/tmp"))  # a socket's path has to be short
    as_user = {}
    if os.geteuid() == 0:  # PostgreSQL refuses to run as root
        nobody = pwd.getpwnam("nobody")
        os.chown(folder, nobody.pw_uid, nobody.pw_gid)
        as_user = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}

    def run(*command):
        said = subprocess.run(command, cwd=folder, capture_output=True, text=True, env={"PATH": os.environ["PATH"], "LC_ALL": "C"}, **as_user)
        assert said.returncode == 0, said.stderr + said.stdout

    data = folder / "data"
    run(binaries / "initdb", "-D", data, "-U", "grader", "--auth=trust", "--encoding=UTF8", "--no-sync")
    options = f"-c listen_addresses='' -c unix_socket_directories={folder} -c fsync=off"
    run(binaries / "pg_ctl", "-D", data, "-w", "-l", folder / "log", "-o", options, "start")
    try:
        yield folder
    finally:
        run(binaries / "pg_ctl", "-D", data, "-m", "immediate", "stop")
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def database(server, request):
    """The address of a new, empty database."""
    name = f"d{abs(hash(request.node.nodeid)) % 10**9}"
    engine = create_engine(f"postgresql+psycopg://grader@/postgres?host={server}", isolation_level="AUTOCOMMIT")
    with engine.connect() as c:
        c.execute(text(f"CREATE DATABASE {name}"))
    yield f"postgresql://grader@/{name}?host={server}"
    with engine.connect() as c:
        c.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    engine.dispose()


def class_at(folder, *students):
    course = course_at(folder)
    for name in students:
        hand_in(course, name, sample(name))
    return course


def test_a_class_is_graded_into_it_and_resumed_from_it(database, tmp_path, capsys):
    course = class_at(tmp_path, "ada", "idea-01", "empty")
    outcomes = {o.student: o for o in grade_class(course, NAME, jobs=2, db_url=database, seed=SEED)}
    assert {n: (o.verdict, o.points) for n, o in outcomes.items()} == {"ada": ("ok", 7), "idea-01": ("ok", 0), "empty": ("ok", 0)}
    assert not (tmp_path / "gradebook.db").exists() and "grader@" in capsys.readouterr().out
    with Gradebook(database) as gb:
        assert {s.student.id: s.score for s in gb.assignment_submissions(NAME)} == {"ada": 7, "idea-01": 0, "empty": 0}
    assert not any(o.ran for o in grade_class(course, NAME, jobs=2, db_url=database))
    hand_in(course, "empty", sample("ada"))
    assert {o.student: (o.ran, o.points) for o in grade_class(course, NAME, jobs=1, db_url=database)} == {
        "ada": (False, 7), "idea-01": (False, 0), "empty": (True, 7)}


def test_nbgrader_config_may_name_it(database, tmp_path):
    course = class_at(tmp_path, "ada")
    (tmp_path / "nbgrader_config.py").unlink()
    (tmp_path / "nbgrader_config.py").write_text((ROOT / "nbgrader_config.py").read_text() + f"\nget_config().CourseDirectory.db_url = {database!r}\n")
    book = Book(course, Folders.of(course))
    assert book.file is None and book.url.get_backend_name() == "postgresql"
    book.register(NAME)
    with Gradebook(database) as gb:
        assert [n.name for n in gb.find_assignment(NAME).notebooks] == [NAME]
    book.close()
    assert Book(course, Folders.of(course, sample=True), sample=True).file is not None  # a sample class stays out of it


def test_it_is_what_nbgrader_writes(database, server, template, tmp_path):  # noqa: F811
    shutil.copytree(template.root, tmp_path / "course")
    course = Course(tmp_path / "course")
    theirs = database.replace("/d", "/stock_d", 1)
    engine = create_engine(f"postgresql+psycopg://grader@/postgres?host={server}", isolation_level="AUTOCOMMIT")
    ours = Book(course, Folders.of(course), database)
    ours.register(DEMO)
    ours.close()
    name = database.partition("/d")[2].partition("?")[0]
    with engine.connect() as c:
        c.execute(text(f"CREATE DATABASE stock_d{name} TEMPLATE d{name}"))
    try:
        ours.register(DEMO)
        writer = Writer(ours)
        for k, record in enumerate((executed(course, **FIRST), executed(course, **LATER), executed(course))):
            writer.record(record, None, {})
            stock(theirs, record, None)
            assert dump(database) == dump(theirs)
            if k == 0:
                grade_by_hand(database)
                grade_by_hand(theirs)
    finally:
        ours.close()
        with engine.connect() as c:
            c.execute(text(f"DROP DATABASE stock_d{name} WITH (FORCE)"))
        engine.dispose()


def test_two_runs_into_one_database_are_one_too_many(database, tmp_path):
    """Also from two course folders, as from two machines."""
    books = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        course = class_at(tmp_path / name, "ada")
        books.append(Book(course, Folders.of(course), database))
    with books[0].only_run():
        with pytest.raises(WorkbookError, match="another `workbook grade` is at work in postgresql://grader@"):
            with books[1].only_run():
                pass
    with books[1].only_run():
        pass
    for book in books:
        book.close()


def test_a_hand_in_that_the_server_refuses_costs_itself_alone(database, tmp_path):
    """A name of 129 letters is too long for nbgrader's column, which SQLite does not mind."""
    course = class_at(tmp_path, "ada", "bo")
    (course.submitted / "bo").rename(course.submitted / ("b" * 129))
    outcomes = grade_class(course, NAME, jobs=1, db_url=database)
    assert [(o.student, o.verdict, o.failed) for o in outcomes] == [("ada", "ok", False), ("b" * 129, "not-graded", True)]
    assert "value too long" in outcomes[1].notes[0]


@pytest.mark.parametrize("address, why", [("postgresql://grader:secret@/nothing?host={server}", 'database "nothing" does not exist'),
                                          ("postgresql://grader:secret@/x?host=/nowhere", "cannot be used"), ("nonsense", "not a database address"),
                                          ("nosuch://grader:secret@/x", "not a database address"), ("postgresql://a:secret@h:x/y", "not a database address")])
def test_a_server_that_cannot_be_used_is_said_without_the_password(server, tmp_path, address, why):
    course = class_at(tmp_path, "ada")
    with pytest.raises(WorkbookError) as told:
        grade_class(course, NAME, db_url=address.format(server=server))
    assert why in str(told.value) and "secret" not in str(told.value)
    assert {p.name for p in tmp_path.iterdir() if not p.is_symlink()} <= {"submitted"}


def test_without_its_driver_it_says_what_to_install(tmp_path, monkeypatch):
    course = class_at(tmp_path, "ada")
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(WorkbookError, match=r"driver psycopg is not installed.*\[postgresql\]"):
        grade_class(course, NAME, db_url="postgresql+psycopg://grader@/x?host=/nowhere")

"""The command line: lab, test, clean, and how errors are said."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from click.testing import CliRunner
from tiny import CONV, FLAT, START, make_course, solved_notebook, tree, write_notebook

from course_lib.cli import lab as lab_module
from course_lib.cli.lab import choose_port, copy_to_work, first_page, lab_command
from course_lib.cli.main import workbook
from course_lib.grading import course as course_module
from course_lib.grading.course import Course, WorkbookError

REPOSITORY = Path(course_module.__file__).resolve().parents[2]
COMMANDS = ["check", "clean", "collect", "coverage", "grade", "lab", "mutants", "notebooks", "progress", "redteam", "release", "site", "submit", "test",
            "variants"]


@pytest.fixture
def started(monkeypatch):
    """Replaces the start of the server: the list gets (command, environment, folder)."""
    calls = []
    monkeypatch.setattr(lab_module, "run", lambda *args: calls.append(args) or 0)
    return calls


@pytest.fixture
def taken_port():
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server.getsockname()[1]


# --- copying --------------------------------------------------------------------------------------------------------


def test_copies_notebooks_and_supporting_files(made):
    copied = copy_to_work(made)
    assert tree(made.work) == tree(made.notebooks)
    assert len(copied) == 3 and f"{CONV}/data/numbers.csv" in tree(made.work)


def test_existing_work_stays_byte_for_byte(made):
    mine = made.work / CONV / f"{CONV}.ipynb"
    mine.parent.mkdir(parents=True)
    mine.write_bytes(b"my answer, \xff not even a notebook")
    (made.work / "notes.txt").write_text("mine")
    copied = copy_to_work(made)
    assert mine.read_bytes() == b"my answer, \xff not even a notebook"
    assert (made.work / "notes.txt").read_text() == "mine"
    assert mine not in copied and (made.work / FLAT / f"{FLAT}.ipynb") in copied
    before = tree(made.work)
    assert copy_to_work(made) == []
    assert tree(made.work) == before


def test_a_dangling_link_in_work_is_not_overwritten(made):
    mine = made.work / FLAT / f"{FLAT}.ipynb"
    mine.parent.mkdir(parents=True)
    mine.symlink_to(made.root / "on-another-disk")
    copy_to_work(made)
    assert mine.is_symlink() and not (made.root / "on-another-disk").exists()


def test_an_interrupted_copy_leaves_no_half_file_and_goes_on_next_time(made, monkeypatch):
    def fail(*_):
        raise OSError("disk full")

    with monkeypatch.context() as patch:
        patch.setattr(course_module.os, "replace", fail)
        with pytest.raises(OSError, match="disk full"):
            copy_to_work(made)
    assert tree(made.work) == {}
    copy_to_work(made)
    assert tree(made.work) == tree(made.notebooks)


def test_checkpoints_are_not_copied(made):
    write_notebook(made.notebooks / CONV / ".ipynb_checkpoints" / "x.ipynb", solved_notebook("x"))
    copy_to_work(made)
    assert not (made.work / CONV / ".ipynb_checkpoints").exists()


def test_nothing_to_copy(course, fails, started):
    assert "no notebooks there" in fails(course, "lab")
    assert started == [] and not course.work.exists()


# --- starting -------------------------------------------------------------------------------------------------------


def test_the_welcome_notebook_opens_first(made):
    assert first_page(made) == f"/lab/tree/work/{FLAT}/{FLAT}.ipynb"
    write_notebook(made.notebooks / START / f"{START}.ipynb", solved_notebook(START))
    assert first_page(made) == f"/lab/tree/work/{START}/{START}.ipynb"


def test_the_command_is_this_environments_jupyterlab_on_this_machine_only(made):
    command = lab_command(made, 9000, browser=True)
    assert command[:3] == [sys.executable, "-m", "jupyterlab"]
    assert {
        "--ServerApp.ip=127.0.0.1",
        "--ServerApp.port=9000",
        f"--ServerApp.root_dir={made.root}",
        f"--LabApp.default_url=/lab/tree/work/{FLAT}/{FLAT}.ipynb",
        "--LabApp.extension_manager=readonly",
    } <= set(command)
    assert "--no-browser" not in command
    assert "--no-browser" in lab_command(made, 9000, browser=False)


@pytest.mark.parametrize(("user", "allowed"), [(0, True), (1000, False)])
def test_root_is_allowed_only_where_one_is_root(made, monkeypatch, user, allowed):
    monkeypatch.setattr(lab_module.os, "geteuid", lambda: user, raising=False)
    assert ("--allow-root" in lab_command(made, 9000, True)) is allowed


def test_command_lab(made, run, started):
    result = run(made, "lab", "--no-browser")
    assert result.exit_code == 0, result.output
    ((command, env, folder),) = started
    assert folder == made.root and "--no-browser" in command and env["JUPYTER_PREFER_ENV_PATH"] == "1"
    port = next(a.split("=")[1] for a in command if a.startswith("--ServerApp.port="))
    assert f"http://127.0.0.1:{port}" in result.stdout
    assert "3 new files" in result.stdout and "Copied" not in run(made, "lab").stdout


def test_an_asked_port_that_is_taken(made, fails, started, taken_port):
    copy_to_work(made)
    said = fails(made, "lab", "--port", taken_port)
    assert f"port {taken_port} cannot be used" in said and "--port" in said
    assert started == []


def test_without_a_wish_the_next_free_port(monkeypatch, taken_port):
    monkeypatch.setattr(lab_module, "FIRST_PORT", taken_port)
    assert choose_port(None) > taken_port
    monkeypatch.setattr(lab_module, "PORTS_TRIED", 1)
    with pytest.raises(WorkbookError, match="all taken"):
        choose_port(None)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def answer(url, token=None):
    request = urllib.request.Request(url, headers={"Authorization": f"token {token}"} if token else {})
    with urllib.request.urlopen(request, timeout=10) as response:
        return response.read().decode()


def wait_for(url, process, log):
    for _ in range(600):
        assert process.poll() is None, log.read_text()
        try:
            return answer(url)
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.1)
    raise AssertionError(f"no answer from {url}: {log.read_text()}")


def test_lab_answers_on_its_address_without_questions_and_with_this_environments_kernel(made, tmp_path):
    """One real start. A kernel called python3 that the user has for another Python must not be taken."""
    user = tmp_path / "user"
    other = user / "data" / "kernels" / "python3"
    other.mkdir(parents=True)
    spec = {"argv": ["/another/python", "-f", "{connection_file}"], "display_name": "Another", "language": "python"}
    (other / "kernel.json").write_text(json.dumps(spec))
    env = os.environ | {
        "JUPYTER_DATA_DIR": str(user / "data"),
        "JUPYTER_CONFIG_DIR": str(user / "config"),
        "JUPYTER_RUNTIME_DIR": str(user / "run"),
        "IPYTHONDIR": str(user / "ipython"),
        "JUPYTER_TOKEN": "secret",
        "PYTHONPATH": str(REPOSITORY),
    }
    port, log = free_port(), tmp_path / "lab.log"
    command = [sys.executable, "-m", "course_lib.cli", "lab", "--no-browser", "--port", str(port)]
    with log.open("w") as out, subprocess.Popen(command, cwd=made.root, env=env, stdout=out, stderr=out) as process:
        try:
            assert "version" in json.loads(wait_for(f"http://127.0.0.1:{port}/api", process, log))
            base = f"http://127.0.0.1:{port}"
            page = answer(f"{base}/lab/tree/work/{CONV}/{CONV}.ipynb", "secret")
            config = json.loads(page.split('id="jupyter-config-data" type="application/json">')[1].split("</script>")[0])
            kernels = json.loads(answer(f"{base}/api/kernelspecs", "secret"))["kernelspecs"]
            work = json.loads(answer(f"{base}/api/contents/work/{CONV}/{CONV}.ipynb?content=0", "secret"))
            root = urllib.request.urlopen(f"{base}/?token=secret", timeout=10).geturl()
        finally:
            process.terminate()
            process.wait(30)
    assert "@jupyterlab/apputils-extension:announcements" in str(config["disabledExtensions"])
    assert kernels["python3"]["spec"]["display_name"] != "Another"
    assert work["name"] == f"{CONV}.ipynb"
    assert f"/lab/tree/work/{FLAT}/{FLAT}.ipynb" in root


# --- test and clean -------------------------------------------------------------------------------------------------


def test_command_test_passes_arguments_and_exit_code(made, run, monkeypatch):
    (made.root / "tests").mkdir()
    calls = []

    def pytest_run(command, cwd):
        calls.append((command, cwd))
        return subprocess.CompletedProcess(command, 5)

    monkeypatch.setattr("course_lib.cli.main.subprocess.run", pytest_run)
    result = run(made, "test", "-n", "2", "-k", "conv", "--maxfail=1")
    assert result.exit_code == 5
    assert calls == [([sys.executable, "-m", "pytest", "-n", "2", "-k", "conv", "--maxfail=1"], made.root)]


def test_command_test_really_runs_pytest_from_the_root(made, run):
    (made.root / "tests").mkdir()
    (made.root / "tests" / "test_here.py").write_text(
        "from pathlib import Path\ndef test_a():\n    assert (Path.cwd() / 'solutions').is_dir()\n"
    )
    assert run(made, "test", "-q", "-p", "no:nbval", "-p", "no:cacheprovider").exit_code == 0


def test_command_test_in_a_student_bundle(made, fails):
    assert "comes without" in fails(made, "test")


def test_command_test_without_pytest(made, fails, monkeypatch):
    (made.root / "tests").mkdir()
    monkeypatch.setattr("course_lib.cli.main.importlib.util.find_spec", lambda name: None)
    assert "pytest is not installed" in fails(made, "test")


KEPT = ["work", "submitted", "submitted-earlier", "hand-in", "solutions", "notebooks", "course_lib", "tests", ".venv"]


def test_clean_removes_what_was_built_and_nothing_else(tmp_path, run):
    course = make_course(tmp_path, [FLAT])
    for name in KEPT:
        (course.root / name / "deep").mkdir(parents=True)
        (course.root / name / "deep" / "file").write_text(name)
    for name in ("gradebook.db", "grades.csv", "pyproject.toml"):
        (course.root / name).write_text(name)
    before = tree(course.root)
    for name in ("build", "release", "autograded", "feedback", ".pytest_cache", "course_lib/__pycache__"):
        (course.root / name / "deep").mkdir(parents=True)
        (course.root / name / "deep" / "file").write_text(name)
        os.chmod(course.root / name / "deep" / "file", 0o444)
        os.chmod(course.root / name / "deep", 0o555)
    inside = course.work / "build"
    inside.mkdir()
    result = run(course, "clean")
    assert result.exit_code == 0, result.output
    assert tree(course.root) == before and inside.is_dir()
    for name in ("build", "release", "course_lib/__pycache__"):
        assert name in result.stdout and not (course.root / name).exists()
    assert run(course, "clean").stdout == "Nothing to remove.\n"


def test_clean_leaves_caches_in_kept_folders(course, run):
    cache = course.work / "__pycache__"
    cache.mkdir(parents=True)
    assert run(course, "clean").exit_code == 0
    assert cache.is_dir()


def test_clean_removes_a_link_not_what_it_points_to(course, run, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "file").write_text("x")
    (course.root / "build").symlink_to(elsewhere)
    assert run(course, "clean").exit_code == 0
    assert not (course.root / "build").is_symlink() and (elsewhere / "file").exists()


# --- errors and help ------------------------------------------------------------------------------------------------


def test_outside_any_course(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(workbook, ["clean"])
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: no course found in") and result.stderr.count("\n") == 1


def test_root_that_is_missing(tmp_path, fails):
    assert "there is no such folder" in fails(Course(tmp_path / "gone"), "clean")


def test_the_course_is_found_from_a_folder_inside(made, monkeypatch):
    monkeypatch.chdir(made.solutions / CONV)
    assert CliRunner().invoke(workbook, ["clean"]).exit_code == 0


def test_an_unexpected_exception_keeps_its_traceback(made, run, monkeypatch):
    def fault(*_):
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(lab_module, "copy_to_work", fault)
    result = run(made, "lab")
    assert isinstance(result.exception, ZeroDivisionError)


def test_the_environment_variables_of_the_caller_are_put_back(made, run):
    before = dict(os.environ)
    run(made, "clean")
    assert dict(os.environ) == before


def test_help_lists_every_command_and_loads_nothing_heavy():
    code = (
        "import sys\nfrom course_lib.cli.main import workbook\n"
        "try:\n    workbook(['--help'])\nexcept SystemExit: pass\n"
        "heavy = {'nbformat', 'nbgrader', 'nbclient', 'jupyterlab', 'sqlalchemy', 'matplotlib', 'tqdm'}\n"
        "print('HEAVY', sorted(heavy & set(sys.modules)))"
    )
    env = os.environ | {"PYTHONPATH": str(REPOSITORY)}
    out = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True).stdout
    assert out.splitlines()[-1] == "HEAVY []"
    assert sorted(workbook.commands) == COMMANDS
    assert all(f"  {name} " in out for name in COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(name):
    result = CliRunner().invoke(workbook, [name, "--help"])
    assert result.exit_code == 0 and workbook.commands[name].help.splitlines()[0].rstrip(".") in result.stdout.replace(
        "\n  ", " "
    )

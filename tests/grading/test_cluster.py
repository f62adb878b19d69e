"""The same class on a dask.distributed cluster: the same records, also where a worker is killed in the middle."""

import os
import signal
import sys
import threading
import time

import pytest
from classroom import NAME, SEED, course_at, grade_class, hand_in, sample
from test_resume import grades

from course_lib.grading import pool
from course_lib.grading.course import WorkbookError
from course_lib.grading.messages import NOT_GRADED
from course_lib.grading.pool import Cluster
from course_lib.grading.records import environment_hash

CLASS = ("ada", "bo", "idea-01", "idea-02", "idea-03", "empty", "typo", "chen")


@pytest.fixture(scope="module")
def cluster():
    from distributed import LocalCluster

    with LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, host="127.0.0.1", silence_logs=50) as cluster:
        yield cluster


def class_at(folder):
    folder.mkdir()
    course = course_at(folder)
    for name in CLASS:
        hand_in(course, name, sample(name))
    return course


@pytest.fixture(scope="module")
def local(tmp_path_factory):
    course = class_at(tmp_path_factory.mktemp("cluster") / "local")
    return course, {o.student: o for o in grade_class(course, NAME, jobs=2, seed=SEED)}


def test_a_cluster_gives_what_this_machine_gives(cluster, local, tmp_path):
    course = class_at(tmp_path / "remote")
    outcomes = {o.student: o for o in grade_class(course, NAME, scheduler=cluster.scheduler_address, seed=SEED)}
    assert {n: (o.verdict, o.points, o.ideas) for n, o in outcomes.items()} == {n: (o.verdict, o.points, o.ideas) for n, o in local[1].items()}
    assert grades(course) == grades(local[0]) and all(not o.failed for o in outcomes.values())
    assert (course.root / "feedback" / "ada" / NAME / f"{NAME}.html").is_file()
    again = grade_class(course, NAME, scheduler=cluster.scheduler_address)
    assert not any(o.ran for o in again)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
def test_a_worker_that_is_killed_in_the_middle_loses_nothing(cluster, local, tmp_path):
    course = class_at(tmp_path / "killed")
    killed = []

    def kill():
        end = time.monotonic() + 120
        while not list((course.root / "records").glob(f"{NAME}/*.json")) and time.monotonic() < end:
            time.sleep(0.05)
        killed.append(next(iter(cluster.workers.values())).process.pid)  # the nanny's worker
        os.kill(killed[0], signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    outcomes = {o.student: o for o in grade_class(course, NAME, scheduler=cluster.scheduler_address, seed=SEED)}
    killer.join()
    assert killed and {n: (o.verdict, o.points) for n, o in outcomes.items()} == {n: (o.verdict, o.points) for n, o in local[1].items()}
    assert grades(course) == grades(local[0])


def test_a_hand_in_that_kills_its_stations_is_given_up_there_too(cluster, monkeypatch):
    """`run_message` in this process, with stations that die."""
    monkeypatch.setattr(pool, "COMMAND", (sys.executable, "-c", "import sys; sys.stdin.buffer.read(8); sys.exit('no')"))
    monkeypatch.setattr(pool, "_idle", [])
    job = {"student": "ada", "assignment": NAME, "limits": {"hand_in_seconds": 1}}
    reply = pool.run_message({"do": "grade", "job": job})
    assert reply["record"]["verdict"] == NOT_GRADED and "tried 3 times" in reply["record"]["notes"][0]
    assert len(pool._idle) == 1 and pool.run_message({"do": "pages", "record": job})["failed"]
    assert len(pool._idle) == 1  # taken and given back


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:9", "nonsense", "tcp://no-such-host.invalid:8786"])
def test_an_address_where_no_scheduler_answers_is_said(tmp_path, address):
    course = class_at(tmp_path / "c")
    with pytest.raises(WorkbookError, match=f"--scheduler {address}: no dask scheduler answers there"):
        grade_class(course, NAME, scheduler=address)


def test_a_cluster_without_workers_is_said():
    from distributed import LocalCluster

    with LocalCluster(n_workers=0, processes=True, dashboard_address=None, host="127.0.0.1", silence_logs=50) as empty:
        with pytest.raises(WorkbookError, match="the cluster has no worker. Start some"):
            Cluster(empty.scheduler_address, "none")


@pytest.mark.parametrize("facts, why", [(("other", ""), "has another version of Python, NumPy or course_lib"),
                                        ((environment_hash(), "bubblewrap is not installed"), "has no sandbox .bubblewrap is not installed.")])
def test_workers_of_another_version_or_without_a_sandbox_are_refused(cluster, monkeypatch, facts, why):
    from distributed import Client

    monkeypatch.setattr(Client, "run", lambda self, function, isolation: {"tcp://worker": facts})
    with pytest.raises(WorkbookError, match=why):
        Cluster(cluster.scheduler_address, "sandbox")


def test_a_scheduler_that_goes_away_is_said(monkeypatch):
    from distributed import LocalCluster

    monkeypatch.setattr(pool, "SCHEDULER_SECONDS", 2)
    with LocalCluster(n_workers=1, processes=True, dashboard_address=None, host="127.0.0.1", silence_logs=50) as local:
        there = Cluster(local.scheduler_address, "none")
    there.submit("a", {"do": "grade", "job": {"student": "ada", "assignment": NAME, "limits": {}}})
    with pytest.raises(WorkbookError, match="the scheduler is gone"):
        there.next()
    there.close(at_once=True)

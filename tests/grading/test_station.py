"""The processes around the executor: what one hand-in does to its process costs that hand-in alone, and nothing is lost."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from course_lib.grading.messages import MAX_MESSAGE, NOT_GRADED, not_graded, pack, receive, seconds_for
from course_lib.grading.pool import TRIES, Crew, Station, StationDied

# A station whose hand-ins do what their "answer" says, in the place of an executor.
FAKE = """
import os, signal, sys, time
from course_lib.grading import station
class Sandbox:
    def start(self): pass
    def close(self): pass
class Executor:
    opened = 0
    @staticmethod
    def prepare(): pass
    @classmethod
    def open_sandbox(cls, job):
        if job.get("no_sandbox"): raise OSError("no bwrap here")
        cls.opened += 1
        return Sandbox()
from course_lib.grading import warm
warm.executor = lambda: Executor
def do(message, sandbox):
    job = message["job"]
    exec(job["answer"])
    return {"record": {"student": job["student"], "verdict": "ok", "opened": Executor.opened, "pid": os.getpid(), "station": os.getppid()}}
station.main(do)
"""
COMMAND = (sys.executable, "-c", FAKE)


def grading(answer="pass", student="ada", **more):
    job = {"student": student, "assignment": "07", "answer": answer, "isolation": "none", "seed": "ab", **more}
    return {"do": "grade", "job": {"limits": {"hand_in_seconds": 20}, **job}}


@pytest.fixture
def station():
    station = Station(COMMAND)
    yield station
    station.close()


@pytest.fixture
def crew():
    crew = Crew(2, COMMAND)
    yield crew
    crew.close(at_once=True)


def wait_for_end(pid, seconds=20):
    end = time.monotonic() + seconds
    while is_alive(pid):
        assert time.monotonic() < end, f"{pid} is still there"
        time.sleep(0.05)


def is_alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as f:
            return f.read().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_every_hand_in_has_a_process_of_its_own_and_the_sandbox_stays_open(station):
    replies = [station.ask(grading(), 30)["record"] for _ in range(3)]
    assert len({r["pid"] for r in replies}) == 3 and {r["station"] for r in replies} == {station.process.pid}
    assert [r["opened"] for r in replies] == [1, 1, 1]
    assert station.ask(grading(limits={"hand_in_seconds": 19}), 30)["record"]["opened"] == 2


def test_what_a_hand_in_leaves_in_memory_is_gone(station):
    station.ask(grading("import math; math.pi = 3; os.environ['LEFT'] = 'x'"), 30)
    reply = station.ask(grading("import math; assert math.pi > 3.1 and 'LEFT' not in os.environ"), 30)
    assert reply["record"]["verdict"] == "ok"


@pytest.mark.parametrize("answer", ["print('x' * 100_000, flush=True)", "os.write(1, b'\\0' * 999)", "os.system('echo forged')", "sys.stdout.write('y')",
                                    "sys.stdin.read()", "os.close(0)"])
def test_what_is_printed_or_read_does_not_disturb_the_protocol(station, answer):
    assert station.ask(grading(answer), 30)["record"]["verdict"] == "ok"
    assert station.ask(grading(), 30)["record"]["verdict"] == "ok"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on Windows")
def test_a_hand_in_that_takes_too_long_is_a_timeout_and_its_processes_end(station, tmp_path):
    note = tmp_path / "pid"
    answer = f"import subprocess; p = subprocess.Popen(['sleep', '600']); open({str(note)!r}, 'w').write(str(p.pid)); time.sleep(600)"
    record = station.ask(grading(answer, limits={"hand_in_seconds": 0.1}), 30)["record"]
    assert record["verdict"] == "timeout" and "5.3 seconds" in record["notes"][0] and record["notebooks"] == {}
    wait_for_end(int(note.read_text()))
    assert station.ask(grading(), 30)["record"]["verdict"] == "ok"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on Windows")
def test_after_a_killed_hand_in_the_next_one_gets_a_new_sandbox(station):
    assert station.ask(grading(), 30)["record"]["opened"] == 1
    reply = station.ask(grading("os.kill(os.getpid(), signal.SIGKILL)"), 30)
    assert reply["died"] and reply["record"]["verdict"] == NOT_GRADED and "SIGKILL" in reply["record"]["notes"][0]
    assert station.ask(grading(), 30)["record"]["opened"] == 2


@pytest.mark.parametrize("answer, why", [("raise OSError(28, 'No space left on device')", "No space left"), ("sys.exit(3)", "exit code 1")])
def test_a_fault_on_this_side_is_no_verdict_on_the_hand_in(station, answer, why):
    record = station.ask(grading(answer), 30)["record"]
    assert record["verdict"] == NOT_GRADED and why in record["notes"][0]
    assert station.ask(grading(), 30)["record"]["verdict"] == "ok"


def test_a_sandbox_that_does_not_open_is_said(station):
    reply = station.ask(grading(no_sandbox=True), 30)
    assert reply["record"]["verdict"] == NOT_GRADED and "no bwrap here" in reply["record"]["notes"][0]


def test_an_interrupt_does_not_stop_a_station_and_still_reaches_what_a_hand_in_runs(station):
    station.ask(grading(), 30)
    os.kill(station.process.pid, signal.SIGINT)
    answer = "try:\n    os.kill(os.getpid(), signal.SIGINT); time.sleep(5)\nexcept KeyboardInterrupt:\n    pass\nelse:\n    raise OSError('not heard')"
    assert station.ask(grading(answer), 30)["record"]["verdict"] == "ok"


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_station_ends_with_the_process_that_started_it_also_when_that_is_killed():
    code = f"""
import sys, threading
from course_lib.grading.pool import Station
s = Station((sys.executable, "-c", {FAKE!r}))
print(s.ask({grading()!r}, 30)["record"]["station"], flush=True)
threading.Thread(target=lambda: s.ask({grading("time.sleep(600)")!r}, 700)).start()
"""
    run = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    station = int(run.stdout.readline())
    time.sleep(0.5)
    (child,) = subprocess.run(["ps", "-o", "pid=", "--ppid", str(station)], capture_output=True, text=True).stdout.split()
    run.kill()
    run.wait()
    wait_for_end(station)
    wait_for_end(int(child))
    run.stdout.close()


def test_a_station_that_dies_says_why():
    station = Station((sys.executable, "-c", "import sys; sys.stdin.buffer.read(8); raise SystemExit('out of luck')"))
    with pytest.raises(StationDied, match="out of luck"):
        station.ask(grading(), 30)
    station.close()


def test_a_station_that_hangs_is_ended():
    station = Station((sys.executable, "-c", "import time; time.sleep(600)"))
    with pytest.raises(StationDied, match="hung"):
        station.ask(grading(), 0.5)
    station.close()


def test_a_crew_answers_everything_in_any_order(crew):
    for i in range(12):
        crew.submit(i, grading(student=f"s{i}"))
    replies = dict(crew.next() for _ in range(12))
    assert {i: r["record"]["student"] for i, r in replies.items()} == {i: f"s{i}" for i in range(12)}
    assert crew.waiting == 0


def test_a_station_that_is_killed_is_replaced_and_its_hand_in_tried_again(crew, tmp_path):
    """The first try kills its station; the second goes through."""
    mark = tmp_path / "mark"
    answer = f"if not os.path.exists({str(mark)!r}):\n    open({str(mark)!r}, 'w').close()\n    os.kill(os.getppid(), signal.SIGKILL); time.sleep(60)"
    crew.submit("killer", grading(answer))
    for i in range(4):
        crew.submit(i, grading())
    replies = dict(crew.next() for _ in range(5))
    assert mark.exists() and {r["record"]["verdict"] for r in replies.values()} == {"ok"}


@pytest.mark.parametrize("answer", ["os.kill(os.getppid(), signal.SIGKILL); time.sleep(60)", "os.kill(os.getpid(), signal.SIGKILL)"])
def test_a_hand_in_whose_stations_keep_dying_is_given_up_and_the_class_goes_on(crew, answer):
    crew.submit("bad", grading(answer))
    crew.submit("good", grading())
    replies = dict(crew.next() for _ in range(2))
    assert replies["good"]["record"]["verdict"] == "ok"
    assert replies["bad"]["record"]["verdict"] == NOT_GRADED
    assert f"tried {TRIES} times" in replies["bad"]["record"]["notes"][0] and "SIGKILL" in replies["bad"]["record"]["notes"][0].replace("signal 9", "SIGKILL")


def test_pages_that_cannot_be_made_are_said(crew, monkeypatch):
    message = {"do": "pages", "record": {"student": "ada", "assignment": "07"}, "job": {"answer": "raise OSError('full')", "student": "ada"}}
    crew.submit("p", message)
    assert crew.next() == ("p", {"failed": "OSError: full"})


def test_closing_at_once_ends_stations_at_work(crew):
    crew.submit("a", grading())
    station = crew.next()[1]["record"]["station"]
    for i in range(3):
        crew.submit(i, grading("time.sleep(600)"))
    time.sleep(0.3)
    crew.close(at_once=True)
    wait_for_end(station)


def test_messages_pass_lone_surrogates_and_end_of_stream(tmp_path):
    path = tmp_path / "stream"
    message = {"text": "a\ud800\u2192", "n": [1.5, None]}
    path.write_bytes(pack(message) + pack({})[:5])
    with path.open("rb") as stream:
        assert receive(stream) == message
        assert receive(stream) is None
    path.write_bytes((MAX_MESSAGE + 1).to_bytes(8, "big"))
    with path.open("rb") as stream, pytest.raises(ValueError, match="bytes"):
        receive(stream)


def test_a_record_without_scores_is_plain():
    record = not_graded({"student": "ada", "assignment": "07"}, "why")
    assert json.loads(json.dumps(record)) == record and record["verdict"] == NOT_GRADED


def test_a_hand_in_has_more_time_outside_than_the_executor_gives_its_cells():
    assert seconds_for(grading(limits={"hand_in_seconds": 100})) > 200
    assert seconds_for({"do": "pages"}) > 0

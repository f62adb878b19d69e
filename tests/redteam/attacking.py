"""What the files here share: the attacks, in two halves that pytest can run side by side, and the judgement of one."""

from classroom import ROOT

from course_lib.grading import redteam
from course_lib.grading.course import Course

COURSE = Course(ROOT)
# By assignment, so that each one's sandbox is started once.
ATTACKS = sorted(redteam.attacks(COURSE), key=lambda a: (a.assignment, a.kind))
_PROCESS = {"callbacks", "left", "resources", "values", "wire"}
BY_THE_PROCESS = [a for a in ATTACKS if a.kind in _PROCESS]
BY_THE_NOTEBOOK = [a for a in ATTACKS if a.kind not in _PROCESS]


def judge(team, attack):
    finding = team.run(attack)
    assert not finding.problems, finding
    assert not finding.traces, finding

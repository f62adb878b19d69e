"""One team for a file's attacks: it keeps the sandboxes warm."""

import pytest
from attacking import COURSE

from course_lib.grading.redteam import Team


@pytest.fixture(scope="module")
def team():
    with Team(COURSE) as one:
        yield one

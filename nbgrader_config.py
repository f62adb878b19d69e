# Read by every `nbgrader` command and by the formgrader; `workbook grade` uses the same settings.
from course_lib.grading.settings import configure

configure(get_config())  # noqa: F821  (nbgrader provides get_config)

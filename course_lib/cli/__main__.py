"""`python -m course_lib.cli` is the `workbook` command, for where its script is not on the path."""

from course_lib.cli.main import main

main()

"""What a feedback page shows of the hidden tests: that they are there and what they say, not how they ask."""

from __future__ import annotations

import re

from nbgrader.preprocessors import NbGraderPreprocessor

from .execute import is_test

HIDDEN = re.compile(r"^[^\n]*BEGIN HIDDEN TESTS.*?(?:^[^\n]*END HIDDEN TESTS[^\n]*$\n?|\Z)", re.DOTALL | re.MULTILINE)


class HideTests(NbGraderPreprocessor):
    """Take hidden tests out of the page that goes to the student. nbgrader leaves them in, with sizes and seed, and so
    does a traceback, which quotes the lines of the test around the error."""

    def preprocess_cell(self, cell, resources, cell_index):
        if is_test(cell) and HIDDEN.search(cell.source):
            cell.source = HIDDEN.sub("", cell.source).rstrip()
            for output in cell.outputs:
                if output.output_type == "error":
                    output.traceback = [f"{output.ename}: {output.evalue}"]
        return cell, resources

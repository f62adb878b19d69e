"""What nbgrader shows of a hand-in: its feedback pages, which are the same as those of `workbook grade`, and the formgrader's
view, which opens in the instructor's own browser session."""

from __future__ import annotations

import re
from pathlib import Path

from nbconvert.exporters import Exporter
from nbconvert.preprocessors.sanitize import SanitizeHTML
from nbgrader.preprocessors import GetGrades, NbGraderPreprocessor
from traitlets import Any, List, Set, Unicode, default

from ._page_cells import label_of
from ._page_images import picture
from ._page_text import markdown
from .execute import is_test
from .pages import KEY, render
from .strangers import OURS
from .written import words_of

HIDDEN = re.compile(r"^[^\n]*BEGIN HIDDEN TESTS.*?(?:^[^\n]*END HIDDEN TESTS[^\n]*$\n?|\Z)", re.DOTALL | re.MULTILINE)

_TEX_LINK = re.compile(r"\\(?=(?:href|require|cssId|class|style|unicode|Tooltip|texttip|action)\b)")
_SIGNS = re.compile(r"[\[\]()*_`$\\!~|^\n]")


class HideTests(NbGraderPreprocessor):
    """Take hidden tests out before anything is rendered. nbgrader leaves them in, with sizes and seed, and so does a
    traceback, which quotes the lines of the test around the error."""

    def preprocess_cell(self, cell, resources, cell_index):
        if is_test(cell) and HIDDEN.search(cell.source):
            cell.source = HIDDEN.sub("", cell.source).rstrip()
            cell.metadata["nbgrader"]["hidden_tests"] = True  # the page still says which they are
            for output in cell.outputs:
                if output.output_type == "error":
                    output.traceback = [f"{output.ename}: {output.evalue}"]
        return cell, resources


class GradesSoFar(GetGrades):
    """nbgrader's GetGrades, which gives 0 for an answer that nobody has marked yet: here it has no score."""

    def _get_score(self, cell, resources):
        super()._get_score(cell, resources)
        grade = self.gradebook.find_grade(cell.metadata.nbgrader["grade_id"], self.notebook_id, self.assignment_id, self.student_id)
        if grade.needs_manual_grade and grade.manual_score is None and grade.auto_score is None:
            cell.metadata.nbgrader["score"] = None


class FeedbackExporter(Exporter):
    """`pages.render` in the place of nbconvert's HTML, which copies what a hand-in printed as it is.

    Scores, comments and the penalty come from the gradebook (nbgrader's GetGrades puts them into the notebook), the rest
    from the notebook's metadata, where grading put it (`pages.about` under `pages.KEY`).
    """

    output_mimetype = "text/html"

    @default("file_extension")
    def _file_extension_default(self) -> str:
        return ".html"

    def from_notebook_node(self, nb, resources=None, **kwargs):
        nb, resources = super().from_notebook_node(nb, resources, **kwargs)
        ids = resources["nbgrader"]
        self._clear(ids)
        labels = [c.metadata.get("nbgrader", {}) for c in nb.cells]
        scores = {v["grade_id"]: {"score": v.get("score"), "max": v.get("points")} for v in labels if v.get("grade")}
        comments = {v["grade_id"]: v["comment"] for v in labels if v.get("comment")}
        page = render(nb, scores, student=ids["student"], assignment=ids["assignment"], name=ids["notebook"],
                      facts=nb.metadata.get(KEY), comments=comments, penalty=ids.get("late_penalty") or 0.0)
        return page, resources

    def _clear(self, ids) -> None:
        """Take away what nbgrader copied beside the pages: any HTML of the hand-in's own would be released with them."""
        converter = self.parent
        if converter is None or not hasattr(converter, "coursedir"):
            return
        where = converter.coursedir
        folder = Path(where.format_path(where.feedback_directory, ids["student"], ids["assignment"]))
        pages = {f"{Path(n).stem}.html" for n in converter.notebooks} | {f"{ids['notebook']}.html"}
        for path in sorted(folder.rglob("*"), reverse=True):
            if path.is_symlink() or path.is_file():
                if path.parent != folder or path.name not in pages | OURS:
                    path.unlink()
            elif not any(path.iterdir()):
                path.rmdir()


class SafeToShow(SanitizeHTML):
    """For the formgrader, whose template copies HTML from outputs and from prose as it is, links of every kind, and
    pictures between quotes that they may close: nbconvert's own sanitizer, with the tags that a check's message needs,
    whole pictures only, and prose that is not locked in the plain form that it has on our own pages."""

    PICTURES = ("image/png", "image/jpeg")

    tags = List(Unicode(), ["a", "b", "br", "code", "div", "em", "i", "li", "ol", "p", "pre", "span", "strong", "sub", "sup", "table", "tbody",
                            "td", "th", "thead", "tr", "ul"], config=True)
    attributes = Any({"a": ["href", "title"], "div": ["role"], "td": ["colspan"], "th": ["colspan", "scope"]}, config=True)
    safe_output_keys = Set({"metadata", "text/plain", *PICTURES}, config=True)
    sanitized_output_types = Set({"text/html"}, config=True)

    def preprocess_cell(self, cell, resources, cell_index):
        for data in (o["data"] for o in cell.get("outputs", []) if "data" in o):
            for mime in [m for m in self.PICTURES if m in data]:
                if made := picture(mime, data.pop(mime)):
                    data[mime] = made[0].partition(",")[2]
        if cell.cell_type == "markdown" and not label_of(cell).get("locked"):
            # TeX has links too; and no sign may be left in which the template's Markdown would find a meaning.
            plain = markdown(_TEX_LINK.sub("", words_of(cell.source)))
            cell.source = _SIGNS.sub(lambda m: f"&#{ord(m[0])};", plain)
            return cell, resources
        super().preprocess_cell(cell, resources, cell_index)
        return cell, resources

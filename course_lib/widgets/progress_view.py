"""ProgressView: which exercises are done, which misconceptions were met and overcome, and what is next."""

from pathlib import Path

import traitlets

from .. import draw
from ..check import progress
from ..check.overview import numbers_beside, overview
from ._base import CourseWidget

STATUS = {"done": "done", "started": "begun", "ready": "can begin", "later": "later"}
FILLS = {"done": draw._STOPS[1], "started": draw._STOPS[3], "ready": "#ffffff", "later": "#eef0f2"}


class ProgressView(CourseWidget, script="progress_view.js", styles=["progress_view.css"]):
    """Your progress: a map of the assignments, a table, and what comes next.

    Arguments:
        file   a progress file, or the folder it is in; None: that of the notebook (its own folder, or the one above).
               Where there is none, nothing is done yet.
    Returns:
        a widget; summary holds its numbers (as `workbook progress --json` prints them), refresh() reads the file again
    Errors: ValueError: the file holds no progress.

    >>> from course_lib.widgets import ProgressView
    >>> ProgressView("/").summary["done"]
    0
    """

    saved = ("summary",)
    summary = traitlets.Dict(help="what course_lib.check.overview says").tag(sync=True)
    note = traitlets.Unicode("", help="what is to be said about the file").tag(sync=True)

    def __init__(self, file=None, **settings):
        self._file = None if file is None else Path(file)
        super().__init__(**{**self._read(), **settings})

    def refresh(self):
        """Read the file again, and show what it says now."""
        for name, value in self._read().items():
            setattr(self, name, value)

    def _read(self):
        path = self._file
        if path is None or path.is_dir():
            path = progress.find(path)
        if path is None or not path.is_file():
            note = "Nothing is recorded here. Begin with `workbook lab` (make lab): it records in work/."
            return {"summary": overview({"exercises": {}}), "note": note}
        state = progress.read(path)
        note = "Nothing is recorded at present: `workbook progress --on` begins again." if state.get("off") else ""
        return {"summary": overview(state, numbers_beside(path)), "note": note}

    @traitlets.validate("summary")
    def _check_summary(self, proposal):
        value = proposal["value"]
        if not isinstance(value.get("assignments"), list) or not {"done", "total", "next"} <= set(value):
            raise traitlets.TraitError("summary: expected what course_lib.check.overview gives")
        return value

    def describe(self):
        s = self.summary
        following = s["next"]["exercise"] if s["next"] else "nothing"
        return (
            f"ProgressView({s['done']} of {s['total']} exercises done, "
            f"{s['overcome']} of {s['met']} misconceptions overcome, next: {following})"
        )

    def picture(self):
        from matplotlib.figure import Figure
        from matplotlib.patches import FancyBboxPatch

        s = self.summary
        places = {a["number"]: a["place"] for a in s["assignments"]}
        figure = Figure(figsize=(9.5, 4.4), layout="constrained")
        ax = figure.add_subplot()
        for a in s["assignments"]:
            x, y = a["place"]
            for before in a["builds_on"]:
                if before in places:
                    ax.annotate(
                        "",
                        (x - 0.36, y),
                        (places[before][0] + 0.36, places[before][1]),
                        arrowprops={"arrowstyle": "-|>", "color": "#9aa1ab", "shrinkA": 0, "shrinkB": 0},
                    )
            following = bool(s["next"]) and s["next"]["assignment"] == a["number"]
            ax.add_patch(
                FancyBboxPatch(
                    (x - 0.34, y - 0.3),
                    0.68,
                    0.6,
                    boxstyle="round,pad=0.02",
                    facecolor=FILLS[a["status"]],
                    edgecolor=draw.INK,
                    linewidth=2.6 if following else 0.9,
                    linestyle="--" if a["status"] == "later" else "-",
                )
            )
            words = f"{a['number']}\n{a['done']}/{a['total']} {STATUS[a['status']]}"
            ax.text(x, y, words, ha="center", va="center", fontsize=9, color=draw.INK)
        ax.set_xlim(-0.5, 5.5)
        ax.set_ylim(4.8, -0.5)
        ax.set_axis_off()
        following = f"next: {s['next']['exercise']}" if s["next"] else "everything is done"
        ax.set_title(f"{s['done']} of {s['total']} exercises done; {following}", fontsize=11, color=draw.INK)
        return figure

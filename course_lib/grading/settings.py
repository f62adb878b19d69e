"""How this course sets up nbgrader: one function, used by `nbgrader_config.py` and by `workbook grade` alike."""

from __future__ import annotations

from typing import Any

CELL_TIMEOUT = 60  # seconds; an endless loop costs one cell, not the class


def copy_steps(*without: type) -> list[type]:
    """The steps from a solved notebook to a student copy: nbgrader's own but `without`, and marks in the answers in words."""
    from nbgrader.converters import GenerateAssignment
    from nbgrader.preprocessors import ClearSolutions

    from .frame import MarkWritten

    steps = [p for p in GenerateAssignment.preprocessors.default_args[0] if p not in without]
    steps.insert(steps.index(ClearSolutions) + 1, MarkWritten)
    return steps


def configure(c: Any) -> Any:
    """Fill a traitlets configuration: folders, the frame and the executor that grade, and what may be in a feedback page."""
    from nbconvert.preprocessors import ClearMetadataPreprocessor
    from nbgrader.preprocessors import (
        AssignLatePenalties,
        CheckCellMetadata,
        ClearOutput,
        IgnorePattern,
        LimitOutput,
        OverwriteCells,
        OverwriteKernelspec,
        SaveAutoGrades,
    )

    from .autograde import GradingExecute
    from .feedback import FeedbackExporter, GradesSoFar, HideTests, SafeToShow
    from .frame import RebuildFrame

    c.CourseDirectory.source_directory = "solutions"
    c.CourseDirectory.release_directory = "notebooks"
    c.CourseDirectory.ignore = [".ipynb_checkpoints", "*.pyc", "__pycache__", ".DS_Store"]

    c.GenerateAssignment.preprocessors = copy_steps()
    # Everything locked comes from the source; from the hand-in only answers and the student's own cells.
    c.Autograde.sanitize_preprocessors = [RebuildFrame, ClearOutput, OverwriteKernelspec, OverwriteCells, CheckCellMetadata]
    # nbgrader scores a test cell 0 for any stderr and gives full marks for a value it cannot read: GradingExecute mends both.
    c.Autograde.autograde_preprocessors = [GradingExecute, IgnorePattern, ClearMetadataPreprocessor, LimitOutput, SaveAutoGrades,
                                           AssignLatePenalties, CheckCellMetadata]
    c.GenerateFeedback.preprocessors = [HideTests, GradesSoFar]
    c.GenerateFeedback.exporter_class = FeedbackExporter
    c.HTMLExporter.preprocessors = [SafeToShow]  # the formgrader's view of a hand-in, in the instructor's own browser
    # The exercise's metadata is what later steps read; only the execution's own notes are cleared.
    c.ClearMetadataPreprocessor.clear_notebook_metadata = False
    c.ClearMetadataPreprocessor.preserve_cell_metadata_mask = {("nbgrader",), ("tags",)}
    c.GradingExecute.timeout = CELL_TIMEOUT
    c.LimitOutput.max_lines = 400
    return c

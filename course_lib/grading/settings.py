"""How this course sets up nbgrader: one function, used by `nbgrader_config.py` and by `workbook grade` alike."""

from __future__ import annotations

from typing import Any

CELL_TIMEOUT = 60  # seconds; an endless loop costs one cell, not the class


def configure(c: Any) -> Any:
    """Fill a traitlets configuration: folders, the frame and the executor that grade, and what may be in a feedback page."""
    from nbconvert.preprocessors import ClearMetadataPreprocessor
    from nbgrader.preprocessors import (
        AssignLatePenalties,
        CheckCellMetadata,
        ClearOutput,
        GetGrades,
        IgnorePattern,
        LimitOutput,
        OverwriteCells,
        OverwriteKernelspec,
        SaveAutoGrades,
    )

    from .autograde import GradingExecute
    from .feedback import FeedbackExporter, HideTests, SafeToShow
    from .frame import RebuildFrame

    c.CourseDirectory.source_directory = "solutions"
    c.CourseDirectory.release_directory = "notebooks"
    c.CourseDirectory.ignore = [".ipynb_checkpoints", "*.pyc", "__pycache__", ".DS_Store"]

    # Everything locked comes from the source; from the hand-in only answers and the student's own cells.
    c.Autograde.sanitize_preprocessors = [RebuildFrame, ClearOutput, OverwriteKernelspec, OverwriteCells, CheckCellMetadata]
    # nbgrader scores a test cell 0 for any stderr and gives full marks for a value it cannot read: GradingExecute mends both.
    c.Autograde.autograde_preprocessors = [GradingExecute, IgnorePattern, ClearMetadataPreprocessor, LimitOutput, SaveAutoGrades,
                                           AssignLatePenalties, CheckCellMetadata]
    c.GenerateFeedback.preprocessors = [HideTests, GetGrades]
    c.GenerateFeedback.exporter_class = FeedbackExporter
    c.HTMLExporter.preprocessors = [SafeToShow]  # the formgrader's view of a hand-in, in the instructor's own browser
    # The exercise's metadata is what later steps read; only the execution's own notes are cleared.
    c.ClearMetadataPreprocessor.clear_notebook_metadata = False
    c.ClearMetadataPreprocessor.preserve_cell_metadata_mask = {("nbgrader",), ("tags",)}
    c.GradingExecute.timeout = CELL_TIMEOUT
    c.LimitOutput.max_lines = 400
    return c

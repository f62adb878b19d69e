"""Course logistics and grading: what knows nbgrader. Modules are imported one by one, since several are heavy."""

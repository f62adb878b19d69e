"""The `workbook` command."""

"""How Sphinx makes the walkthrough's pages; `workbook site` prepares what it reads (course_lib/walkthrough/)."""

project = "The CNN backprop workbook"
html_title = project
language = "en"
extensions = ["myst_nb", "course_lib.walkthrough.mathml"]
exclude_patterns = ["static"]

# The notebooks were executed when they were written; their stored outputs are what the reader sees.
nb_execution_mode = "off"
nb_render_markdown_format = "myst"  # captions and hints may hold formulas
nb_ipywidgets_js = {}  # ours need no widget manager: static/workbook.js
myst_enable_extensions = ["dollarmath", "amsmath"]
myst_heading_anchors = 3
suppress_warnings = ["myst.header"]  # notebooks of others may skip a level

html_theme = "furo"
html_math_renderer = "mathml"
html_static_path = ["static"]
html_css_files = ["workbook.css"]
html_js_files = [("workbook.js", {"defer": "defer"})]
html_copy_source = False
html_show_sourcelink = False
html_show_copyright = False

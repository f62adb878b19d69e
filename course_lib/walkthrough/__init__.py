"""The walkthrough: the solved notebooks as web pages that need no kernel, no server and nothing from elsewhere.

`workbook site` (build.py) makes pages out of notebooks (pages.py), with the widgets as the notebook stored them
(stored.py), and lets Sphinx write them; formulas become MathML (mathml.py), which browsers draw by themselves.
"""

"""Formulas as MathML, made while the pages are built: browsers draw it and screen readers speak it without any script."""

from __future__ import annotations

import re

FUNCTIONS = "arg|cos|cosh|det|exp|lim|ln|log|max|min|sin|sinh|sup|tan|tanh"
_OPERATORS = re.compile(r"<mo>(max|min|lim|sup)</mo>")
_NAMED = re.compile(rf"(?<!<msub>)(?<!<msup>)(?<!<munder>)(?<!<msubsup>)(<mi>(?:{FUNCTIONS})</mi>)(?=<m(?:i|n|sub|sup|frac|over|under|row|style))")
_RELATION = re.compile(r"<mo><mrow><mo>([^<]*)</mo></mrow></mo>(?:<mo>(&#x0003D;)</mo>)?")
_FENCES = re.compile(r"<mi>(&#x0?230[89AB];)</mi>")
_NORM = re.compile(r"<m[io]>(&#x0?2016;)</m[io]>")
_PRIME = re.compile(r"<msup>(<mi>[^<]*</mi>)<mi>&#x0?2032;</mi></msup>")
_AFTER = re.compile(rf"(</m(?:i|n|sub|sup|subsup|frac)>|&#x00029;</mo>)(?=<mi>(?:{FUNCTIONS})</mi>)")
_SIGN = re.compile(r"(<m(?:row|td)>|<mo[^>]*>(?:&#x0002[8C];|&#x0003[DCE];|&#x0005B;|&#x000D7;|&#x000B7;|\(|\[)</mo>)<mo>&#x02212;</mo>")


def convert(tex, display=False):
    """Return the formula as a <math> element, which keeps its TeX as alternative text."""
    from html import escape

    from latex2mathml.converter import convert as to_mathml

    tex = " ".join(tex.split())
    known = re.sub(r"\\arg(?![a-z])", r"\\mathrm{arg}\\,", tex)  # the converter has no \arg
    limits = re.sub(r"\\(max|min)(?=\s*_)", r"\\\1\\limits", known) if display else known
    found = to_mathml(limits, display="block" if display else "inline")
    found = _RELATION.sub(r"<mo>\1\2</mo>", found)  # \mathrel{+}= is one sign
    found = _FENCES.sub(r"<mo>\1</mo>", found)  # ⌊ as a fence, not as a name
    found = _NORM.sub(r'<mo stretchy="false">\1</mo>', found)
    found = _PRIME.sub(r'<mrow>\1<mo lspace="0" rspace="0">&#x2032;</mo></mrow>', found)  # raised as it is
    found = found.replace("<mo>&#x0005E;</mo>", '<mo stretchy="false">&#x02C6;</mo>')  # a hat, not a caret
    found = _OPERATORS.sub(r"<mi>\1</mi>", found)  # a name like ln, without an operator's space around
    found = _AFTER.sub(r'\1<mspace width="0.167em"/>', found)  # y ln p, and not yln p
    found = _NAMED.sub(r'\1<mo lspace="0" rspace="0.167em">&#x2061;</mo>', found)  # ln p, and not lnp
    found = _SIGN.sub(r'\1<mo form="prefix">&#x02212;</mo>', found)  # (1, -2): a sign, not a difference
    return found.replace(">", f' alttext="{escape(tex, quote=True)}">', 1)


def _inline(self, node):
    from docutils import nodes

    self.body.append(convert(node.astext()))
    raise nodes.SkipNode


def _block(self, node):
    from docutils import nodes

    self.body.append(f'<div class="math-block">{convert(node.astext(), display=True)}</div>\n')
    raise nodes.SkipNode


def setup(app):
    """Sphinx calls this: the extension's one entry."""
    app.add_html_math_renderer("mathml", (_inline, None), (_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}

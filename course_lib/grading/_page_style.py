"""The one style sheet of a feedback page, and the content-security policy that lets nothing but it work."""

from __future__ import annotations

import base64
import hashlib

LIGHT = {"paper": "#ffffff", "panel": "#f4f6f8", "ink": "#1b1f24", "quiet": "#545d68", "line": "#8b949e", "link": "#0550ae",
         "good": "#116329", "bad": "#a1330b", "open": "#545d68", "word": "#6f3fc4", "text": "#0a3069", "number": "#8a3b00"}
DARK = {"paper": "#0f1419", "panel": "#1a2129", "ink": "#e6edf3", "quiet": "#a3adb8", "line": "#6e7781", "link": "#79b8ff",
        "good": "#56d364", "bad": "#ff9b73", "open": "#a3adb8", "word": "#d2a8ff", "text": "#a5d6ff", "number": "#ffb77c"}


def _variables(colours: dict[str, str]) -> str:
    return "".join(f"--{name}:{value};" for name, value in colours.items())


STYLE = f"""
:root{{color-scheme:light dark;{_variables(LIGHT)}}}
@media (prefers-color-scheme:dark){{:root{{{_variables(DARK)}}}}}
""" + """
*{box-sizing:border-box}
body{margin:0 auto;padding:1.5rem 1rem 4rem;max-width:56rem;background:var(--paper);color:var(--ink);
 font:1rem/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif;overflow-wrap:anywhere}
h1{font-size:1.7rem;line-height:1.25;margin:0 0 .2rem}
h2{font-size:1.25rem;margin:2.4rem 0 .6rem;padding-top:.7rem;border-top:1px solid var(--line)}
h3{font-size:.95rem;margin:1.2rem 0 .3rem;color:var(--quiet)}
p{margin:.5rem 0}
a{color:var(--link)}
a:focus-visible,summary:focus-visible{outline:3px solid var(--link);outline-offset:2px;border-radius:2px}
.who,.note,footer{color:var(--quiet);font-size:.92rem}
footer{margin-top:2.4rem;border-top:1px solid var(--line)}
.total{font-size:1.15rem;margin:1rem 0}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.2rem 1rem;margin:.8rem 0}
dt{color:var(--quiet)}dd{margin:0}
table{border-collapse:collapse;width:100%}
caption{text-align:left;color:var(--quiet);font-size:.92rem;padding-bottom:.3rem}
th,td{padding:.35rem .6rem;border-bottom:1px solid var(--line);text-align:left;vertical-align:top}
thead th{font-size:.9rem;overflow-wrap:break-word}
thead .num{white-space:normal;max-width:6.5rem}
tbody th{font-weight:400;min-width:7rem}
tfoot th,tfoot td{font-weight:700;border-bottom:0}
.num{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
pre{font:.86rem/1.45 ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;white-space:pre-wrap;tab-size:4;
 margin:.4rem 0;padding:.6rem .8rem;overflow:clip;unicode-bidi:isolate;border-radius:4px}
pre.code,pre.text,pre.out,pre.err{background:var(--panel)}
pre.out,pre.err{border-left:3px solid var(--line);border-radius:0 4px 4px 0}
pre.err{border-left-color:var(--bad)}
code{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;font-size:.95em}
.c{color:var(--quiet);font-style:italic}.s{color:var(--text)}.n{color:var(--number)}.k{color:var(--word);font-weight:600}
.check,.said{border-left:4px solid var(--open);padding:.1rem 0 .1rem .9rem;margin:.7rem 0}
.check pre{background:var(--panel)}
.passed{border-left-color:var(--good)}.failed,.error{border-left-color:var(--bad)}.said{border-left-color:var(--link)}
.passed .head{color:var(--good)}.failed .head,.error .head{color:var(--bad)}
.head{font-weight:700;margin:.2rem 0}
.idea{font-weight:600}
.prose{border-left:3px solid var(--line);padding-left:.9rem;unicode-bidi:isolate}
img{max-width:100%;height:auto;background:#fff}
@media print{:root{color-scheme:light;""" + _variables(LIGHT) + """}
 body{max-width:none;padding:0;font-size:10.5pt}h2,h3,.head{break-after:avoid}
 .check,tr,img{break-inside:avoid}a{text-decoration:none}}
@media (max-width:30rem){dl{grid-template-columns:1fr}dt{margin-top:.4rem}th,td{padding:.3rem}}
"""

_HASH = base64.b64encode(hashlib.sha256(STYLE.encode("utf-8")).digest()).decode("ascii")
POLICY = (f"default-src 'none'; script-src 'none'; style-src 'sha256-{_HASH}'; img-src data:; base-uri 'none'; "
          "form-action 'none'; object-src 'none'; frame-src 'none'; connect-src 'none'")
HEAD = ('<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n<meta name="robots" content="noindex">\n')

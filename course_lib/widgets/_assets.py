"""The widgets' side in the browser: the files in `static/`, joined to one module and one style sheet for each widget.

A widget reaches the browser as the text of one JavaScript module, which is also what an exported page holds. The files
in `static/` are modules that import from each other as usual, so that editors and other tools understand them. Joining
them needs no bundler because they keep three rules, which `module_source` checks: an import is written
`import { name, ... } from "./file.js";` and renames nothing; only the first file of a widget has a default export; and
no two files give the same name to something at their outermost level.
"""

import re
from pathlib import Path

STATIC = Path(__file__).parent / "static"
_IMPORT = re.compile(r'^import \{([^}]*)\} from "\./([a-z_0-9]+\.js)";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async )?(?:function|class|const)\b)", re.MULTILINE)
_NAME = re.compile(r"^(?:export )?(?:async )?(?:function\*?|class|const|let|var) (\w+)", re.MULTILINE)


def module_source(entry):
    """Return one JavaScript module: the file `entry` with all that it imports written before it, each file once.

    Errors: FileNotFoundError: no such file. ValueError: a file breaks one of the rules above.

    >>> from course_lib.widgets._assets import module_source
    >>> "import {" in module_source("filter_numbers.js"), "export function" in module_source("filter_numbers.js")
    (False, True)
    """
    parts, owners = [], {}

    def add(name, importers):
        if name in importers:
            raise ValueError(f"{name}: imports itself by way of {' and '.join(importers)}")
        if name in owners.values():
            return
        source = (STATIC / name).read_text(encoding="utf-8")
        for names, imported in _IMPORT.findall(source):
            if " as " in names:
                raise ValueError(f"{name}: renames what it imports from {imported}")
            add(imported, (*importers, name))
        for defined in _NAME.findall(source):
            if defined in owners:
                raise ValueError(f"{name}: defines {defined}, which {owners[defined]} defines too")
            owners[defined] = name
        body = _IMPORT.sub("", source)
        if name != entry:
            body = _EXPORT.sub("", body)
        if re.search(r"^import\b", body, re.MULTILINE) or (
            name != entry and re.search(r"^export\b", body, re.MULTILINE)
        ):
            raise ValueError(f"{name}: has an import or an export in a form that cannot be joined")
        parts.append(f"// {name}\n{body}")

    add(entry, ())
    return "\n".join(parts)


def style_source(*names):
    """Return the style sheets of these files as one text."""
    return "\n".join((STATIC / name).read_text(encoding="utf-8") for name in names)

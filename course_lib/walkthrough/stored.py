"""The widgets of a notebook as it stored them: their program, style and state, for pages without a kernel.

anywidget's widgets carry their whole program as one JavaScript module, and ours compute in the browser. So a page needs
neither a widget manager nor a module loader: static/workbook.js gives each program a model to read from and draws.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nbformat import NotebookNode

VIEW = "application/vnd.jupyter.widget-view+json"
STATE = "application/vnd.jupyter.widget-state+json"


@dataclass
class Widgets:
    """The widgets that a notebook can show: `models` by id; `shown` collects those that a page asked for."""

    models: Mapping[str, Mapping]
    shown: dict[str, dict] = field(default_factory=dict)
    programs: dict[str, dict] = field(default_factory=dict)

    @classmethod
    def of(cls, nb: NotebookNode) -> Widgets:
        stored = nb.metadata.get("widgets", {}).get(STATE, {})
        return cls(stored.get("state", {}))

    def show(self, model_id: str) -> bool:
        """Have the page hold this widget; False where the notebook stored no program for it, or one that needs a kernel."""
        stored = self.models.get(model_id, {})
        state = stored.get("state", {})
        if not isinstance(state.get("_esm"), str) or stored.get("buffers"):
            return False
        program = {"module": state["_esm"], "style": state.get("_css", "")}
        digest = hashlib.sha256(json.dumps(program, sort_keys=True).encode()).hexdigest()[:16]
        self.programs[digest] = program
        values = {name: value for name, value in state.items() if not name.startswith("_") and name != "layout"}
        self.shown[model_id] = {"program": digest, "state": values}
        return True

    def script(self) -> str:
        """What the end of the page holds: the states, and the programs' files; empty where the page shows no widget."""
        if not self.shown:
            return ""
        data = json.dumps(self.shown, ensure_ascii=False, sort_keys=True, separators=(",", ":")).replace("<", "\\u003c")
        files = "".join(f'<script defer src="_static/programs/{digest}.js"></script>' for digest in sorted(self.programs))
        return f'<script type="application/json" id="workbook-widgets">{data}</script>{files}'


def program_file(digest: str, program: Mapping) -> str:
    """A script that puts a program where workbook.js finds it: a plain script, since pages from a disk may not import modules."""
    text = json.dumps(program, ensure_ascii=False, sort_keys=True).replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
    return f'(globalThis.workbookPrograms ??= {{}})["{digest}"] = {text};\n'

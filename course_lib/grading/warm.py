"""The executor, and the sandboxes that a station keeps warm for it."""

from __future__ import annotations

import json
import traceback
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

WARM_SANDBOXES = 2  # of this many assignments: hand-ins come sorted by assignment


def executor() -> Any:
    """What runs a hand-in: `open_sandbox(job)` and `run_hand_in(job, sandbox)`; `prepare()` beforehand saves time in each."""
    from . import runner, sandbox

    return SimpleNamespace(open_sandbox=sandbox.open_sandbox, run_hand_in=runner.run_hand_in, prepare=runner.prepare)


class Sandboxes:
    """The warm sandboxes of a station, one an assignment (and limits, and isolation); opened when first needed."""

    def __init__(self) -> None:
        self.open: dict[str, Any] = {}

    @staticmethod
    def _key(job: Mapping[str, Any]) -> str:
        return json.dumps([job["assignment"], job["isolation"], job["limits"]], sort_keys=True)

    def take(self, job: Mapping[str, Any]) -> Any:
        """The sandbox for `job`, warm. Raises what opening raises."""
        key = self._key(job)
        found = self.open.pop(key, None) or executor().open_sandbox(job)
        self.open[key] = found  # the last one used is the last one closed
        found.start()  # here, so that the child that takes a box of it need not
        while len(self.open) > WARM_SANDBOXES:
            self._close(self.open.pop(next(iter(self.open))))
        return found

    def drop(self, job: Mapping[str, Any]) -> None:
        """Close the sandbox of a hand-in whose child was killed: nobody knows what state it is in."""
        found = self.open.pop(self._key(job), None)
        if found is not None:
            self._close(found)

    def close(self) -> None:
        while self.open:
            self._close(self.open.popitem()[1])

    @staticmethod
    def _close(sandbox: Any) -> None:
        try:
            sandbox.close()
        except Exception:  # it may be dead; another one is opened
            traceback.print_exc()

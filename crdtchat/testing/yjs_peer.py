"""Real Yjs in Node, spoken to over standard input and output: one JSON line each way."""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from crdtchat.document.replica import plain
from crdtchat.sync.update import Value

SCRIPT = """
import { createRequire } from 'node:module'
import { createInterface } from 'node:readline'
const require = createRequire(process.argv[1] + '/')
const Y = require('yjs')
for await (const line of createInterface({ input: process.stdin })) {
  const { updates, roots } = JSON.parse(line)
  const doc = new Y.Doc()
  for (const root of roots) doc.getMap(root)
  for (const update of updates) Y.applyUpdate(doc, Buffer.from(update, 'base64'))
  const values = {}
  for (const root of roots) values[root] = [...doc.getMap(root).entries()]
  const pending = doc.store.pendingStructs !== null || doc.store.pendingDs !== null
  const state = Buffer.from(Y.encodeStateAsUpdate(doc)).toString('base64')
  process.stdout.write(JSON.stringify({ values, pending, state }) + '\\n')
}
"""


@dataclass(frozen=True, slots=True)
class YjsDocument:
    """A document as Yjs holds it."""

    values: dict[str, dict[str, Value]]
    pending: bool
    state: bytes


class YjsPeer:
    """A Node process; `folder` has `node_modules/yjs`."""

    def __init__(self, folder: str | Path) -> None:
        self._process = subprocess.Popen(
            ["node", "--input-type=module", "-e", SCRIPT, str(Path(folder).resolve())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def fold(self, updates: Sequence[bytes], roots: Sequence[str]) -> YjsDocument:
        """Apply updates to a fresh Y.Doc, one by one."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        encoded = [base64.b64encode(update).decode() for update in updates]
        self._process.stdin.write(json.dumps({"updates": encoded, "roots": roots}) + "\n")
        self._process.stdin.flush()
        found = json.loads(self._process.stdout.readline())
        values = {
            root: {key: plain(value) for key, value in entries}
            for root, entries in found["values"].items()
        }
        return YjsDocument(values, found["pending"], base64.b64decode(found["state"]))

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()

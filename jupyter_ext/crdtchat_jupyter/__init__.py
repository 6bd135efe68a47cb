"""crdtchat inside Jupyter: a server extension that serves the discussions of notebooks and files.

Importing this package loads neither Jupyter's server nor the CRDT engine.
"""

from __future__ import annotations


def _jupyter_server_extension_points() -> list[dict[str, object]]:
    """What Jupyter's server asks an extension package for."""
    from crdtchat_jupyter.app import CrdtChatExtension

    return [{"module": "crdtchat_jupyter", "app": CrdtChatExtension}]

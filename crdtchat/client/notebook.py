"""A page's discussions in the output of a notebook's cell."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

from crdtchat.client.address import Address
from crdtchat.client.notebook_module import MODULE
from crdtchat.client.place import well_formed
from crdtchat.client.surroundings import locate

if TYPE_CHECKING:
    from crdtchat.client.notebook_widget import NotebookWidget


def widget(
    page: str | None = None,
    *,
    url: str | None = None,
    tenant: str | None = None,
    token: str | None = None,
    name: str | None = None,
    text: str = "",
    height: int = 420,
    ssl_context: ssl.SSLContext | None = None,
) -> NotebookWidget:
    """Show the discussions of a page live: make it the last line of a cell.

    Works in JupyterLab, Notebook, VS Code, Colab and wherever anywidget's widgets are shown. The
    browser talks with the kernel alone, which relays to the server and signs in: the server may be
    one that only the kernel reaches, and the token stays in the kernel.

    page, url, tenant, token: as for `connect`; in a notebook of a Jupyter server with crdtchat none
        of them need be given.
    name: under which a guest writes; without it, and without a token, the widget asks for one.
    text: the page's text. It is shown beside the discussions, with what they are about marked, and
        its words can be selected and discussed. Left out, the discussions are shown alone.
    height: in CSS pixels.

    Raises ValueError where no server or no page is found, ImportError without anywidget
    (`pip install "crdtchat[notebook]"`), RuntimeError if it was built without its interface.
    """
    place = locate(url, tenant, page, token, ssl_context)
    if not MODULE.is_file():
        raise RuntimeError("this crdtchat was built without its interface (CRDTCHAT_SKIP_UI)")
    try:
        from crdtchat.client.notebook_widget import NotebookWidget
    except ModuleNotFoundError as error:
        if error.name != "anywidget":
            raise
        raise ImportError('the widget needs anywidget: pip install "crdtchat[notebook]"') from error
    return NotebookWidget(
        Address(place.url, place.tenant, place.page, place.direct),
        token=place.token,
        name=well_formed(name or "", "the name"),
        context=ssl_context,
        text=well_formed(text, "the text"),
        height=height,
    )

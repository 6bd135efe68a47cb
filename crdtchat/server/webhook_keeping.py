"""Webhooks, kept in the database. What changes takes effect on a running server within a second.
All raise BadSetting."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from crdtchat.document.events import EVENT_NAMES
from crdtchat.host.hook_address import BadUrl, check_url
from crdtchat.host.hook_request import Sender, Undelivered
from crdtchat.host.hook_signing import new_secret, signed_headers, trial_payload
from crdtchat.server.printing import note, print_line, print_table
from crdtchat.server.settings import BadSetting, Settings
from crdtchat.server.upkeep import known_tenants, note_command, require_tenant, run_on_store
from crdtchat.stores.base import Store
from crdtchat.stores.hooking import Queue, Webhook

Flags = dict[str, Any]
_SHOWN = 1_000
"""Deliveries that `crdtchat webhook failed` lists."""


def add_webhook(settings: Settings, flags: Flags) -> None:
    """Keep a webhook and print the secret that signs what it is sent."""
    url: str = flags["url"]
    _check_url(url, settings)
    webhook = Webhook(
        id=f"wh-{secrets.token_hex(6)}",
        tenant=flags["tenant"],
        url=url,
        secrets=(new_secret(),),
        events=_events(flags["events"]),
        pages=flags["page"] or "*",
        created=_now(),
    )

    async def work(store: Store) -> None:
        if webhook.tenant not in await known_tenants(settings, store):
            raise BadSetting(f"no tenant is called {webhook.tenant}: see crdtchat tenant list")
        await store.put_webhook(webhook)
        await note_command(store, webhook.tenant, "webhook-add", webhook.id)

    run_on_store(settings, work, makes=True)
    print_line(webhook.secrets[0])
    note(f"webhook {webhook.id}: its requests are signed with this secret, shown only now")


def change_webhook(settings: Settings, flags: Flags) -> None:
    """Put what is given in place of what a webhook had."""
    given: dict[str, Any] = {}
    if flags["url"] is not None:
        _check_url(flags["url"], settings)
        given["url"] = flags["url"]
    if flags["events"] is not None:
        given["events"] = _events(flags["events"])
    if flags["page"] is not None:
        given["pages"] = flags["page"]
    if flags["active"] is not None:
        given["active"] = flags["active"] == "yes"
    if not given:
        raise BadSetting("say what to change: --url, --event, --page or --active")

    async def work(store: Store) -> None:
        webhook = await _rewrite(store, flags, lambda before: before._replace(**given))
        await note_command(store, webhook.tenant, "webhook-change", webhook.id)

    run_on_store(settings, work)
    note(f"webhook {flags['id']} is changed")


def list_webhooks(settings: Settings, flags: Flags) -> None:
    """Print a tenant's webhooks, and what there is for each."""

    async def work(store: Store) -> None:
        webhooks = await store.webhooks(flags["tenant"])
        if not webhooks:
            await require_tenant(settings, store, flags["tenant"])
        queues = {queue.webhook: queue for queue in await store.queues()}
        rows = [
            _row_of(webhook, queues.get(webhook.id, Queue(webhook.id, 0, 0, 0)))
            for webhook in webhooks
        ]
        print_table(("webhook", "url", "events", "pages", "active", "waiting", "failed"), rows)

    run_on_store(settings, work)


def rotate_webhook(settings: Settings, flags: Flags) -> None:
    """Give a webhook a new secret, and print it."""
    secret = new_secret()

    def rotated(before: Webhook) -> Webhook:
        kept = () if flags["now"] else before.secrets[:1]
        return before._replace(secrets=(secret, *kept))

    async def work(store: Store) -> None:
        webhook = await _rewrite(store, flags, rotated)
        await note_command(store, webhook.tenant, "webhook-rotate", webhook.id)

    run_on_store(settings, work)
    print_line(secret)
    if flags["now"]:
        note(f"webhook {flags['id']}: this secret alone signs from now on")
    else:
        note(f"webhook {flags['id']}: the secret before signs too until you rotate again")


def try_webhook(settings: Settings, flags: Flags) -> None:
    """Send a webhook a signed request of the type `test`, and say how it ended."""

    async def work(store: Store) -> None:
        webhook = await _find(store, flags)
        now, event_id = _now(), f"test_{secrets.token_hex(16)}"
        body = trial_payload(webhook.tenant, now)
        headers = signed_headers(webhook.secrets, event_id, now, body)
        try:
            await Sender(settings.webhook_networks).post(webhook.url, headers, body)
        except Undelivered as failure:
            raise BadSetting(f"webhook {webhook.id} did not take it: {failure}") from None
        note(f"webhook {webhook.id} took it")

    run_on_store(settings, work)


def list_failed(settings: Settings, flags: Flags) -> None:
    """Print what was set aside for a webhook."""

    async def work(store: Store) -> None:
        webhook = await _find(store, flags)
        rows = [
            (one.id, EVENT_NAMES[one.event.kind], one.page, _time(one.event.at), one.error)
            for one in await store.aside_deliveries(webhook.id, _SHOWN)
        ]
        print_table(("event", "type", "page", "happened", "why it was set aside"), rows)
        if len(rows) == _SHOWN:
            note(f"the first {_SHOWN} are shown")

    run_on_store(settings, work)


def redeliver(settings: Settings, flags: Flags) -> None:
    """Queue again what was set aside for a webhook."""

    async def work(store: Store) -> None:
        webhook = await _find(store, flags)
        count = await store.redeliver(webhook.id)
        await note_command(store, webhook.tenant, "webhook-redeliver", webhook.id)
        note(f"{count} events are queued again for webhook {webhook.id}")

    run_on_store(settings, work)


def remove_webhook(settings: Settings, flags: Flags) -> None:
    """Forget a webhook and what there is for it."""

    async def work(store: Store) -> None:
        if not await store.remove_webhook(flags["tenant"], flags["id"]):
            raise _no_webhook(flags)
        await note_command(store, flags["tenant"], "webhook-remove", flags["id"])

    run_on_store(settings, work)
    note(f"webhook {flags['id']} is gone, and so is what waited for it")


async def _rewrite(store: Store, flags: Flags, change: Callable[[Webhook], Webhook]) -> Webhook:
    """Change what stands of a webhook when it is written, whatever another command did meanwhile.
    Answers what stood there."""
    while True:
        before = await _find(store, flags)
        if await store.put_webhook(change(before), over=before):
            return before


async def _find(store: Store, flags: Flags) -> Webhook:
    for webhook in await store.webhooks(flags["tenant"]):
        if webhook.id == flags["id"]:
            return webhook
    raise _no_webhook(flags)


def _no_webhook(flags: Flags) -> BadSetting:
    tenant = flags["tenant"]
    return BadSetting(
        f"tenant {tenant} has no webhook {flags['id']}: see crdtchat webhook list --tenant {tenant}"
    )


def _check_url(url: str, settings: Settings) -> None:
    try:
        check_url(url, settings.webhook_networks)
    except BadUrl as error:
        raise BadSetting(str(error)) from None


def _events(given: list[str] | None) -> tuple[str, ...]:
    return tuple(name for name in EVENT_NAMES.values() if given is None or name in given)


def _row_of(webhook: Webhook, queue: Queue) -> tuple[str, ...]:
    events = "all" if len(webhook.events) == len(EVENT_NAMES) else " ".join(webhook.events)
    active = "yes" if webhook.active else "no"
    return (
        *(webhook.id, webhook.url, events, webhook.pages, active),
        *(str(queue.waiting), str(queue.aside)),
    )


def _now() -> int:
    return time.time_ns() // 1_000_000


def _time(at: int) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%d %H:%M")

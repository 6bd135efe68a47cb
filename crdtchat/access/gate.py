"""The gate: one place that decides who somebody is and whether they may come in."""

from __future__ import annotations

from dataclasses import dataclass

from crdtchat.access import tokens
from crdtchat.access.principal import Denied, Principal
from crdtchat.access.roles import Action
from crdtchat.access.tenants import Tenant, Tenants
from crdtchat.stores.base import Store


class NoTenant(Exception):
    """There is no tenant of that name."""


@dataclass(frozen=True, slots=True)
class Admission:
    """Who came in."""

    principal: Principal
    token: str | None
    """A new guest's token, to be kept by the client."""


class Gate:
    """Knows the tenants and checks tokens against the store."""

    def __init__(self, tenants: Tenants, store: Store) -> None:
        self._tenants = tenants
        self._store = store

    def tenant(self, name: str) -> Tenant:
        """Raises NoTenant."""
        found = self._tenants.get(name)
        if found is None:
            raise NoTenant(name)
        return found

    async def admit(
        self,
        tenant: Tenant,
        *,
        token: str | None,
        name: str,
        now: int,
        page: str | None = None,
        action: Action = Action.READ,
    ) -> Admission:
        """Decide. `now` in milliseconds since 1970; `name` is what a new guest wants to be called.

        Raises Denied; StoreError if tokens cannot be read.
        """
        fresh: str | None = None
        if token is None:
            if tenant.guests is None:
                raise Denied("sign in to read this page", missing=True)
            key = await self._store.secret("guest-tokens")
            principal, fresh = tokens.new_guest(tenant, name, key)
        elif token.startswith(tokens.API_PREFIX):
            found = await self._store.token(tokens.digest(token))
            principal = tokens.principal_of_api_token(found, tenant.id, now)
        elif tokens.is_guest_token(token):
            key = await self._store.secret("guest-tokens")
            principal = tokens.principal_of_guest(token, tenant, key)
        else:
            principal = tokens.principal_of_sign_in(token, tenant)
        if not principal.may(action, page):
            raise Denied(f"the role {principal.role} may not {action} here", forbidden=True)
        return Admission(principal, fresh)

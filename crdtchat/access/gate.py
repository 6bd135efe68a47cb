"""The gate: one place that decides who somebody is and whether they may come in."""

from __future__ import annotations

from dataclasses import dataclass, replace

from crdtchat.access import tokens
from crdtchat.access.directory import Directory
from crdtchat.access.limits import Budgets
from crdtchat.access.principal import Denied, Principal
from crdtchat.access.quotas import Quotas
from crdtchat.access.reads import Reads
from crdtchat.access.roles import Action, binding
from crdtchat.access.tenants import Tenant, Terms
from crdtchat.stores.base import Store
from crdtchat.sync.session import Peer


class NoTenant(Exception):
    """There is no tenant of that name."""


@dataclass(frozen=True, slots=True)
class Admission:
    """Who came in, by what, until when."""

    principal: Principal
    token: str
    """By which they came in, or may come back."""
    is_new: bool
    """Whether the token was made for them now: a guest, who has to be told."""
    expires: int
    """Milliseconds since 1970; 0 for never."""
    generation: int
    """Of the directory that it was decided by."""
    terms: Terms
    """Of the tenant, as they were then."""
    attested: Principal | None = None
    """Where the program that we run in signs its users in itself: who it said they are. They have
    no token."""


class Gate:
    """Knows the tenants and checks tokens against the store."""

    def __init__(self, directory: Directory, store: Store) -> None:
        self.directory = directory
        self._store = store
        self.quotas = Quotas(store)
        self.budgets = Budgets()
        self.reads = Reads()

    def peer(self, principal: Principal) -> Peer:
        """Somebody as a room sees them, within the limits of their tenant."""
        name, user = principal.tenant, principal.user
        terms = self.tenant(name).terms

        def take(size: int, now: float) -> float:
            tenant = self.directory.find(name)
            return self.budgets.take(tenant, user, size, now) if tenant is not None else 0.0

        def spend(count: int, now: int) -> float:
            tenant = self.directory.find(name)
            return self.quotas.take(tenant, count, now) if tenant is not None else 0.0

        return replace(
            principal.peer(),
            comment_cp=terms.comment_characters,
            annotations=terms.annotations_per_page,
            meter=take if terms.metered else None,
            quota=spend if terms.has_quota else None,
        )

    def importer(self, principal: Principal, page: str | None) -> Peer:
        """Somebody who brings in what others wrote elsewhere, within the limits of what a page and
        a comment hold: how much comes at once is not theirs to say. Raises Denied."""
        limits = self.tenant(principal.tenant).limits
        return replace(
            principal.importer(page),
            comment_cp=limits.comment_characters,
            annotations=limits.annotations_per_page,
        )

    def tenant(self, name: str) -> Tenant:
        """Raises NoTenant."""
        found = self.directory.find(name)
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
        generation = self.directory.generation
        expires = 0
        given = token
        if token is None:
            if tenant.guests is None:
                raise Denied("sign in to read this page", missing=True)
            key = await self._store.secret("guest-tokens")
            principal, token = tokens.new_guest(tenant, name, key)
        elif not token:
            raise Denied("the token is empty: guests send no Authorization at all", missing=True)
        elif len(token) > tokens.MOST_CHARACTERS:
            raise Denied("no token is so long")
        elif token.startswith(tokens.API_PREFIX):
            found = await self._store.token(tokens.digest(token))
            principal, expires = tokens.principal_of_api_token(found, tenant.id, now)
        elif tokens.is_guest_token(token):
            key = await self._store.secret("guest-tokens")
            principal = tokens.principal_of_guest(token, tenant, key)
        else:
            keys = self.directory.keys(tenant)
            principal, expires = tokens.principal_of_sign_in(token, tenant, keys, now)
        principal = self._with_given_role(principal)
        check(principal, page, action)
        await self.quotas.open(tenant, now)
        return Admission(principal, token, given is None, expires, generation, tenant.terms)

    def admit_attested(
        self, attested: Principal, *, page: str | None = None, action: Action = Action.READ
    ) -> Admission:
        """Decide about somebody whom the program that we run in has signed in.

        Raises Denied; NoTenant for a tenant that is not here.
        """
        terms = self.tenant(attested.tenant).terms
        principal = self._with_given_role(attested)
        check(principal, page, action)
        return Admission(principal, "", False, 0, self.directory.generation, terms, attested)

    def _with_given_role(self, principal: Principal) -> Principal:
        given = self.directory.role(principal.tenant, principal.user)
        return replace(principal, role=binding(principal.role, given))


def check(principal: Principal, page: str | None, action: Action) -> None:
    """Raises Denied if they may not do that there."""
    if not principal.may(action, page):
        reason = f"the role {principal.role} may not {action} here"
        if principal.may(action):
            reason = "the token is for other pages than this one"
        raise Denied(reason, forbidden=True, who=principal)

"""The exam of a store, access: tenants, grants, and word of their changes."""

from __future__ import annotations

from crdtchat.stores.base import Grant, Store, StoredTenant, Token

_DOCS, _BLOG = StoredTenant("docs", '{"guests": "viewer"}'), StoredTenant("blog", "{}")


def _token(tenant: str) -> Token:
    return Token(f"id-{tenant}", tenant.encode().ljust(32), tenant, "viewer", "ann", "Ann")


class AccessContract:
    """Subclass beside `StoreContract`, which gives the fixture `store`."""

    async def test_tenants(self, store: Store) -> None:
        assert await store.tenants() == []
        for tenant in (_DOCS, _BLOG):
            await store.put_tenant(tenant)
        assert await store.tenants() == [_BLOG, _DOCS]
        changed = StoredTenant("docs", '{"guests": "ż"}')
        await store.put_tenant(changed)
        assert await store.tenants() == [_BLOG, changed]
        other, fresh = StoredTenant("docs", "{}"), StoredTenant("new", "{}")
        for over in (_DOCS.description, ""):
            assert not await store.put_tenant(other, over=over)
        assert not await store.put_tenant(fresh, over=_DOCS.description)
        assert await store.tenants() == [_BLOG, changed]
        assert await store.put_tenant(other, over=changed.description)
        assert await store.put_tenant(fresh, over="")
        assert await store.tenants() == [_BLOG, other, fresh]
        assert await store.remove_tenant("new")
        assert await store.put_tenant(changed)
        assert await store.remove_tenant("blog")
        assert not await store.remove_tenant("blog")
        assert await store.tenants() == [changed]

    async def test_a_tenant_takes_its_tokens_and_grants_along(self, store: Store) -> None:
        for tenant in (_DOCS, _BLOG):
            await store.put_tenant(tenant)
            await store.add_token(_token(tenant.name))
            await store.put_grant(Grant(tenant.name, "ann", "owner"))
        await store.remove_tenant("docs")
        assert await store.tokens("docs") == []
        assert await store.token(_token("docs").digest) is None
        assert await store.grants() == [Grant("blog", "ann", "owner")]
        assert await store.tokens("blog") == [_token("blog")]

    async def test_grants(self, store: Store) -> None:
        rows = [Grant("docs", "bob", "viewer"), Grant("docs", "ann", "owner")]
        for grant in (*rows, Grant("blog", "ann", "moderator")):
            await store.put_grant(grant)
        assert await store.grants("docs") == [rows[1], rows[0]]
        assert await store.grants() == [Grant("blog", "ann", "moderator"), rows[1], rows[0]]
        await store.put_grant(Grant("docs", "bob", "commenter"))
        assert await store.grants("docs") == [rows[1], Grant("docs", "bob", "commenter")]
        assert await store.remove_grant("docs", "ann")
        assert not await store.remove_grant("docs", "ann")
        assert not await store.remove_grant("shop", "ann")
        assert await store.grants("docs") == [Grant("docs", "bob", "commenter")]

    async def test_a_grant_that_came_in_between_stands(self, store: Store) -> None:
        blocked, owner = Grant("docs", "ann", "blocked"), Grant("docs", "ann", "owner")
        assert await store.put_grant(blocked, first=True)
        assert not await store.remove_grant("docs", "ann", role="owner")
        assert await store.remove_grant("docs", "ann", role="blocked")
        assert await store.put_grant(owner)
        newest, _ = await store.access_changes(-1)
        assert not await store.put_grant(blocked, first=True)
        assert not await store.remove_grant("docs", "ann", role="blocked")
        assert await store.access_changes(newest) == (newest, frozenset())
        assert await store.grants() == [owner]

    async def test_changes_are_told_once_to_each_who_asks(self, store: Store) -> None:
        newest, changed = await store.access_changes(-1)
        assert changed == frozenset()
        assert await store.access_changes(newest) == (newest, frozenset())
        await store.put_tenant(_DOCS)
        await store.add_token(_token("blog"))  # nobody came in by it yet
        first, changed = await store.access_changes(newest)
        assert changed == {"docs"}
        assert first > newest
        assert await store.access_changes(first) == (first, frozenset())
        await store.revoke_token("blog", "id-blog")
        await store.put_grant(Grant("shop", "ann", "viewer"))
        await store.put_tenant(_DOCS)
        second, changed = await store.access_changes(first)
        assert changed == {"blog", "shop", "docs"}
        await store.remove_grant("shop", "ann")
        assert (await store.access_changes(second))[1] == {"shop"}
        await store.remove_tenant("docs")
        assert (await store.access_changes(second))[1] == {"shop", "docs"}
        assert (await store.access_changes(newest))[1] == {"blog", "shop", "docs"}

    async def test_the_newest_number_is_told_whatever_is_asked(self, store: Store) -> None:
        assert await store.access_changes(7) == (0, frozenset())
        await store.put_tenant(_DOCS)
        newest, _ = await store.access_changes(-1)
        assert await store.access_changes(newest + 7) == (newest, frozenset())

    async def test_what_did_not_happen_is_no_change(self, store: Store) -> None:
        newest, _ = await store.access_changes(-1)
        assert not await store.revoke_token("docs", "none")
        assert not await store.remove_grant("docs", "ann")
        assert not await store.remove_tenant("docs")
        assert await store.access_changes(newest) == (newest, frozenset())

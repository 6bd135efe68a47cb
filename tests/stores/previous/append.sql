WITH wanted AS MATERIALIZED (
    SELECT * FROM unnest(%b::bigint[], %b::bytea[], %b::text[], %b::text[], %b::text[],
        %b::bigint[], %b::bigint[], %b::bigint[], %b::bigint[])
    AS w (number, digest, tenant, page, scope, epoch, after, sequence, updated)
), locked AS MATERIALIZED (
    SELECT d.id, w.number, w.sequence, w.updated FROM document d JOIN wanted w USING (digest)
    WHERE d.epoch = w.epoch AND d.sequence = w.after ORDER BY digest FOR UPDATE OF d
), moved AS (
    UPDATE document d SET sequence = l.sequence, updated = coalesce(l.updated, d.updated)
    FROM locked l WHERE d.id = l.id RETURNING d.id, l.number
), made AS (
    INSERT INTO document (digest, tenant, page, scope, epoch, sequence, updated)
    SELECT digest, tenant, page, scope, 1, sequence, coalesce(updated, 0) FROM wanted
    WHERE epoch = 1 AND after = 0 ORDER BY digest
    ON CONFLICT (digest) DO NOTHING RETURNING id, digest
), written AS MATERIALIZED (
    SELECT id, number FROM moved
    UNION ALL SELECT made.id, number FROM made JOIN wanted USING (digest)
), entries AS (
    INSERT INTO entry (document_id, sequence, principal, at, broadcast_id, change, checksum)
    SELECT w.id, e.sequence, principal, at, broadcast_id, change, checksum
    FROM unnest(%b::bigint[], %b::bigint[], %b::text[], %b::bigint[], %b::bytea[], %b::bytea[],
        %b::bigint[])
    AS e (number, sequence, principal, at, broadcast_id, change, checksum)
    JOIN written w USING (number)
), leases AS (
    INSERT INTO lease (document_id, client, holder, nonce, checksum)
    SELECT w.id, client, holder, nonce, checksum
    FROM unnest(%b::bigint[], %b::bigint[], %b::text[], %b::text[], %b::bigint[])
    AS l (number, client, holder, nonce, checksum)
    JOIN written w USING (number)
    ON CONFLICT (document_id, client) DO UPDATE
    SET holder = excluded.holder, nonce = excluded.nonce, checksum = excluded.checksum
), counted AS (
    INSERT INTO usage (tenant, day, counter, count)
    SELECT tenant, day, 'conversationCreateCount', sum(count)
    FROM unnest(%b::bigint[], %b::text[], %b::bigint[]) AS u (number, day, count)
    JOIN written USING (number) JOIN wanted USING (number)
    GROUP BY tenant, day ORDER BY tenant, day
    ON CONFLICT (tenant, day, counter) DO UPDATE SET count = usage.count + excluded.count
), deeds AS MATERIALIZED (
    SELECT row_number() OVER (ORDER BY ordinal) AS ordinal, tenant, page, who, role, action,
        target, at, via, count
    FROM unnest(%b::bigint[], %b::text[], %b::text[], %b::text[], %b::text[], %b::bigint[],
        %b::text[], %b::bigint[]) WITH ORDINALITY
    AS d (number, who, role, action, target, at, via, count, ordinal)
    JOIN written USING (number) JOIN wanted USING (number)
), numbered AS (
    UPDATE counter SET number = number + (SELECT count(*) FROM deeds)
    WHERE name = 'audit' AND EXISTS (SELECT FROM deeds) RETURNING number
), audited AS (
    INSERT INTO audit (id, tenant, page, who, role, action, target, at, via, count)
    SELECT numbered.number - (SELECT count(*) FROM deeds) + ordinal, tenant, page, who, role,
        action, target, at, via, count
    FROM deeds, numbered
), notices AS MATERIALIZED (
    SELECT h.id AS webhook, sha256(convert_to(page, 'UTF8')) AS page_digest, page, event_id,
        kind, broadcast_id, aid, cid, caused_by, at, ordinal
    FROM unnest(%b::bigint[], %b::text[], %b::text[], %b::bigint[], %b::bytea[], %b::text[],
        %b::text[], %b::text[], %b::bigint[]) WITH ORDINALITY
    AS n (number, webhook, event_id, kind, broadcast_id, aid, cid, caused_by, at, ordinal)
    JOIN written USING (number) JOIN wanted w USING (number)
    JOIN webhook h ON h.id = n.webhook AND h.tenant = w.tenant
), deliveries AS (
    INSERT INTO webhook_delivery (webhook, page_digest, page, event_id, kind, broadcast_id, aid,
        cid, caused_by, at, error, aside)
    SELECT webhook, page_digest, page, event_id, kind, broadcast_id, aid, cid, caused_by, at, '', 0
    FROM notices ORDER BY ordinal
), lanes AS (
    -- Locked also if it is there: who takes its last delivery away would not see this one.
    INSERT INTO webhook_lane (webhook, page_digest, due, attempts)
    SELECT DISTINCT webhook, page_digest, 0, 0 FROM notices ORDER BY webhook, page_digest
    ON CONFLICT (webhook, page_digest) DO UPDATE SET attempts = webhook_lane.attempts
)
SELECT number FROM written

-- name: list_lacking :many
-- The times of the fills that an answer lacks although it covers them and an earlier answer of the
-- same endpoint showed them. Not those of a hole that was given up: the exchange will not show them.
-- Reads: facts.hl_fills_raw, facts.pages, ops.gap_repairs   Writes: -   Key: time
with lacking as materialized (
    select f.time, f.coin, f.oid, f.tid, f.side
    from facts.hl_fills_raw as f
    where f.wallet_id = %(wallet_id)s and f.time >= %(from_at)s and f.time <= %(to_at)s
    except
    select u.time, u.coin, u.oid, u.tid, u.side::"char"
    from unnest(%(time)s::timestamptz[], %(coin)s::text[], %(oid)s::bigint[], %(tid)s::bigint[],
                %(side)s::text[]) as u (time, coin, oid, tid, side)
)
select distinct (extract(epoch from l.time) * 1000)::bigint as time_ms
from lacking as l
join facts.hl_fills_raw as f
    on f.wallet_id = %(wallet_id)s and f.time = l.time and f.coin = l.coin and f.oid = l.oid
    and f.side = l.side and f.tid is not distinct from l.tid
where l.time <> all (%(rejects)s::timestamptz[])
    and exists (
        select from facts.pages as p
        where p.id = f.page_id and p.source = %(source)s and p.asked_at < %(asked_at)s)
    and not exists (
        select from ops.gap_repairs as g
        where g.wallet_id = %(wallet_id)s and g.kind = 'thin_answer' and g.given_up_at is not null
            and l.time >= g.from_at and l.time <= g.to_at);

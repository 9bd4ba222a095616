-- name: read_wallet :one
-- A wallet by its number.
-- Reads: tenancy.wallets   Writes: -   Key: id
select w.id, '0x' || encode(w.address, 'hex') as address
from tenancy.wallets as w
where w.id = %(wallet_id)s;

-- name: lock_repairs :exec
-- Lock the repairs of a wallet, in the order of their key: two transactions that change them wait,
-- but never for each other.
-- Reads: ops.gap_repairs   Writes: -   Key: (coin, kind, from_at, to_at)
select from ops.gap_repairs as r
where r.wallet_id = %(wallet_id)s
order by r.coin, r.kind, r.from_at, r.to_at
for update;

-- name: note_gaps :execrows
-- Add the gaps that an answer may fill. What lies before a history that is cut, no answer gives.
-- Reads: metrics.fill_gaps   Writes: ops.gap_repairs   Key: (wallet_id, coin, kind, from_at, to_at)
insert into ops.gap_repairs (wallet_id, coin, kind, from_at, to_at, found_at)
select g.wallet_id, g.coin, g.kind, g.from_at, g.to_at, %(now)s
from metrics.fill_gaps as g
where g.wallet_id = %(wallet_id)s and g.kind in ('position_break', 'thin_answer', 'end_position')
    and (g.from_at > '1970-01-01 00:00:00+00' or not exists (
        select from metrics.fill_gaps as b
        where b.wallet_id = g.wallet_id and b.kind = 'history_begins'))
on conflict do nothing;

-- name: forget_ended :execrows
-- Forget the repairs of gaps that are gone.
-- Reads: metrics.fill_gaps   Writes: ops.gap_repairs   Key: (wallet_id, coin, kind, from_at, to_at)
delete from ops.gap_repairs as r
where r.wallet_id = %(wallet_id)s
    and not exists (
        select from metrics.fill_gaps as g
        where (g.wallet_id, g.coin, g.kind, g.from_at, g.to_at)
            = (r.wallet_id, r.coin, r.kind, r.from_at, r.to_at));

-- name: read_due :one
-- The window of all gaps of a wallet that are due to be asked for again.
-- Reads: ops.gap_repairs   Writes: -   Key: wallet_id
select min(r.from_at) as from_at, max(r.to_at) as to_at
from ops.gap_repairs as r
where r.wallet_id = %(wallet_id)s and r.given_up_at is null
    and r.found_at + make_interval(secs => (%(tries_after)s::integer[])[r.tries + 1]) <= %(now)s;

-- name: count_tries :execrows
-- Count the try of all gaps that were due, and give up those that were tried often enough.
-- Reads: -   Writes: ops.gap_repairs   Key: wallet_id
update ops.gap_repairs as r
set tries = r.tries + 1,
    given_up_at = case
        when r.tries + 1 >= cardinality(%(tries_after)s::integer[]) then %(now)s end
where r.wallet_id = %(wallet_id)s and r.given_up_at is null
    and r.found_at + make_interval(secs => (%(tries_after)s::integer[])[r.tries + 1]) <= %(now)s;

-- name: read_next_try :one
-- When a gap of a wallet is asked for again next.
-- Reads: ops.gap_repairs   Writes: -   Key: wallet_id
select min(r.found_at + make_interval(secs => (%(tries_after)s::integer[])[r.tries + 1])) as at
from ops.gap_repairs as r
where r.wallet_id = %(wallet_id)s and r.given_up_at is null;

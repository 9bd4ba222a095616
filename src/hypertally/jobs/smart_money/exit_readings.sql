-- name: insert_windows :execrows
-- Note positions that became smaller, whose fills are not known.
-- Reads: -   Writes: ops.exit_windows   Key: (wallet_id, asset, from_at, to_at)
insert into ops.exit_windows (wallet_id, asset, from_at, to_at, held_size, left_size, found_at, next_at)
select u.wallet_id, u.asset, u.from_at, u.to_at, u.held_size, u.left_size, %(now)s, %(now)s
from unnest(
    %(wallet_id)s::integer[], %(asset)s::text[], %(from_at)s::timestamptz[],
    %(to_at)s::timestamptz[], %(held_size)s::numeric[], %(left_size)s::numeric[]
) as u (wallet_id, asset, from_at, to_at, held_size, left_size)
order by u.wallet_id, u.asset, u.from_at, u.to_at
on conflict do nothing;

-- name: drop_windows :many
-- Give up windows whose fills were not shown for a day.
-- Reads: tenancy.wallets   Writes: ops.exit_windows   Key: (wallet_id, asset, from_at, to_at)
update ops.exit_windows as e
set dropped_at = %(now)s,
    reason = case
        when e.tries = 0 then coalesce(e.last_error, 'pulls and snapshots left no weight for a day')
        when e.last_error is not null then 'asked ' || e.tries || ' times, the last: ' || e.last_error
        else 'asked ' || e.tries || ' times without an answer'
    end
from tenancy.wallets as w
where w.id = e.wallet_id and e.dropped_at is null
    and e.to_at < %(now)s::timestamptz - %(waited_max)s::interval
returning '0x' || encode(w.address, 'hex') as wallet, e.asset, e.from_at, e.to_at, e.reason;

-- name: forget_windows :execrows
-- Delete windows that were given up long ago.
-- Reads: -   Writes: ops.exit_windows   Key: (wallet_id, asset, from_at, to_at)
delete from ops.exit_windows where dropped_at < %(now)s::timestamptz - %(kept)s::interval;

-- name: claim_window :one
-- Take the windows of one wallet that are due: of that which waits longest, and what follows within a
-- time. The newest first would leave the others for ever where weight is short. Each claim counts as a
-- try, after which the windows wait: one minute, two, four, up to an hour.
-- Reads: tenancy.wallets   Writes: ops.exit_windows   Key: wallet_id
with chosen as (
    select wallet_id, from_at, to_at
    from ops.exit_windows
    where dropped_at is null and next_at <= %(now)s and found_at <= %(found_by)s
    order by next_at, to_at, wallet_id
    limit 1
    for update skip locked
), due as (
    select e.wallet_id, e.asset, e.from_at, e.to_at, e.next_at
    from ops.exit_windows as e
    join chosen as c on e.wallet_id = c.wallet_id
    where e.dropped_at is null and e.next_at <= %(now)s and e.found_at <= %(found_by)s
        and e.from_at >= c.from_at
        and e.to_at <= greatest(c.to_at, c.from_at + %(merged_within)s::interval)
    for update of e
), claimed as (
    update ops.exit_windows as e
    set tries = e.tries + 1,
        next_at = %(now)s::timestamptz + least(60, 2 ^ least(e.tries, 6)) * interval '1 minute'
    from due as d
    where (e.wallet_id, e.asset, e.from_at, e.to_at) = (d.wallet_id, d.asset, d.from_at, d.to_at)
    returning e.wallet_id, e.asset, e.from_at, e.to_at, d.next_at as due_at
)
select c.wallet_id, '0x' || encode(w.address, 'hex') as address, min(c.from_at) as from_at,
    max(c.to_at) as to_at, array_agg(c.asset) as assets, array_agg(c.from_at) as begins,
    array_agg(c.to_at) as ends, array_agg(c.due_at) as due_at
from claimed as c
join tenancy.wallets as w on w.id = c.wallet_id
group by c.wallet_id, w.address;

-- name: settle_windows :execrows
-- Delete the windows whose fills are known now, and note why others of those asked for are not.
-- Reads: facts.watched_fills, facts.watched_readings   Writes: ops.exit_windows   Key: (wallet_id, asset, from_at, to_at)
with known as (
    delete from ops.exit_windows as e
    where e.wallet_id = %(wallet_id)s and e.from_at >= %(from_at)s and e.to_at <= %(to_at)s
        and facts.reduction_is_known(
            e.wallet_id, e.asset, e.held_size, e.left_size, e.from_at, e.to_at)
    returning e.asset, e.from_at, e.to_at
)
update ops.exit_windows as e
set last_error = %(error)s
from unnest(%(assets)s::text[], %(begins)s::timestamptz[], %(ends)s::timestamptz[])
    as c (asset, from_at, to_at)
where e.wallet_id = %(wallet_id)s
    and (e.asset, e.from_at, e.to_at) = (c.asset, c.from_at, c.to_at)
    and (e.asset, e.from_at, e.to_at) not in (select k.asset, k.from_at, k.to_at from known as k);

-- name: note_error :execrows
-- Note why the fills of the windows asked for were not shown.
-- Reads: -   Writes: ops.exit_windows   Key: (wallet_id, asset, from_at, to_at)
update ops.exit_windows as e
set last_error = %(error)s
from unnest(%(assets)s::text[], %(begins)s::timestamptz[], %(ends)s::timestamptz[])
    as c (asset, from_at, to_at)
where e.wallet_id = %(wallet_id)s
    and (e.asset, e.from_at, e.to_at) = (c.asset, c.from_at, c.to_at);

-- name: put_back_windows :execrows
-- Let windows that were refused for want of weight keep their turn: their fills were not asked for.
-- What an earlier answer lacked is still why their fills are not known.
-- Reads: -   Writes: ops.exit_windows   Key: (wallet_id, asset, from_at, to_at)
update ops.exit_windows as e
set tries = e.tries - 1, next_at = c.due_at,
    last_error = case when e.tries = 1 then %(error)s else e.last_error end
from unnest(
    %(assets)s::text[], %(begins)s::timestamptz[], %(ends)s::timestamptz[],
    %(due_at)s::timestamptz[]
) as c (asset, from_at, to_at, due_at)
where e.wallet_id = %(wallet_id)s and e.tries > 0
    and (e.asset, e.from_at, e.to_at) = (c.asset, c.from_at, c.to_at);

-- name: ensure_periodic :execrows
-- Queue a periodic job unless it is queued or running.
-- Reads: ops.jobs   Writes: ops.jobs   Key: dedupe_key
insert into ops.jobs (kind, dedupe_key, priority)
select %(kind)s, %(kind)s, %(priority)s
where not exists (select from ops.jobs
                  where dedupe_key = %(kind)s and status in ('queued', 'running'))
on conflict do nothing;

-- name: list_wallets_without_pull :many
-- Tracked wallets without a queued or running pull; `first`: never pulled. A wallet whose job died
-- waits for an hour.
-- Reads: tenancy.org_wallets, ops.jobs, ops.hl_ingest_cursor   Writes: -   Key: id
select distinct o.wallet_id as id, c.pulled_at is null as first
from tenancy.org_wallets as o
left join ops.hl_ingest_cursor as c using (wallet_id)
where o.to_day is null
    and not exists (
        select from ops.jobs as j
        where j.dedupe_key = 'ingest_wallet:' || o.wallet_id
            and (j.status in ('queued', 'running')
                 or (j.status = 'dead' and j.finished_at > now() - interval '1 hour')))
order by 1;

-- name: list_wallets_to_confirm :many
-- Tracked wallets whose record was read once only where no ordinary pull reads it again, and whose
-- second reading nobody queued. A wallet whose job died waits for an hour.
-- Reads: tenancy.org_wallets, ops.jobs, ops.hl_ingest_cursor   Writes: -   Key: id
select distinct o.wallet_id as id
from tenancy.org_wallets as o
join ops.hl_ingest_cursor as c using (wallet_id)
where o.to_day is null and c.whole_at is not null
    and c.confirmed_ms <= c.cursor_ms and c.cursor_ms > 0
    and not exists (
        select from ops.jobs as j
        where j.dedupe_key = 'confirm_fills:' || o.wallet_id
            and (j.status in ('queued', 'running')
                 or (j.status = 'dead' and j.finished_at > now() - interval '1 hour')))
order by 1;

-- name: list_wallets_to_check :many
-- Tracked wallets whose positions nobody stated after their last fills, and whose check nobody
-- queued. A wallet whose job died waits for an hour.
-- Reads: tenancy.org_wallets, ops.jobs, ops.hl_ingest_cursor   Writes: -   Key: id
select distinct o.wallet_id as id
from tenancy.org_wallets as o
join ops.hl_ingest_cursor as c using (wallet_id)
where o.to_day is null and c.whole_at is not null and c.cursor_ms > 0 and not c.ends_checked
    and not exists (
        select from ops.jobs as j
        where j.dedupe_key = 'check_positions:' || o.wallet_id
            and (j.status in ('queued', 'running')
                 or (j.status = 'dead' and j.finished_at > now() - interval '1 hour')))
order by 1;

-- name: list_wallets_without_twap_pull :many
-- Tracked wallets without a queued or running pull of TWAPs. A wallet whose job died waits for an
-- hour.
-- Reads: tenancy.org_wallets, ops.jobs   Writes: -   Key: id
select distinct o.wallet_id as id
from tenancy.org_wallets as o
where o.to_day is null
    and not exists (
        select from ops.jobs as j
        where j.dedupe_key = 'ingest_twaps:' || o.wallet_id
            and (j.status in ('queued', 'running')
                 or (j.status = 'dead' and j.finished_at > now() - interval '1 hour')))
order by 1;

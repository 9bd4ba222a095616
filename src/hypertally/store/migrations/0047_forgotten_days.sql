-- migrate:up
set local lock_timeout = '4s';
set local statement_timeout = '5s';

-- Whether days of an org still hold a wallet that it forgot: until they are computed again, no answer
-- about the org may be kept.
create function ops.is_forgetting(org integer) returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select exists (
        select from ops.dirty_global_days as d where d.org_id = org and d.cause = 'forgotten')
$$;
revoke all on function ops.is_forgetting from public;
grant execute on function ops.is_forgetting to hypertally_api;

-- migrate:down
-- forward only

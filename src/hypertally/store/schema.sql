CREATE SCHEMA facts;

CREATE SCHEMA metrics;

CREATE SCHEMA ops;

CREATE SCHEMA tenancy;

CREATE FUNCTION facts.attach_partition(parent text, child text, first timestamp with time zone, until timestamp with time zone) RETURNS boolean
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    AS $$
begin
    -- pg_class and not to_regclass, whose cache may still miss what the lock's last holder made.
    if exists (
        select from pg_class where relnamespace = 'facts'::regnamespace and relname = child
    ) then
        return false;
    end if;
    perform pg_advisory_xact_lock(hashtext('facts.attach_partition'));
    if exists (
        select from pg_class where relnamespace = 'facts'::regnamespace and relname = child
    ) then
        return false;
    end if;
    execute format('create table facts.%I (like facts.%I including defaults including constraints
                    including generated)', child, parent);
    execute format('create trigger no_truncate before truncate on facts.%I
                    for each statement execute function facts.refuse_change()', child);
    execute format('alter table facts.%I attach partition facts.%I for values from (%L) to (%L)',
                   parent, child, first, until);
    return true;
end
$$;

CREATE FUNCTION facts.day_readings(wallet integer, first_day date, last_day date, but_page bigint DEFAULT NULL::bigint) RETURNS TABLE(day date, covered tstzmultirange, confirmed tstzmultirange)
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
with answers as (
    select p.id, p.asked_at, facts.time_of_ms(p.covers_from_ms) as from_at,
        least(facts.time_of_ms(p.covers_to_ms + 1), p.asked_at) as to_at
    from facts.pages as p
    where p.wallet_id = wallet and p.closed
        and p.asked_at > first_day::timestamp at time zone 'UTC'
        and p.covers_from_ms
            < extract(epoch from (last_day + 1)::timestamp at time zone 'UTC') * 1000
        and p.id is distinct from but_page
), reaching as (
    select a.*,
        max(a.to_at) over (partition by a.from_at order by a.asked_at, a.id
                           rows between unbounded preceding and 1 preceding) as read_before,
        max(a.to_at) over (partition by a.from_at order by a.asked_at desc, a.id desc
                           rows between unbounded preceding and 1 preceding) as read_after
    from answers as a
    where a.from_at < a.to_at
), firsts as materialized (
    select d.day, r.asked_at, tstzrange(
        greatest(r.from_at, r.read_before, d.day::timestamp at time zone 'UTC'),
        least(r.to_at, (d.day + 1)::timestamp at time zone 'UTC')) as span
    from reaching as r
    cross join lateral (
        select first_day + n as day
        from generate_series(
            greatest(0, (greatest(r.from_at, r.read_before) at time zone 'UTC')::date - first_day),
            least(last_day, ((r.to_at - interval '1 microsecond') at time zone 'UTC')::date)
                - first_day) as n
    ) as d
    where r.read_before is null or r.read_before < r.to_at
), first_by_day as materialized (
    select f.day, range_agg(f.span) as covered, min(f.asked_at) as asked_at
    from firsts as f
    group by f.day
), seconds as materialized (
    select b.day, r.asked_at, tstzrange(
        greatest(r.from_at, b.day::timestamp at time zone 'UTC'),
        least(r.to_at, (b.day + 1)::timestamp at time zone 'UTC')) as span
    from first_by_day as b
    join reaching as r
        on r.asked_at >= b.asked_at + interval '1 hour'
        and r.from_at < (b.day + 1)::timestamp at time zone 'UTC'
        and r.to_at > b.day::timestamp at time zone 'UTC'
    where r.read_after is null or r.read_after < r.to_at
), news as materialized (
    -- Row by row through the keys: a join would read all answers.
    select s.day, (
        select max(p.asked_at)
        from (
            select distinct f.page_id
            from facts.hl_fills_raw as f
            where f.wallet_id = wallet
                and f.time >= s.day::timestamp at time zone 'UTC'
                and f.time < (s.day + 1)::timestamp at time zone 'UTC'
        ) as brought
        cross join lateral (
            select p.asked_at from facts.pages as p where p.id = brought.page_id offset 0
        ) as p) as asked_at
    from (select distinct seconds.day from seconds) as s
), confirmations as (
    select s.day, range_agg(s.span * f.span) as confirmed
    from seconds as s
    join news as n using (day)
    join firsts as f
        on f.day = s.day and f.asked_at <= s.asked_at - interval '1 hour' and f.span && s.span
    where n.asked_at is null or s.asked_at >= n.asked_at + interval '1 hour'
    group by s.day
)
select b.day, b.covered, coalesce(c.confirmed, '{}')
from first_by_day as b
left join confirmations as c using (day)
$$;

CREATE FUNCTION facts.dex_of(coin text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN (coin ~~ '%:%'::text) THEN split_part(coin, ':'::text, 1) ELSE NULL::text END;

CREATE FUNCTION facts.ensure_day(parent text, day_of timestamp with time zone) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    AS $$
declare
    first timestamptz := date_trunc('day', day_of, 'UTC');
begin
    if parent <> 'wallet_snapshots' then
        raise exception 'facts.% is not partitioned by day', parent;
    end if;
    if exists (
        select from ops.seals
        where dataset = parent and day = first::date and released_at is not null
    ) then
        raise exception 'facts.% of % rests in the archive: bring it back first with '
            'hypertally archive restore --from % --to %',
            parent, first::date, first::date, first::date
            using errcode = 'object_not_in_prerequisite_state';
    end if;
    return facts.attach_partition(
        parent, parent || '_' || to_char(first, 'YYYY_MM_DD'), first, first + interval '1 day');
end
$$;

CREATE FUNCTION facts.ensure_month(parent text, month_of timestamp with time zone) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    AS $$
declare
    first timestamptz := date_trunc('month', month_of, 'UTC');
begin
    if parent not in ('hl_fills_raw', 'pages') then
        raise exception 'facts.% is not partitioned by month', parent;
    end if;
    return facts.attach_partition(
        parent, parent || '_' || to_char(first, 'YYYY_MM'), first, first + interval '1 month');
end
$$;

CREATE FUNCTION facts.fill_is_forced(dir text, liquidated_user bytea, wallet bytea) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN COALESCE(((dir = 'Auto-Deleveraging'::text) OR (dir ~~ 'Liquidated %'::text) OR (liquidated_user = wallet)), false);

CREATE TABLE facts.pages (
    id bigint NOT NULL,
    wallet_id integer,
    source text NOT NULL,
    request jsonb NOT NULL,
    asked_at timestamp with time zone NOT NULL,
    row_count integer NOT NULL,
    first_ms bigint,
    last_ms bigint,
    body_sha256 bytea NOT NULL,
    weight integer NOT NULL,
    closed boolean NOT NULL,
    covers_from_ms bigint,
    covers_to_ms bigint,
    inserted_at timestamp with time zone DEFAULT now() NOT NULL
)
PARTITION BY RANGE (asked_at);

ALTER TABLE ONLY facts.pages FORCE ROW LEVEL SECURITY;

CREATE FUNCTION facts.is_ahead("time" timestamp with time zone, page bigint) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN (NOT (EXISTS (SELECT FROM facts.pages p WHERE ((p.id = is_ahead.page) AND (is_ahead."time" <= (p.asked_at + '00:05:00'::interval))))));

CREATE FUNCTION facts.is_history_whole(wallet integer) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
with begins as (
    select min(f.time) as at from facts.hl_fills_raw as f where f.wallet_id = wallet
)
select exists (
    select from facts.history_readings as r, begins as b
    where r.wallet_id = wallet and r.rows_shown < 10000
        and (facts.time_of_ms(r.first_ms) <= b.at
             or (b.at is null and not exists (
                 select from facts.history_readings as n
                 where n.wallet_id = wallet and n.rows_shown >= 10000 and n.asked_at > r.asked_at))))
$$;

CREATE FUNCTION facts.market_of(coin text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN (((ascii(coin) >= 48) AND (ascii(coin) <= 57)) OR ((ascii(coin) >= 65) AND (ascii(coin) <= 90)) OR ((ascii(coin) >= 97) AND (ascii(coin) <= 122)) OR (ascii(coin) > 127)) THEN CASE WHEN (coin ~~ '%/%'::text) THEN 'spot'::text WHEN (coin ~~ '%:%'::text) THEN 'hip3'::text ELSE 'perp'::text END WHEN (coin ~ '^@[0-9]+$'::text) THEN 'spot'::text WHEN (coin ~ '^#[0-9]+$'::text) THEN 'outcome'::text ELSE 'other'::text END;

CREATE FUNCTION facts.reduction_is_known(wallet integer, asset text, held_size numeric, left_size numeric, after_at timestamp with time zone, until_at timestamp with time zone) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path TO ''
    AS $$
    with fills as materialized (
        select f.time, f.start_position as start_size,
            f.start_position + case f.side when 'B' then f.sz else -f.sz end as end_size
        from facts.watched_fills as f
        where f.wallet_id = wallet and f.coin = asset and f.time > after_at and f.time <= until_at
    ), ends as (
        select min(f.time) filter (where f.start_size = held_size) as first_at,
            max(f.time) filter (where f.end_size = left_size) as last_at
        from fills as f
    ), steps as (
        -- Whatever the order inside a millisecond: how much oftener a size is left than reached.
        select s.time, s.size, sum(s.times) as net
        from (
            select f.time, f.start_size as size, 1 as times from fills as f
            union all
            select f.time, f.end_size, -1 from fills as f
        ) as s
        join ends as e on s.time between e.first_at and e.last_at
        group by s.time, s.size
    ), moments as (
        select s.time, array_agg(s.size) as sizes,
            min(s.size) filter (where s.net = 1) as from_size,
            min(s.size) filter (where s.net = -1) as to_size,
            count(*) filter (where s.net <> 0) as ends
        from steps as s
        group by s.time
    ), numbered as (
        -- A moment that ends where it began has no end of its own: it goes with the one before.
        select m.*, count(m.to_size) over (order by m.time) as moves
        from moments as m
    ), reached as (
        select n.*, coalesce(max(n.to_size) over (partition by n.moves), held_size) as reached_size
        from numbered as n
    ), chained as (
        select r.*, lag(r.reached_size, 1, held_size) over (order by r.time) as before_size
        from reached as r
    )
    select coalesce(e.first_at <= e.last_at, false)
        and not exists (
            select from chained as c
            where c.ends not in (0, 2)
                or (c.ends = 2 and (c.from_size is null or c.to_size is null))
                or c.before_size <> coalesce(c.from_size, c.before_size)
                or c.before_size <> all (c.sizes)
                or (c.time = e.last_at and c.reached_size <> left_size))
        and not exists (
            select from fills as f
            where (f.time < e.first_at and f.time > after_at + interval '2 seconds')
                or (f.time > e.last_at and f.time <= until_at - interval '2 seconds'))
        and coalesce((
            select range_agg(tstzrange(r.from_at, r.to_at, '[]'))
            from facts.watched_readings as r
            where r.wallet_id = wallet and r.to_at >= after_at and r.from_at <= until_at
        ) @> tstzrange(after_at, until_at, '[]'), false)
    from ends as e
$$;

CREATE FUNCTION facts.refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    raise exception '% on %.% refused: facts are append-only',
        tg_op, tg_table_schema, tg_table_name using errcode = 'insufficient_privilege';
end
$$;

CREATE FUNCTION facts.release_day(parent text, day_of date) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET lock_timeout TO '4s'
    AS $$
declare
    child text := parent || '_' || to_char(day_of, 'YYYY_MM_DD');
    held text;
    sealed text;
    verified timestamptz;
begin
    if session_user = 'hypertally_watchdog_login' then
        raise exception 'a day leaves the database, and comes back, by workers and commands'
            using errcode = 'insufficient_privilege';
    end if;
    if parent <> 'wallet_snapshots' then
        raise exception 'facts.% is not partitioned by day', parent;
    end if;
    -- Any other would look at the partition as it was before the lock.
    if current_setting('transaction_isolation') <> 'read committed' then
        raise exception 'a day is released by a read committed transaction';
    end if;
    if day_of >= current_date - 9 then
        return 'it did not end nine days ago';
    end if;
    if not exists (
        select from pg_inherits
        where inhparent = format('facts.%I', parent)::regclass
            and inhrelid = to_regclass(format('facts.%I', child))
    ) then
        return 'it is not in the database';
    end if;
    execute format('lock table facts.%I in share row exclusive mode', child); -- no insert passes
    execute format('select count(*) || '':'' || coalesce(sum(fingerprint), 0) from facts.%I', child)
        into held;
    select sum(s.rows) || ':' || sum(split_part(s.digest, ':', 2)::numeric), min(s.verified_at)
    into sealed, verified
    from ops.seals as s
    where s.dataset = parent and s.day = day_of and s.released_at is null;
    if held is distinct from sealed then
        return format('the database holds %s, the archive %s', held, coalesce(sealed, 'nothing'));
    end if;
    if verified < now() - interval '1 hour' then
        return 'its copy was not verified within the hour';
    end if;
    execute format('alter table facts.%I detach partition facts.%I', parent, child);
    execute format('drop table facts.%I', child);
    update ops.seals set released_at = now()
    where dataset = parent and day = day_of and released_at is null;
    return null;
end
$$;

CREATE FUNCTION facts.reopen_day(parent text, day_of date) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    AS $$
begin
    if session_user = 'hypertally_watchdog_login' then
        raise exception 'a day leaves the database, and comes back, by workers and commands'
            using errcode = 'insufficient_privilege';
    end if;
    if parent <> 'wallet_snapshots' then
        raise exception 'facts.% is not partitioned by day', parent;
    end if;
    update ops.seals set released_at = null where dataset = parent and day = day_of;
    return facts.attach_partition(
        parent, parent || '_' || to_char(day_of, 'YYYY_MM_DD'), day_of, day_of + 1);
end
$$;

CREATE TABLE facts.account_positions (
    wallet_id integer NOT NULL,
    dex text NOT NULL,
    at timestamp with time zone NOT NULL,
    positions jsonb NOT NULL,
    page_id bigint NOT NULL,
    inserted_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE ONLY facts.account_positions FORCE ROW LEVEL SECURITY;

CREATE FUNCTION facts.settled_positions(wallet integer) RETURNS SETOF facts.account_positions
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
select p.*
from facts.account_positions as p
where p.wallet_id = wallet and exists (
    select from facts.pages as g
    where g.wallet_id = wallet and g.closed and g.source = 'info.userFillsByTime'
        and g.asked_at >= p.at + interval '1 minute'
        and facts.time_of_ms(g.covers_to_ms) >= p.at)
$$;

CREATE FUNCTION facts.time_of_ms(ms bigint) RETURNS timestamp with time zone
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN ('1970-01-01 00:00:00+00'::timestamp with time zone + make_interval(secs => (((ms)::numeric / 1000.0))::double precision));

CREATE FUNCTION facts.twap_word(status text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN (lower(btrim(status, ' 	
"'''::text)) = ANY (ARRAY['activated'::text, 'finished'::text, 'terminated'::text, 'error'::text])) THEN lower(btrim(status, ' 	
"'''::text)) WHEN (lower("left"(btrim(status, ' 	
"'''::text), 6)) = 'error:'::text) THEN ('error:'::text || substr(btrim(status, ' 	
"'''::text), 7)) ELSE btrim(status, ' 	
"'''::text) END;

CREATE FUNCTION facts.twap_runs(status text) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN (facts.twap_word(status) = 'activated'::text) THEN true WHEN (facts.twap_word(status) = ANY (ARRAY['finished'::text, 'terminated'::text, 'error'::text])) THEN false WHEN (facts.twap_word(status) ~~ 'error:%'::text) THEN false ELSE NULL::boolean END;

CREATE FUNCTION metrics.add_amounts(one jsonb, other jsonb) RETURNS jsonb
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    BEGIN ATOMIC
 SELECT COALESCE(jsonb_object_agg(s.token, s.amount), '{}'::jsonb) AS "coalesce"
    FROM ( SELECT a.key AS token,
                 CASE
                     WHEN (count(a.value) = count(*)) THEN (trim_scale(sum((a.value)::numeric)))::text
                     ELSE NULL::text
                 END AS amount
            FROM ( SELECT jsonb_each_text.key,
                     jsonb_each_text.value
                    FROM jsonb_each_text(add_amounts.one) jsonb_each_text(key, value)
                 UNION ALL
                  SELECT jsonb_each_text.key,
                     jsonb_each_text.value
                    FROM jsonb_each_text(add_amounts.other) jsonb_each_text(key, value)) a
           GROUP BY a.key) s;
END;

CREATE FUNCTION metrics.add_intervals(one jsonb, other jsonb) RETURNS jsonb
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN jsonb_build_object('known', (trim_scale((((one ->> 'known'::text))::numeric + ((other ->> 'known'::text))::numeric)))::text, 'lower', (trim_scale((((one ->> 'lower'::text))::numeric + ((other ->> 'lower'::text))::numeric)))::text, 'upper', (trim_scale((((one ->> 'upper'::text))::numeric + ((other ->> 'upper'::text))::numeric)))::text, 'unpriced', metrics.add_amounts((one -> 'unpriced'::text), (other -> 'unpriced'::text)));

CREATE FUNCTION metrics.completeness(unknown_ms numeric, fills bigint, bad_rows bigint, confirmed boolean) RETURNS numeric
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN LEAST(trunc((((1)::numeric - (unknown_ms / (86400000)::numeric)) * CASE WHEN (bad_rows = 0) THEN (1)::numeric ELSE ((fills)::numeric / ((fills + bad_rows))::numeric) END), 6), CASE WHEN confirmed THEN (1)::numeric ELSE 0.999999 END);

CREATE FUNCTION metrics.count_snapshots(of_run bigint, of_asset text, at_minutes timestamp with time zone[]) RETURNS TABLE(count bigint, digest text)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
    select count(s.fingerprint), count(s.fingerprint) || ':' || coalesce(sum(s.fingerprint), 0)
    from metrics.wallet_universe_members as m
    join facts.wallet_snapshots as s
        on s.wallet_id = m.wallet_id and s.asset = of_asset and s.minute = any(at_minutes)
    where m.run_id = of_run and (select tenancy.current_org()) is not null
$$;

CREATE FUNCTION metrics.keep_public_wallets() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
    insert into metrics.public_wallets (wallet_id)
    select distinct m.wallet_id
    from added as m
    join metrics.wallet_universe_runs as r on r.id = m.run_id
    where r.source <> 'own_facts'
    order by 1
    on conflict do nothing;
    return null;
end
$$;

CREATE FUNCTION metrics.list_days_without_fills(wallets integer[], first_days date[], last_days date[], due_at timestamp with time zone) RETURNS TABLE(wallet_id integer, days integer, days_unknown integer, complete numeric)
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path TO ''
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
    with spans as materialized (
        select u.wallet_id, u.first_day, u.last_day, t.day as today, i.proven_until,
            (to_timestamp(coalesce(i.confirmed_ms, 0) / 1000.0) at time zone 'UTC')::date
                as confirmed_until,
            case when exists (
                select from metrics.fill_gaps as g
                where g.wallet_id = u.wallet_id
                    and g.from_at < (u.last_day + 1)::timestamp at time zone 'UTC'
                    and g.to_at > u.first_day::timestamp at time zone 'UTC')
            or exists (
                select from facts.reject_windows as r
                where r.wallet_id = u.wallet_id
                    and r.from_at < (u.last_day + 1)::timestamp at time zone 'UTC'
                    and r.to_at >= u.first_day::timestamp at time zone 'UTC')
            then metrics.list_doubtful_days(u.wallet_id, u.first_day, u.last_day)
            else '{}' end as doubtful
        from unnest(wallets, first_days, last_days) as u (wallet_id, first_day, last_day)
        cross join (select (now() at time zone 'UTC')::date as day) as t
        left join ops.hl_ingest_cursor as i on i.wallet_id = u.wallet_id
        where u.first_day <= u.last_day
    ), counted as materialized (
        -- Of few wallets, as a rule, a proof is late: their days alone are looked at one by one.
        select s.*, l.is_late, m.with_fills,
            s.last_day - s.first_day + 1 - m.days as days,
            greatest(0, s.last_day - greatest(s.first_day, s.confirmed_until) + 1
                - m.days_read_once) as days_read_once
        from spans as s
        cross join lateral (
            select s.proven_until is null or s.proven_until < least(
                (s.last_day + 1)::timestamp at time zone 'UTC', due_at) as is_late
        ) as l
        cross join lateral (
            select count(*) as days,
                count(*) filter (where m.day >= s.confirmed_until) as days_read_once,
                coalesce(array_agg(m.day) filter (
                    where l.is_late or s.doubtful <> '{}' or m.day >= s.today - 1), '{}')
                    as with_fills
            from metrics.wallet_day_metrics as m
            -- As rows, which only the key by wallet can look up: by day, each day is a search.
            where m.wallet_id = s.wallet_id
                and (m.wallet_id, m.day) >= (s.wallet_id, s.first_day)
                and (m.wallet_id, m.day) <= (s.wallet_id, s.last_day)
        ) as m
    ), unknown as materialized (
        select c.wallet_id, count(*)::integer as days,
            array_agg(d.day) filter (where d.day >= c.today - 1) as newest
        from counted as c
        cross join lateral (
            select c.first_day + n as day
            from pg_catalog.generate_series(0, c.last_day - c.first_day) as n
        ) as d
        where (c.is_late or c.doubtful <> '{}')
            and d.day <> all (c.with_fills)
            and (c.proven_until is null
                or c.proven_until < least((d.day + 1)::timestamp at time zone 'UTC', due_at)
                or d.day = any (c.doubtful))
        group by c.wallet_id
    ), open_rests as (
        -- The part of a day that is not proved yet.
        select c.wallet_id, sum(1 - greatest(0, least(1, extract(epoch from
            c.proven_until - d.day::timestamp at time zone 'UTC') / 86400))) as rest
        from counted as c
        cross join lateral (values (c.today), (c.today - 1)) as d (day)
        left join unknown as u on u.wallet_id = c.wallet_id
        where d.day between c.first_day and c.last_day
            and c.proven_until < (d.day + 1)::timestamp at time zone 'UTC'
            and d.day <> all (c.with_fills)
            and d.day <> all (coalesce(u.newest, '{}'))
        group by c.wallet_id
    ), summed as (
        select c.wallet_id, sum(c.days)::integer as days, sum(c.days_read_once) as days_read_once
        from counted as c
        group by c.wallet_id
    )
    select s.wallet_id, s.days, coalesce(u.days, 0),
        greatest(0, s.days - coalesce(u.days, 0)
            - 0.000001 * least(s.days - coalesce(u.days, 0), s.days_read_once)
            - coalesce(o.rest, 0))
    from summed as s
    left join unknown as u on u.wallet_id = s.wallet_id
    left join open_rests as o on o.wallet_id = s.wallet_id
$$;

CREATE FUNCTION metrics.list_days_without_fills_of_org(org integer, first_day date, last_day date, due_at timestamp with time zone) RETURNS TABLE(wallet_id integer, days integer, days_unknown integer, complete numeric)
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path TO ''
    AS $$
    select d.wallet_id, d.days, d.days_unknown, d.complete
    from (
        select array_agg(w.wallet_id) as wallets,
            array_agg(greatest(first_day, w.from_day)) as first_days,
            array_agg(least(last_day, w.to_day - 1)) as last_days
        from tenancy.org_wallets as w
        where w.org_id = org
    ) as o
    cross join lateral metrics.list_days_without_fills(
        o.wallets, o.first_days, o.last_days, due_at) as d
$$;

CREATE FUNCTION metrics.list_doubtful_days(wallet integer, first_day date, last_day date) RETURNS date[]
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path TO ''
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
    select array(
        select d.day
        from (
            select first_day + n as day,
                (first_day + n)::timestamp at time zone 'UTC' as from_at,
                (first_day + n + 1)::timestamp at time zone 'UTC' as to_at
            from pg_catalog.generate_series(0, last_day - first_day) as n
        ) as d
        where exists (
                select from metrics.fill_gaps as g
                where g.wallet_id = wallet and g.from_at < d.to_at and g.to_at > d.from_at)
            or exists (
                select from facts.reject_windows as r
                where r.wallet_id = wallet and r.from_at < d.to_at and r.to_at >= d.from_at
                    and not exists (
                        select from facts.decoded_rejects as x where x.reject_id = r.reject_id)))
$$;

CREATE FUNCTION metrics.list_unknown_days(wallets integer[], first_days date[], last_days date[], due_at timestamp with time zone) RETURNS TABLE(wallet_id integer, days integer)
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path TO ''
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
    with spans as materialized (
        select u.wallet_id, u.first_day, u.last_day,
            u.first_day::timestamp at time zone 'UTC' as from_at,
            (u.last_day + 1)::timestamp at time zone 'UTC' as to_at,
            (select i.proven_until from ops.hl_ingest_cursor as i
             where i.wallet_id = u.wallet_id) as proven_until
        from unnest(wallets, first_days, last_days) as u (wallet_id, first_day, last_day)
    ), lacking as materialized (
        -- Few wallets, as a rule: their days alone are looked at one by one.
        select s.*,
            exists (
                select from metrics.fill_gaps as g
                where g.wallet_id = s.wallet_id and g.from_at < s.to_at and g.to_at > s.from_at)
                as has_gap,
            exists (
                select from facts.reject_windows as r
                where r.wallet_id = s.wallet_id and r.from_at < s.to_at and r.to_at >= s.from_at)
                as has_reject
        from spans as s
    ), looked_at as materialized (
        select l.*, array(
            select m.day from metrics.wallet_day_metrics as m
            where m.wallet_id = l.wallet_id and m.day between l.first_day and l.last_day
        ) as days_with_fills
        from lacking as l
        where l.has_gap or l.has_reject or l.proven_until is null
            or l.proven_until < least(l.to_at, due_at)
    )
    select l.wallet_id, count(*)::integer
    from looked_at as l
    cross join lateral (
        select l.first_day + n as day, l.from_at + n * interval '24 hours' as from_at,
            l.from_at + (n + 1) * interval '24 hours' as to_at
        from pg_catalog.generate_series(0, l.last_day - l.first_day) as n
    ) as d
    where d.day <> all (l.days_with_fills)
        and (l.proven_until is null or l.proven_until < least(d.to_at, due_at)
            or (l.has_gap and exists (
                select from metrics.fill_gaps as g
                where g.wallet_id = l.wallet_id and g.from_at < d.to_at and g.to_at > d.from_at))
            or (l.has_reject and exists (
                select from facts.reject_windows as r
                where r.wallet_id = l.wallet_id and r.from_at < d.to_at and r.to_at >= d.from_at
                    and not exists (
                        select from facts.decoded_rejects as x
                        where x.reject_id = r.reject_id))))
    group by l.wallet_id
$$;

CREATE TABLE metrics.twaps (
    twap_id bigint NOT NULL,
    wallet text NOT NULL,
    wallet_id integer,
    in_archive boolean NOT NULL,
    asset text NOT NULL,
    side "char" NOT NULL,
    status text,
    status_at timestamp with time zone,
    started_at timestamp with time zone NOT NULL,
    duration_minutes integer,
    ends_at timestamp with time zone,
    ended_at timestamp with time zone,
    size_requested numeric,
    size_executed numeric,
    notional_executed numeric,
    statuses integer NOT NULL,
    definition text NOT NULL,
    digest text NOT NULL,
    last_slice_at timestamp with time zone,
    conflicts jsonb,
    latest_fingerprint bigint,
    audience "char" DEFAULT 't'::"char" NOT NULL,
    CONSTRAINT twaps_audience_check CHECK ((audience = ANY (ARRAY['a'::"char", 't'::"char", 'o'::"char"])))
);

ALTER TABLE ONLY metrics.twaps FORCE ROW LEVEL SECURITY;

CREATE FUNCTION metrics.longest_twap() RETURNS interval
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN ('01:00:00'::interval + CASE WHEN (EXISTS (SELECT FROM metrics.twaps t WHERE ((t.ends_at IS NULL) OR ((t.last_slice_at - t.ends_at) > '01:00:00'::interval)))) THEN '7 days'::interval ELSE COALESCE((SELECT make_interval(mins => t.duration_minutes) AS make_interval FROM metrics.twaps t WHERE (t.duration_minutes <= 10080) ORDER BY t.duration_minutes DESC LIMIT 1), '00:00:00'::interval) END);

CREATE FUNCTION metrics.members_digest(org_id integer, day date) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path TO ''
    AS $$
    select count(*) || ':' || coalesce(sum(hashint4extended(m.wallet_id, 0)::numeric), 0)
    from (
        select distinct o.wallet_id
        from tenancy.org_wallets as o
        where (members_digest.org_id = 0 or o.org_id = members_digest.org_id)
            and o.from_day <= members_digest.day
            and (o.to_day is null or members_digest.day < o.to_day)
    ) as m
$$;

CREATE FUNCTION metrics.moves_of_run(of_run bigint) RETURNS TABLE(entered text[], exited text[], entered_not_shown bigint, exited_not_shown bigint)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
    select
        coalesce(array_agg(v.wallet order by v.place) filter (where v.entered and v.shown), '{}'),
        coalesce(array_agg(v.wallet order by v.place)
            filter (where not v.entered and v.shown), '{}'),
        count(*) filter (where v.entered and not v.shown),
        count(*) filter (where not v.entered and not v.shown)
    from (
        select moved.wallet, moved.place, moved.entered,
            exists (select from metrics.public_wallets as p where p.wallet_id = w.id)
                or exists (select from tenancy.org_wallets as o
                           where o.wallet_id = w.id and o.org_id = tenancy.current_org()) as shown
        from metrics.wallet_universe_runs as r
        cross join lateral (
            select e.wallet, e.place, true as entered
            from unnest(r.entered) with ordinality as e (wallet, place)
            union all
            select x.wallet, x.place, false from unnest(r.exited) with ordinality as x (wallet, place)
        ) as moved
        left join tenancy.wallets as w on w.address = decode(substr(moved.wallet, 3), 'hex')
        where r.id = of_run and (select tenancy.current_org()) is not null
    ) as v
$$;

CREATE FUNCTION metrics.sum_minutes(of_asset text, from_at timestamp with time zone, to_at timestamp with time zone) RETURNS TABLE(minute timestamp with time zone, long bigint, short bigint, flat bigint, missing bigint, net_coin numeric)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
    select
        s.minute,
        count(*) filter (where s.szi > 0),
        count(*) filter (where s.szi < 0),
        count(*) filter (where s.szi = 0),
        count(*) filter (where s.szi is null),
        sum(s.szi)
    from facts.wallet_snapshots as s
    where s.asset = of_asset and s.minute >= from_at and s.minute < to_at
        and (select tenancy.current_org()) is not null
    group by s.minute
$$;

CREATE FUNCTION metrics.sum_positions(at_minute timestamp with time zone, of_assets text[]) RETURNS TABLE(asset text, long bigint, short bigint, flat bigint, missing bigint, long_coin numeric, short_coin numeric, net_coin numeric, top10_share numeric)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
    with held as (
        select
            s.asset, s.szi,
            row_number() over (partition by s.asset order by abs(s.szi) desc nulls last) as place
        from facts.wallet_snapshots as s
        where s.minute = at_minute and s.asset = any(of_assets)
            and (select tenancy.current_org()) is not null
    )
    select
        h.asset,
        count(*) filter (where h.szi > 0),
        count(*) filter (where h.szi < 0),
        count(*) filter (where h.szi = 0),
        count(*) filter (where h.szi is null),
        sum(greatest(h.szi, 0)),
        sum(greatest(-h.szi, 0)),
        sum(h.szi),
        round(sum(abs(h.szi)) filter (where h.place <= 10) / nullif(sum(abs(h.szi)), 0), 8)
    from held as h
    group by h.asset
$$;

CREATE FUNCTION metrics.twap_over_by(ended_at timestamp with time zone, ends_at timestamp with time zone) RETURNS timestamp with time zone
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN CASE WHEN (ended_at IS NULL) THEN (ends_at + '00:01:00'::interval) WHEN (date_trunc('second'::text, ended_at) = ended_at) THEN (ended_at + '00:00:01'::interval) ELSE ended_at END;

CREATE FUNCTION metrics.with_priced(sum_of_intervals jsonb, priced_usd numeric) RETURNS jsonb
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN metrics.add_intervals(sum_of_intervals, jsonb_build_object('known', (COALESCE(priced_usd, (0)::numeric))::text, 'lower', (COALESCE(priced_usd, (0)::numeric))::text, 'upper', (COALESCE(priced_usd, (0)::numeric))::text, 'unpriced', '{}'::jsonb));

CREATE AGGREGATE metrics.sum_intervals(jsonb) (
    SFUNC = metrics.add_intervals,
    STYPE = jsonb,
    PARALLEL = safe
);

CREATE FUNCTION metrics.with_unpriced(priced jsonb, days jsonb) RETURNS jsonb
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    BEGIN ATOMIC
 SELECT ((with_unpriced.priced || COALESCE(jsonb_object_agg(u.figure, NULL::unknown), '{}'::jsonb)) || jsonb_build_object('intervals', COALESCE(jsonb_object_agg(u.figure, metrics.with_priced(u.known, ((with_unpriced.priced ->> u.figure))::numeric)), '{}'::jsonb)))
    FROM ( SELECT f.figure,
             metrics.sum_intervals(COALESCE(((d.value -> 'intervals'::text) -> f.summed), jsonb_build_object('known', '0', 'lower',
                 CASE
                     WHEN f.is_never_negative THEN '0'::text
                     ELSE NULL::text
                 END, 'upper', NULL::unknown, 'unpriced', '{}'::jsonb))) AS known
            FROM (jsonb_array_elements(with_unpriced.days) d(value)
              CROSS JOIN ( VALUES ('fills'::text,'fills'::text,true), ('events'::text,'events'::text,true), ('spot_volume_usd'::text,'spot_volume_usd'::text,true), ('perp_volume_usd'::text,'perp_volume_usd'::text,true), ('hip3_volume_usd'::text,'hip3_volume_usd'::text,true), ('outcome_volume_usd'::text,'outcome_volume_usd'::text,true), ('other_volume_usd'::text,'other_volume_usd'::text,true), ('taker_volume_usd'::text,'taker_volume_usd'::text,true), ('maker_volume_usd'::text,'maker_volume_usd'::text,true), ('legs_volume_usd'::text,'taker_volume_usd'::text,true), ('legs_volume_usd'::text,'maker_volume_usd'::text,true), ('gross_realised_pnl_usd'::text,'gross_realised_pnl_usd'::text,false), ('fees_usd'::text,'fees_usd'::text,false), ('builder_fees_usd'::text,'builder_fees_usd'::text,false)) f(figure, summed, is_never_negative))
           WHERE ((d.value ->> f.summed) IS NULL)
           GROUP BY f.figure) u;
END;

CREATE FUNCTION ops.archive_totals(of_content text) RETURNS TABLE(objects bigint, failed bigint, skipped bigint, rows_new bigint, rows_repeated bigint, rows_rejected bigint, bytes_read numeric, cost_usd numeric, readings_without_cost bigint, last_read_at timestamp with time zone, newest_object_at timestamp with time zone)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
    with readings as (
        select l.* from ops.etl_s3_ingest_log as l where l.content = of_content
    ), newest as (
        select distinct on (l.s3_object_key) l.*,
            l.error_text is not null
                or l.rows_rejected > 0 and l.rows_ingested + l.rows_repeated = 0 as is_failed
        from readings as l
        order by l.s3_object_key, l.id desc
    ), total as (
        select coalesce(sum(l.rows_ingested), 0)::bigint as rows_new,
            coalesce(sum(l.rows_repeated), 0)::bigint as rows_repeated,
            coalesce(sum(l.bytes_read), 0) as bytes_read,
            coalesce(sum(l.cost_usd), 0) as cost_usd,
            count(*) filter (where l.cost_usd is null) as readings_without_cost
        from readings as l
    )
    select count(*) filter (where n.skipped is null and not n.is_failed),
        count(*) filter (where n.is_failed), count(*) filter (where n.skipped is not null),
        min(t.rows_new), min(t.rows_repeated), coalesce(sum(n.rows_rejected), 0)::bigint,
        min(t.bytes_read), min(t.cost_usd), min(t.readings_without_cost),
        max(n.ingested_at) filter (where n.skipped is null and not n.is_failed),
        max(n.last_modified) filter (where n.skipped is null and not n.is_failed)
    from total as t
    left join newest as n on true
$$;

CREATE FUNCTION ops.end_long_sessions(statement interval, idle interval, whole interval) RETURNS integer
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
    select count(*) filter (where pg_terminate_backend(a.pid))::integer
    from pg_stat_activity as a
    cross join (values (clock_timestamp())) as t (at)
    where a.usename = 'hypertally_api_login' and a.datname = current_database()
        and (
            a.state in ('active', 'fastpath function call')
                and a.query_start < t.at - greatest(statement, interval '0.1 seconds')
            or a.state like 'idle in transaction%'
                and a.state_change < t.at - greatest(idle, interval '0.1 seconds')
            or a.xact_start < t.at - greatest(whole, interval '0.1 seconds')
            or exists (
                select from pg_locks as l
                where l.pid = a.pid and l.locktype = 'advisory' and l.granted)
        )
$$;

CREATE FUNCTION ops.feed_at(as_of timestamp with time zone) RETURNS TABLE(success_at timestamp with time zone, coverage numeric)
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path TO ''
    AS $$
    select
        (select max(i.minute) from ops.ingest_runs as i
         where i.minute <= as_of and i.status <> 'failed'),
        (select coalesce(i.feed_coverage, i.coverage) from ops.ingest_runs as i
         where i.minute <= as_of and (i.feed_coverage is not null or i.status <> 'failed')
         order by i.minute desc
         limit 1)
$$;

CREATE FUNCTION ops.holds_books() RETURNS boolean
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
    fact name;
    is_there boolean;
begin
    if exists (select from tenancy.wallets) then
        return true;
    end if;
    for fact in
        select c.relname from pg_catalog.pg_class as c
        where c.relnamespace = 'facts'::pg_catalog.regnamespace
            and c.relkind in ('r', 'p') and not c.relispartition
    loop
        execute pg_catalog.format('select exists (select from facts.%I)', fact) into is_there;
        if is_there then
            return true;
        end if;
    end loop;
    return false;
end
$$;

CREATE FUNCTION ops.is_behind(cursor_ms bigint, proven_until timestamp with time zone) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
    select coalesce(proven_until < now() - case
        when cursor_ms > extract(epoch from now() - interval '1 hour') * 1000
        then interval '5 minutes'
        when cursor_ms > extract(epoch from now() - interval '1 day') * 1000
        then interval '30 minutes'
        else interval '2 hours'
    end, true)
$$;

CREATE FUNCTION ops.is_forgetting(org integer) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
    select exists (
        select from ops.dirty_global_days as d where d.org_id = org and d.cause = 'forgotten')
$$;

CREATE FUNCTION ops.mark_restatements() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
    insert into ops.unjudged_restatements (restatement_id) select id from restated;
    return null;
end
$$;

CREATE FUNCTION ops.refuse_another_exchange() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    raise exception '% on ops.exchange_identity refused: books stay those of one exchange', tg_op
        using errcode = 'restrict_violation';
end
$$;

CREATE FUNCTION ops.shown_state(state text, checked_at timestamp with time zone, as_of timestamp with time zone) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
    select case
        when state in ('firing', 'acknowledged') then state
        when checked_at >= as_of - interval '300 seconds' then state
        else 'unchecked'
    end
$$;

CREATE FUNCTION ops.twap_source_totals() RETURNS TABLE(objects bigint, failed bigint, skipped bigint, rows_new bigint, rows_repeated bigint, rows_rejected bigint, bytes_read numeric, cost_usd numeric, readings_without_cost bigint, last_read_at timestamp with time zone, newest_object_at timestamp with time zone)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
    select * from ops.archive_totals('statuses')
$$;

CREATE FUNCTION tenancy.admit_member(org text, role text, fault text, token_id text) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
    caller constant text := tenancy.current_user_id();
    claimed constant integer := (select o.id from tenancy.orgs as o where o.name = org);
    refusal text := fault;
begin
    if caller is null then
        raise exception 'a user is admitted by a token of their own';
    end if;
    if exists (select from tenancy.removed_users as r where r.user_id = caller) then
        refusal := 'the user was removed';
    elsif refusal is null and claimed is null then
        refusal := format('no org is called %s', org);
    end if;
    if refusal is null then
        insert into tenancy.user_profiles (user_id, org_id, role)
        values (caller, claimed, admit_member.role)
        on conflict do nothing;
    else
        perform tenancy.note_sign_in(caller, claimed, 'refused', token_id, null, refusal);
    end if;
    return refusal;
end
$$;

CREATE FUNCTION tenancy.admit_user(org text, role text) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
    select tenancy.admit_member(org, role, null, '')
$$;

CREATE FUNCTION tenancy.close_session(token_id text, purpose text, expires_at timestamp with time zone) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
    caller constant text := tenancy.current_user_id();
begin
    if caller is null then
        raise exception 'a session is closed by its user';
    end if;
    insert into tenancy.tokens as t (id, user_id, purpose, expires_at, ended_at, ended_how)
    values (token_id, caller, purpose, expires_at, now(), 'signed out')
    on conflict (user_id, id) do update set ended_at = now(), ended_how = 'signed out'
    where t.ended_at is null;
    if found then
        perform tenancy.note_sign_in(
            caller, tenancy.org_of(caller), 'closed', token_id, null, null);
    end if;
end
$$;

CREATE FUNCTION tenancy.current_org() RETURNS integer
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ select nullif(current_setting('hypertally.org_id', true), '')::integer $$;

CREATE FUNCTION tenancy.current_user_id() RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ select nullif(current_setting('hypertally.user_id', true), '') $$;

CREATE FUNCTION tenancy.is_ended(token_id text) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
    select tenancy.is_ended(token_id, (
        select t.issued_at from tenancy.tokens as t
        where t.user_id = tenancy.current_user_id() and t.id = token_id))
$$;

CREATE FUNCTION tenancy.is_ended(token_id text, issued_at timestamp with time zone) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
    select exists (
        select from tenancy.tokens as t
        where t.user_id = tenancy.current_user_id() and t.id = token_id and t.ended_at is not null)
    or exists (
        select from tenancy.revocations as r
        where r.user_id = tenancy.current_user_id()
            and r.revoked_at >= coalesce(is_ended.issued_at, '-infinity'))
$$;

CREATE FUNCTION tenancy.note_sign_in(caller text, org integer, event text, token_id text, session_id text, reason text) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
    insert into tenancy.sign_ins (user_id, org_id, event, token_id, session_id, reason)
    select caller, org, note_sign_in.event, note_sign_in.token_id, note_sign_in.session_id,
        note_sign_in.reason
    where org is not null and not exists (
        select from tenancy.sign_ins as s
        where s.user_id = caller and s.at > now() - interval '1 hour' and s.org_id = org
            and s.event = note_sign_in.event and s.token_id = note_sign_in.token_id
            and s.reason is not distinct from note_sign_in.reason)
$$;

CREATE FUNCTION tenancy.open_session(token_id text, purpose text, expires_at timestamp with time zone, session_id text, session_expires_at timestamp with time zone) RETURNS boolean
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
    select tenancy.open_session(
        token_id, purpose, (
            select t.issued_at from tenancy.tokens as t
            where t.user_id = tenancy.current_user_id() and t.id = token_id),
        expires_at, session_id, session_expires_at)
$$;

CREATE FUNCTION tenancy.open_session(token_id text, purpose text, issued_at timestamp with time zone, expires_at timestamp with time zone, session_id text, session_expires_at timestamp with time zone) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
    caller constant text := tenancy.current_user_id();
    org constant integer := (
        select p.org_id from tenancy.user_profiles as p where p.user_id = caller);
    is_open boolean;
begin
    if caller is null then
        raise exception 'a session is opened for a user';
    end if;
    if org is null then
        return null;
    end if;
    is_open := not tenancy.is_ended(token_id, issued_at);
    if is_open and purpose = 'sign-in' then
        insert into tenancy.tokens (id, user_id, purpose, expires_at)
        values (token_id, caller, purpose, expires_at)
        on conflict do nothing;
        -- Of two at once the second waits here for the first.
        update tenancy.tokens as t set ended_at = now(), ended_how = 'used'
        where t.user_id = caller and t.id = token_id and t.ended_at is null;
        is_open := found;
    end if;
    if is_open and session_id is not null then
        insert into tenancy.tokens (id, user_id, purpose, expires_at)
        values (session_id, caller, 'session', session_expires_at);
    end if;
    perform tenancy.note_sign_in(
        caller, org, case when is_open then 'opened' else 'refused' end, token_id,
        case when is_open then session_id end, null);
    return is_open;
end
$$;

CREATE FUNCTION tenancy.org_of(caller text) RETURNS integer
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
    select coalesce(
        (select p.org_id from tenancy.user_profiles as p where p.user_id = caller),
        (select r.org_id from tenancy.removed_users as r where r.user_id = caller))
$$;

CREATE FUNCTION tenancy.raise_revision() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    insert into tenancy.org_revisions as r (org_id, revision)
    select distinct c.org_id, 1 from changed as c order by 1
    on conflict (org_id) do update set revision = r.revision + 1;
    return null;
end
$$;

CREATE TABLE facts.archived_fills (
    twap_id bigint NOT NULL,
    wallet text NOT NULL,
    "time" timestamp with time zone NOT NULL,
    coin text NOT NULL,
    oid bigint NOT NULL,
    tid bigint NOT NULL,
    side "char" NOT NULL,
    px numeric NOT NULL,
    sz numeric NOT NULL,
    notional numeric GENERATED ALWAYS AS ((px * sz)) STORED NOT NULL,
    fee numeric,
    fee_token text,
    raw_payload jsonb NOT NULL,
    s3_object_key text NOT NULL,
    fingerprint bigint NOT NULL,
    page_id bigint NOT NULL,
    ordinal bigint NOT NULL,
    inserted_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT archived_fills_coin_check CHECK ((coin <> ''::text)),
    CONSTRAINT archived_fills_px_check CHECK ((px >= (0)::numeric)),
    CONSTRAINT archived_fills_side_check CHECK ((side = ANY (ARRAY['A'::"char", 'B'::"char"]))),
    CONSTRAINT archived_fills_sz_check CHECK ((sz >= (0)::numeric)),
    CONSTRAINT archived_fills_wallet_check CHECK (((length(wallet) = 42) AND (wallet = lower(wallet))))
);

ALTER TABLE ONLY facts.archived_fills FORCE ROW LEVEL SECURITY;

CREATE TABLE facts.candles (
    coin text NOT NULL,
    "interval" text NOT NULL,
    at timestamp with time zone NOT NULL,
    open numeric NOT NULL,
    high numeric NOT NULL,
    low numeric NOT NULL,
    close numeric NOT NULL,
    volume_coin numeric NOT NULL,
    trades integer NOT NULL,
    fingerprint bigint NOT NULL,
    page_id bigint NOT NULL,
    inserted_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE ONLY facts.candles FORCE ROW LEVEL SECURITY;

CREATE TABLE facts.conflicts (
    id bigint NOT NULL,
    wallet_id integer NOT NULL,
    coin text NOT NULL,
    "time" timestamp with time zone NOT NULL,
    oid bigint NOT NULL,
    tid bigint,
    side "char" NOT NULL,
    fingerprint bigint NOT NULL,
    "row" jsonb NOT NULL,
    page_id bigint NOT NULL,
    first_fingerprint bigint NOT NULL,
    first_page_id bigint NOT NULL,
    inserted_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE ONLY facts.conflicts FORCE ROW LEVEL SECURITY;

ALTER TABLE facts.conflicts ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME facts.conflicts_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE facts.decoded_rejects (
    reject_id bigint NOT NULL,
    page_id bigint NOT NULL,
    inserted_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE ONLY facts.decoded_rejects FORCE ROW LEVEL SECURITY;

CREATE TABLE facts.history_readings (
    id bigint NOT NULL,
    wallet_id integer NOT NULL,
    asked_at timestamp with time zone NOT NULL,
    rows_shown integer NOT NULL,
    first_ms bigint,
    page_id bigint NOT NULL,
    inserted_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE ONLY facts.history_readings FORCE ROW LEVEL SECURITY;

ALTER TABLE facts.history_readings ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME facts.history_readings_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE facts.hl_fills_raw (
    "time" timestamp with time zone NOT NULL,
    oid bigint NOT NULL,
    tid bigint,
    fingerprint bigint NOT NULL,
    page_id bigint NOT NULL,
    ingested_at timestamp with time zone DEFAULT now() NOT NULL,
    twap_id bigint,
    wallet_id integer NOT NULL,
    ordinal integer NOT NULL,
    crossed boolean NOT NULL,
    side "char" NOT NULL,
    coin text NOT NULL,
    px numeric NOT NULL,
    sz numeric NOT NULL,
    notional numeric GENERATED ALWAYS AS ((px * sz)) STORED NOT NULL,
    start_position numeric NOT NULL,
    dir text NOT NULL,
    closed_pnl numeric NOT NULL,
    hash bytea NOT NULL,
    fee numeric,
    fee_token text,
    builder_fee numeric,
    deployer_fee numeric,
    cloid bytea,
    liquidated_user bytea,
    liquidation_mark_px numeric,
    liquidation_method text,
    extra jsonb,
    CONSTRAINT hl_fills_raw_coin_check CHECK ((coin <> ''::text)),
    CONSTRAINT hl_fills_raw_hash_check CHECK ((length(hash) = 32)),
    CONSTRAINT hl_fills_raw_px_check CHECK ((px >= (0)::numeric)),
    CONSTRAINT hl_fills_raw_side_check CHECK ((side = ANY (ARRAY['A'::"char", 'B'::"char"]))),
    CONSTRAINT hl_fills_raw_sz_check CHECK ((sz >= (0)::numeric))
)
PARTITION BY RANGE ("time");

ALTER TABLE ONLY facts.hl_fills_raw FORCE ROW LEVEL SECURITY;

CREATE TABLE facts.leaderboard_rows (
    page_id bigint NOT NULL,
    taken_at timestamp with time zone NOT NULL,
    wallet text NOT NULL,
    ordinal integer NOT NULL,
    account_value numeric,
    pnl_30d numeric NOT NULL,
    roi_30d numeric,
    volume_30d numeric,
    raw_payload jsonb NOT NULL,
    fingerprint bigint NOT NULL,
    inserted_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT leaderboard_rows_wallet_check CHECK (((length(wallet) = 42) AND (wallet = lower(wallet))))
);

ALTER TABLE ONLY facts.leaderboard_rows FORCE ROW LEVEL SECURITY;

CREATE TABLE facts.limits_lifted (
    limit_id bigint NOT NULL,
    wallet_id integer NOT NULL,
    page_id bigint NOT NULL,
    inserted_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE ONLY facts.limits_lifted FORCE ROW LEVEL SECURITY;

CREATE TABLE facts.limits_met (
    id bigint NOT NULL,
    wallet_id integer NOT NULL,
    kind text NOT NULL,
    from_ms bigint NOT NULL,
    to_ms bigint NOT NULL,
    reason text NOT NULL,
    page_id bigint NOT NULL,
    inserted_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT limits_met_kind_check CHECK ((kind = ANY (ARRAY['history_begins'::text, 'millisecond_overflow'::text, 'thin_answer'::text])))
);

ALTER TABLE ONLY facts.limits_met FORCE ROW LEVEL SECURITY;

ALTER TABLE facts.limits_met ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME facts.limits_met_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE facts.mids (
    dex text NOT NULL,
    at timestamp with time zone NOT NULL,
    mids jsonb NOT NULL,
    page_id bigint NOT NULL,
    inserted_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE ONLY facts.mids FORCE ROW LEVEL SECURITY;

ALTER TABLE facts.pages ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME facts.pages_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE facts.perp_dexs (
    id bigint NOT NULL,
    dex text NOT NULL,
    collateral_token text NOT NULL,
    fingerprint bigint NOT NULL,
    page_id bigint NOT NULL,
    inserted_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE ONLY facts.perp_dexs FORCE ROW LEVEL SECURITY;

ALTER TABLE facts.perp_dexs ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME facts.perp_dexs_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE facts.reject_windows (
    reject_id bigint NOT NULL,
    wallet_id integer NOT NULL,
    from_at timestamp with time zone NOT NULL,
    to_at timestamp with time zone NOT NULL,
    inserted_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT reject_windows_check CHECK ((from_at <= to_at))
);

ALTER TABLE ONLY facts.reject_windows FORCE ROW LEVEL SECURITY;

CREATE TABLE facts.rejects (
    id bigint NOT NULL,
    wallet_id integer,
    source text NOT NULL,
    payload text NOT NULL,
    payload_sha256 bytea NOT NULL,
    reason text NOT NULL,
    page_id bigint NOT NULL,
    ordinal integer NOT NULL,
    inserted_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE ONLY facts.rejects FORCE ROW LEVEL SECURITY;

ALTER TABLE facts.rejects ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME facts.rejects_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE facts.spot_pairs (
    id bigint NOT NULL,
    coin text NOT NULL,
    base_token text NOT NULL,
    quote_token text NOT NULL,
    fingerprint bigint NOT NULL,
    page_id bigint NOT NULL,
    inserted_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE ONLY facts.spot_pairs FORCE ROW LEVEL SECURITY;

ALTER TABLE facts.spot_pairs ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME facts.spot_pairs_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE facts.token_prices (
    token text NOT NULL,
    at timestamp with time zone NOT NULL,
    price_usd numeric NOT NULL,
    source text NOT NULL,
    fingerprint bigint NOT NULL,
    page_id bigint NOT NULL,
    inserted_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT token_prices_price_usd_check CHECK ((price_usd > (0)::numeric))
);

ALTER TABLE ONLY facts.token_prices FORCE ROW LEVEL SECURITY;

CREATE TABLE facts.twap_slices (
    wallet_id integer NOT NULL,
    twap_id bigint NOT NULL,
    "time" timestamp with time zone NOT NULL,
    coin text NOT NULL,
    oid bigint NOT NULL,
    tid bigint,
    side "char" NOT NULL,
    page_id bigint NOT NULL,
    inserted_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT twap_slices_side_check CHECK ((side = ANY (ARRAY['A'::"char", 'B'::"char"])))
);

ALTER TABLE ONLY facts.twap_slices FORCE ROW LEVEL SECURITY;

CREATE TABLE facts.twap_status (
    twap_id bigint NOT NULL,
    wallet text NOT NULL,
    ts timestamp with time zone NOT NULL,
    asset text NOT NULL,
    side "char" NOT NULL,
    size_requested numeric NOT NULL,
    size_executed numeric,
    notional_executed numeric,
    status text NOT NULL,
    duration_minutes integer NOT NULL,
    raw_payload jsonb NOT NULL,
    s3_object_key text,
    inserted_at timestamp with time zone DEFAULT now() NOT NULL,
    event_at timestamp with time zone,
    wallet_id integer,
    fingerprint bigint NOT NULL,
    page_id bigint NOT NULL,
    ordinal bigint NOT NULL,
    CONSTRAINT twap_status_asset_check CHECK ((asset <> ''::text)),
    CONSTRAINT twap_status_duration_minutes_check CHECK ((duration_minutes >= 0)),
    CONSTRAINT twap_status_side_check CHECK ((side = ANY (ARRAY['A'::"char", 'B'::"char"]))),
    CONSTRAINT twap_status_size_requested_check CHECK ((size_requested >= (0)::numeric)),
    CONSTRAINT twap_status_status_check CHECK ((status <> ''::text)),
    CONSTRAINT twap_status_wallet_check CHECK (((length(wallet) = 42) AND (wallet = lower(wallet))))
);

ALTER TABLE ONLY facts.twap_status FORCE ROW LEVEL SECURITY;

CREATE TABLE facts.twap_status_repeats (
    twap_id bigint NOT NULL,
    wallet text NOT NULL,
    ts timestamp with time zone NOT NULL,
    status text NOT NULL,
    event_at timestamp with time zone,
    fingerprint bigint NOT NULL,
    page_id bigint NOT NULL,
    inserted_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE ONLY facts.twap_status_repeats FORCE ROW LEVEL SECURITY;

CREATE TABLE facts.unread_fields (
    id bigint NOT NULL,
    wallet_id integer NOT NULL,
    coin text NOT NULL,
    "time" timestamp with time zone NOT NULL,
    oid bigint NOT NULL,
    tid bigint,
    side "char" NOT NULL,
    fingerprint bigint NOT NULL,
    extra jsonb NOT NULL,
    page_id bigint NOT NULL,
    inserted_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE ONLY facts.unread_fields FORCE ROW LEVEL SECURITY;

ALTER TABLE facts.unread_fields ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME facts.unread_fields_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE facts.wallet_snapshots (
    minute timestamp with time zone NOT NULL,
    wallet_id integer NOT NULL,
    asset text NOT NULL,
    szi numeric,
    missing text,
    entry_px numeric,
    position_value numeric,
    unrealized_pnl numeric,
    leverage numeric,
    account_value numeric,
    observed_at timestamp with time zone,
    payload_fingerprint bigint,
    fingerprint bigint NOT NULL,
    inserted_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT wallet_snapshots_asset_check CHECK ((asset = ANY (ARRAY['HYPE'::text, 'BTC'::text, 'ETH'::text]))),
    CONSTRAINT wallet_snapshots_check CHECK (((missing IS NULL) = (szi IS NOT NULL))),
    CONSTRAINT wallet_snapshots_minute_check CHECK ((date_trunc('minute'::text, minute, 'UTC'::text) = minute))
)
PARTITION BY RANGE (minute);

ALTER TABLE ONLY facts.wallet_snapshots FORCE ROW LEVEL SECURITY;

CREATE TABLE facts.watched_fills (
    wallet_id integer NOT NULL,
    "time" timestamp with time zone NOT NULL,
    coin text NOT NULL,
    oid bigint NOT NULL,
    tid bigint,
    side "char" NOT NULL,
    px numeric NOT NULL,
    sz numeric NOT NULL,
    start_position numeric NOT NULL,
    dir text NOT NULL,
    liquidated_user bytea,
    raw_payload jsonb NOT NULL,
    fingerprint bigint NOT NULL,
    page_id bigint NOT NULL,
    ordinal integer NOT NULL,
    inserted_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT watched_fills_coin_check CHECK ((coin <> ''::text)),
    CONSTRAINT watched_fills_px_check CHECK ((px >= (0)::numeric)),
    CONSTRAINT watched_fills_side_check CHECK ((side = ANY (ARRAY['A'::"char", 'B'::"char"]))),
    CONSTRAINT watched_fills_sz_check CHECK ((sz >= (0)::numeric))
);

ALTER TABLE ONLY facts.watched_fills FORCE ROW LEVEL SECURITY;

CREATE TABLE facts.watched_readings (
    page_id bigint NOT NULL,
    wallet_id integer NOT NULL,
    from_at timestamp with time zone NOT NULL,
    to_at timestamp with time zone NOT NULL,
    asked_at timestamp with time zone NOT NULL,
    fills integer NOT NULL,
    inserted_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT watched_readings_check CHECK ((to_at >= from_at)),
    CONSTRAINT watched_readings_check1 CHECK ((asked_at >= to_at))
);

ALTER TABLE ONLY facts.watched_readings FORCE ROW LEVEL SECURITY;

CREATE TABLE metrics.definitions (
    definition text NOT NULL,
    metric text NOT NULL,
    version integer NOT NULL,
    words text NOT NULL,
    sql text NOT NULL,
    form text
);

ALTER TABLE ONLY metrics.definitions FORCE ROW LEVEL SECURITY;

CREATE TABLE metrics.fill_gaps (
    wallet_id integer NOT NULL,
    coin text NOT NULL,
    kind text NOT NULL,
    from_at timestamp with time zone NOT NULL,
    to_at timestamp with time zone NOT NULL,
    missing_size_coin numeric,
    definition text NOT NULL,
    CONSTRAINT fill_gaps_kind_check CHECK ((kind = ANY (ARRAY['position_break'::text, 'history_begins'::text, 'millisecond_overflow'::text, 'thin_answer'::text, 'end_position'::text])))
);

ALTER TABLE ONLY metrics.fill_gaps FORCE ROW LEVEL SECURITY;

CREATE TABLE metrics.global_day_metrics (
    org_id integer NOT NULL,
    day date NOT NULL,
    wallets integer NOT NULL,
    dau integer NOT NULL,
    fills integer NOT NULL,
    events integer NOT NULL,
    forced_fills integer NOT NULL,
    spot_volume_usd numeric,
    perp_volume_usd numeric,
    hip3_volume_usd numeric,
    outcome_volume_usd numeric,
    other_volume_usd numeric,
    taker_volume_usd numeric,
    maker_volume_usd numeric,
    legs_volume_usd numeric,
    unique_volume_usd numeric,
    internal_volume_usd numeric,
    average_volume_per_user_usd numeric,
    volumes jsonb NOT NULL,
    gross_realised_pnl_usd numeric,
    spot_closed_pnl_usd numeric,
    outcome_closed_pnl_usd numeric,
    fees jsonb NOT NULL,
    fees_usd numeric,
    builder_fees jsonb NOT NULL,
    builder_fees_usd numeric,
    coins integer NOT NULL,
    first_fill_at timestamp with time zone NOT NULL,
    last_fill_at timestamp with time zone NOT NULL,
    unpriced jsonb NOT NULL,
    closed boolean NOT NULL,
    completeness numeric NOT NULL,
    definition text NOT NULL,
    digest text NOT NULL,
    reference_digest text NOT NULL,
    reasons jsonb DEFAULT '[]'::jsonb NOT NULL,
    intervals jsonb DEFAULT '{}'::jsonb NOT NULL,
    CONSTRAINT global_day_metrics_completeness_check CHECK (((completeness >= (0)::numeric) AND (completeness <= (1)::numeric)))
);

ALTER TABLE ONLY metrics.global_day_metrics FORCE ROW LEVEL SECURITY;

CREATE TABLE metrics.public_wallets (
    wallet_id integer NOT NULL
);

ALTER TABLE ONLY metrics.public_wallets FORCE ROW LEVEL SECURITY;

CREATE TABLE metrics.restatements (
    id bigint NOT NULL,
    metric text NOT NULL,
    wallet_id integer,
    org_id integer,
    day date NOT NULL,
    cause text NOT NULL,
    changes jsonb NOT NULL,
    restated_at timestamp with time zone DEFAULT now() NOT NULL,
    twap_id bigint,
    twap_wallet text,
    signal_asset text,
    signal_at timestamp with time zone,
    window_minutes integer
);

ALTER TABLE ONLY metrics.restatements FORCE ROW LEVEL SECURITY;

ALTER TABLE metrics.restatements ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME metrics.restatements_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE metrics.signal_contributors (
    at timestamp with time zone NOT NULL,
    asset text NOT NULL,
    definition text NOT NULL,
    wallet_id integer NOT NULL,
    wallet text NOT NULL,
    class text NOT NULL,
    before_coin numeric,
    now_coin numeric,
    delta_coin numeric,
    epsilon numeric NOT NULL,
    weight_coin numeric,
    delta_usd numeric,
    forced boolean,
    effect_cas numeric,
    effect_cas_usd numeric,
    effect_dispersion numeric,
    effect_dispersion_size numeric,
    effect_ecs numeric,
    window_minutes integer DEFAULT 5 NOT NULL,
    before_age_seconds integer,
    now_age_seconds integer
);

ALTER TABLE ONLY metrics.signal_contributors FORCE ROW LEVEL SECURITY;

CREATE TABLE metrics.signal_outcomes (
    at timestamp with time zone NOT NULL,
    asset text NOT NULL,
    definition text NOT NULL,
    horizon_minutes integer NOT NULL,
    mark_before numeric,
    mark_after numeric,
    return numeric,
    hit boolean,
    unknown text,
    window_minutes integer DEFAULT 5 NOT NULL,
    CONSTRAINT signal_outcomes_horizon_minutes_check CHECK ((horizon_minutes = ANY (ARRAY[5, 15, 60, 240, 1440])))
);

ALTER TABLE ONLY metrics.signal_outcomes FORCE ROW LEVEL SECURITY;

CREATE TABLE metrics.signals (
    at timestamp with time zone NOT NULL,
    asset text NOT NULL,
    definition text NOT NULL,
    locked text,
    universe_run_id bigint,
    wallets integer NOT NULL,
    observed integer NOT NULL,
    exposed integer NOT NULL,
    coverage numeric NOT NULL,
    cas numeric,
    cas_lower numeric,
    cas_upper numeric,
    cas_usd numeric,
    participation numeric,
    trend text,
    dispersion numeric,
    dispersion_size numeric,
    activity_sd numeric,
    stock_disagreement numeric,
    ecs numeric,
    ecs_long numeric,
    ecs_short numeric,
    ecs_forced numeric,
    ecs_z numeric,
    ecs_percentile numeric,
    herding numeric,
    herding_sign smallint,
    herding_n integer,
    counts jsonb DEFAULT '{}'::jsonb NOT NULL,
    reach jsonb DEFAULT '{}'::jsonb NOT NULL,
    band text,
    exits jsonb DEFAULT '{}'::jsonb NOT NULL,
    bias text NOT NULL,
    risk text NOT NULL,
    rule text NOT NULL,
    nearest_miss jsonb,
    flags jsonb DEFAULT '{}'::jsonb NOT NULL,
    state jsonb DEFAULT '{}'::jsonb NOT NULL,
    mark_price numeric,
    unknown jsonb DEFAULT '{}'::jsonb NOT NULL,
    completeness numeric NOT NULL,
    digest text NOT NULL,
    window_minutes integer DEFAULT 5 NOT NULL,
    active integer,
    active_needed integer,
    dispersion_level text,
    CONSTRAINT signals_asset_check CHECK ((asset = ANY (ARRAY['HYPE'::text, 'BTC'::text, 'ETH'::text]))),
    CONSTRAINT signals_bias_check CHECK ((bias = ANY (ARRAY['Long'::text, 'Short'::text, 'No-trade'::text]))),
    CONSTRAINT signals_dispersion_level_check CHECK ((dispersion_level = ANY (ARRAY['low'::text, 'medium'::text, 'high'::text]))),
    CONSTRAINT signals_risk_check CHECK ((risk = ANY (ARRAY['Normal'::text, 'Reduced'::text, 'Defensive'::text]))),
    CONSTRAINT signals_trend_check CHECK ((trend = ANY (ARRAY['rising'::text, 'falling'::text, 'flat'::text]))),
    CONSTRAINT signals_window_minutes_check CHECK ((window_minutes = ANY (ARRAY[5, 15, 60, 240])))
);

ALTER TABLE ONLY metrics.signals FORCE ROW LEVEL SECURITY;

CREATE TABLE metrics.snapshot_anomalies (
    minute timestamp with time zone NOT NULL,
    wallet_id integer NOT NULL,
    asset text NOT NULL,
    kind text NOT NULL,
    known_at timestamp with time zone NOT NULL,
    dirties boolean NOT NULL,
    detail jsonb DEFAULT '{}'::jsonb NOT NULL,
    definition text NOT NULL,
    CONSTRAINT snapshot_anomalies_asset_check CHECK ((asset = ANY (ARRAY['HYPE'::text, 'BTC'::text, 'ETH'::text]))),
    CONSTRAINT snapshot_anomalies_kind_check CHECK ((kind = ANY (ARRAY['transient_collapse'::text, 'szi_jump'::text, 'null_szi'::text, 'frozen'::text, 'mass_vanish'::text, 'other'::text])))
);

ALTER TABLE ONLY metrics.snapshot_anomalies FORCE ROW LEVEL SECURITY;

CREATE TABLE metrics.twap_executions (
    wallet_id integer NOT NULL,
    twap_id bigint NOT NULL,
    coin text NOT NULL,
    side "char" NOT NULL,
    slices integer NOT NULL,
    slice_fills integer NOT NULL,
    slices_expected integer,
    executed_size numeric NOT NULL,
    executed_notional numeric NOT NULL,
    fees jsonb NOT NULL,
    fees_usd numeric,
    first_slice_at timestamp with time zone,
    last_slice_at timestamp with time zone,
    size_residual numeric,
    notional_residual numeric,
    arrival_price numeric,
    arrival_source text,
    market_volume_coin numeric,
    market_notional numeric,
    market_source text,
    unknown jsonb DEFAULT '{}'::jsonb NOT NULL,
    completeness numeric,
    definition text NOT NULL,
    digest text NOT NULL,
    reference_digest text NOT NULL,
    audience "char" DEFAULT 't'::"char" NOT NULL,
    is_whole boolean DEFAULT true NOT NULL,
    CONSTRAINT twap_executions_audience_check CHECK ((audience = ANY (ARRAY['a'::"char", 't'::"char", 'o'::"char"]))),
    CONSTRAINT twap_executions_completeness_check CHECK (((completeness >= (0)::numeric) AND (completeness <= (1)::numeric)))
);

ALTER TABLE ONLY metrics.twap_executions FORCE ROW LEVEL SECURITY;

CREATE TABLE metrics.twap_slices (
    wallet_id integer NOT NULL,
    twap_id bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    oid bigint NOT NULL,
    coin text NOT NULL,
    side "char" NOT NULL,
    fills integer NOT NULL,
    size_coin numeric NOT NULL,
    notional numeric NOT NULL,
    fees jsonb NOT NULL,
    fees_usd numeric,
    definition text NOT NULL,
    digest text NOT NULL,
    audience "char" DEFAULT 't'::"char" NOT NULL,
    CONSTRAINT twap_slices_audience_check CHECK ((audience = ANY (ARRAY['a'::"char", 't'::"char", 'o'::"char"])))
);

ALTER TABLE ONLY metrics.twap_slices FORCE ROW LEVEL SECURITY;

CREATE VIEW metrics.twap_status WITH (security_invoker='true') AS
 SELECT t.twap_id,
    t.wallet,
    t.started_at AS ts,
    t.asset,
    t.side,
    t.size_requested,
    t.size_executed,
    t.notional_executed,
    t.status,
    t.duration_minutes,
    latest.s3_object_key,
    latest.inserted_at,
    latest.raw_payload
   FROM (metrics.twaps t
     CROSS JOIN LATERAL ( SELECT f.s3_object_key,
            f.inserted_at,
            f.raw_payload
           FROM facts.twap_status f
          WHERE ((f.twap_id = t.twap_id) AND (f.wallet = t.wallet))
          ORDER BY (f.fingerprint = t.latest_fingerprint) DESC NULLS LAST, (f.status <> 'activated'::text) DESC, COALESCE(f.event_at, f.ts) DESC, f.size_executed DESC NULLS LAST, f.page_id DESC, f.ordinal DESC
         LIMIT 1) latest);

CREATE TABLE metrics.wallet_day_metrics (
    wallet_id integer NOT NULL,
    day date NOT NULL,
    fills integer NOT NULL,
    events integer NOT NULL,
    forced_fills integer NOT NULL,
    spot_volume_usd numeric,
    perp_volume_usd numeric,
    hip3_volume_usd numeric,
    outcome_volume_usd numeric,
    other_volume_usd numeric,
    taker_volume_usd numeric,
    maker_volume_usd numeric,
    volumes jsonb NOT NULL,
    gross_realised_pnl_usd numeric,
    spot_closed_pnl_usd numeric,
    outcome_closed_pnl_usd numeric,
    fees jsonb NOT NULL,
    fees_usd numeric,
    builder_fees jsonb NOT NULL,
    builder_fees_usd numeric,
    coins integer NOT NULL,
    first_fill_at timestamp with time zone NOT NULL,
    last_fill_at timestamp with time zone NOT NULL,
    unpriced jsonb NOT NULL,
    closed boolean NOT NULL,
    gap_ms bigint NOT NULL,
    completeness numeric NOT NULL,
    definition text NOT NULL,
    digest text NOT NULL,
    reference_digest text NOT NULL,
    reasons jsonb DEFAULT '[]'::jsonb NOT NULL,
    intervals jsonb DEFAULT '{}'::jsonb NOT NULL,
    CONSTRAINT wallet_day_metrics_completeness_check CHECK (((completeness >= (0)::numeric) AND (completeness <= (1)::numeric)))
);

ALTER TABLE ONLY metrics.wallet_day_metrics FORCE ROW LEVEL SECURITY;

CREATE TABLE metrics.wallet_universe_members (
    run_id bigint NOT NULL,
    wallet_id integer NOT NULL,
    wallet text NOT NULL,
    rank integer NOT NULL,
    pnl_30d numeric NOT NULL,
    volume_30d numeric
);

ALTER TABLE ONLY metrics.wallet_universe_members FORCE ROW LEVEL SECURITY;

CREATE TABLE metrics.wallet_universe_runs (
    id bigint NOT NULL,
    taken_at timestamp with time zone NOT NULL,
    source text NOT NULL,
    page_id bigint,
    status text NOT NULL,
    rows_seen integer DEFAULT 0 NOT NULL,
    rows_valid integer DEFAULT 0 NOT NULL,
    members integer DEFAULT 0 NOT NULL,
    excluded jsonb DEFAULT '{}'::jsonb NOT NULL,
    entered text[] DEFAULT '{}'::text[] NOT NULL,
    exited text[] DEFAULT '{}'::text[] NOT NULL,
    churn numeric,
    error_text text,
    definition text NOT NULL,
    digest text DEFAULT ''::text NOT NULL,
    CONSTRAINT wallet_universe_runs_source_check CHECK ((source = ANY (ARRAY['leaderboard'::text, 'fallback'::text, 'own_facts'::text]))),
    CONSTRAINT wallet_universe_runs_status_check CHECK ((status = ANY (ARRAY['chosen'::text, 'kept_old'::text, 'failed'::text])))
);

ALTER TABLE ONLY metrics.wallet_universe_runs FORCE ROW LEVEL SECURITY;

CREATE VIEW metrics.wallet_universe_current WITH (security_invoker='true') AS
 SELECT m.wallet_id,
    m.wallet,
    m.rank,
    m.pnl_30d,
    m.volume_30d,
    m.run_id,
    r.taken_at
   FROM (metrics.wallet_universe_members m
     JOIN ( SELECT wallet_universe_runs.id,
            wallet_universe_runs.taken_at
           FROM metrics.wallet_universe_runs
          WHERE (wallet_universe_runs.status = 'chosen'::text)
          ORDER BY wallet_universe_runs.taken_at DESC, wallet_universe_runs.id DESC
         LIMIT 1) r ON ((r.id = m.run_id)));

ALTER TABLE metrics.wallet_universe_runs ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME metrics.wallet_universe_runs_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE ops.alert_checks (
    type text NOT NULL,
    checked_at timestamp with time zone NOT NULL,
    checked_by text NOT NULL,
    CONSTRAINT alert_checks_checked_by_check CHECK ((checked_by = ANY (ARRAY['worker'::text, 'api'::text])))
);

ALTER TABLE ONLY ops.alert_checks FORCE ROW LEVEL SECURITY;

CREATE TABLE ops.alert_deliveries (
    id bigint NOT NULL,
    alert_id bigint NOT NULL,
    channel text NOT NULL,
    dedupe_key text NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    delivered_at timestamp with time zone,
    last_error text
);

ALTER TABLE ops.alert_deliveries ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME ops.alert_deliveries_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE ops.alert_gaps (
    wallet_id integer NOT NULL,
    coin text NOT NULL,
    kind text NOT NULL,
    from_at timestamp with time zone NOT NULL,
    to_at timestamp with time zone NOT NULL,
    seen_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    ending text,
    fills_seen bigint,
    CONSTRAINT alert_gaps_check CHECK (((ended_at IS NULL) = (ending IS NULL))),
    CONSTRAINT alert_gaps_ending_check CHECK ((ending = ANY (ARRAY['filled'::text, 'permanent'::text, 'mistaken'::text])))
);

CREATE TABLE ops.alert_state (
    type text NOT NULL,
    subject text NOT NULL,
    wallet_id integer,
    org_id integer,
    level text NOT NULL,
    state text DEFAULT 'inactive'::text NOT NULL,
    since timestamp with time zone,
    reason text DEFAULT ''::text NOT NULL,
    periods integer DEFAULT 0 NOT NULL,
    last_fired_at timestamp with time zone,
    last_value text,
    told text,
    judged_at timestamp with time zone,
    CONSTRAINT alert_state_level_check CHECK ((level = ANY (ARRAY['low'::text, 'medium'::text, 'high'::text, 'critical'::text]))),
    CONSTRAINT alert_state_state_check CHECK ((state = ANY (ARRAY['inactive'::text, 'pending'::text, 'firing'::text, 'resolved'::text, 'suppressed'::text, 'acknowledged'::text, 'retracted'::text])))
);

ALTER TABLE ONLY ops.alert_state FORCE ROW LEVEL SECURITY;

CREATE TABLE ops.alerts (
    id bigint NOT NULL,
    type text NOT NULL,
    subject text NOT NULL,
    wallet_id integer,
    org_id integer,
    level text NOT NULL,
    from_state text NOT NULL,
    to_state text NOT NULL,
    at timestamp with time zone NOT NULL,
    reason text NOT NULL,
    value jsonb DEFAULT '{}'::jsonb NOT NULL,
    event_key text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    told_with bigint,
    asset text,
    toward_safety boolean DEFAULT false NOT NULL,
    retracts bigint,
    CONSTRAINT alerts_level_check CHECK ((level = ANY (ARRAY['low'::text, 'medium'::text, 'high'::text, 'critical'::text])))
);

ALTER TABLE ONLY ops.alerts FORCE ROW LEVEL SECURITY;

ALTER TABLE ops.alerts ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME ops.alerts_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE ops.computations (
    metric text NOT NULL,
    key text NOT NULL,
    computed_at timestamp with time zone DEFAULT now() NOT NULL,
    members text
);

ALTER TABLE ONLY ops.computations FORCE ROW LEVEL SECURITY;

CREATE TABLE ops.dirty_global_days (
    id bigint NOT NULL,
    org_id integer NOT NULL,
    day date NOT NULL,
    cause text,
    CONSTRAINT dirty_global_days_cause_check CHECK ((cause = 'forgotten'::text))
);

ALTER TABLE ops.dirty_global_days ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME ops.dirty_global_days_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE ops.dirty_signals (
    id bigint NOT NULL,
    from_at timestamp with time zone NOT NULL,
    marked_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE ops.dirty_signals ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME ops.dirty_signals_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE ops.dirty_twaps (
    id bigint NOT NULL,
    twap_id bigint NOT NULL,
    wallet text NOT NULL
);

ALTER TABLE ops.dirty_twaps ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME ops.dirty_twaps_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE ops.dirty_wallet_days (
    id bigint NOT NULL,
    wallet_id integer NOT NULL,
    day date NOT NULL,
    from_at timestamp with time zone
);

ALTER TABLE ops.dirty_wallet_days ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME ops.dirty_wallet_days_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE ops.etl_s3_ingest_log (
    id bigint NOT NULL,
    s3_object_key text NOT NULL,
    etag text NOT NULL,
    last_modified timestamp with time zone,
    size_bytes bigint,
    rows_ingested bigint DEFAULT 0 NOT NULL,
    rows_repeated bigint DEFAULT 0 NOT NULL,
    rows_rejected bigint DEFAULT 0 NOT NULL,
    warnings text[] DEFAULT '{}'::text[] NOT NULL,
    error_text text,
    seconds numeric,
    ingested_at timestamp with time zone DEFAULT now() NOT NULL,
    skipped text,
    reject_reasons jsonb DEFAULT '{}'::jsonb NOT NULL,
    bytes_read bigint,
    cost_usd numeric,
    content text DEFAULT 'statuses'::text NOT NULL,
    is_local boolean DEFAULT false NOT NULL,
    CONSTRAINT etl_s3_ingest_log_content CHECK ((content = ANY (ARRAY['statuses'::text, 'fills'::text])))
);

ALTER TABLE ONLY ops.etl_s3_ingest_log FORCE ROW LEVEL SECURITY;

ALTER TABLE ops.etl_s3_ingest_log ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME ops.etl_s3_ingest_log_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE ops.exchange_identity (
    is_only boolean DEFAULT true NOT NULL,
    exchange text NOT NULL,
    chain_id integer,
    said_by text NOT NULL,
    said_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT exchange_identity_exchange_check CHECK ((exchange <> ''::text)),
    CONSTRAINT exchange_identity_is_only_check CHECK (is_only),
    CONSTRAINT exchange_identity_said_by_check CHECK ((said_by = ANY (ARRAY['first use'::text, 'adopt'::text])))
);

CREATE TABLE ops.exit_windows (
    wallet_id integer NOT NULL,
    asset text NOT NULL,
    from_at timestamp with time zone NOT NULL,
    to_at timestamp with time zone NOT NULL,
    held_size numeric NOT NULL,
    found_at timestamp with time zone NOT NULL,
    tries integer DEFAULT 0 NOT NULL,
    next_at timestamp with time zone NOT NULL,
    last_error text,
    dropped_at timestamp with time zone,
    reason text,
    left_size numeric,
    CONSTRAINT exit_windows_check CHECK (((reason IS NULL) = (dropped_at IS NULL)))
);

CREATE TABLE ops.gap_repairs (
    wallet_id integer NOT NULL,
    coin text NOT NULL,
    kind text NOT NULL,
    from_at timestamp with time zone NOT NULL,
    to_at timestamp with time zone NOT NULL,
    found_at timestamp with time zone NOT NULL,
    tries integer DEFAULT 0 NOT NULL,
    given_up_at timestamp with time zone
);

CREATE TABLE ops.hl_ingest_cursor (
    wallet_id integer NOT NULL,
    cursor_ms bigint DEFAULT 0 NOT NULL,
    proven_until timestamp with time zone,
    deep_at timestamp with time zone,
    pulled_at timestamp with time zone,
    last_error text,
    whole_at timestamp with time zone,
    confirmed_ms bigint DEFAULT 0 NOT NULL,
    late_ms bigint,
    late_at timestamp with time zone,
    ends_checked boolean DEFAULT false NOT NULL,
    end_check_tries integer DEFAULT 0 NOT NULL
);

ALTER TABLE ONLY ops.hl_ingest_cursor FORCE ROW LEVEL SECURITY;

CREATE TABLE ops.ingest_health (
    id bigint NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL,
    state text NOT NULL,
    last_success timestamp with time zone,
    age_seconds integer,
    coverage numeric,
    reason text NOT NULL,
    CONSTRAINT ingest_health_state_check CHECK ((state = ANY (ARRAY['healthy'::text, 'degraded'::text, 'stale'::text])))
);

ALTER TABLE ONLY ops.ingest_health FORCE ROW LEVEL SECURITY;

ALTER TABLE ops.ingest_health ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME ops.ingest_health_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE ops.ingest_runs (
    minute timestamp with time zone NOT NULL,
    status text NOT NULL,
    started_at timestamp with time zone NOT NULL,
    duration_ms integer NOT NULL,
    wallets integer NOT NULL,
    wallets_ok integer NOT NULL,
    wallets_failed integer NOT NULL,
    rows_written integer NOT NULL,
    coverage numeric NOT NULL,
    universe_run_id bigint,
    error_text text,
    feed_coverage numeric,
    CONSTRAINT ingest_runs_status_check CHECK ((status = ANY (ARRAY['success'::text, 'partial'::text, 'failed'::text])))
);

ALTER TABLE ONLY ops.ingest_runs FORCE ROW LEVEL SECURITY;

CREATE TABLE ops.jobs (
    id bigint NOT NULL,
    kind text NOT NULL,
    payload jsonb DEFAULT '{}'::jsonb NOT NULL,
    dedupe_key text,
    priority smallint DEFAULT 0 NOT NULL,
    status text DEFAULT 'queued'::text NOT NULL,
    run_at timestamp with time zone DEFAULT now() NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    max_attempts integer DEFAULT 10 NOT NULL,
    lease_token bigint,
    lease_until timestamp with time zone,
    worker text,
    last_error text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    finished_at timestamp with time zone,
    CONSTRAINT jobs_check CHECK (((status = 'running'::text) = (lease_token IS NOT NULL))),
    CONSTRAINT jobs_max_attempts_check CHECK ((max_attempts > 0)),
    CONSTRAINT jobs_status_check CHECK ((status = ANY (ARRAY['queued'::text, 'running'::text, 'done'::text, 'dead'::text])))
);

ALTER TABLE ops.jobs ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME ops.jobs_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE SEQUENCE ops.lease_tokens
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

CREATE TABLE ops.schema_migrations (
    version character varying NOT NULL
);

CREATE TABLE ops.seals (
    dataset text NOT NULL,
    number integer NOT NULL,
    day date NOT NULL,
    rows bigint NOT NULL,
    digest text NOT NULL,
    bytes bigint NOT NULL,
    manifest_sha256 bytea NOT NULL,
    location text NOT NULL,
    sealed_at timestamp with time zone DEFAULT now() NOT NULL,
    verified_at timestamp with time zone DEFAULT now() NOT NULL,
    released_at timestamp with time zone,
    CONSTRAINT seals_number_check CHECK ((number > 0)),
    CONSTRAINT seals_rows_check CHECK ((rows > 0))
);

ALTER TABLE ONLY ops.seals FORCE ROW LEVEL SECURITY;

CREATE TABLE ops.source_pauses (
    upstream_host text NOT NULL,
    since timestamp with time zone DEFAULT now() NOT NULL,
    reason text NOT NULL,
    probe_at timestamp with time zone NOT NULL
);

CREATE TABLE ops.twap_cursors (
    wallet_id integer NOT NULL,
    slices_ms bigint DEFAULT 0 NOT NULL,
    slices_until timestamp with time zone,
    history_at timestamp with time zone,
    last_error text
);

CREATE TABLE ops.unjudged_restatements (
    restatement_id bigint NOT NULL
);

CREATE VIEW ops.v_latest_health WITH (security_invoker='true') AS
 SELECT id,
    at,
    state,
    last_success,
    age_seconds,
    coverage,
    reason
   FROM ops.ingest_health
  ORDER BY at DESC, id DESC
 LIMIT 1;

CREATE VIEW ops.v_latest_signals WITH (security_invoker='true') AS
 SELECT DISTINCT ON (asset, definition) at,
    asset,
    definition,
    locked,
    universe_run_id,
    wallets,
    observed,
    exposed,
    coverage,
    cas,
    cas_lower,
    cas_upper,
    cas_usd,
    participation,
    trend,
    dispersion,
    dispersion_size,
    activity_sd,
    stock_disagreement,
    ecs,
    ecs_long,
    ecs_short,
    ecs_forced,
    ecs_z,
    ecs_percentile,
    herding,
    herding_sign,
    herding_n,
    counts,
    reach,
    band,
    exits,
    bias,
    risk,
    rule,
    nearest_miss,
    flags,
    state,
    mark_price,
    unknown,
    completeness,
    digest,
    window_minutes,
    active,
    active_needed,
    dispersion_level
   FROM metrics.signals
  WHERE (window_minutes = 5)
  ORDER BY asset, definition, at DESC;

CREATE VIEW ops.v_recent_alerts WITH (security_invoker='true') AS
 SELECT id,
    type,
    subject,
    wallet_id,
    org_id,
    level,
    from_state,
    to_state,
    at,
    reason,
    value,
    event_key,
    created_at
   FROM ops.alerts
  WHERE (at > (now() - '24:00:00'::interval))
  ORDER BY at DESC, id DESC;

CREATE TABLE ops.weight_budgets (
    egress text NOT NULL
);

CREATE TABLE ops.weight_shares (
    egress text NOT NULL,
    weight integer NOT NULL,
    kept_until timestamp with time zone NOT NULL,
    CONSTRAINT weight_shares_weight_check CHECK ((weight >= 0))
);

CREATE TABLE ops.weight_spends (
    id bigint NOT NULL,
    egress text NOT NULL,
    weight integer NOT NULL,
    at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    settled boolean DEFAULT false NOT NULL,
    purpose text,
    CONSTRAINT weight_spends_weight_check CHECK ((weight >= 0))
);

ALTER TABLE ops.weight_spends ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME ops.weight_spends_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE VIEW public.alert_state WITH (security_invoker='true') AS
 SELECT type,
    subject,
    wallet_id,
    org_id,
    level,
    state,
    since,
    reason,
    periods,
    last_fired_at,
    last_value,
    told,
    judged_at
   FROM ops.alert_state;

CREATE VIEW public.alerts WITH (security_invoker='true') AS
 SELECT id,
    type,
    subject,
    wallet_id,
    org_id,
    level,
    from_state,
    to_state,
    at,
    reason,
    value,
    event_key,
    created_at
   FROM ops.alerts;

CREATE VIEW public.ingest_health WITH (security_invoker='true') AS
 SELECT id,
    at,
    state,
    last_success,
    age_seconds,
    coverage,
    reason,
    round(((100)::numeric * coverage), 6) AS coverage_pct
   FROM ops.ingest_health h;

CREATE VIEW public.ingest_runs WITH (security_invoker='true') AS
 SELECT minute AS snapshot_ts,
    status,
    round(((100)::numeric * coverage), 6) AS coverage_pct,
    rows_written,
    started_at,
    duration_ms,
    wallets,
    wallets_ok,
    wallets_failed,
    universe_run_id,
    error_text
   FROM ops.ingest_runs i;

CREATE VIEW public.signal_contributors WITH (security_invoker='true') AS
 SELECT at,
    asset,
    definition,
    wallet_id,
    wallet,
    class,
    before_coin,
    now_coin,
    delta_coin,
    epsilon,
    weight_coin,
    delta_usd,
    forced,
    effect_cas,
    effect_cas_usd,
    effect_dispersion,
    effect_dispersion_size,
    effect_ecs,
    window_minutes,
    before_age_seconds,
    now_age_seconds
   FROM metrics.signal_contributors;

CREATE VIEW public.signals WITH (security_invoker='true') AS
 SELECT at,
    asset,
    definition,
    locked,
    universe_run_id,
    wallets,
    observed,
    exposed,
    coverage,
    cas,
    cas_lower,
    cas_upper,
    cas_usd,
    participation,
    trend,
    dispersion,
    dispersion_size,
    activity_sd,
    stock_disagreement,
    ecs,
    ecs_long,
    ecs_short,
    ecs_forced,
    ecs_z,
    ecs_percentile,
    herding,
    herding_sign,
    herding_n,
    counts,
    reach,
    band,
    exits,
    bias,
    risk,
    rule,
    nearest_miss,
    flags,
    state,
    mark_price,
    unknown,
    completeness,
    digest,
    window_minutes,
    active,
    active_needed,
    dispersion_level
   FROM metrics.signals;

CREATE VIEW public.snapshot_anomalies WITH (security_invoker='true') AS
 SELECT minute AS snapshot_ts,
    minute,
    wallet_id,
    asset,
    kind,
    known_at,
    dirties,
    detail,
    definition
   FROM metrics.snapshot_anomalies a;

CREATE VIEW public.v_latest_health WITH (security_invoker='true') AS
 SELECT id,
    at,
    state,
    last_success,
    age_seconds,
    coverage,
    reason
   FROM ops.v_latest_health;

CREATE VIEW public.v_latest_signals WITH (security_invoker='true') AS
 SELECT at,
    asset,
    definition,
    locked,
    universe_run_id,
    wallets,
    observed,
    exposed,
    coverage,
    cas,
    cas_lower,
    cas_upper,
    cas_usd,
    participation,
    trend,
    dispersion,
    dispersion_size,
    activity_sd,
    stock_disagreement,
    ecs,
    ecs_long,
    ecs_short,
    ecs_forced,
    ecs_z,
    ecs_percentile,
    herding,
    herding_sign,
    herding_n,
    counts,
    reach,
    band,
    exits,
    bias,
    risk,
    rule,
    nearest_miss,
    flags,
    state,
    mark_price,
    unknown,
    completeness,
    digest,
    window_minutes,
    active,
    active_needed,
    dispersion_level
   FROM ops.v_latest_signals;

CREATE VIEW public.v_recent_alerts WITH (security_invoker='true') AS
 SELECT id,
    type,
    subject,
    wallet_id,
    org_id,
    level,
    from_state,
    to_state,
    at,
    reason,
    value,
    event_key,
    created_at
   FROM ops.v_recent_alerts;

CREATE VIEW public.wallet_snapshots WITH (security_invoker='true') AS
 SELECT minute AS snapshot_ts,
    minute,
    wallet_id,
    asset,
    szi,
    missing,
    entry_px,
    position_value,
    unrealized_pnl,
    leverage,
    account_value,
    observed_at,
    payload_fingerprint,
    fingerprint,
    inserted_at
   FROM facts.wallet_snapshots s;

CREATE VIEW public.wallet_universe_current WITH (security_invoker='true') AS
 SELECT wallet_id,
    wallet,
    rank,
    pnl_30d,
    volume_30d,
    run_id,
    taken_at
   FROM metrics.wallet_universe_current;

CREATE VIEW public.wallet_universe_members WITH (security_invoker='true') AS
 SELECT run_id,
    wallet_id,
    wallet,
    rank,
    pnl_30d,
    volume_30d
   FROM metrics.wallet_universe_members;

CREATE VIEW public.wallet_universe_runs WITH (security_invoker='true') AS
 SELECT id,
    taken_at,
    source,
    page_id,
    status,
    rows_seen,
    rows_valid,
    members,
    excluded,
    entered,
    exited,
    churn,
    error_text,
    definition,
    digest
   FROM metrics.wallet_universe_runs;

CREATE TABLE tenancy.org_revisions (
    org_id integer NOT NULL,
    revision bigint NOT NULL
);

ALTER TABLE ONLY tenancy.org_revisions FORCE ROW LEVEL SECURITY;

CREATE TABLE tenancy.org_wallets (
    org_id integer NOT NULL,
    wallet_id integer NOT NULL,
    from_day date DEFAULT '-infinity'::date NOT NULL,
    to_day date,
    tracked_at timestamp with time zone DEFAULT now(),
    CONSTRAINT org_wallets_check CHECK ((to_day > from_day))
);

ALTER TABLE ONLY tenancy.org_wallets FORCE ROW LEVEL SECURITY;

CREATE TABLE tenancy.orgs (
    id integer NOT NULL,
    name text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT orgs_name_check CHECK ((name ~ '^[a-z0-9][a-z0-9_-]{0,62}$'::text))
);

ALTER TABLE ONLY tenancy.orgs FORCE ROW LEVEL SECURITY;

ALTER TABLE tenancy.orgs ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME tenancy.orgs_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE tenancy.removed_users (
    user_id text NOT NULL,
    org_id integer NOT NULL,
    removed_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE ONLY tenancy.removed_users FORCE ROW LEVEL SECURITY;

CREATE TABLE tenancy.revocations (
    user_id text NOT NULL,
    org_id integer NOT NULL,
    revoked_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);

ALTER TABLE ONLY tenancy.revocations FORCE ROW LEVEL SECURITY;

CREATE TABLE tenancy.sign_ins (
    id bigint NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL,
    user_id text NOT NULL,
    event text NOT NULL,
    token_id text NOT NULL,
    session_id text,
    org_id integer,
    reason text,
    CONSTRAINT sign_ins_event_check CHECK ((event = ANY (ARRAY['opened'::text, 'refused'::text, 'closed'::text])))
);

ALTER TABLE ONLY tenancy.sign_ins FORCE ROW LEVEL SECURITY;

ALTER TABLE tenancy.sign_ins ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME tenancy.sign_ins_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE tenancy.tokens (
    id text NOT NULL,
    user_id text NOT NULL,
    purpose text NOT NULL,
    issued_by text,
    issued_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    ended_how text,
    CONSTRAINT tokens_check CHECK (((ended_at IS NULL) = (ended_how IS NULL))),
    CONSTRAINT tokens_ended_how_check CHECK ((ended_how = ANY (ARRAY['used'::text, 'signed out'::text, 'revoked'::text]))),
    CONSTRAINT tokens_purpose_check CHECK ((purpose = ANY (ARRAY['access'::text, 'session'::text, 'sign-in'::text])))
);

ALTER TABLE ONLY tenancy.tokens FORCE ROW LEVEL SECURITY;

CREATE TABLE tenancy.user_profiles (
    user_id text NOT NULL,
    org_id integer NOT NULL,
    role text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT user_profiles_role_check CHECK ((role = ANY (ARRAY['viewer'::text, 'analyst'::text, 'admin'::text]))),
    CONSTRAINT user_profiles_user_id_check CHECK ((user_id <> ''::text))
);

ALTER TABLE ONLY tenancy.user_profiles FORCE ROW LEVEL SECURITY;

CREATE TABLE tenancy.wallet_groups (
    org_id integer NOT NULL,
    wallet_id integer NOT NULL,
    name text NOT NULL,
    grouped_at timestamp with time zone NOT NULL,
    CONSTRAINT wallet_groups_name_check CHECK (((name <> ''::text) AND (name = lower(btrim(name))) AND (length(name) <= 32)))
);

ALTER TABLE ONLY tenancy.wallet_groups FORCE ROW LEVEL SECURITY;

CREATE TABLE tenancy.wallet_labels (
    org_id integer NOT NULL,
    wallet_id integer NOT NULL,
    label text NOT NULL,
    labelled_at timestamp with time zone NOT NULL,
    CONSTRAINT wallet_labels_label_check CHECK (((label <> ''::text) AND (label = btrim(label)) AND (length(label) <= 64)))
);

ALTER TABLE ONLY tenancy.wallet_labels FORCE ROW LEVEL SECURITY;

CREATE TABLE tenancy.wallet_notes (
    org_id integer NOT NULL,
    wallet_id integer NOT NULL,
    note text NOT NULL,
    noted_at timestamp with time zone NOT NULL,
    CONSTRAINT wallet_notes_note_check CHECK (((note <> ''::text) AND (note = btrim(note)) AND (length(note) <= 1000)))
);

ALTER TABLE ONLY tenancy.wallet_notes FORCE ROW LEVEL SECURITY;

CREATE TABLE tenancy.wallet_tags (
    org_id integer NOT NULL,
    wallet_id integer NOT NULL,
    tag text NOT NULL,
    tagged_at timestamp with time zone NOT NULL,
    CONSTRAINT wallet_tags_tag_check CHECK (((tag <> ''::text) AND (tag = lower(btrim(tag))) AND (length(tag) <= 32)))
);

ALTER TABLE ONLY tenancy.wallet_tags FORCE ROW LEVEL SECURITY;

CREATE VIEW tenancy.wallet_names WITH (security_invoker='true') AS
 SELECT o.org_id,
    o.wallet_id,
    l.label,
    ARRAY( SELECT t.tag
           FROM tenancy.wallet_tags t
          WHERE ((t.org_id = o.org_id) AND (t.wallet_id = o.wallet_id))
          ORDER BY t.tag) AS tags,
    ARRAY( SELECT g.name
           FROM tenancy.wallet_groups g
          WHERE ((g.org_id = o.org_id) AND (g.wallet_id = o.wallet_id))
          ORDER BY g.name) AS groups,
    n.note
   FROM ((( SELECT org_wallets.org_id,
            org_wallets.wallet_id
           FROM tenancy.org_wallets
          GROUP BY org_wallets.org_id, org_wallets.wallet_id) o
     LEFT JOIN tenancy.wallet_labels l ON (((l.org_id = o.org_id) AND (l.wallet_id = o.wallet_id))))
     LEFT JOIN tenancy.wallet_notes n ON (((n.org_id = o.org_id) AND (n.wallet_id = o.wallet_id))));

CREATE TABLE tenancy.wallets (
    id integer NOT NULL,
    address bytea NOT NULL,
    added_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT wallets_address_check CHECK ((length(address) = 20))
);

ALTER TABLE ONLY tenancy.wallets FORCE ROW LEVEL SECURITY;

ALTER TABLE tenancy.wallets ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME tenancy.wallets_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

ALTER TABLE ONLY facts.account_positions
    ADD CONSTRAINT account_positions_pkey PRIMARY KEY (wallet_id, dex, at);

ALTER TABLE ONLY facts.candles
    ADD CONSTRAINT candles_pkey PRIMARY KEY (coin, "interval", at);

ALTER TABLE ONLY facts.conflicts
    ADD CONSTRAINT conflicts_pkey PRIMARY KEY (id);

ALTER TABLE ONLY facts.conflicts
    ADD CONSTRAINT conflicts_wallet_id_fingerprint_first_fingerprint_key UNIQUE (wallet_id, fingerprint, first_fingerprint);

ALTER TABLE ONLY facts.decoded_rejects
    ADD CONSTRAINT decoded_rejects_pkey PRIMARY KEY (reject_id);

ALTER TABLE ONLY facts.history_readings
    ADD CONSTRAINT history_readings_pkey PRIMARY KEY (id);

ALTER TABLE ONLY facts.leaderboard_rows
    ADD CONSTRAINT leaderboard_rows_pkey PRIMARY KEY (page_id, wallet);

ALTER TABLE ONLY facts.limits_lifted
    ADD CONSTRAINT limits_lifted_pkey PRIMARY KEY (limit_id);

ALTER TABLE ONLY facts.limits_met
    ADD CONSTRAINT limits_met_pkey PRIMARY KEY (id);

ALTER TABLE ONLY facts.limits_met
    ADD CONSTRAINT limits_met_wallet_id_kind_from_ms_to_ms_key UNIQUE (wallet_id, kind, from_ms, to_ms);

ALTER TABLE ONLY facts.mids
    ADD CONSTRAINT mids_pkey PRIMARY KEY (dex, at);

ALTER TABLE ONLY facts.pages
    ADD CONSTRAINT pages_pkey PRIMARY KEY (id, asked_at);

ALTER TABLE ONLY facts.perp_dexs
    ADD CONSTRAINT perp_dexs_dex_fingerprint_key UNIQUE (dex, fingerprint);

ALTER TABLE ONLY facts.perp_dexs
    ADD CONSTRAINT perp_dexs_pkey PRIMARY KEY (id);

ALTER TABLE ONLY facts.reject_windows
    ADD CONSTRAINT reject_windows_pkey PRIMARY KEY (reject_id);

ALTER TABLE ONLY facts.rejects
    ADD CONSTRAINT rejects_pkey PRIMARY KEY (id);

ALTER TABLE ONLY facts.rejects
    ADD CONSTRAINT rejects_wallet_id_source_payload_sha256_key UNIQUE NULLS NOT DISTINCT (wallet_id, source, payload_sha256);

ALTER TABLE ONLY facts.spot_pairs
    ADD CONSTRAINT spot_pairs_coin_fingerprint_key UNIQUE (coin, fingerprint);

ALTER TABLE ONLY facts.spot_pairs
    ADD CONSTRAINT spot_pairs_pkey PRIMARY KEY (id);

ALTER TABLE ONLY facts.token_prices
    ADD CONSTRAINT token_prices_pkey PRIMARY KEY (token, at);

ALTER TABLE ONLY facts.unread_fields
    ADD CONSTRAINT unread_fields_pkey PRIMARY KEY (id);

ALTER TABLE ONLY facts.unread_fields
    ADD CONSTRAINT unread_fields_wallet_id_fingerprint_key UNIQUE (wallet_id, fingerprint);

ALTER TABLE ONLY facts.wallet_snapshots
    ADD CONSTRAINT wallet_snapshots_pkey PRIMARY KEY (minute, asset, wallet_id);

ALTER TABLE ONLY facts.watched_fills
    ADD CONSTRAINT watched_fills_wallet_id_time_coin_oid_tid_side_fingerprint_key UNIQUE NULLS NOT DISTINCT (wallet_id, "time", coin, oid, tid, side, fingerprint);

ALTER TABLE ONLY facts.watched_readings
    ADD CONSTRAINT watched_readings_pkey PRIMARY KEY (page_id);

ALTER TABLE ONLY metrics.definitions
    ADD CONSTRAINT definitions_metric_version_key UNIQUE (metric, version);

ALTER TABLE ONLY metrics.definitions
    ADD CONSTRAINT definitions_pkey PRIMARY KEY (definition);

ALTER TABLE ONLY metrics.fill_gaps
    ADD CONSTRAINT fill_gaps_pkey PRIMARY KEY (wallet_id, coin, kind, from_at, to_at);

ALTER TABLE ONLY metrics.global_day_metrics
    ADD CONSTRAINT global_day_metrics_pkey PRIMARY KEY (org_id, day);

ALTER TABLE ONLY metrics.public_wallets
    ADD CONSTRAINT public_wallets_pkey PRIMARY KEY (wallet_id);

ALTER TABLE ONLY metrics.restatements
    ADD CONSTRAINT restatements_pkey PRIMARY KEY (id);

ALTER TABLE ONLY metrics.signal_contributors
    ADD CONSTRAINT signal_contributors_pkey PRIMARY KEY (asset, definition, window_minutes, at, wallet_id);

ALTER TABLE ONLY metrics.signal_outcomes
    ADD CONSTRAINT signal_outcomes_pkey PRIMARY KEY (asset, definition, window_minutes, at, horizon_minutes);

ALTER TABLE ONLY metrics.signals
    ADD CONSTRAINT signals_pkey PRIMARY KEY (asset, definition, window_minutes, at);

ALTER TABLE ONLY metrics.snapshot_anomalies
    ADD CONSTRAINT snapshot_anomalies_pkey PRIMARY KEY (minute, asset, wallet_id, kind);

ALTER TABLE ONLY metrics.twap_executions
    ADD CONSTRAINT twap_executions_pkey PRIMARY KEY (wallet_id, twap_id, audience);

ALTER TABLE ONLY metrics.twap_slices
    ADD CONSTRAINT twap_slices_pkey PRIMARY KEY (wallet_id, twap_id, at, oid, audience);

ALTER TABLE ONLY metrics.twaps
    ADD CONSTRAINT twaps_pkey PRIMARY KEY (twap_id, wallet, audience);

ALTER TABLE ONLY metrics.wallet_day_metrics
    ADD CONSTRAINT wallet_day_metrics_pkey PRIMARY KEY (wallet_id, day);

ALTER TABLE ONLY metrics.wallet_universe_members
    ADD CONSTRAINT wallet_universe_members_pkey PRIMARY KEY (run_id, wallet_id);

ALTER TABLE ONLY metrics.wallet_universe_runs
    ADD CONSTRAINT wallet_universe_runs_pkey PRIMARY KEY (id);

ALTER TABLE ONLY ops.alert_checks
    ADD CONSTRAINT alert_checks_pkey PRIMARY KEY (type);

ALTER TABLE ONLY ops.alert_deliveries
    ADD CONSTRAINT alert_deliveries_dedupe_key_key UNIQUE (dedupe_key);

ALTER TABLE ONLY ops.alert_deliveries
    ADD CONSTRAINT alert_deliveries_pkey PRIMARY KEY (id);

ALTER TABLE ONLY ops.alert_gaps
    ADD CONSTRAINT alert_gaps_pkey PRIMARY KEY (wallet_id, coin, kind, from_at, to_at);

ALTER TABLE ONLY ops.alert_state
    ADD CONSTRAINT alert_state_pkey PRIMARY KEY (type, subject);

ALTER TABLE ONLY ops.alerts
    ADD CONSTRAINT alerts_event_key_to_state_key UNIQUE (event_key, to_state);

ALTER TABLE ONLY ops.alerts
    ADD CONSTRAINT alerts_pkey PRIMARY KEY (id);

ALTER TABLE ONLY ops.computations
    ADD CONSTRAINT computations_pkey PRIMARY KEY (metric, key);

ALTER TABLE ONLY ops.dirty_global_days
    ADD CONSTRAINT dirty_global_days_pkey PRIMARY KEY (id);

ALTER TABLE ONLY ops.dirty_signals
    ADD CONSTRAINT dirty_signals_pkey PRIMARY KEY (id);

ALTER TABLE ONLY ops.dirty_twaps
    ADD CONSTRAINT dirty_twaps_pkey PRIMARY KEY (id);

ALTER TABLE ONLY ops.dirty_wallet_days
    ADD CONSTRAINT dirty_wallet_days_pkey PRIMARY KEY (id);

ALTER TABLE ONLY ops.etl_s3_ingest_log
    ADD CONSTRAINT etl_s3_ingest_log_pkey PRIMARY KEY (id);

ALTER TABLE ONLY ops.exchange_identity
    ADD CONSTRAINT exchange_identity_pkey PRIMARY KEY (is_only);

ALTER TABLE ONLY ops.exit_windows
    ADD CONSTRAINT exit_windows_pkey PRIMARY KEY (wallet_id, asset, from_at, to_at);

ALTER TABLE ONLY ops.gap_repairs
    ADD CONSTRAINT gap_repairs_pkey PRIMARY KEY (wallet_id, coin, kind, from_at, to_at);

ALTER TABLE ONLY ops.hl_ingest_cursor
    ADD CONSTRAINT hl_ingest_cursor_pkey PRIMARY KEY (wallet_id);

ALTER TABLE ONLY ops.ingest_health
    ADD CONSTRAINT ingest_health_pkey PRIMARY KEY (id);

ALTER TABLE ONLY ops.ingest_runs
    ADD CONSTRAINT ingest_runs_pkey PRIMARY KEY (minute);

ALTER TABLE ONLY ops.jobs
    ADD CONSTRAINT jobs_pkey PRIMARY KEY (id);

ALTER TABLE ONLY ops.schema_migrations
    ADD CONSTRAINT schema_migrations_pkey PRIMARY KEY (version);

ALTER TABLE ONLY ops.seals
    ADD CONSTRAINT seals_pkey PRIMARY KEY (dataset, number);

ALTER TABLE ONLY ops.source_pauses
    ADD CONSTRAINT source_pauses_pkey PRIMARY KEY (upstream_host);

ALTER TABLE ONLY ops.twap_cursors
    ADD CONSTRAINT twap_cursors_pkey PRIMARY KEY (wallet_id);

ALTER TABLE ONLY ops.unjudged_restatements
    ADD CONSTRAINT unjudged_restatements_pkey PRIMARY KEY (restatement_id);

ALTER TABLE ONLY ops.weight_budgets
    ADD CONSTRAINT weight_budgets_pkey PRIMARY KEY (egress);

ALTER TABLE ONLY ops.weight_shares
    ADD CONSTRAINT weight_shares_pkey PRIMARY KEY (egress);

ALTER TABLE ONLY ops.weight_spends
    ADD CONSTRAINT weight_spends_pkey PRIMARY KEY (id);

ALTER TABLE ONLY tenancy.org_revisions
    ADD CONSTRAINT org_revisions_pkey PRIMARY KEY (org_id);

ALTER TABLE ONLY tenancy.org_wallets
    ADD CONSTRAINT org_wallets_pkey PRIMARY KEY (org_id, wallet_id, from_day);

ALTER TABLE ONLY tenancy.orgs
    ADD CONSTRAINT orgs_name_key UNIQUE (name);

ALTER TABLE ONLY tenancy.orgs
    ADD CONSTRAINT orgs_pkey PRIMARY KEY (id);

ALTER TABLE ONLY tenancy.removed_users
    ADD CONSTRAINT removed_users_pkey PRIMARY KEY (user_id);

ALTER TABLE ONLY tenancy.revocations
    ADD CONSTRAINT revocations_pkey PRIMARY KEY (user_id, revoked_at);

ALTER TABLE ONLY tenancy.sign_ins
    ADD CONSTRAINT sign_ins_pkey PRIMARY KEY (id);

ALTER TABLE ONLY tenancy.tokens
    ADD CONSTRAINT tokens_pkey PRIMARY KEY (user_id, id);

ALTER TABLE ONLY tenancy.user_profiles
    ADD CONSTRAINT user_profiles_pkey PRIMARY KEY (user_id);

ALTER TABLE ONLY tenancy.wallet_groups
    ADD CONSTRAINT wallet_groups_pkey PRIMARY KEY (org_id, wallet_id, name);

ALTER TABLE ONLY tenancy.wallet_labels
    ADD CONSTRAINT wallet_labels_pkey PRIMARY KEY (org_id, wallet_id);

ALTER TABLE ONLY tenancy.wallet_notes
    ADD CONSTRAINT wallet_notes_pkey PRIMARY KEY (org_id, wallet_id);

ALTER TABLE ONLY tenancy.wallet_tags
    ADD CONSTRAINT wallet_tags_pkey PRIMARY KEY (org_id, wallet_id, tag);

ALTER TABLE ONLY tenancy.wallets
    ADD CONSTRAINT wallets_address_key UNIQUE (address);

ALTER TABLE ONLY tenancy.wallets
    ADD CONSTRAINT wallets_pkey PRIMARY KEY (id);

CREATE INDEX archived_fills_by_time ON facts.archived_fills USING btree ("time");

CREATE UNIQUE INDEX archived_fills_key ON facts.archived_fills USING btree (twap_id, wallet, "time", coin, oid, tid, side, fingerprint);

CREATE INDEX conflicts_by_day ON facts.conflicts USING btree (wallet_id, "time");

CREATE INDEX history_readings_by_wallet ON facts.history_readings USING btree (wallet_id);

CREATE INDEX hl_fills_raw_by_twap ON ONLY facts.hl_fills_raw USING btree (twap_id, wallet_id, "time") WHERE (twap_id IS NOT NULL);

CREATE UNIQUE INDEX hl_fills_raw_key ON ONLY facts.hl_fills_raw USING btree (wallet_id, "time", coin, oid, tid, side);

CREATE UNIQUE INDEX hl_fills_raw_key_without_tid ON ONLY facts.hl_fills_raw USING btree (wallet_id, "time", coin, oid, side, px, sz, start_position) WHERE (tid IS NULL);

CREATE INDEX leaderboard_rows_by_wallet ON facts.leaderboard_rows USING btree (wallet, taken_at);

CREATE INDEX pages_by_wallet ON ONLY facts.pages USING btree (wallet_id, asked_at);

CREATE INDEX reject_windows_by_wallet ON facts.reject_windows USING btree (wallet_id, to_at);

CREATE UNIQUE INDEX twap_slices_key ON facts.twap_slices USING btree (wallet_id, twap_id, "time", coin, oid, tid, side) NULLS NOT DISTINCT;

CREATE INDEX twap_status_by_tracked ON facts.twap_status USING btree (wallet_id, ts) WHERE (wallet_id IS NOT NULL);

CREATE UNIQUE INDEX twap_status_key ON facts.twap_status USING btree (twap_id, wallet, ts, status, event_at, fingerprint, ((wallet_id IS NULL))) NULLS NOT DISTINCT;

CREATE UNIQUE INDEX twap_status_repeats_key ON facts.twap_status_repeats USING btree (twap_id, wallet, ts, status, event_at, fingerprint, page_id) NULLS NOT DISTINCT;

CREATE INDEX wallet_snapshots_by_wallet ON ONLY facts.wallet_snapshots USING btree (wallet_id, asset, minute);

CREATE INDEX watched_readings_by_wallet ON facts.watched_readings USING btree (wallet_id, to_at);

CREATE INDEX restatements_by_definition ON metrics.restatements USING btree (restated_at) WHERE (cause = 'definition'::text);

CREATE INDEX restatements_by_org ON metrics.restatements USING btree (org_id, day);

CREATE INDEX restatements_by_signal ON metrics.restatements USING btree (signal_asset, signal_at) WHERE (signal_asset IS NOT NULL);

CREATE INDEX restatements_by_twap ON metrics.restatements USING btree (twap_id) WHERE (twap_id IS NOT NULL);

CREATE INDEX restatements_by_wallet ON metrics.restatements USING btree (wallet_id, day);

CREATE INDEX signals_by_time ON metrics.signals USING btree (at DESC);

CREATE INDEX twap_executions_by_twap ON metrics.twap_executions USING btree (twap_id);

CREATE INDEX twaps_activated ON metrics.twaps USING btree (ends_at) WHERE (status = 'activated'::text);

CREATE INDEX twaps_beyond_schedule ON metrics.twaps USING btree (started_at) WHERE ((ends_at IS NULL) OR ((last_slice_at - ends_at) > '01:00:00'::interval));

CREATE INDEX twaps_by_asset ON metrics.twaps USING btree (asset, started_at DESC, twap_id DESC, wallet DESC);

CREATE INDEX twaps_by_duration ON metrics.twaps USING btree (duration_minutes);

CREATE INDEX twaps_by_start ON metrics.twaps USING btree (started_at DESC, twap_id DESC, wallet DESC);

CREATE INDEX twaps_by_wallet ON metrics.twaps USING btree (wallet, started_at DESC, twap_id DESC);

CREATE INDEX wallet_day_metrics_by_day ON metrics.wallet_day_metrics USING btree (day, wallet_id);

CREATE INDEX wallet_universe_runs_chosen ON metrics.wallet_universe_runs USING btree (taken_at) WHERE (status = 'chosen'::text);

CREATE INDEX alert_gaps_by_end ON ops.alert_gaps USING btree (ended_at);

CREATE INDEX alert_state_moved ON ops.alert_state USING btree (type, subject) WHERE (state <> 'inactive'::text);

CREATE INDEX alerts_by_message ON ops.alerts USING btree (told_with) WHERE (told_with IS NOT NULL);

CREATE INDEX alerts_by_retraction ON ops.alerts USING btree (retracts) WHERE (retracts IS NOT NULL);

CREATE INDEX alerts_by_type ON ops.alerts USING btree (type, subject, at DESC);

CREATE INDEX alerts_recent ON ops.alerts USING btree (at DESC);

CREATE INDEX dirty_global_days_by_day ON ops.dirty_global_days USING btree (day, org_id);

CREATE INDEX dirty_wallet_days_by_day ON ops.dirty_wallet_days USING btree (day);

CREATE INDEX dirty_wallet_days_by_wallet ON ops.dirty_wallet_days USING btree (wallet_id, day);

CREATE INDEX etl_s3_ingest_log_by_key ON ops.etl_s3_ingest_log USING btree (s3_object_key, etag, id);

CREATE INDEX ingest_health_latest ON ops.ingest_health USING btree (at DESC);

CREATE INDEX jobs_by_key ON ops.jobs USING btree (dedupe_key);

CREATE INDEX jobs_finished ON ops.jobs USING btree (finished_at) WHERE (status = 'done'::text);

CREATE INDEX jobs_leased ON ops.jobs USING btree (lease_until) WHERE (status = 'running'::text);

CREATE UNIQUE INDEX jobs_one_queued_a_key ON ops.jobs USING btree (dedupe_key) WHERE (status = 'queued'::text);

CREATE INDEX jobs_to_claim ON ops.jobs USING btree (priority DESC, run_at, id) WHERE (status = 'queued'::text);

CREATE INDEX seals_by_day ON ops.seals USING btree (dataset, day);

CREATE INDEX weight_spends_recent ON ops.weight_spends USING btree (egress, at);

CREATE INDEX org_wallets_by_wallet ON tenancy.org_wallets USING btree (wallet_id);

CREATE UNIQUE INDEX org_wallets_one_open ON tenancy.org_wallets USING btree (org_id, wallet_id) WHERE (to_day IS NULL);

CREATE INDEX sign_ins_by_org ON tenancy.sign_ins USING btree (org_id, at);

CREATE INDEX sign_ins_by_time ON tenancy.sign_ins USING btree (at);

CREATE INDEX sign_ins_by_user ON tenancy.sign_ins USING btree (user_id, at);

CREATE INDEX tokens_by_id ON tenancy.tokens USING btree (id);

CREATE INDEX wallet_groups_by_name ON tenancy.wallet_groups USING btree (org_id, name);

CREATE INDEX wallet_tags_by_tag ON tenancy.wallet_tags USING btree (org_id, tag);

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON facts.account_positions FOR EACH ROW EXECUTE FUNCTION facts.refuse_change();

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON facts.archived_fills FOR EACH ROW EXECUTE FUNCTION facts.refuse_change();

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON facts.candles FOR EACH ROW EXECUTE FUNCTION facts.refuse_change();

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON facts.conflicts FOR EACH ROW EXECUTE FUNCTION facts.refuse_change();

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON facts.decoded_rejects FOR EACH ROW EXECUTE FUNCTION facts.refuse_change();

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON facts.history_readings FOR EACH ROW EXECUTE FUNCTION facts.refuse_change();

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON facts.hl_fills_raw FOR EACH ROW EXECUTE FUNCTION facts.refuse_change();

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON facts.leaderboard_rows FOR EACH ROW EXECUTE FUNCTION facts.refuse_change();

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON facts.limits_lifted FOR EACH ROW EXECUTE FUNCTION facts.refuse_change();

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON facts.limits_met FOR EACH ROW EXECUTE FUNCTION facts.refuse_change();

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON facts.mids FOR EACH ROW EXECUTE FUNCTION facts.refuse_change();

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON facts.pages FOR EACH ROW EXECUTE FUNCTION facts.refuse_change();

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON facts.perp_dexs FOR EACH ROW EXECUTE FUNCTION facts.refuse_change();

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON facts.reject_windows FOR EACH ROW EXECUTE FUNCTION facts.refuse_change();

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON facts.rejects FOR EACH ROW EXECUTE FUNCTION facts.refuse_change();

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON facts.spot_pairs FOR EACH ROW EXECUTE FUNCTION facts.refuse_change();

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON facts.token_prices FOR EACH ROW EXECUTE FUNCTION facts.refuse_change();

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON facts.twap_slices FOR EACH ROW EXECUTE FUNCTION facts.refuse_change();

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON facts.twap_status FOR EACH ROW EXECUTE FUNCTION facts.refuse_change();

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON facts.twap_status_repeats FOR EACH ROW EXECUTE FUNCTION facts.refuse_change();

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON facts.unread_fields FOR EACH ROW EXECUTE FUNCTION facts.refuse_change();

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON facts.wallet_snapshots FOR EACH ROW EXECUTE FUNCTION facts.refuse_change();

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON facts.watched_fills FOR EACH ROW EXECUTE FUNCTION facts.refuse_change();

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON facts.watched_readings FOR EACH ROW EXECUTE FUNCTION facts.refuse_change();

CREATE TRIGGER no_truncate BEFORE TRUNCATE ON facts.account_positions FOR EACH STATEMENT EXECUTE FUNCTION facts.refuse_change();

CREATE TRIGGER no_truncate BEFORE TRUNCATE ON facts.archived_fills FOR EACH STATEMENT EXECUTE FUNCTION facts.refuse_change();

CREATE TRIGGER no_truncate BEFORE TRUNCATE ON facts.candles FOR EACH STATEMENT EXECUTE FUNCTION facts.refuse_change();

CREATE TRIGGER no_truncate BEFORE TRUNCATE ON facts.conflicts FOR EACH STATEMENT EXECUTE FUNCTION facts.refuse_change();

CREATE TRIGGER no_truncate BEFORE TRUNCATE ON facts.decoded_rejects FOR EACH STATEMENT EXECUTE FUNCTION facts.refuse_change();

CREATE TRIGGER no_truncate BEFORE TRUNCATE ON facts.history_readings FOR EACH STATEMENT EXECUTE FUNCTION facts.refuse_change();

CREATE TRIGGER no_truncate BEFORE TRUNCATE ON facts.hl_fills_raw FOR EACH STATEMENT EXECUTE FUNCTION facts.refuse_change();

CREATE TRIGGER no_truncate BEFORE TRUNCATE ON facts.leaderboard_rows FOR EACH STATEMENT EXECUTE FUNCTION facts.refuse_change();

CREATE TRIGGER no_truncate BEFORE TRUNCATE ON facts.limits_lifted FOR EACH STATEMENT EXECUTE FUNCTION facts.refuse_change();

CREATE TRIGGER no_truncate BEFORE TRUNCATE ON facts.limits_met FOR EACH STATEMENT EXECUTE FUNCTION facts.refuse_change();

CREATE TRIGGER no_truncate BEFORE TRUNCATE ON facts.mids FOR EACH STATEMENT EXECUTE FUNCTION facts.refuse_change();

CREATE TRIGGER no_truncate BEFORE TRUNCATE ON facts.pages FOR EACH STATEMENT EXECUTE FUNCTION facts.refuse_change();

CREATE TRIGGER no_truncate BEFORE TRUNCATE ON facts.perp_dexs FOR EACH STATEMENT EXECUTE FUNCTION facts.refuse_change();

CREATE TRIGGER no_truncate BEFORE TRUNCATE ON facts.reject_windows FOR EACH STATEMENT EXECUTE FUNCTION facts.refuse_change();

CREATE TRIGGER no_truncate BEFORE TRUNCATE ON facts.rejects FOR EACH STATEMENT EXECUTE FUNCTION facts.refuse_change();

CREATE TRIGGER no_truncate BEFORE TRUNCATE ON facts.spot_pairs FOR EACH STATEMENT EXECUTE FUNCTION facts.refuse_change();

CREATE TRIGGER no_truncate BEFORE TRUNCATE ON facts.token_prices FOR EACH STATEMENT EXECUTE FUNCTION facts.refuse_change();

CREATE TRIGGER no_truncate BEFORE TRUNCATE ON facts.twap_slices FOR EACH STATEMENT EXECUTE FUNCTION facts.refuse_change();

CREATE TRIGGER no_truncate BEFORE TRUNCATE ON facts.twap_status FOR EACH STATEMENT EXECUTE FUNCTION facts.refuse_change();

CREATE TRIGGER no_truncate BEFORE TRUNCATE ON facts.twap_status_repeats FOR EACH STATEMENT EXECUTE FUNCTION facts.refuse_change();

CREATE TRIGGER no_truncate BEFORE TRUNCATE ON facts.unread_fields FOR EACH STATEMENT EXECUTE FUNCTION facts.refuse_change();

CREATE TRIGGER no_truncate BEFORE TRUNCATE ON facts.wallet_snapshots FOR EACH STATEMENT EXECUTE FUNCTION facts.refuse_change();

CREATE TRIGGER no_truncate BEFORE TRUNCATE ON facts.watched_fills FOR EACH STATEMENT EXECUTE FUNCTION facts.refuse_change();

CREATE TRIGGER no_truncate BEFORE TRUNCATE ON facts.watched_readings FOR EACH STATEMENT EXECUTE FUNCTION facts.refuse_change();

CREATE TRIGGER keep_public_wallets AFTER INSERT ON metrics.wallet_universe_members REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION metrics.keep_public_wallets();

CREATE TRIGGER mark_restatements AFTER INSERT ON metrics.restatements REFERENCING NEW TABLE AS restated FOR EACH STATEMENT EXECUTE FUNCTION ops.mark_restatements();

CREATE TRIGGER no_truncate BEFORE TRUNCATE ON ops.exchange_identity FOR EACH STATEMENT EXECUTE FUNCTION ops.refuse_another_exchange();

CREATE TRIGGER said_once BEFORE DELETE OR UPDATE ON ops.exchange_identity FOR EACH ROW EXECUTE FUNCTION ops.refuse_another_exchange();

CREATE TRIGGER raise_revision_of_gone AFTER DELETE ON tenancy.org_wallets REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION tenancy.raise_revision();

CREATE TRIGGER raise_revision_of_gone AFTER DELETE ON tenancy.wallet_groups REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION tenancy.raise_revision();

CREATE TRIGGER raise_revision_of_gone AFTER DELETE ON tenancy.wallet_labels REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION tenancy.raise_revision();

CREATE TRIGGER raise_revision_of_gone AFTER DELETE ON tenancy.wallet_notes REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION tenancy.raise_revision();

CREATE TRIGGER raise_revision_of_gone AFTER DELETE ON tenancy.wallet_tags REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION tenancy.raise_revision();

CREATE TRIGGER raise_revision_of_new AFTER INSERT ON tenancy.org_wallets REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION tenancy.raise_revision();

CREATE TRIGGER raise_revision_of_new AFTER INSERT ON tenancy.wallet_groups REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION tenancy.raise_revision();

CREATE TRIGGER raise_revision_of_new AFTER INSERT ON tenancy.wallet_labels REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION tenancy.raise_revision();

CREATE TRIGGER raise_revision_of_new AFTER INSERT ON tenancy.wallet_notes REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION tenancy.raise_revision();

CREATE TRIGGER raise_revision_of_new AFTER INSERT ON tenancy.wallet_tags REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION tenancy.raise_revision();

CREATE TRIGGER raise_revision_of_other AFTER UPDATE ON tenancy.org_wallets REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION tenancy.raise_revision();

CREATE TRIGGER raise_revision_of_other AFTER UPDATE ON tenancy.wallet_groups REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION tenancy.raise_revision();

CREATE TRIGGER raise_revision_of_other AFTER UPDATE ON tenancy.wallet_labels REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION tenancy.raise_revision();

CREATE TRIGGER raise_revision_of_other AFTER UPDATE ON tenancy.wallet_notes REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION tenancy.raise_revision();

CREATE TRIGGER raise_revision_of_other AFTER UPDATE ON tenancy.wallet_tags REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION tenancy.raise_revision();

ALTER TABLE ONLY metrics.wallet_universe_members
    ADD CONSTRAINT wallet_universe_members_run_id_fkey FOREIGN KEY (run_id) REFERENCES metrics.wallet_universe_runs(id);

ALTER TABLE ONLY ops.alert_deliveries
    ADD CONSTRAINT alert_deliveries_alert_id_fkey FOREIGN KEY (alert_id) REFERENCES ops.alerts(id);

ALTER TABLE ONLY ops.alerts
    ADD CONSTRAINT alerts_retracts_fkey FOREIGN KEY (retracts) REFERENCES ops.alerts(id);

ALTER TABLE ONLY ops.alerts
    ADD CONSTRAINT alerts_told_with_fkey FOREIGN KEY (told_with) REFERENCES ops.alerts(id);

ALTER TABLE ONLY ops.hl_ingest_cursor
    ADD CONSTRAINT hl_ingest_cursor_wallet_id_fkey FOREIGN KEY (wallet_id) REFERENCES tenancy.wallets(id);

ALTER TABLE ONLY ops.twap_cursors
    ADD CONSTRAINT twap_cursors_wallet_id_fkey FOREIGN KEY (wallet_id) REFERENCES tenancy.wallets(id);

ALTER TABLE ONLY ops.weight_shares
    ADD CONSTRAINT weight_shares_egress_fkey FOREIGN KEY (egress) REFERENCES ops.weight_budgets(egress);

ALTER TABLE ONLY ops.weight_spends
    ADD CONSTRAINT weight_spends_egress_fkey FOREIGN KEY (egress) REFERENCES ops.weight_budgets(egress);

ALTER TABLE ONLY tenancy.org_revisions
    ADD CONSTRAINT org_revisions_org_id_fkey FOREIGN KEY (org_id) REFERENCES tenancy.orgs(id);

ALTER TABLE ONLY tenancy.org_wallets
    ADD CONSTRAINT org_wallets_org_id_fkey FOREIGN KEY (org_id) REFERENCES tenancy.orgs(id);

ALTER TABLE ONLY tenancy.org_wallets
    ADD CONSTRAINT org_wallets_wallet_id_fkey FOREIGN KEY (wallet_id) REFERENCES tenancy.wallets(id);

ALTER TABLE ONLY tenancy.removed_users
    ADD CONSTRAINT removed_users_org_id_fkey FOREIGN KEY (org_id) REFERENCES tenancy.orgs(id);

ALTER TABLE ONLY tenancy.revocations
    ADD CONSTRAINT revocations_org_id_fkey FOREIGN KEY (org_id) REFERENCES tenancy.orgs(id);

ALTER TABLE ONLY tenancy.user_profiles
    ADD CONSTRAINT user_profiles_org_id_fkey FOREIGN KEY (org_id) REFERENCES tenancy.orgs(id);

ALTER TABLE ONLY tenancy.wallet_groups
    ADD CONSTRAINT wallet_groups_org_id_fkey FOREIGN KEY (org_id) REFERENCES tenancy.orgs(id);

ALTER TABLE ONLY tenancy.wallet_groups
    ADD CONSTRAINT wallet_groups_wallet_id_fkey FOREIGN KEY (wallet_id) REFERENCES tenancy.wallets(id);

ALTER TABLE ONLY tenancy.wallet_labels
    ADD CONSTRAINT wallet_labels_org_id_fkey FOREIGN KEY (org_id) REFERENCES tenancy.orgs(id);

ALTER TABLE ONLY tenancy.wallet_labels
    ADD CONSTRAINT wallet_labels_wallet_id_fkey FOREIGN KEY (wallet_id) REFERENCES tenancy.wallets(id);

ALTER TABLE ONLY tenancy.wallet_notes
    ADD CONSTRAINT wallet_notes_org_id_fkey FOREIGN KEY (org_id) REFERENCES tenancy.orgs(id);

ALTER TABLE ONLY tenancy.wallet_notes
    ADD CONSTRAINT wallet_notes_wallet_id_fkey FOREIGN KEY (wallet_id) REFERENCES tenancy.wallets(id);

ALTER TABLE ONLY tenancy.wallet_tags
    ADD CONSTRAINT wallet_tags_org_id_fkey FOREIGN KEY (org_id) REFERENCES tenancy.orgs(id);

ALTER TABLE ONLY tenancy.wallet_tags
    ADD CONSTRAINT wallet_tags_wallet_id_fkey FOREIGN KEY (wallet_id) REFERENCES tenancy.wallets(id);

ALTER TABLE facts.account_positions ENABLE ROW LEVEL SECURITY;

CREATE POLICY any_org ON facts.archived_fills FOR SELECT TO hypertally_api USING ((( SELECT tenancy.current_org() AS current_org) IS NOT NULL));

CREATE POLICY any_org ON facts.candles FOR SELECT TO hypertally_api USING ((( SELECT tenancy.current_org() AS current_org) IS NOT NULL));

CREATE POLICY any_org ON facts.leaderboard_rows FOR SELECT TO hypertally_api USING ((( SELECT tenancy.current_org() AS current_org) IS NOT NULL));

CREATE POLICY any_org ON facts.mids FOR SELECT TO hypertally_api USING ((( SELECT tenancy.current_org() AS current_org) IS NOT NULL));

CREATE POLICY any_org ON facts.perp_dexs FOR SELECT TO hypertally_api USING ((( SELECT tenancy.current_org() AS current_org) IS NOT NULL));

CREATE POLICY any_org ON facts.spot_pairs FOR SELECT TO hypertally_api USING ((( SELECT tenancy.current_org() AS current_org) IS NOT NULL));

CREATE POLICY any_org ON facts.token_prices FOR SELECT TO hypertally_api USING ((( SELECT tenancy.current_org() AS current_org) IS NOT NULL));

CREATE POLICY any_org ON facts.twap_status_repeats FOR SELECT TO hypertally_api USING ((( SELECT tenancy.current_org() AS current_org) IS NOT NULL));

ALTER TABLE facts.archived_fills ENABLE ROW LEVEL SECURITY;

ALTER TABLE facts.candles ENABLE ROW LEVEL SECURITY;

ALTER TABLE facts.conflicts ENABLE ROW LEVEL SECURITY;

ALTER TABLE facts.decoded_rejects ENABLE ROW LEVEL SECURITY;

CREATE POLICY everything ON facts.account_positions TO hypertally_tenancy, hypertally_facts, hypertally_metrics, hypertally_jobs USING (true) WITH CHECK (true);

CREATE POLICY everything ON facts.archived_fills TO hypertally_tenancy, hypertally_facts, hypertally_metrics, hypertally_jobs USING (true) WITH CHECK (true);

CREATE POLICY everything ON facts.candles TO hypertally_tenancy, hypertally_facts, hypertally_metrics, hypertally_jobs USING (true) WITH CHECK (true);

CREATE POLICY everything ON facts.conflicts TO hypertally_tenancy, hypertally_facts, hypertally_metrics, hypertally_jobs USING (true) WITH CHECK (true);

CREATE POLICY everything ON facts.decoded_rejects TO hypertally_tenancy, hypertally_facts, hypertally_metrics, hypertally_jobs USING (true) WITH CHECK (true);

CREATE POLICY everything ON facts.history_readings TO hypertally_tenancy, hypertally_facts, hypertally_metrics, hypertally_jobs USING (true) WITH CHECK (true);

CREATE POLICY everything ON facts.hl_fills_raw TO hypertally_tenancy, hypertally_facts, hypertally_metrics, hypertally_jobs USING (true) WITH CHECK (true);

CREATE POLICY everything ON facts.leaderboard_rows TO hypertally_tenancy, hypertally_facts, hypertally_metrics, hypertally_jobs USING (true) WITH CHECK (true);

CREATE POLICY everything ON facts.limits_lifted TO hypertally_tenancy, hypertally_facts, hypertally_metrics, hypertally_jobs USING (true) WITH CHECK (true);

CREATE POLICY everything ON facts.limits_met TO hypertally_tenancy, hypertally_facts, hypertally_metrics, hypertally_jobs USING (true) WITH CHECK (true);

CREATE POLICY everything ON facts.mids TO hypertally_tenancy, hypertally_facts, hypertally_metrics, hypertally_jobs USING (true) WITH CHECK (true);

CREATE POLICY everything ON facts.pages TO hypertally_tenancy, hypertally_facts, hypertally_metrics, hypertally_jobs USING (true) WITH CHECK (true);

CREATE POLICY everything ON facts.perp_dexs TO hypertally_tenancy, hypertally_facts, hypertally_metrics, hypertally_jobs USING (true) WITH CHECK (true);

CREATE POLICY everything ON facts.reject_windows TO hypertally_tenancy, hypertally_facts, hypertally_metrics, hypertally_jobs USING (true) WITH CHECK (true);

CREATE POLICY everything ON facts.rejects TO hypertally_tenancy, hypertally_facts, hypertally_metrics, hypertally_jobs USING (true) WITH CHECK (true);

CREATE POLICY everything ON facts.spot_pairs TO hypertally_tenancy, hypertally_facts, hypertally_metrics, hypertally_jobs USING (true) WITH CHECK (true);

CREATE POLICY everything ON facts.token_prices TO hypertally_tenancy, hypertally_facts, hypertally_metrics, hypertally_jobs USING (true) WITH CHECK (true);

CREATE POLICY everything ON facts.twap_slices TO hypertally_tenancy, hypertally_facts, hypertally_metrics, hypertally_jobs USING (true) WITH CHECK (true);

CREATE POLICY everything ON facts.twap_status TO hypertally_tenancy, hypertally_facts, hypertally_metrics, hypertally_jobs USING (true) WITH CHECK (true);

CREATE POLICY everything ON facts.twap_status_repeats TO hypertally_tenancy, hypertally_facts, hypertally_metrics, hypertally_jobs USING (true) WITH CHECK (true);

CREATE POLICY everything ON facts.unread_fields TO hypertally_tenancy, hypertally_facts, hypertally_metrics, hypertally_jobs USING (true) WITH CHECK (true);

CREATE POLICY everything ON facts.wallet_snapshots TO hypertally_tenancy, hypertally_facts, hypertally_metrics, hypertally_jobs USING (true) WITH CHECK (true);

CREATE POLICY everything ON facts.watched_fills TO hypertally_tenancy, hypertally_facts, hypertally_metrics, hypertally_jobs USING (true) WITH CHECK (true);

CREATE POLICY everything ON facts.watched_readings TO hypertally_tenancy, hypertally_facts, hypertally_metrics, hypertally_jobs USING (true) WITH CHECK (true);

ALTER TABLE facts.history_readings ENABLE ROW LEVEL SECURITY;

ALTER TABLE facts.hl_fills_raw ENABLE ROW LEVEL SECURITY;

ALTER TABLE facts.leaderboard_rows ENABLE ROW LEVEL SECURITY;

ALTER TABLE facts.limits_lifted ENABLE ROW LEVEL SECURITY;

ALTER TABLE facts.limits_met ENABLE ROW LEVEL SECURITY;

ALTER TABLE facts.mids ENABLE ROW LEVEL SECURITY;

CREATE POLICY own_wallets ON facts.account_positions FOR SELECT TO hypertally_api USING ((EXISTS ( SELECT
   FROM tenancy.org_wallets o
  WHERE (o.wallet_id = account_positions.wallet_id))));

CREATE POLICY own_wallets ON facts.conflicts FOR SELECT TO hypertally_api USING ((EXISTS ( SELECT
   FROM tenancy.org_wallets o
  WHERE (o.wallet_id = conflicts.wallet_id))));

CREATE POLICY own_wallets ON facts.decoded_rejects FOR SELECT TO hypertally_api USING ((EXISTS ( SELECT
   FROM facts.reject_windows w
  WHERE (w.reject_id = decoded_rejects.reject_id))));

CREATE POLICY own_wallets ON facts.history_readings FOR SELECT TO hypertally_api USING ((EXISTS ( SELECT
   FROM tenancy.org_wallets o
  WHERE (o.wallet_id = history_readings.wallet_id))));

CREATE POLICY own_wallets ON facts.hl_fills_raw FOR SELECT TO hypertally_api USING ((EXISTS ( SELECT
   FROM tenancy.org_wallets o
  WHERE (o.wallet_id = hl_fills_raw.wallet_id))));

CREATE POLICY own_wallets ON facts.limits_lifted FOR SELECT TO hypertally_api USING ((EXISTS ( SELECT
   FROM tenancy.org_wallets o
  WHERE (o.wallet_id = limits_lifted.wallet_id))));

CREATE POLICY own_wallets ON facts.limits_met FOR SELECT TO hypertally_api USING ((EXISTS ( SELECT
   FROM tenancy.org_wallets o
  WHERE (o.wallet_id = limits_met.wallet_id))));

CREATE POLICY own_wallets ON facts.pages FOR SELECT TO hypertally_api USING ((EXISTS ( SELECT
   FROM tenancy.org_wallets o
  WHERE (o.wallet_id = pages.wallet_id))));

CREATE POLICY own_wallets ON facts.reject_windows FOR SELECT TO hypertally_api USING ((EXISTS ( SELECT
   FROM tenancy.org_wallets o
  WHERE (o.wallet_id = reject_windows.wallet_id))));

CREATE POLICY own_wallets ON facts.twap_slices FOR SELECT TO hypertally_api USING ((EXISTS ( SELECT
   FROM tenancy.org_wallets o
  WHERE (o.wallet_id = twap_slices.wallet_id))));

CREATE POLICY own_wallets ON facts.unread_fields FOR SELECT TO hypertally_api USING ((EXISTS ( SELECT
   FROM tenancy.org_wallets o
  WHERE (o.wallet_id = unread_fields.wallet_id))));

ALTER TABLE facts.pages ENABLE ROW LEVEL SECURITY;

ALTER TABLE facts.perp_dexs ENABLE ROW LEVEL SECURITY;

CREATE POLICY public_or_own ON facts.rejects FOR SELECT TO hypertally_api USING (
CASE
    WHEN (wallet_id IS NULL) THEN (( SELECT tenancy.current_org() AS current_org) IS NOT NULL)
    ELSE (EXISTS ( SELECT
       FROM tenancy.org_wallets o
      WHERE (o.wallet_id = rejects.wallet_id)))
END);

CREATE POLICY public_or_own ON facts.twap_status FOR SELECT TO hypertally_api USING (((( SELECT tenancy.current_org() AS current_org) IS NOT NULL) AND ((wallet_id IS NULL) OR (EXISTS ( SELECT
   FROM tenancy.org_wallets o
  WHERE (o.wallet_id = twap_status.wallet_id))))));

CREATE POLICY public_or_own ON facts.wallet_snapshots FOR SELECT TO hypertally_api USING (((EXISTS ( SELECT
   FROM metrics.public_wallets p
  WHERE (p.wallet_id = wallet_snapshots.wallet_id))) OR (EXISTS ( SELECT
   FROM tenancy.org_wallets o
  WHERE (o.wallet_id = wallet_snapshots.wallet_id)))));

ALTER TABLE facts.reject_windows ENABLE ROW LEVEL SECURITY;

ALTER TABLE facts.rejects ENABLE ROW LEVEL SECURITY;

ALTER TABLE facts.spot_pairs ENABLE ROW LEVEL SECURITY;

ALTER TABLE facts.token_prices ENABLE ROW LEVEL SECURITY;

ALTER TABLE facts.twap_slices ENABLE ROW LEVEL SECURITY;

ALTER TABLE facts.twap_status ENABLE ROW LEVEL SECURITY;

ALTER TABLE facts.twap_status_repeats ENABLE ROW LEVEL SECURITY;

ALTER TABLE facts.unread_fields ENABLE ROW LEVEL SECURITY;

ALTER TABLE facts.wallet_snapshots ENABLE ROW LEVEL SECURITY;

ALTER TABLE facts.watched_fills ENABLE ROW LEVEL SECURITY;

ALTER TABLE facts.watched_readings ENABLE ROW LEVEL SECURITY;

CREATE POLICY any_org ON metrics.definitions FOR SELECT TO hypertally_api USING ((( SELECT tenancy.current_org() AS current_org) IS NOT NULL));

CREATE POLICY any_org ON metrics.public_wallets FOR SELECT TO hypertally_api USING ((( SELECT tenancy.current_org() AS current_org) IS NOT NULL));

CREATE POLICY any_org ON metrics.signal_outcomes FOR SELECT TO hypertally_api USING ((( SELECT tenancy.current_org() AS current_org) IS NOT NULL));

CREATE POLICY any_org ON metrics.signals FOR SELECT TO hypertally_api USING ((( SELECT tenancy.current_org() AS current_org) IS NOT NULL));

CREATE POLICY any_org ON metrics.wallet_universe_runs FOR SELECT TO hypertally_api USING ((( SELECT tenancy.current_org() AS current_org) IS NOT NULL));

ALTER TABLE metrics.definitions ENABLE ROW LEVEL SECURITY;

CREATE POLICY everything ON metrics.definitions TO hypertally_tenancy, hypertally_facts, hypertally_metrics, hypertally_jobs USING (true) WITH CHECK (true);

CREATE POLICY everything ON metrics.fill_gaps TO hypertally_tenancy, hypertally_facts, hypertally_metrics, hypertally_jobs USING (true) WITH CHECK (true);

CREATE POLICY everything ON metrics.global_day_metrics TO hypertally_tenancy, hypertally_facts, hypertally_metrics, hypertally_jobs USING (true) WITH CHECK (true);

CREATE POLICY everything ON metrics.public_wallets TO hypertally_tenancy, hypertally_facts, hypertally_metrics, hypertally_jobs USING (true) WITH CHECK (true);

CREATE POLICY everything ON metrics.restatements TO hypertally_tenancy, hypertally_facts, hypertally_metrics, hypertally_jobs USING (true) WITH CHECK (true);

CREATE POLICY everything ON metrics.signal_contributors TO hypertally_tenancy, hypertally_facts, hypertally_metrics, hypertally_jobs USING (true) WITH CHECK (true);

CREATE POLICY everything ON metrics.signal_outcomes TO hypertally_tenancy, hypertally_facts, hypertally_metrics, hypertally_jobs USING (true) WITH CHECK (true);

CREATE POLICY everything ON metrics.signals TO hypertally_tenancy, hypertally_facts, hypertally_metrics, hypertally_jobs USING (true) WITH CHECK (true);

CREATE POLICY everything ON metrics.snapshot_anomalies TO hypertally_tenancy, hypertally_facts, hypertally_metrics, hypertally_jobs USING (true) WITH CHECK (true);

CREATE POLICY everything ON metrics.twap_executions TO hypertally_tenancy, hypertally_facts, hypertally_metrics, hypertally_jobs USING (true) WITH CHECK (true);

CREATE POLICY everything ON metrics.twap_slices TO hypertally_tenancy, hypertally_facts, hypertally_metrics, hypertally_jobs USING (true) WITH CHECK (true);

CREATE POLICY everything ON metrics.twaps TO hypertally_tenancy, hypertally_facts, hypertally_metrics, hypertally_jobs USING (true) WITH CHECK (true);

CREATE POLICY everything ON metrics.wallet_day_metrics TO hypertally_tenancy, hypertally_facts, hypertally_metrics, hypertally_jobs USING (true) WITH CHECK (true);

CREATE POLICY everything ON metrics.wallet_universe_members TO hypertally_tenancy, hypertally_facts, hypertally_metrics, hypertally_jobs USING (true) WITH CHECK (true);

CREATE POLICY everything ON metrics.wallet_universe_runs TO hypertally_tenancy, hypertally_facts, hypertally_metrics, hypertally_jobs USING (true) WITH CHECK (true);

ALTER TABLE metrics.fill_gaps ENABLE ROW LEVEL SECURITY;

ALTER TABLE metrics.global_day_metrics ENABLE ROW LEVEL SECURITY;

CREATE POLICY own_org ON metrics.global_day_metrics FOR SELECT TO hypertally_api USING ((org_id = ( SELECT tenancy.current_org() AS current_org)));

CREATE POLICY own_rows ON metrics.restatements FOR SELECT TO hypertally_api USING (
CASE
    WHEN (org_id IS NOT NULL) THEN (org_id = ( SELECT tenancy.current_org() AS current_org))
    WHEN (wallet_id IS NULL) THEN (((twap_wallet IS NOT NULL) OR (signal_asset IS NOT NULL)) AND (( SELECT tenancy.current_org() AS current_org) IS NOT NULL))
    ELSE (EXISTS ( SELECT
       FROM tenancy.org_wallets o
      WHERE (o.wallet_id = restatements.wallet_id)))
END);

CREATE POLICY own_wallets ON metrics.fill_gaps FOR SELECT TO hypertally_api USING ((EXISTS ( SELECT
   FROM tenancy.org_wallets o
  WHERE (o.wallet_id = fill_gaps.wallet_id))));

CREATE POLICY own_wallets ON metrics.wallet_day_metrics FOR SELECT TO hypertally_api USING ((EXISTS ( SELECT
   FROM tenancy.org_wallets o
  WHERE (o.wallet_id = wallet_day_metrics.wallet_id))));

CREATE POLICY public_or_own ON metrics.signal_contributors FOR SELECT TO hypertally_api USING (((EXISTS ( SELECT
   FROM metrics.public_wallets p
  WHERE (p.wallet_id = signal_contributors.wallet_id))) OR (EXISTS ( SELECT
   FROM tenancy.org_wallets o
  WHERE (o.wallet_id = signal_contributors.wallet_id)))));

CREATE POLICY public_or_own ON metrics.snapshot_anomalies FOR SELECT TO hypertally_api USING (((EXISTS ( SELECT
   FROM metrics.public_wallets p
  WHERE (p.wallet_id = snapshot_anomalies.wallet_id))) OR (EXISTS ( SELECT
   FROM tenancy.org_wallets o
  WHERE (o.wallet_id = snapshot_anomalies.wallet_id)))));

CREATE POLICY public_or_own ON metrics.twap_executions FOR SELECT TO hypertally_api USING (((( SELECT tenancy.current_org() AS current_org) IS NOT NULL) AND ((audience = 'a'::"char") OR ((audience = 't'::"char") = (EXISTS ( SELECT
   FROM tenancy.org_wallets o
  WHERE (o.wallet_id = twap_executions.wallet_id)))))));

CREATE POLICY public_or_own ON metrics.twap_slices FOR SELECT TO hypertally_api USING (((( SELECT tenancy.current_org() AS current_org) IS NOT NULL) AND ((audience = 'a'::"char") OR ((audience = 't'::"char") = (EXISTS ( SELECT
   FROM tenancy.org_wallets o
  WHERE (o.wallet_id = twap_slices.wallet_id)))))));

CREATE POLICY public_or_own ON metrics.twaps FOR SELECT TO hypertally_api USING (((( SELECT tenancy.current_org() AS current_org) IS NOT NULL) AND ((audience = 'a'::"char") OR ((audience = 't'::"char") AND in_archive AND (wallet_id IS NULL)) OR ((audience = 't'::"char") = (EXISTS ( SELECT
   FROM tenancy.org_wallets o
  WHERE (o.wallet_id = twaps.wallet_id)))))));

CREATE POLICY public_or_own ON metrics.wallet_universe_members FOR SELECT TO hypertally_api USING (((EXISTS ( SELECT
   FROM metrics.public_wallets p
  WHERE (p.wallet_id = wallet_universe_members.wallet_id))) OR (EXISTS ( SELECT
   FROM tenancy.org_wallets o
  WHERE (o.wallet_id = wallet_universe_members.wallet_id)))));

ALTER TABLE metrics.public_wallets ENABLE ROW LEVEL SECURITY;

ALTER TABLE metrics.restatements ENABLE ROW LEVEL SECURITY;

ALTER TABLE metrics.signal_contributors ENABLE ROW LEVEL SECURITY;

ALTER TABLE metrics.signal_outcomes ENABLE ROW LEVEL SECURITY;

ALTER TABLE metrics.signals ENABLE ROW LEVEL SECURITY;

ALTER TABLE metrics.snapshot_anomalies ENABLE ROW LEVEL SECURITY;

ALTER TABLE metrics.twap_executions ENABLE ROW LEVEL SECURITY;

ALTER TABLE metrics.twap_slices ENABLE ROW LEVEL SECURITY;

ALTER TABLE metrics.twaps ENABLE ROW LEVEL SECURITY;

ALTER TABLE metrics.wallet_day_metrics ENABLE ROW LEVEL SECURITY;

ALTER TABLE metrics.wallet_universe_members ENABLE ROW LEVEL SECURITY;

ALTER TABLE metrics.wallet_universe_runs ENABLE ROW LEVEL SECURITY;

ALTER TABLE ops.alert_checks ENABLE ROW LEVEL SECURITY;

ALTER TABLE ops.alert_state ENABLE ROW LEVEL SECURITY;

ALTER TABLE ops.alerts ENABLE ROW LEVEL SECURITY;

CREATE POLICY any_org ON ops.etl_s3_ingest_log FOR SELECT TO hypertally_api USING ((( SELECT tenancy.current_org() AS current_org) IS NOT NULL));

CREATE POLICY any_org ON ops.ingest_health FOR SELECT TO hypertally_api USING ((( SELECT tenancy.current_org() AS current_org) IS NOT NULL));

CREATE POLICY any_org ON ops.ingest_runs FOR SELECT TO hypertally_api USING ((( SELECT tenancy.current_org() AS current_org) IS NOT NULL));

CREATE POLICY any_org ON ops.seals FOR SELECT TO hypertally_api USING ((( SELECT tenancy.current_org() AS current_org) IS NOT NULL));

ALTER TABLE ops.computations ENABLE ROW LEVEL SECURITY;

ALTER TABLE ops.etl_s3_ingest_log ENABLE ROW LEVEL SECURITY;

CREATE POLICY every_org ON ops.alert_checks FOR SELECT TO hypertally_api USING ((( SELECT tenancy.current_org() AS current_org) IS NOT NULL));

CREATE POLICY everything ON ops.alert_checks TO hypertally_tenancy, hypertally_facts, hypertally_metrics, hypertally_jobs USING (true) WITH CHECK (true);

CREATE POLICY everything ON ops.alert_state TO hypertally_tenancy, hypertally_facts, hypertally_metrics, hypertally_jobs USING (true) WITH CHECK (true);

CREATE POLICY everything ON ops.alerts TO hypertally_tenancy, hypertally_facts, hypertally_metrics, hypertally_jobs USING (true) WITH CHECK (true);

CREATE POLICY everything ON ops.computations TO hypertally_tenancy, hypertally_facts, hypertally_metrics, hypertally_jobs USING (true) WITH CHECK (true);

CREATE POLICY everything ON ops.etl_s3_ingest_log TO hypertally_jobs USING (true) WITH CHECK (true);

CREATE POLICY everything ON ops.hl_ingest_cursor TO hypertally_tenancy, hypertally_facts, hypertally_metrics, hypertally_jobs USING (true) WITH CHECK (true);

CREATE POLICY everything ON ops.ingest_health TO hypertally_tenancy, hypertally_facts, hypertally_metrics, hypertally_jobs USING (true) WITH CHECK (true);

CREATE POLICY everything ON ops.ingest_runs TO hypertally_tenancy, hypertally_facts, hypertally_metrics, hypertally_jobs USING (true) WITH CHECK (true);

CREATE POLICY everything ON ops.seals TO hypertally_facts, hypertally_metrics, hypertally_jobs USING (true) WITH CHECK ((SESSION_USER <> 'hypertally_watchdog_login'::name));

ALTER TABLE ops.hl_ingest_cursor ENABLE ROW LEVEL SECURITY;

ALTER TABLE ops.ingest_health ENABLE ROW LEVEL SECURITY;

ALTER TABLE ops.ingest_runs ENABLE ROW LEVEL SECURITY;

CREATE POLICY own_rows ON ops.alert_state FOR SELECT TO hypertally_api USING (
CASE
    WHEN (org_id IS NOT NULL) THEN ((org_id = ( SELECT tenancy.current_org() AS current_org)) AND
    CASE
        WHEN (type = 'wallet'::text) THEN (EXISTS ( SELECT
           FROM tenancy.wallets w
          WHERE (w.address = decode(substr(alert_state.subject, 3, 40), 'hex'::text))))
        ELSE true
    END)
    WHEN (wallet_id IS NOT NULL) THEN (EXISTS ( SELECT
       FROM tenancy.org_wallets o
      WHERE (o.wallet_id = alert_state.wallet_id)))
    ELSE (( SELECT tenancy.current_org() AS current_org) IS NOT NULL)
END);

CREATE POLICY own_rows ON ops.alerts FOR SELECT TO hypertally_api USING (
CASE
    WHEN (org_id IS NOT NULL) THEN ((org_id = ( SELECT tenancy.current_org() AS current_org)) AND
    CASE
        WHEN (type = 'wallet'::text) THEN (EXISTS ( SELECT
           FROM tenancy.wallets w
          WHERE (w.address = decode(substr(alerts.subject, 3, 40), 'hex'::text))))
        ELSE true
    END)
    WHEN (wallet_id IS NOT NULL) THEN (EXISTS ( SELECT
       FROM tenancy.org_wallets o
      WHERE (o.wallet_id = alerts.wallet_id)))
    ELSE (( SELECT tenancy.current_org() AS current_org) IS NOT NULL)
END);

CREATE POLICY own_rows ON ops.computations FOR SELECT TO hypertally_api USING (
CASE metric
    WHEN 'signals'::text THEN (( SELECT tenancy.current_org() AS current_org) IS NOT NULL)
    WHEN 'global_day_metrics'::text THEN ((split_part(key, '/'::text, 1))::integer = ( SELECT tenancy.current_org() AS current_org))
    ELSE (EXISTS ( SELECT
       FROM tenancy.org_wallets o
      WHERE (o.wallet_id = (split_part(computations.key, '/'::text, 1))::integer)))
END);

CREATE POLICY own_wallets ON ops.hl_ingest_cursor FOR SELECT TO hypertally_api USING ((EXISTS ( SELECT
   FROM tenancy.org_wallets o
  WHERE (o.wallet_id = hl_ingest_cursor.wallet_id))));

CREATE POLICY owner ON ops.seals USING ((CURRENT_USER = ( SELECT pg_get_userbyid(pg_class.relowner) AS pg_get_userbyid
   FROM pg_class
  WHERE (pg_class.oid = ('ops.seals'::regclass)::oid))));

ALTER TABLE ops.seals ENABLE ROW LEVEL SECURITY;

CREATE POLICY everything ON tenancy.org_revisions TO hypertally_tenancy, hypertally_facts, hypertally_metrics, hypertally_jobs USING (true) WITH CHECK (true);

CREATE POLICY everything ON tenancy.org_wallets TO hypertally_tenancy, hypertally_facts, hypertally_metrics, hypertally_jobs USING (true) WITH CHECK (true);

CREATE POLICY everything ON tenancy.orgs TO hypertally_tenancy, hypertally_facts, hypertally_metrics, hypertally_jobs USING (true) WITH CHECK (true);

CREATE POLICY everything ON tenancy.removed_users TO hypertally_tenancy USING (true) WITH CHECK (true);

CREATE POLICY everything ON tenancy.revocations TO hypertally_tenancy USING (true) WITH CHECK (true);

CREATE POLICY everything ON tenancy.sign_ins TO hypertally_tenancy USING (true) WITH CHECK (true);

CREATE POLICY everything ON tenancy.tokens TO hypertally_tenancy USING (true) WITH CHECK (true);

CREATE POLICY everything ON tenancy.user_profiles TO hypertally_tenancy, hypertally_facts, hypertally_metrics, hypertally_jobs USING (true) WITH CHECK (true);

CREATE POLICY everything ON tenancy.wallet_groups TO hypertally_tenancy, hypertally_facts, hypertally_metrics, hypertally_jobs USING (true) WITH CHECK (true);

CREATE POLICY everything ON tenancy.wallet_labels TO hypertally_tenancy, hypertally_facts, hypertally_metrics, hypertally_jobs USING (true) WITH CHECK (true);

CREATE POLICY everything ON tenancy.wallet_notes TO hypertally_tenancy, hypertally_facts, hypertally_metrics, hypertally_jobs USING (true) WITH CHECK (true);

CREATE POLICY everything ON tenancy.wallet_tags TO hypertally_tenancy, hypertally_facts, hypertally_metrics, hypertally_jobs USING (true) WITH CHECK (true);

CREATE POLICY everything ON tenancy.wallets TO hypertally_tenancy, hypertally_facts, hypertally_metrics, hypertally_jobs USING (true) WITH CHECK (true);

ALTER TABLE tenancy.org_revisions ENABLE ROW LEVEL SECURITY;

ALTER TABLE tenancy.org_wallets ENABLE ROW LEVEL SECURITY;

ALTER TABLE tenancy.orgs ENABLE ROW LEVEL SECURITY;

CREATE POLICY own_org ON tenancy.org_revisions FOR SELECT TO hypertally_api USING ((org_id = ( SELECT tenancy.current_org() AS current_org)));

CREATE POLICY own_org ON tenancy.org_wallets FOR SELECT TO hypertally_api USING ((org_id = ( SELECT tenancy.current_org() AS current_org)));

CREATE POLICY own_org ON tenancy.orgs FOR SELECT TO hypertally_api USING ((id = ( SELECT tenancy.current_org() AS current_org)));

CREATE POLICY own_org ON tenancy.wallet_groups FOR SELECT TO hypertally_api USING ((org_id = ( SELECT tenancy.current_org() AS current_org)));

CREATE POLICY own_org ON tenancy.wallet_labels FOR SELECT TO hypertally_api USING ((org_id = ( SELECT tenancy.current_org() AS current_org)));

CREATE POLICY own_org ON tenancy.wallet_notes FOR SELECT TO hypertally_api USING ((org_id = ( SELECT tenancy.current_org() AS current_org)));

CREATE POLICY own_org ON tenancy.wallet_tags FOR SELECT TO hypertally_api USING ((org_id = ( SELECT tenancy.current_org() AS current_org)));

CREATE POLICY own_profile ON tenancy.user_profiles FOR SELECT TO hypertally_api USING ((user_id = ( SELECT tenancy.current_user_id() AS current_user_id)));

CREATE POLICY own_wallets ON tenancy.wallets FOR SELECT TO hypertally_api USING ((EXISTS ( SELECT
   FROM tenancy.org_wallets o
  WHERE (o.wallet_id = wallets.id))));

CREATE POLICY owner ON tenancy.orgs FOR SELECT USING ((CURRENT_USER = ( SELECT pg_get_userbyid(pg_class.relowner) AS pg_get_userbyid
   FROM pg_class
  WHERE (pg_class.oid = ('tenancy.orgs'::regclass)::oid))));

CREATE POLICY owner ON tenancy.removed_users USING ((CURRENT_USER = ( SELECT pg_get_userbyid(pg_class.relowner) AS pg_get_userbyid
   FROM pg_class
  WHERE (pg_class.oid = ('tenancy.removed_users'::regclass)::oid))));

CREATE POLICY owner ON tenancy.revocations FOR SELECT USING ((CURRENT_USER = ( SELECT pg_get_userbyid(pg_class.relowner) AS pg_get_userbyid
   FROM pg_class
  WHERE (pg_class.oid = ('tenancy.revocations'::regclass)::oid))));

CREATE POLICY owner ON tenancy.sign_ins USING ((CURRENT_USER = ( SELECT pg_get_userbyid(pg_class.relowner) AS pg_get_userbyid
   FROM pg_class
  WHERE (pg_class.oid = ('tenancy.sign_ins'::regclass)::oid))));

CREATE POLICY owner ON tenancy.tokens USING ((CURRENT_USER = ( SELECT pg_get_userbyid(pg_class.relowner) AS pg_get_userbyid
   FROM pg_class
  WHERE (pg_class.oid = ('tenancy.tokens'::regclass)::oid))));

CREATE POLICY owner ON tenancy.user_profiles USING ((CURRENT_USER = ( SELECT pg_get_userbyid(pg_class.relowner) AS pg_get_userbyid
   FROM pg_class
  WHERE (pg_class.oid = ('tenancy.user_profiles'::regclass)::oid))));

ALTER TABLE tenancy.removed_users ENABLE ROW LEVEL SECURITY;

ALTER TABLE tenancy.revocations ENABLE ROW LEVEL SECURITY;

ALTER TABLE tenancy.sign_ins ENABLE ROW LEVEL SECURITY;

ALTER TABLE tenancy.tokens ENABLE ROW LEVEL SECURITY;

ALTER TABLE tenancy.user_profiles ENABLE ROW LEVEL SECURITY;

ALTER TABLE tenancy.wallet_groups ENABLE ROW LEVEL SECURITY;

ALTER TABLE tenancy.wallet_labels ENABLE ROW LEVEL SECURITY;

ALTER TABLE tenancy.wallet_notes ENABLE ROW LEVEL SECURITY;

ALTER TABLE tenancy.wallet_tags ENABLE ROW LEVEL SECURITY;

ALTER TABLE tenancy.wallets ENABLE ROW LEVEL SECURITY;

GRANT USAGE ON SCHEMA facts TO hypertally_facts;
GRANT USAGE ON SCHEMA facts TO hypertally_metrics;
GRANT USAGE ON SCHEMA facts TO hypertally_jobs;
GRANT USAGE ON SCHEMA facts TO hypertally_api;

GRANT USAGE ON SCHEMA metrics TO hypertally_metrics;
GRANT USAGE ON SCHEMA metrics TO hypertally_jobs;
GRANT USAGE ON SCHEMA metrics TO hypertally_api;

GRANT USAGE ON SCHEMA ops TO hypertally_jobs;
GRANT USAGE ON SCHEMA ops TO hypertally_tenancy;
GRANT USAGE ON SCHEMA ops TO hypertally_metrics;
GRANT USAGE ON SCHEMA ops TO hypertally_facts;
GRANT USAGE ON SCHEMA ops TO hypertally_api;

REVOKE USAGE ON SCHEMA public FROM PUBLIC;

GRANT USAGE ON SCHEMA tenancy TO hypertally_tenancy;
GRANT USAGE ON SCHEMA tenancy TO hypertally_facts;
GRANT USAGE ON SCHEMA tenancy TO hypertally_metrics;
GRANT USAGE ON SCHEMA tenancy TO hypertally_jobs;
GRANT USAGE ON SCHEMA tenancy TO hypertally_api;

REVOKE ALL ON FUNCTION facts.attach_partition(parent text, child text, first timestamp with time zone, until timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION facts.day_readings(wallet integer, first_day date, last_day date, but_page bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION facts.day_readings(wallet integer, first_day date, last_day date, but_page bigint) TO hypertally_facts;
GRANT ALL ON FUNCTION facts.day_readings(wallet integer, first_day date, last_day date, but_page bigint) TO hypertally_metrics;
GRANT ALL ON FUNCTION facts.day_readings(wallet integer, first_day date, last_day date, but_page bigint) TO hypertally_jobs;

REVOKE ALL ON FUNCTION facts.dex_of(coin text) FROM PUBLIC;
GRANT ALL ON FUNCTION facts.dex_of(coin text) TO hypertally_facts;
GRANT ALL ON FUNCTION facts.dex_of(coin text) TO hypertally_metrics;
GRANT ALL ON FUNCTION facts.dex_of(coin text) TO hypertally_jobs;
GRANT ALL ON FUNCTION facts.dex_of(coin text) TO hypertally_api;

REVOKE ALL ON FUNCTION facts.ensure_day(parent text, day_of timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION facts.ensure_day(parent text, day_of timestamp with time zone) TO hypertally_facts;
GRANT ALL ON FUNCTION facts.ensure_day(parent text, day_of timestamp with time zone) TO hypertally_jobs;

REVOKE ALL ON FUNCTION facts.ensure_month(parent text, month_of timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION facts.ensure_month(parent text, month_of timestamp with time zone) TO hypertally_facts;
GRANT ALL ON FUNCTION facts.ensure_month(parent text, month_of timestamp with time zone) TO hypertally_jobs;

REVOKE ALL ON FUNCTION facts.fill_is_forced(dir text, liquidated_user bytea, wallet bytea) FROM PUBLIC;
GRANT ALL ON FUNCTION facts.fill_is_forced(dir text, liquidated_user bytea, wallet bytea) TO hypertally_metrics;
GRANT ALL ON FUNCTION facts.fill_is_forced(dir text, liquidated_user bytea, wallet bytea) TO hypertally_jobs;
GRANT ALL ON FUNCTION facts.fill_is_forced(dir text, liquidated_user bytea, wallet bytea) TO hypertally_api;

GRANT SELECT,INSERT ON TABLE facts.pages TO hypertally_facts;
GRANT SELECT ON TABLE facts.pages TO hypertally_metrics;
GRANT SELECT ON TABLE facts.pages TO hypertally_jobs;
GRANT SELECT ON TABLE facts.pages TO hypertally_api;

REVOKE ALL ON FUNCTION facts.is_ahead("time" timestamp with time zone, page bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION facts.is_ahead("time" timestamp with time zone, page bigint) TO hypertally_facts;
GRANT ALL ON FUNCTION facts.is_ahead("time" timestamp with time zone, page bigint) TO hypertally_metrics;
GRANT ALL ON FUNCTION facts.is_ahead("time" timestamp with time zone, page bigint) TO hypertally_jobs;
GRANT ALL ON FUNCTION facts.is_ahead("time" timestamp with time zone, page bigint) TO hypertally_api;

REVOKE ALL ON FUNCTION facts.is_history_whole(wallet integer) FROM PUBLIC;
GRANT ALL ON FUNCTION facts.is_history_whole(wallet integer) TO hypertally_facts;
GRANT ALL ON FUNCTION facts.is_history_whole(wallet integer) TO hypertally_metrics;
GRANT ALL ON FUNCTION facts.is_history_whole(wallet integer) TO hypertally_jobs;

REVOKE ALL ON FUNCTION facts.market_of(coin text) FROM PUBLIC;
GRANT ALL ON FUNCTION facts.market_of(coin text) TO hypertally_facts;
GRANT ALL ON FUNCTION facts.market_of(coin text) TO hypertally_metrics;
GRANT ALL ON FUNCTION facts.market_of(coin text) TO hypertally_jobs;
GRANT ALL ON FUNCTION facts.market_of(coin text) TO hypertally_api;

REVOKE ALL ON FUNCTION facts.reduction_is_known(wallet integer, asset text, held_size numeric, left_size numeric, after_at timestamp with time zone, until_at timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION facts.reduction_is_known(wallet integer, asset text, held_size numeric, left_size numeric, after_at timestamp with time zone, until_at timestamp with time zone) TO hypertally_metrics;
GRANT ALL ON FUNCTION facts.reduction_is_known(wallet integer, asset text, held_size numeric, left_size numeric, after_at timestamp with time zone, until_at timestamp with time zone) TO hypertally_jobs;

REVOKE ALL ON FUNCTION facts.release_day(parent text, day_of date) FROM PUBLIC;
GRANT ALL ON FUNCTION facts.release_day(parent text, day_of date) TO hypertally_jobs;

REVOKE ALL ON FUNCTION facts.reopen_day(parent text, day_of date) FROM PUBLIC;
GRANT ALL ON FUNCTION facts.reopen_day(parent text, day_of date) TO hypertally_jobs;

GRANT SELECT,INSERT ON TABLE facts.account_positions TO hypertally_facts;
GRANT SELECT ON TABLE facts.account_positions TO hypertally_metrics;
GRANT SELECT ON TABLE facts.account_positions TO hypertally_api;
GRANT SELECT ON TABLE facts.account_positions TO hypertally_jobs;

REVOKE ALL ON FUNCTION facts.settled_positions(wallet integer) FROM PUBLIC;
GRANT ALL ON FUNCTION facts.settled_positions(wallet integer) TO hypertally_facts;
GRANT ALL ON FUNCTION facts.settled_positions(wallet integer) TO hypertally_metrics;
GRANT ALL ON FUNCTION facts.settled_positions(wallet integer) TO hypertally_jobs;

REVOKE ALL ON FUNCTION facts.time_of_ms(ms bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION facts.time_of_ms(ms bigint) TO hypertally_facts;
GRANT ALL ON FUNCTION facts.time_of_ms(ms bigint) TO hypertally_metrics;
GRANT ALL ON FUNCTION facts.time_of_ms(ms bigint) TO hypertally_jobs;
GRANT ALL ON FUNCTION facts.time_of_ms(ms bigint) TO hypertally_api;

REVOKE ALL ON FUNCTION facts.twap_word(status text) FROM PUBLIC;
GRANT ALL ON FUNCTION facts.twap_word(status text) TO hypertally_facts;
GRANT ALL ON FUNCTION facts.twap_word(status text) TO hypertally_metrics;
GRANT ALL ON FUNCTION facts.twap_word(status text) TO hypertally_jobs;
GRANT ALL ON FUNCTION facts.twap_word(status text) TO hypertally_api;

REVOKE ALL ON FUNCTION facts.twap_runs(status text) FROM PUBLIC;
GRANT ALL ON FUNCTION facts.twap_runs(status text) TO hypertally_facts;
GRANT ALL ON FUNCTION facts.twap_runs(status text) TO hypertally_metrics;
GRANT ALL ON FUNCTION facts.twap_runs(status text) TO hypertally_jobs;
GRANT ALL ON FUNCTION facts.twap_runs(status text) TO hypertally_api;

REVOKE ALL ON FUNCTION metrics.add_amounts(one jsonb, other jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION metrics.add_amounts(one jsonb, other jsonb) TO hypertally_metrics;
GRANT ALL ON FUNCTION metrics.add_amounts(one jsonb, other jsonb) TO hypertally_api;

REVOKE ALL ON FUNCTION metrics.add_intervals(one jsonb, other jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION metrics.add_intervals(one jsonb, other jsonb) TO hypertally_metrics;
GRANT ALL ON FUNCTION metrics.add_intervals(one jsonb, other jsonb) TO hypertally_api;

REVOKE ALL ON FUNCTION metrics.completeness(unknown_ms numeric, fills bigint, bad_rows bigint, confirmed boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION metrics.completeness(unknown_ms numeric, fills bigint, bad_rows bigint, confirmed boolean) TO hypertally_facts;
GRANT ALL ON FUNCTION metrics.completeness(unknown_ms numeric, fills bigint, bad_rows bigint, confirmed boolean) TO hypertally_metrics;
GRANT ALL ON FUNCTION metrics.completeness(unknown_ms numeric, fills bigint, bad_rows bigint, confirmed boolean) TO hypertally_jobs;

REVOKE ALL ON FUNCTION metrics.count_snapshots(of_run bigint, of_asset text, at_minutes timestamp with time zone[]) FROM PUBLIC;
GRANT ALL ON FUNCTION metrics.count_snapshots(of_run bigint, of_asset text, at_minutes timestamp with time zone[]) TO hypertally_api;

REVOKE ALL ON FUNCTION metrics.list_days_without_fills(wallets integer[], first_days date[], last_days date[], due_at timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION metrics.list_days_without_fills(wallets integer[], first_days date[], last_days date[], due_at timestamp with time zone) TO hypertally_api;

REVOKE ALL ON FUNCTION metrics.list_days_without_fills_of_org(org integer, first_day date, last_day date, due_at timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION metrics.list_days_without_fills_of_org(org integer, first_day date, last_day date, due_at timestamp with time zone) TO hypertally_api;

REVOKE ALL ON FUNCTION metrics.list_doubtful_days(wallet integer, first_day date, last_day date) FROM PUBLIC;
GRANT ALL ON FUNCTION metrics.list_doubtful_days(wallet integer, first_day date, last_day date) TO hypertally_api;

REVOKE ALL ON FUNCTION metrics.list_unknown_days(wallets integer[], first_days date[], last_days date[], due_at timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION metrics.list_unknown_days(wallets integer[], first_days date[], last_days date[], due_at timestamp with time zone) TO hypertally_api;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE metrics.twaps TO hypertally_metrics;
GRANT SELECT ON TABLE metrics.twaps TO hypertally_jobs;
GRANT SELECT ON TABLE metrics.twaps TO hypertally_api;

REVOKE ALL ON FUNCTION metrics.longest_twap() FROM PUBLIC;
GRANT ALL ON FUNCTION metrics.longest_twap() TO hypertally_metrics;
GRANT ALL ON FUNCTION metrics.longest_twap() TO hypertally_api;

REVOKE ALL ON FUNCTION metrics.members_digest(org_id integer, day date) FROM PUBLIC;
GRANT ALL ON FUNCTION metrics.members_digest(org_id integer, day date) TO hypertally_metrics;

REVOKE ALL ON FUNCTION metrics.moves_of_run(of_run bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION metrics.moves_of_run(of_run bigint) TO hypertally_api;

REVOKE ALL ON FUNCTION metrics.sum_minutes(of_asset text, from_at timestamp with time zone, to_at timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION metrics.sum_minutes(of_asset text, from_at timestamp with time zone, to_at timestamp with time zone) TO hypertally_api;

REVOKE ALL ON FUNCTION metrics.sum_positions(at_minute timestamp with time zone, of_assets text[]) FROM PUBLIC;
GRANT ALL ON FUNCTION metrics.sum_positions(at_minute timestamp with time zone, of_assets text[]) TO hypertally_api;

REVOKE ALL ON FUNCTION metrics.twap_over_by(ended_at timestamp with time zone, ends_at timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION metrics.twap_over_by(ended_at timestamp with time zone, ends_at timestamp with time zone) TO hypertally_metrics;
GRANT ALL ON FUNCTION metrics.twap_over_by(ended_at timestamp with time zone, ends_at timestamp with time zone) TO hypertally_api;

REVOKE ALL ON FUNCTION metrics.with_priced(sum_of_intervals jsonb, priced_usd numeric) FROM PUBLIC;
GRANT ALL ON FUNCTION metrics.with_priced(sum_of_intervals jsonb, priced_usd numeric) TO hypertally_metrics;
GRANT ALL ON FUNCTION metrics.with_priced(sum_of_intervals jsonb, priced_usd numeric) TO hypertally_api;

REVOKE ALL ON FUNCTION metrics.sum_intervals(jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION metrics.sum_intervals(jsonb) TO hypertally_metrics;
GRANT ALL ON FUNCTION metrics.sum_intervals(jsonb) TO hypertally_api;

REVOKE ALL ON FUNCTION metrics.with_unpriced(priced jsonb, days jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION metrics.with_unpriced(priced jsonb, days jsonb) TO hypertally_api;

REVOKE ALL ON FUNCTION ops.archive_totals(of_content text) FROM PUBLIC;
GRANT ALL ON FUNCTION ops.archive_totals(of_content text) TO hypertally_api;

REVOKE ALL ON FUNCTION ops.end_long_sessions(statement interval, idle interval, whole interval) FROM PUBLIC;
GRANT ALL ON FUNCTION ops.end_long_sessions(statement interval, idle interval, whole interval) TO hypertally_jobs;

REVOKE ALL ON FUNCTION ops.feed_at(as_of timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION ops.feed_at(as_of timestamp with time zone) TO hypertally_jobs;

REVOKE ALL ON FUNCTION ops.holds_books() FROM PUBLIC;
GRANT ALL ON FUNCTION ops.holds_books() TO hypertally_jobs;

REVOKE ALL ON FUNCTION ops.is_forgetting(org integer) FROM PUBLIC;
GRANT ALL ON FUNCTION ops.is_forgetting(org integer) TO hypertally_api;

REVOKE ALL ON FUNCTION ops.mark_restatements() FROM PUBLIC;

REVOKE ALL ON FUNCTION ops.shown_state(state text, checked_at timestamp with time zone, as_of timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION ops.shown_state(state text, checked_at timestamp with time zone, as_of timestamp with time zone) TO hypertally_jobs;
GRANT ALL ON FUNCTION ops.shown_state(state text, checked_at timestamp with time zone, as_of timestamp with time zone) TO hypertally_api;

REVOKE ALL ON FUNCTION ops.twap_source_totals() FROM PUBLIC;
GRANT ALL ON FUNCTION ops.twap_source_totals() TO hypertally_api;

REVOKE ALL ON FUNCTION tenancy.admit_member(org text, role text, fault text, token_id text) FROM PUBLIC;
GRANT ALL ON FUNCTION tenancy.admit_member(org text, role text, fault text, token_id text) TO hypertally_api;

REVOKE ALL ON FUNCTION tenancy.admit_user(org text, role text) FROM PUBLIC;
GRANT ALL ON FUNCTION tenancy.admit_user(org text, role text) TO hypertally_api;

REVOKE ALL ON FUNCTION tenancy.close_session(token_id text, purpose text, expires_at timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION tenancy.close_session(token_id text, purpose text, expires_at timestamp with time zone) TO hypertally_api;

GRANT ALL ON FUNCTION tenancy.current_org() TO hypertally_api;

GRANT ALL ON FUNCTION tenancy.current_user_id() TO hypertally_api;

REVOKE ALL ON FUNCTION tenancy.is_ended(token_id text) FROM PUBLIC;
GRANT ALL ON FUNCTION tenancy.is_ended(token_id text) TO hypertally_api;

REVOKE ALL ON FUNCTION tenancy.is_ended(token_id text, issued_at timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION tenancy.is_ended(token_id text, issued_at timestamp with time zone) TO hypertally_api;

REVOKE ALL ON FUNCTION tenancy.note_sign_in(caller text, org integer, event text, token_id text, session_id text, reason text) FROM PUBLIC;

REVOKE ALL ON FUNCTION tenancy.open_session(token_id text, purpose text, expires_at timestamp with time zone, session_id text, session_expires_at timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION tenancy.open_session(token_id text, purpose text, expires_at timestamp with time zone, session_id text, session_expires_at timestamp with time zone) TO hypertally_api;

REVOKE ALL ON FUNCTION tenancy.open_session(token_id text, purpose text, issued_at timestamp with time zone, expires_at timestamp with time zone, session_id text, session_expires_at timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION tenancy.open_session(token_id text, purpose text, issued_at timestamp with time zone, expires_at timestamp with time zone, session_id text, session_expires_at timestamp with time zone) TO hypertally_api;

REVOKE ALL ON FUNCTION tenancy.org_of(caller text) FROM PUBLIC;

GRANT SELECT,INSERT ON TABLE facts.archived_fills TO hypertally_facts;
GRANT SELECT ON TABLE facts.archived_fills TO hypertally_metrics;
GRANT SELECT ON TABLE facts.archived_fills TO hypertally_jobs;
GRANT SELECT ON TABLE facts.archived_fills TO hypertally_api;

GRANT SELECT,INSERT ON TABLE facts.candles TO hypertally_facts;
GRANT SELECT ON TABLE facts.candles TO hypertally_metrics;
GRANT SELECT ON TABLE facts.candles TO hypertally_jobs;
GRANT SELECT ON TABLE facts.candles TO hypertally_api;

GRANT SELECT,INSERT ON TABLE facts.conflicts TO hypertally_facts;
GRANT SELECT ON TABLE facts.conflicts TO hypertally_metrics;
GRANT SELECT ON TABLE facts.conflicts TO hypertally_jobs;
GRANT SELECT ON TABLE facts.conflicts TO hypertally_api;

GRANT SELECT,INSERT ON TABLE facts.decoded_rejects TO hypertally_facts;
GRANT SELECT ON TABLE facts.decoded_rejects TO hypertally_metrics;
GRANT SELECT ON TABLE facts.decoded_rejects TO hypertally_jobs;
GRANT SELECT ON TABLE facts.decoded_rejects TO hypertally_api;

GRANT SELECT,INSERT ON TABLE facts.history_readings TO hypertally_facts;
GRANT SELECT ON TABLE facts.history_readings TO hypertally_metrics;
GRANT SELECT ON TABLE facts.history_readings TO hypertally_api;

GRANT SELECT,INSERT ON TABLE facts.hl_fills_raw TO hypertally_facts;
GRANT SELECT ON TABLE facts.hl_fills_raw TO hypertally_metrics;
GRANT SELECT ON TABLE facts.hl_fills_raw TO hypertally_jobs;
GRANT SELECT ON TABLE facts.hl_fills_raw TO hypertally_api;

GRANT SELECT,INSERT ON TABLE facts.leaderboard_rows TO hypertally_facts;
GRANT SELECT ON TABLE facts.leaderboard_rows TO hypertally_metrics;
GRANT SELECT ON TABLE facts.leaderboard_rows TO hypertally_jobs;
GRANT SELECT ON TABLE facts.leaderboard_rows TO hypertally_api;

GRANT SELECT,INSERT ON TABLE facts.limits_lifted TO hypertally_facts;
GRANT SELECT ON TABLE facts.limits_lifted TO hypertally_metrics;
GRANT SELECT ON TABLE facts.limits_lifted TO hypertally_api;
GRANT SELECT ON TABLE facts.limits_lifted TO hypertally_jobs;

GRANT SELECT,INSERT ON TABLE facts.limits_met TO hypertally_facts;
GRANT SELECT ON TABLE facts.limits_met TO hypertally_metrics;
GRANT SELECT ON TABLE facts.limits_met TO hypertally_api;
GRANT SELECT ON TABLE facts.limits_met TO hypertally_jobs;

GRANT SELECT,INSERT ON TABLE facts.mids TO hypertally_facts;
GRANT SELECT ON TABLE facts.mids TO hypertally_metrics;
GRANT SELECT ON TABLE facts.mids TO hypertally_jobs;
GRANT SELECT ON TABLE facts.mids TO hypertally_api;

GRANT SELECT,INSERT ON TABLE facts.perp_dexs TO hypertally_facts;
GRANT SELECT ON TABLE facts.perp_dexs TO hypertally_metrics;
GRANT SELECT ON TABLE facts.perp_dexs TO hypertally_jobs;
GRANT SELECT ON TABLE facts.perp_dexs TO hypertally_api;

GRANT SELECT,INSERT ON TABLE facts.reject_windows TO hypertally_facts;
GRANT SELECT ON TABLE facts.reject_windows TO hypertally_metrics;
GRANT SELECT ON TABLE facts.reject_windows TO hypertally_jobs;
GRANT SELECT ON TABLE facts.reject_windows TO hypertally_api;

GRANT SELECT,INSERT ON TABLE facts.rejects TO hypertally_facts;
GRANT SELECT ON TABLE facts.rejects TO hypertally_metrics;
GRANT SELECT ON TABLE facts.rejects TO hypertally_jobs;
GRANT SELECT ON TABLE facts.rejects TO hypertally_api;

GRANT SELECT,INSERT ON TABLE facts.spot_pairs TO hypertally_facts;
GRANT SELECT ON TABLE facts.spot_pairs TO hypertally_metrics;
GRANT SELECT ON TABLE facts.spot_pairs TO hypertally_jobs;
GRANT SELECT ON TABLE facts.spot_pairs TO hypertally_api;

GRANT SELECT,INSERT ON TABLE facts.token_prices TO hypertally_facts;
GRANT SELECT ON TABLE facts.token_prices TO hypertally_metrics;
GRANT SELECT ON TABLE facts.token_prices TO hypertally_api;
GRANT SELECT ON TABLE facts.token_prices TO hypertally_jobs;

GRANT SELECT,INSERT ON TABLE facts.twap_slices TO hypertally_facts;
GRANT SELECT ON TABLE facts.twap_slices TO hypertally_metrics;
GRANT SELECT ON TABLE facts.twap_slices TO hypertally_jobs;
GRANT SELECT ON TABLE facts.twap_slices TO hypertally_api;

GRANT SELECT,INSERT ON TABLE facts.twap_status TO hypertally_facts;
GRANT SELECT ON TABLE facts.twap_status TO hypertally_metrics;
GRANT SELECT ON TABLE facts.twap_status TO hypertally_jobs;
GRANT SELECT ON TABLE facts.twap_status TO hypertally_api;

GRANT SELECT,INSERT ON TABLE facts.twap_status_repeats TO hypertally_facts;
GRANT SELECT ON TABLE facts.twap_status_repeats TO hypertally_metrics;
GRANT SELECT ON TABLE facts.twap_status_repeats TO hypertally_jobs;
GRANT SELECT ON TABLE facts.twap_status_repeats TO hypertally_api;

GRANT SELECT,INSERT ON TABLE facts.unread_fields TO hypertally_facts;
GRANT SELECT ON TABLE facts.unread_fields TO hypertally_metrics;
GRANT SELECT ON TABLE facts.unread_fields TO hypertally_jobs;
GRANT SELECT ON TABLE facts.unread_fields TO hypertally_api;

GRANT SELECT,INSERT ON TABLE facts.wallet_snapshots TO hypertally_facts;
GRANT SELECT ON TABLE facts.wallet_snapshots TO hypertally_metrics;
GRANT SELECT ON TABLE facts.wallet_snapshots TO hypertally_jobs;
GRANT SELECT ON TABLE facts.wallet_snapshots TO hypertally_api;

GRANT SELECT,INSERT ON TABLE facts.watched_fills TO hypertally_facts;
GRANT SELECT ON TABLE facts.watched_fills TO hypertally_metrics;
GRANT SELECT ON TABLE facts.watched_fills TO hypertally_jobs;

GRANT SELECT,INSERT ON TABLE facts.watched_readings TO hypertally_facts;
GRANT SELECT ON TABLE facts.watched_readings TO hypertally_metrics;
GRANT SELECT ON TABLE facts.watched_readings TO hypertally_jobs;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE metrics.definitions TO hypertally_metrics;
GRANT SELECT ON TABLE metrics.definitions TO hypertally_api;
GRANT SELECT ON TABLE metrics.definitions TO hypertally_jobs;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE metrics.fill_gaps TO hypertally_metrics;
GRANT SELECT ON TABLE metrics.fill_gaps TO hypertally_jobs;
GRANT SELECT ON TABLE metrics.fill_gaps TO hypertally_api;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE metrics.global_day_metrics TO hypertally_metrics;
GRANT SELECT ON TABLE metrics.global_day_metrics TO hypertally_jobs;
GRANT SELECT ON TABLE metrics.global_day_metrics TO hypertally_api;

GRANT SELECT,INSERT ON TABLE metrics.public_wallets TO hypertally_metrics;
GRANT SELECT ON TABLE metrics.public_wallets TO hypertally_jobs;
GRANT SELECT ON TABLE metrics.public_wallets TO hypertally_api;

GRANT SELECT,INSERT ON TABLE metrics.restatements TO hypertally_metrics;
GRANT SELECT ON TABLE metrics.restatements TO hypertally_jobs;
GRANT SELECT ON TABLE metrics.restatements TO hypertally_api;

GRANT USAGE ON SEQUENCE metrics.restatements_id_seq TO hypertally_metrics;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE metrics.signal_contributors TO hypertally_metrics;
GRANT SELECT ON TABLE metrics.signal_contributors TO hypertally_jobs;
GRANT SELECT ON TABLE metrics.signal_contributors TO hypertally_api;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE metrics.signal_outcomes TO hypertally_metrics;
GRANT SELECT ON TABLE metrics.signal_outcomes TO hypertally_jobs;
GRANT SELECT ON TABLE metrics.signal_outcomes TO hypertally_api;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE metrics.signals TO hypertally_metrics;
GRANT SELECT ON TABLE metrics.signals TO hypertally_jobs;
GRANT SELECT ON TABLE metrics.signals TO hypertally_api;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE metrics.snapshot_anomalies TO hypertally_metrics;
GRANT SELECT ON TABLE metrics.snapshot_anomalies TO hypertally_jobs;
GRANT SELECT ON TABLE metrics.snapshot_anomalies TO hypertally_api;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE metrics.twap_executions TO hypertally_metrics;
GRANT SELECT ON TABLE metrics.twap_executions TO hypertally_jobs;
GRANT SELECT ON TABLE metrics.twap_executions TO hypertally_api;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE metrics.twap_slices TO hypertally_metrics;
GRANT SELECT ON TABLE metrics.twap_slices TO hypertally_jobs;
GRANT SELECT ON TABLE metrics.twap_slices TO hypertally_api;

GRANT SELECT ON TABLE metrics.twap_status TO hypertally_metrics;
GRANT SELECT ON TABLE metrics.twap_status TO hypertally_api;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE metrics.wallet_day_metrics TO hypertally_metrics;
GRANT SELECT ON TABLE metrics.wallet_day_metrics TO hypertally_jobs;
GRANT SELECT ON TABLE metrics.wallet_day_metrics TO hypertally_api;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE metrics.wallet_universe_members TO hypertally_metrics;
GRANT SELECT ON TABLE metrics.wallet_universe_members TO hypertally_jobs;
GRANT SELECT ON TABLE metrics.wallet_universe_members TO hypertally_api;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE metrics.wallet_universe_runs TO hypertally_metrics;
GRANT SELECT ON TABLE metrics.wallet_universe_runs TO hypertally_jobs;

GRANT SELECT(id) ON TABLE metrics.wallet_universe_runs TO hypertally_api;

GRANT SELECT(taken_at) ON TABLE metrics.wallet_universe_runs TO hypertally_api;

GRANT SELECT(source) ON TABLE metrics.wallet_universe_runs TO hypertally_api;

GRANT SELECT(page_id) ON TABLE metrics.wallet_universe_runs TO hypertally_api;

GRANT SELECT(status) ON TABLE metrics.wallet_universe_runs TO hypertally_api;

GRANT SELECT(rows_seen) ON TABLE metrics.wallet_universe_runs TO hypertally_api;

GRANT SELECT(rows_valid) ON TABLE metrics.wallet_universe_runs TO hypertally_api;

GRANT SELECT(members) ON TABLE metrics.wallet_universe_runs TO hypertally_api;

GRANT SELECT(excluded) ON TABLE metrics.wallet_universe_runs TO hypertally_api;

GRANT SELECT(churn) ON TABLE metrics.wallet_universe_runs TO hypertally_api;

GRANT SELECT(error_text) ON TABLE metrics.wallet_universe_runs TO hypertally_api;

GRANT SELECT(definition) ON TABLE metrics.wallet_universe_runs TO hypertally_api;

GRANT SELECT(digest) ON TABLE metrics.wallet_universe_runs TO hypertally_api;

GRANT SELECT ON TABLE metrics.wallet_universe_current TO hypertally_jobs;
GRANT SELECT ON TABLE metrics.wallet_universe_current TO hypertally_metrics;
GRANT SELECT ON TABLE metrics.wallet_universe_current TO hypertally_api;

GRANT USAGE ON SEQUENCE metrics.wallet_universe_runs_id_seq TO hypertally_metrics;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE ops.alert_checks TO hypertally_jobs;
GRANT SELECT ON TABLE ops.alert_checks TO hypertally_api;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE ops.alert_deliveries TO hypertally_jobs;

GRANT USAGE ON SEQUENCE ops.alert_deliveries_id_seq TO hypertally_jobs;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE ops.alert_gaps TO hypertally_jobs;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE ops.alert_state TO hypertally_jobs;
GRANT SELECT ON TABLE ops.alert_state TO hypertally_api;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE ops.alerts TO hypertally_jobs;
GRANT SELECT ON TABLE ops.alerts TO hypertally_api;

GRANT USAGE ON SEQUENCE ops.alerts_id_seq TO hypertally_jobs;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE ops.computations TO hypertally_jobs;
GRANT SELECT,INSERT,UPDATE ON TABLE ops.computations TO hypertally_metrics;
GRANT SELECT ON TABLE ops.computations TO hypertally_api;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE ops.dirty_global_days TO hypertally_jobs;
GRANT SELECT ON TABLE ops.dirty_global_days TO hypertally_metrics;

GRANT USAGE ON SEQUENCE ops.dirty_global_days_id_seq TO hypertally_jobs;

GRANT SELECT,INSERT,DELETE ON TABLE ops.dirty_signals TO hypertally_jobs;
GRANT SELECT ON TABLE ops.dirty_signals TO hypertally_metrics;

GRANT USAGE ON SEQUENCE ops.dirty_signals_id_seq TO hypertally_jobs;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE ops.dirty_twaps TO hypertally_jobs;
GRANT INSERT ON TABLE ops.dirty_twaps TO hypertally_facts;
GRANT SELECT ON TABLE ops.dirty_twaps TO hypertally_metrics;

GRANT USAGE ON SEQUENCE ops.dirty_twaps_id_seq TO hypertally_jobs;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE ops.dirty_wallet_days TO hypertally_jobs;
GRANT SELECT ON TABLE ops.dirty_wallet_days TO hypertally_metrics;

GRANT USAGE ON SEQUENCE ops.dirty_wallet_days_id_seq TO hypertally_jobs;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE ops.etl_s3_ingest_log TO hypertally_jobs;
GRANT SELECT ON TABLE ops.etl_s3_ingest_log TO hypertally_api;

GRANT USAGE ON SEQUENCE ops.etl_s3_ingest_log_id_seq TO hypertally_jobs;

GRANT SELECT,INSERT ON TABLE ops.exchange_identity TO hypertally_jobs;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE ops.exit_windows TO hypertally_jobs;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE ops.gap_repairs TO hypertally_jobs;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE ops.hl_ingest_cursor TO hypertally_jobs;
GRANT SELECT ON TABLE ops.hl_ingest_cursor TO hypertally_api;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE ops.ingest_health TO hypertally_jobs;
GRANT SELECT ON TABLE ops.ingest_health TO hypertally_api;

GRANT USAGE ON SEQUENCE ops.ingest_health_id_seq TO hypertally_jobs;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE ops.ingest_runs TO hypertally_jobs;
GRANT SELECT ON TABLE ops.ingest_runs TO hypertally_metrics;
GRANT SELECT ON TABLE ops.ingest_runs TO hypertally_api;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE ops.jobs TO hypertally_jobs;

GRANT USAGE ON SEQUENCE ops.jobs_id_seq TO hypertally_jobs;

GRANT USAGE ON SEQUENCE ops.lease_tokens TO hypertally_jobs;

GRANT SELECT ON TABLE ops.schema_migrations TO hypertally_jobs;
GRANT SELECT ON TABLE ops.schema_migrations TO hypertally_api;

GRANT SELECT,INSERT ON TABLE ops.seals TO hypertally_jobs;
GRANT SELECT ON TABLE ops.seals TO hypertally_facts;
GRANT SELECT ON TABLE ops.seals TO hypertally_metrics;
GRANT SELECT ON TABLE ops.seals TO hypertally_api;

GRANT UPDATE(verified_at) ON TABLE ops.seals TO hypertally_jobs;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE ops.source_pauses TO hypertally_jobs;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE ops.twap_cursors TO hypertally_jobs;
GRANT SELECT ON TABLE ops.twap_cursors TO hypertally_metrics;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE ops.unjudged_restatements TO hypertally_jobs;

GRANT SELECT ON TABLE ops.v_latest_health TO hypertally_jobs;
GRANT SELECT ON TABLE ops.v_latest_health TO hypertally_api;

GRANT SELECT ON TABLE ops.v_latest_signals TO hypertally_jobs;
GRANT SELECT ON TABLE ops.v_latest_signals TO hypertally_api;

GRANT SELECT ON TABLE ops.v_recent_alerts TO hypertally_jobs;
GRANT SELECT ON TABLE ops.v_recent_alerts TO hypertally_api;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE ops.weight_budgets TO hypertally_jobs;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE ops.weight_shares TO hypertally_jobs;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE ops.weight_spends TO hypertally_jobs;

GRANT USAGE ON SEQUENCE ops.weight_spends_id_seq TO hypertally_jobs;

GRANT SELECT,INSERT,UPDATE ON TABLE tenancy.org_revisions TO hypertally_tenancy;
GRANT SELECT ON TABLE tenancy.org_revisions TO hypertally_jobs;
GRANT SELECT ON TABLE tenancy.org_revisions TO hypertally_api;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE tenancy.org_wallets TO hypertally_tenancy;
GRANT SELECT ON TABLE tenancy.org_wallets TO hypertally_facts;
GRANT SELECT ON TABLE tenancy.org_wallets TO hypertally_metrics;
GRANT SELECT ON TABLE tenancy.org_wallets TO hypertally_jobs;
GRANT SELECT ON TABLE tenancy.org_wallets TO hypertally_api;

GRANT SELECT,INSERT ON TABLE tenancy.orgs TO hypertally_tenancy;
GRANT SELECT ON TABLE tenancy.orgs TO hypertally_facts;
GRANT SELECT ON TABLE tenancy.orgs TO hypertally_metrics;
GRANT SELECT ON TABLE tenancy.orgs TO hypertally_jobs;
GRANT SELECT ON TABLE tenancy.orgs TO hypertally_api;

GRANT SELECT,INSERT,DELETE ON TABLE tenancy.removed_users TO hypertally_tenancy;

GRANT SELECT,INSERT ON TABLE tenancy.revocations TO hypertally_tenancy;

GRANT SELECT,INSERT ON TABLE tenancy.sign_ins TO hypertally_tenancy;

GRANT SELECT,INSERT,UPDATE ON TABLE tenancy.tokens TO hypertally_tenancy;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE tenancy.user_profiles TO hypertally_tenancy;
GRANT SELECT ON TABLE tenancy.user_profiles TO hypertally_api;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE tenancy.wallet_groups TO hypertally_tenancy;
GRANT SELECT ON TABLE tenancy.wallet_groups TO hypertally_jobs;
GRANT SELECT ON TABLE tenancy.wallet_groups TO hypertally_api;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE tenancy.wallet_labels TO hypertally_tenancy;
GRANT SELECT ON TABLE tenancy.wallet_labels TO hypertally_jobs;
GRANT SELECT ON TABLE tenancy.wallet_labels TO hypertally_api;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE tenancy.wallet_notes TO hypertally_tenancy;
GRANT SELECT ON TABLE tenancy.wallet_notes TO hypertally_jobs;
GRANT SELECT ON TABLE tenancy.wallet_notes TO hypertally_api;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE tenancy.wallet_tags TO hypertally_tenancy;
GRANT SELECT ON TABLE tenancy.wallet_tags TO hypertally_jobs;
GRANT SELECT ON TABLE tenancy.wallet_tags TO hypertally_api;

GRANT SELECT ON TABLE tenancy.wallet_names TO hypertally_tenancy;
GRANT SELECT ON TABLE tenancy.wallet_names TO hypertally_jobs;
GRANT SELECT ON TABLE tenancy.wallet_names TO hypertally_api;

GRANT SELECT,INSERT ON TABLE tenancy.wallets TO hypertally_tenancy;
GRANT SELECT ON TABLE tenancy.wallets TO hypertally_facts;
GRANT SELECT ON TABLE tenancy.wallets TO hypertally_metrics;
GRANT SELECT ON TABLE tenancy.wallets TO hypertally_jobs;
GRANT SELECT ON TABLE tenancy.wallets TO hypertally_api;

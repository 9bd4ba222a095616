"""Rows that alerts are judged by, put down by hand, and the checks that judge them."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, LiteralString

from psycopg.types.json import Jsonb
from tests.db.runtime.offline import offline

from hypertally.jobs.activity.gap_repair import schedule_repairs
from hypertally.jobs.alerts import check as alerts_check
from hypertally.jobs.runtime import queue
from hypertally.jobs.runtime.alert_checks import enqueue_alert_check
from hypertally.jobs.runtime.queue import Job
from hypertally.jobs.runtime.resources import AlertBounds, Resources, TwapSource
from hypertally.sources.notifications import open_channels
from hypertally.store.postgres import Pool, transaction

AT = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
MINUTE, PERIOD = timedelta(minutes=1), timedelta(minutes=5)
CHANNELS = ("json:11111111", "mailto:22222222")
WEIGHT = 1200
# Where each alert stands, from its moves alone.
REPLAYED = """
select distinct on (type, subject) type, subject, to_state as state, at as since, reason, level,
    wallet_id, org_id,
    (select max(f.at) from ops.alerts as f
     where (f.type, f.subject) = (a.type, a.subject) and f.to_state = 'firing'
         and not exists (select from ops.alerts as r where r.retracts = f.id)) as last_fired_at
from ops.alerts as a
order by type, subject, id desc
"""
STANDING = """
select type, subject, state, since, reason, level, wallet_id, org_id, last_fired_at
from ops.alert_state
where since is not null
order by type, subject
"""


def told(
    pool: Pool, names: Iterable[str] = CHANNELS, *, weight_per_minute: int = WEIGHT, **others: Any
) -> Resources:
    """Resources with channels of these names; a check sends nothing itself."""
    [(_, channel)] = open_channels("json://127.0.0.1:9").items()
    channels = dict.fromkeys(names, channel)
    return offline(pool, channels=channels, weight_per_minute=weight_per_minute, **others)


class Desk:
    """What feeds alerts, as the jobs leave it."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool

    async def run(self, statement: LiteralString, **bound: Any) -> list[dict[str, Any]]:
        async with transaction(self.pool) as connection:
            found = await connection.execute(statement, bound)
            return await found.fetchall() if found.description else []

    async def minute(
        self, at: datetime, *, status: str = "success", coverage: str | None = None
    ) -> None:
        await self.run(
            "insert into ops.ingest_runs (minute, status, started_at, duration_ms, wallets, "
            "wallets_ok, wallets_failed, rows_written, coverage) "
            "values (%(at)s, %(status)s, %(at)s, 1, 10, 10, 0, 30, %(coverage)s)",
            at=at,
            status=status,
            coverage=coverage or ("0" if status == "failed" else "1"),
        )

    async def signal(
        self,
        at: datetime,
        playbook: str = "No-trade / Reduced",
        *,
        asset: str = "HYPE",
        locked: str | None = None,
        ecs: str | None = None,
        high: bool | None = False,
        exposed: int = 100,
    ) -> None:
        bias, risk = playbook.split(" / ")
        exits = {"left": 1, "exposed": exposed, "high": high, "level": None}
        await self.run(
            "insert into metrics.signals (at, asset, definition, locked, wallets, observed, "
            "exposed, coverage, ecs, exits, bias, risk, rule, completeness, digest) "
            "values (%(at)s, %(asset)s, 'smart_money/3', %(locked)s, 200, 200, %(exposed)s, 1, "
            "%(ecs)s, %(exits)s, %(bias)s, %(risk)s, 'matrix', 1, '0:0')",
            at=at,
            asset=asset,
            locked=locked,
            exposed=exposed,
            ecs=ecs,
            exits=Jsonb({} if locked else {"all": exits}),
            bias=bias,
            risk=risk,
        )

    async def wallet(self, number: int, *, org: str | None = "default") -> str:
        """A wallet, and who tracks it; its address."""
        [row] = await self.run(
            "insert into tenancy.wallets (address) "
            "values (decode(lpad(to_hex(%(number)s::integer), 40, '0'), 'hex')) "
            "returning id, '0x' || encode(address, 'hex') as address",
            number=number,
        )
        await self.run(
            "insert into tenancy.org_wallets (org_id, wallet_id, tracked_at) "
            "select id, %(wallet_id)s, %(at)s from tenancy.orgs where name = %(org)s",
            at=AT - timedelta(hours=2),
            wallet_id=row["id"],
            org=org,
        )
        return row["address"]

    async def gap(
        self, wallet: str, kind: str = "position_break", *, from_at: datetime = AT - MINUTE
    ) -> None:
        await self.run(
            "insert into metrics.fill_gaps (wallet_id, coin, kind, from_at, to_at, definition) "
            "select id, 'BTC', %(kind)s, %(from_at)s, %(to_at)s, 'fill_gaps/1' "
            "from tenancy.wallets where '0x' || encode(address, 'hex') = %(wallet)s",
            wallet=wallet,
            kind=kind,
            from_at=from_at,
            to_at=AT,
        )

    async def fill(self, wallet: str, *, at: datetime = AT - MINUTE / 2) -> None:
        """A fill of BTC within the time of that gap."""
        await self.run("select facts.ensure_month('hl_fills_raw', %(at)s)", at=at)
        [row] = await self.run("select count(*) as fills from facts.hl_fills_raw")
        await self.run(
            "insert into facts.hl_fills_raw (wallet_id, coin, time, oid, side, px, sz, crossed, "
            "start_position, dir, closed_pnl, hash, page_id, ordinal, fingerprint) "
            "select id, 'BTC', %(at)s, %(oid)s, 'B', 1, 1, true, 0, 'Open Long', 0, "
            "decode(repeat('00', 32), 'hex'), 1, 0, 1 "
            "from tenancy.wallets where '0x' || encode(address, 'hex') = %(wallet)s",
            wallet=wallet,
            at=at,
            oid=row["fills"],
        )

    async def reject(
        self, wallet: str | None, *, at: datetime, reason: str = "px is not a number"
    ) -> None:
        """A row that could not be read, stored at a time."""
        await self.run(
            "insert into facts.rejects "
            "(wallet_id, source, payload, payload_sha256, reason, page_id, ordinal, inserted_at) "
            "select (select id from tenancy.wallets "
            "        where '0x' || encode(address, 'hex') = %(wallet)s), 'info.userFills', "
            "'{}', sha256(%(at)s::text::bytea), %(reason)s, 1, 0, %(at)s",
            wallet=wallet,
            at=at,
            reason=reason,
        )

    async def object_read(
        self, key: str, *, at: datetime, error: str | None = None, is_local: bool = False
    ) -> None:
        """A reading of an object of the TWAP source, or of a file of this machine."""
        await self.run(
            "insert into ops.etl_s3_ingest_log "
            "(s3_object_key, etag, error_text, ingested_at, is_local) "
            "values (%(key)s, 'e', %(error)s, %(at)s, %(is_local)s)",
            is_local=is_local,
            key=key,
            error=error,
            at=at,
        )

    async def messages(self) -> list[str]:
        """The messages that channels were sent, in order: type, subject, state, others."""
        rows = await self.run(
            "select a.type, a.subject, a.to_state, "
            "(select count(*) from ops.alerts as o where o.told_with = a.id) as others "
            "from ops.alert_deliveries as d join ops.alerts as a on a.id = d.alert_id order by d.id"
        )
        return [
            f"{row['type']} {row['subject']} {row['to_state']} +{row['others']}" for row in rows
        ]

    async def repair(self, wallet: str) -> None:
        """Have the gaps of a wallet asked for again, as a rollup does."""
        [row] = await self.run(
            "select id from tenancy.wallets where '0x' || encode(address, 'hex') = %(wallet)s",
            wallet=wallet,
        )
        async with transaction(self.pool) as connection:
            await schedule_repairs(connection, row["id"], now=AT)

    async def restate(
        self,
        changes: dict[str, Any],
        *,
        wallet: str | None = None,
        org: str | None = None,
        at: datetime = AT,
        day: str = "2026-11-18",
        cause: str = "late facts",
    ) -> None:
        await self.run(
            "insert into metrics.restatements "
            "(metric, wallet_id, org_id, day, cause, changes, restated_at) "
            "select 'wallet_day_metrics', "
            "(select id from tenancy.wallets where '0x' || encode(address, 'hex') = %(wallet)s), "
            "(select id from tenancy.orgs where name = %(org)s), "
            "%(day)s, %(cause)s, %(changes)s, %(at)s",
            wallet=wallet,
            org=org,
            day=day,
            cause=cause,
            changes=Jsonb(changes),
            at=at,
        )

    async def universe(self, churn: str, *, at: datetime = AT, status: str = "chosen") -> None:
        await self.run(
            "insert into metrics.wallet_universe_runs "
            "(taken_at, source, status, members, churn, definition) "
            "values (%(at)s, 'leaderboard', %(status)s, 200, %(churn)s, 'universe/2')",
            at=at,
            status=status,
            churn=churn,
        )

    async def job(self, at: datetime) -> Job:
        """A check, claimed."""
        async with transaction(self.pool) as connection:
            await enqueue_alert_check(connection, at)
        [job] = await queue.claim(
            self.pool,
            worker="test",
            lease_seconds=60,
            limit=1,
            only_kinds=["check_alerts"],
        )
        return job

    async def check(
        self,
        at: datetime = AT,
        *,
        channels: tuple[str, ...] = (),
        weight: int = WEIGHT,
        twap_source: TwapSource | None = None,
        bounds: Mapping[str, Decimal] | None = None,
    ) -> None:
        job = await self.job(at)
        resources = told(
            self.pool,
            channels,
            weight_per_minute=weight,
            twap_source=twap_source,
            alert_bounds=AlertBounds(**(bounds or {})),
        )
        await alerts_check.check_alerts(resources, job)

    async def moves(self, name: str = "%") -> list[str]:
        """The moves so far, as `subject: state`; the first with its minute."""
        rows = await self.run(
            "select subject, to_state from ops.alerts where type like %(name)s order by id",
            name=name,
        )
        return [f"{row['subject']}: {row['to_state']}" for row in rows]

    async def everything(self) -> dict[str, list[dict[str, Any]]]:
        """All that checks write."""
        return {
            "moves": await self.run("select * from ops.alerts order by id"),
            "standings": await self.run("select * from ops.alert_state order by type, subject"),
            "deliveries": await self.run("select * from ops.alert_deliveries order by id"),
            "told": await self.run(
                "select payload from ops.jobs where kind = 'deliver_alert' order by id"
            ),
            "gaps": await self.run("select * from ops.alert_gaps order by wallet_id, from_at"),
            "marks": await self.run("select * from ops.unjudged_restatements"),
        }

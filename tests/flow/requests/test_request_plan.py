"""The plan of requests is right: weight by purpose, as the ledger of the allowance has it later."""

from collections import Counter
from datetime import timedelta

from tests.flow.books import serving
from tests.flow.requests.steady_wallets import START, SteadyWallets
from tests.flow.requests.virtual_hours import MINUTE, Hours, open_hours

from hypertally.jobs import membership
from hypertally.jobs.request_plan.activity import read_activity
from hypertally.jobs.request_plan.plan import Plan, make_plan
from hypertally.store.postgres import transaction

MINUTES = 61  # second readings are so far apart
WATCHED = 10
WEIGHT_PER_MINUTE = 1_000_000  # what becomes of a small one is the planner's arithmetic
# All histories are read, and read a second time: after an hour, or after a day at rest. The day
# that ended meanwhile is confirmed by two readings more.
BEFORE = (MINUTE, 62 * MINUTE, timedelta(days=1), 62 * MINUTE, 62 * MINUTE, MINUTE, MINUTE)
TOLERANCE = 0.1
SMALL = 0.01  # of all weight: a purpose may be off by so much, however little it needs


async def test_an_hour_costs_what_the_plan_said_by_purpose(database_url: str) -> None:
    async with (
        serving(SteadyWallets()) as exchange,
        open_hours(
            database_url,
            exchange,
            start=START,
            watched=WATCHED,
            weight_per_minute=WEIGHT_PER_MINUTE,
        ) as hours,
    ):
        await membership.track(hours.pool, await exchange.addresses(), org="default")
        for delta in BEFORE:
            await hours.step(delta)
        plan = await plan_now(hours)
        spent = await spend(hours, minutes=MINUTES)
    table = {line.kind: (float(line.needed) * MINUTES, spent[line.kind]) for line in plan.lines}
    assert set(spent) <= set(table), spent
    total = sum(spent.values())
    assert abs(float(plan.needed) * MINUTES - total) <= TOLERANCE * total, table
    wrong = {
        kind: (round(planned), measured)
        for kind, (planned, measured) in table.items()
        if abs(planned - measured) > max(TOLERANCE * measured, SMALL * total)
    }
    assert not wrong, table
    assert sum(measured > 0 for _, measured in table.values()) >= 9


async def plan_now(hours: Hours) -> Plan:
    """The plan for the tracked wallets, as `hypertally plan` makes it."""
    async with transaction(hours.pool) as connection:
        activity = await read_activity(connection, hours.clock())
    return make_plan(activity, weight_per_minute=WEIGHT_PER_MINUTE)


async def spend(hours: Hours, *, minutes: int) -> Counter[str]:
    """Let minutes pass; the weight that each purpose spent."""
    await hours.forget_spends()
    spent = Counter[str]()
    for _ in range(minutes):
        await hours.step(MINUTE)
        spent.update(await hours.count_spends())  # each minute: housekeeping forgets old ones
        await hours.forget_spends()
    return spent

"""`hypertally explain`: what a figure was computed from, exactly as the API answers it."""

from collections.abc import Mapping

import click
import msgspec

from hypertally.api.explain.catalogue import Catalogue
from hypertally.api.http.limits import PAGE_ROWS_MAX, STATEMENT_SECONDS_MAX
from hypertally.api.http.problems import Problem
from hypertally.api.identity.auth import Identity, connect_as
from hypertally.api.resource.answer_names import NameReader
from hypertally.api.resource.answers import encode
from hypertally.api.resource.parameters import Cursor, PageParameters, read_parameter
from hypertally.cli import database, runtime
from hypertally.cli.exchange.sandbox_home import read_settings
from hypertally.cli.options import org_option
from hypertally.errors import Refused
from hypertally.flow import METRICS
from hypertally.settings import Settings
from hypertally.store.postgres import open_pool
from hypertally.tenancy.orgs import find_org

ROLE = "analyst"  # the lowest that may read every explanation
NEVER = float("inf")  # the command ends before its identity expires

CATALOGUE = Catalogue(METRICS)


def _list_metrics() -> str:
    lines = (f"  {name} {about.usage()}" for name, about in CATALOGUE.explanations.items())
    return "\b\n" + "\n".join(lines)


@click.command(name="explain", epilog=_list_metrics())
@click.argument("metric")
@click.argument("key", nargs=-1)
@org_option
@click.option("--limit", type=click.IntRange(1, PAGE_ROWS_MAX), default=20, show_default=True)
@click.option("--cursor", help="The next page: `next` of the page before.")
@click.option("--from", "first", metavar="DAY", help="Explain a total: the first of its days.")
@click.option("--to", "last", metavar="DAY", help="Explain a total: the last of its days.")
@click.option("--month", metavar="YYYY-MM", help="Explain a total: of the days of a month.")
@click.option("--compact", is_flag=True, help="One line, with the digits of the API.")
@click.option("--json", "compact", is_flag=True, help="The same as --compact.")
def explain_command(
    *,
    metric: str,
    key: tuple[str, ...],
    org: str,
    limit: int,
    cursor: str | None,
    first: str | None,
    last: str | None,
    month: str | None,
    compact: bool,
) -> None:
    """Print what a figure was computed from, as JSON.

    Definition, inputs, digest, subtotals, gaps and restatements of a row. METRIC and KEY are one
    of those below; where values in brackets are left out, all rows of the shorter key are listed.
    With --from and --to, or --month, the total of these days is explained: KEY has no day then.
    """
    range_texts = {"from": first, "to": last, "month": month}
    days = {name: text for name, text in range_texts.items() if text is not None}
    if days and cursor is not None:
        raise Refused(f"--cursor {cursor}: a total has no pages, leave it out")
    try:
        # What is no text came from the shell as bytes that are not UTF-8.
        " ".join((metric, *key)).encode()
        (CATALOGUE.find_range if days else CATALOGUE.find)(metric, key)
        place = read_parameter("cursor", cursor, shape=Cursor) if cursor else None
        page = PageParameters(limit=limit, cursor=place)
        body = runtime.run(
            _explain(read_settings(), org, metric=metric, key=key, page=page, days=days)
        )
    except Problem as problem:
        raise Refused(problem.detail) from problem
    except UnicodeEncodeError as error:
        raise Refused(f"{key!a} is not UTF-8 text: write the key as answers show it") from error
    click.echo(set_out(body, compact=compact))


def set_out(body: bytes, *, compact: bool) -> bytes:
    """Lay out an answer anew, on one line or indented; each number stays as it is written."""
    return msgspec.json.format(body, indent=-1 if compact else 2)


async def _explain(
    settings: Settings,
    org: str,
    *,
    metric: str,
    key: tuple[str, ...],
    page: PageParameters,
    days: Mapping[str, str],
) -> bytes:
    """Answer as the API does: with its database role, as a user of the org."""
    async with database.migrated(settings) as url:
        caller = await _act_in(url, org)
        async with (
            open_pool(
                database.reading_address(settings, url),
                role="hypertally_api",
                size=1,
                statement_seconds_max=STATEMENT_SECONDS_MAX,
            ) as pool,
            connect_as(pool, caller) as connection,
        ):
            if days:
                content = await CATALOGUE.explain_range(
                    connection, caller, metric, key=key, days=days
                )
            else:
                content = await CATALOGUE.explain(connection, caller, metric, key=key, page=page)
            return await NameReader().add_within(connection, encode(content), caller)


async def _act_in(url: str, org: str) -> Identity:
    """Who the command asks as: who may open the database may see what any org may."""
    async with database.tenancy_transaction(url) as connection:
        org_id = await find_org(connection, org)
    return Identity(
        user_id="", org_id=org_id, org=org, role=ROLE, expires_at=NEVER, names_wallets=True
    )

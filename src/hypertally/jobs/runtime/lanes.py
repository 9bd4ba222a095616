"""Lanes: which kinds of jobs a worker runs side by side, and in how many places.

Jobs that ask the exchange wait for its allowance. They must not keep the jobs that only compute
from their turn, nor the minute's snapshot from its minute; nor may a mail server that is slow.
"""

from collections.abc import Iterable, Sequence

from hypertally.jobs.runtime.kinds import AnyKind, Lane
from hypertally.records import Record

# Enough to hide the exchange's latency, few enough for one pool of connections.
ASKING_PLACES = 6
COMPUTING_PLACES = 3
WATCHING_PLACES = 5  # two that read or compute again hold up neither the minute nor its signals
ALERTING_PLACES = 4  # two receivers that hang hold up no check
PLACES = ASKING_PLACES + COMPUTING_PLACES + WATCHING_PLACES + ALERTING_PLACES
# A job that comes due while every place is held waits for the slowest job that holds one. So no
# kind ever takes the last computing place, though the place stands empty while no other kind is
# due. Each worker keeps the rule for itself: then every worker has a place for the other kinds.
COMPUTING_PLACES_A_KIND = COMPUTING_PLACES - 1


class LanePlaces(Record, frozen=True, kw_only=True):
    """The places of one lane in a worker, and the kinds whose jobs may take them."""

    only_kinds: frozenset[str] | None = None  # None: every kind
    except_kinds: frozenset[str] = frozenset()
    places: int
    places_a_kind: int | None = None  # None: one kind may take all places

    def takes(self, kind: str) -> bool:
        """Whether jobs of a kind run in this lane."""
        is_chosen = self.only_kinds is None or kind in self.only_kinds
        return is_chosen and kind not in self.except_kinds

    def full_kinds(self, running: Sequence[str]) -> frozenset[str]:
        """The kinds that may take no further place; `running`: the kind of each running job."""
        most = self.places_a_kind
        if most is None:
            return frozenset()
        return frozenset(kind for kind in running if running.count(kind) >= most)


def lanes_of(
    kinds: Iterable[AnyKind], *, watching: bool, watching_alone: bool
) -> Sequence[LanePlaces]:
    """The lanes of a worker.

    `watching`: it runs smart money too. `watching_alone`: it runs nothing else but alerts. The
    computing lane also takes jobs of kinds that are not declared, so that these are buried.
    """
    all_kinds = tuple(kinds)
    names = {lane: frozenset(kind.name for kind in all_kinds if kind.lane == lane) for lane in Lane}
    alerting = LanePlaces(only_kinds=names[Lane.ALERTING], places=ALERTING_PLACES)
    watched = names[Lane.WATCHING] if watching else frozenset[str]()
    if watching_alone:
        needed = frozenset(kind.name for kind in all_kinds if kind.serves_watching)
        return (LanePlaces(only_kinds=watched | needed, places=WATCHING_PLACES), alerting)
    computing = LanePlaces(
        except_kinds=names[Lane.ASKING] | names[Lane.WATCHING] | names[Lane.ALERTING],
        places=COMPUTING_PLACES,
        places_a_kind=COMPUTING_PLACES_A_KIND,
    )
    asking = LanePlaces(only_kinds=names[Lane.ASKING], places=ASKING_PLACES)
    others = (computing, asking, alerting)
    return (LanePlaces(only_kinds=watched, places=WATCHING_PLACES), *others) if watching else others

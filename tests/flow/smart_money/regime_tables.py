"""What each regime must show, by hand: locks, playbooks, and the moves of alerts.

Minutes are those of the playback. The figures named in comments are the oracle's, which stored rows
are compared with elsewhere; the words follow from them by the definitions' hysteresis, overrides,
matrix and table of alerts.
"""

PERIODS = range(0, 46, 5)
LONGER = range(0, 66, 5)  # of the regime that is played past its last alert


def periods(name: str) -> range:
    """The ends of the periods of a recording."""
    return LONGER if name == "herding_in" else PERIODS


# The feed fails from 15 to 34. At 15 and 20 its last good minute, 14, is one and six minutes old:
# the newest snapshot failed. At 25 it is more than ten minutes old. At 30 of the thin one 70% of
# the wallets answer, which is under 80%.
LOCKED = {
    "stale_feed": {
        15: "snapshot_failed",
        20: "snapshot_failed",
        25: "health_stale",
        30: "health_stale",
    },
    "thin_coverage": {30: "health_stale"},
}


# What the second version's playbook must say of HYPE and of BTC: minute, bias, risk, rule, the
# sides exposure may be added to, the sides whose stops are to be tightened.
Said = tuple[int, str, str, str, str, str]
BEFORE: list[Said] = [
    # There is no earlier snapshot: all inputs are null, and what there was is held.
    (0, "No-trade", "Defensive", "held", "unknown", "unknown"),
    # In the usual coming and going 9 buy and 10 sell: Dispersion 94.7 is High, which needs no trend
    # (its three periods are not yet over) to override all.
    (5, "No-trade", "Defensive", "dispersion_high", "none", "both"),
    (10, "No-trade", "Defensive", "dispersion_high", "none", "both"),
    (15, "No-trade", "Defensive", "dispersion_high", "none", "both"),
]
CALM: list[Said] = [
    (at, "No-trade", "Defensive", "dispersion_high", "none", "both") for at in LONGER[1:]
]
PLAYBOOKS: dict[str, list[Said]] = {
    "herding_in": [
        *BEFORE,
        # All buy: CAS 87.5, Dispersion 0. But High is left after two periods below 55.
        (20, "No-trade", "Defensive", "dispersion_high", "none", "both"),
        # Left. CAS is at 62 or more for the second period and rises (the mean before is 62.5), so
        # Long / Normal is called for; but risk, Defensive until now, improves by one step in two
        # periods, of which this is the first, and no side is entered at Defensive risk.
        (25, "No-trade", "Defensive", "risk_wait", "long", "short"),
        # The second: one step, to Reduced. CAS still rises against a mean of 75.
        (30, "Long", "Reduced", "strong_with", "long", "short"),
        # 87.5 as in the three before: flat, strong, Low and Low is Long / Reduced.
        (35, "Long", "Reduced", "strong_steady", "none", "none"),
        # The usual again: Dispersion 89.7. A move to No-trade and a worse risk are immediate.
        (40, "No-trade", "Defensive", "dispersion_high", "none", "both"),
        *((at, "No-trade", "Defensive", "dispersion_high", "none", "both") for at in LONGER[9:]),
    ],
    # As many buy as sell from beginning to end: Dispersion is never under 91.
    "split": [
        *BEFORE[:1],
        *CALM[: len(PERIODS) - 1],
    ],
    "exit_cascade": [
        *BEFORE,
        # 36 of 100 leave: ECS 36, z 15. High; and CAS is clamped to 40. Dispersion 0 for the first
        # period after High, which is asked before exits are.
        (20, "No-trade", "Defensive", "dispersion_high", "none", "both"),
        # Dispersion is Low now; ECS 26.5 (22 of 83) is High. Stops of longs: 73% of them leave, and
        # CAS 40 falls against 46.7.
        (25, "No-trade", "Defensive", "exits_high", "none", "long"),
        # ECS 6.4 is under 20 for the first period, so still High. Of longs 5 of 12 leave: not High
        # by number, but not under 20 either. CAS, no longer clamped, is 22.7.
        (30, "No-trade", "Defensive", "exits_high", "none", "long"),
        # The second period under 20. CAS 23.8 falls against 34.2, the second period at 38 or less:
        # Short / Normal is called for, but risk stays Defensive for one more period. Longs leave
        # under 20 for the first period; and CAS falls against them.
        (35, "No-trade", "Defensive", "risk_wait", "short", "long"),
        # CAS 19.2 falls against 28.9; but Dispersion is 40.00, no longer Low, and a strong side
        # with Medium is in no row of the matrix. Risk improves to the Reduced that this calls for.
        (40, "No-trade", "Reduced", "anything_else", "short", "long"),
        # The same, flat against 21.9.
        (45, "No-trade", "Reduced", "anything_else", "none", "none"),
    ],
    "liquidation_cascade": [
        *BEFORE,
        # 26 of 100 are liquidated, which is no exit of theirs; 4 leave: ECS 4. The shorts add: CAS
        # 22.7, Dispersion 0, for the first period.
        (20, "No-trade", "Defensive", "dispersion_high", "none", "both"),
        # Short / Normal is called for (falling against 40.9, the second period at 38 or less), as
        # risk stays Defensive for one more period.
        (25, "No-trade", "Defensive", "risk_wait", "short", "long"),
        # Falling against 31.8; risk one step better.
        (30, "Short", "Reduced", "strong_with", "short", "long"),
        # Nobody acts: CAS and Dispersion are null. Held for one period; the flags hang on them.
        (35, "Short", "Reduced", "held", "unknown", "unknown"),
        # 9 add, so CAS is still null, and 11 buy or sell: Dispersion 72.7 is known, and High.
        (40, "No-trade", "Defensive", "dispersion_high", "none", "both"),
        (45, "No-trade", "Defensive", "dispersion_high", "none", "both"),
    ],
    "stale_feed": [
        *BEFORE[:3],
        # Nothing is known while the feed is away: see LOCKED.
        (15, "No-trade", "Defensive", "locked:snapshot_failed", "unknown", "unknown"),
        (20, "No-trade", "Defensive", "locked:snapshot_failed", "unknown", "unknown"),
        (25, "No-trade", "Defensive", "locked:health_stale", "unknown", "unknown"),
        (30, "No-trade", "Defensive", "locked:health_stale", "unknown", "unknown"),
        # The first snapshot, with none of five minutes before: no score. Dispersion was High when
        # it was last known, and has not been under 55 since.
        (35, "No-trade", "Defensive", "dispersion_high", "none", "both"),
        (40, "No-trade", "Defensive", "dispersion_high", "none", "both"),
        (45, "No-trade", "Defensive", "dispersion_high", "none", "both"),
    ],
    "thin_coverage": [
        *BEFORE,  # at 15 the first 8% are missing: 92% is enough
        (20, "No-trade", "Defensive", "dispersion_high", "none", "both"),
        # 85%: No-trade / Reduced, whatever else. Dispersion is known, and High.
        (25, "No-trade", "Reduced", "thin_coverage", "none", "both"),
        # 70%: locked.
        (30, "No-trade", "Defensive", "locked:health_stale", "unknown", "unknown"),
        # All answer, but 30% did not at the begin of the period: CAS is null; Dispersion is High.
        (35, "No-trade", "Defensive", "dispersion_high", "none", "both"),
        (40, "No-trade", "Defensive", "dispersion_high", "none", "both"),
        (45, "No-trade", "Defensive", "dispersion_high", "none", "both"),
    ],
}


# Every move of every alert: minute, type, subject, from, to.
Moved = tuple[int, str, str, str, str]


def told(minute: int, *subjects: str) -> list[Moved]:
    """A new playbook, told and over."""
    return [
        (minute, "regime_change", subject, *states)
        for subject in subjects
        for states in (("pending", "firing"), ("firing", "resolved"))
    ]


def told_at_once(minute: int, *subjects: str) -> list[Moved]:
    """A move toward safety after an alert that was told, told and over."""
    return [
        (minute, "regime_change", subject, *states)
        for subject in subjects
        for states in (("resolved", "firing"), ("firing", "resolved"))
    ]


def moved(minute: int, name: str, *subjects: str, states: tuple[str, str]) -> list[Moved]:
    return [(minute, name, subject, *states) for subject in subjects]


WAITS, NO_MORE = ("inactive", "pending"), ("pending", "inactive")
ALERTS: dict[str, list[Moved]] = {
    # Alerts follow the third version, whose trend needs three known periods: risk first improves at
    # 25. Long / Reduced from 25 to 35; No-trade / Defensive at 40, a move toward safety, is told at
    # once. ETH, where as many buy as sell, goes from Defensive to Reduced.
    "herding_in": [
        *moved(25, "regime_change", "BTC", "ETH", "HYPE", states=WAITS),
        *told(30, "BTC", "ETH", "HYPE"),
        *told_at_once(40, "BTC", "HYPE"),
    ],
    # HYPE and BTC stay No-trade / Defensive from beginning to end.
    "split": [
        *moved(25, "regime_change", "ETH", states=WAITS),
        *told(30, "ETH"),
    ],
    # Only ends of periods are recorded. More than 20% of the holders leave at once, so each such
    # end is held back for a next minute that never comes: no score, and no cluster of exits, until
    # 35. Short / Reduced at 40 and 45.
    "exit_cascade": [
        *moved(25, "regime_change", "ETH", states=WAITS),
        *told(30, "ETH"),
        *moved(40, "regime_change", "BTC", "HYPE", states=WAITS),
        *told(45, "BTC", "HYPE"),
    ],
    # Held back as above until 30; then nobody acts, and HYPE and BTC stay No-trade / Defensive.
    "liquidation_cascade": [
        *moved(25, "regime_change", "ETH", states=WAITS),
        *told(30, "ETH"),
    ],
    # Stale from 25 on, the last good minute 14 being 660 s old; well for two checks at 35 and 36.
    "stale_feed": [
        (25, "system_stale", "system", "inactive", "firing"),
        (36, "system_stale", "system", "firing", "resolved"),
    ],
    # No-trade / Reduced at 25; 30 and 35 are locked, which is Defensive, as what was told; so is
    # 40, as risk improves by a step in two periods, and Reduced again at 45. 70% are stale at once.
    "thin_coverage": [
        *moved(25, "regime_change", "BTC", "ETH", "HYPE", states=WAITS),
        *moved(30, "regime_change", "BTC", "ETH", "HYPE", states=NO_MORE),
        (30, "system_stale", "system", "inactive", "firing"),
        (36, "system_stale", "system", "firing", "resolved"),
        *moved(45, "regime_change", "BTC", "ETH", "HYPE", states=WAITS),
    ],
}

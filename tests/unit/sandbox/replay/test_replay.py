"""Recordings of every shape are found, keep their wallet and keep every field."""

import json
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

import pytest

from hypertally.sandbox.replay.recordings import BadRecording
from hypertally.sandbox.replay.replay import ReplayExchange

ALICE, BOB = "0x" + "a" * 40, "0x" + "B" * 40
NOW_MS = 0


def fill(time: int, **more: object) -> dict[str, object]:
    usual = {"coin": "BTC", "px": "1.0", "sz": "2.0", "side": "B", "time": time, "oid": 9}
    return usual | {"dir": "Open Long", "crossed": False, "future": {"kept": [1, "x"]}} | more


def write(folder: Path, name: str, content: object) -> None:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    text = content if isinstance(content, str) else json.dumps(content)
    (folder / name).write_text(text)


def served(folder: Path) -> dict[str, list[object]]:
    found: dict[str, list[object]] = {}
    for wallet, body in ReplayExchange(folder).fills():
        found.setdefault(wallet, []).append(json.loads(body))
    return found


def path_address(name: str) -> str:
    return "0x" + sha256(name.encode()).hexdigest()[:40]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("list.json", [fill(2), fill(1)]),
        ("deep/lines.jsonl", json.dumps(fill(1)) + "\n\n" + json.dumps(fill(2))),
        ("frame.json", {"channel": "user", "data": {"fills": [fill(1), fill(2)]}}),
    ],
)
def test_rows_that_name_nobody_belong_to_an_address_made_of_the_path(
    tmp_path: Path, name: str, content: object
) -> None:
    write(tmp_path, name, content)
    assert served(tmp_path) == {path_address(name): [fill(1), fill(2)]}


def test_a_block_line_names_the_wallet_beside_each_fill(tmp_path: Path) -> None:
    line = {"block_number": 1, "events": [[ALICE, fill(1)], [BOB, fill(1, side="A")]]}
    write(tmp_path, "blocks.jsonl", json.dumps(line))
    assert served(tmp_path) == {ALICE: [fill(1)], BOB.lower(): [fill(1, side="A")]}


def test_a_user_field_is_the_wallet_and_stays_in_the_row(tmp_path: Path) -> None:
    write(tmp_path, "lines.jsonl", json.dumps(fill(1, user=ALICE)))
    assert served(tmp_path) == {ALICE: [fill(1, user=ALICE)]}


def test_a_twap_slice_gets_the_id_that_stands_outside_it(tmp_path: Path) -> None:
    data = {"user": ALICE, "twapSliceFills": [{"fill": fill(1, twapId=None), "twapId": 77}]}
    write(tmp_path, "slices.json", {"channel": "userTwapSliceFills", "data": data})
    assert served(tmp_path) == {ALICE: [fill(1, twapId=77)]}


def test_an_own_liquidation_names_the_wallet_and_anothers_does_not(tmp_path: Path) -> None:
    own = fill(1, dir="Close Long", crossed=True, liquidation={"liquidatedUser": ALICE})
    write(tmp_path, "own.json", [own, fill(2)])
    absorbed = fill(3, dir="Open Short", liquidation={"liquidatedUser": BOB})
    write(tmp_path, "absorbed.json", [absorbed])
    assert served(tmp_path) == {
        ALICE: [own, fill(2)],
        path_address("absorbed.json"): [absorbed],
    }


def test_other_recorded_things_are_not_taken_for_fills(tmp_path: Path) -> None:
    trade = {"coin": "BTC", "side": "A", "px": "1", "sz": "1", "time": 1, "tid": 3, "users": []}
    write(tmp_path, "trades.jsonl", json.dumps(trade))
    write(tmp_path, "book.json", {"levels": [[{"px": "1", "sz": "2", "n": 1}]], "time": 5})
    write(tmp_path, "table.csv", "coin,px,sz,side,time,oid\nBTC,1,1,B,1,1\n")
    assert served(tmp_path) == {}


def record(folder: Path, *entries: tuple[Mapping[str, object], int, object, str]) -> None:
    index: list[dict[str, object]] = []
    for at, (request, status, content, recorded) in enumerate(entries):
        write(folder, f"{at}.json", content)
        entry: dict[str, object] = {"file": f"{at}.json", "request": request, "http_status": status}
        index.append(entry | {"recorded": recorded})
    write(folder, "_requests.json", index)


def ask(exchange: ReplayExchange, request: object) -> tuple[int, str]:
    answer = exchange.answer(json.dumps(request).encode(), now_ms=NOW_MS)
    return answer.status, answer.body.decode()


def test_a_recorded_request_gets_its_recorded_status_and_bytes(tmp_path: Path) -> None:
    request = {"type": "batch", "users": [ALICE]}
    record(tmp_path, (request, 500, "null", ""), ({"type": "portfolio"}, 200, '[ 1 ,"x"]', ""))
    exchange = ReplayExchange(tmp_path)
    assert ask(exchange, dict(reversed(request.items()))) == (500, "null")
    assert ask(exchange, {"type": "portfolio"}) == (200, '[ 1 ,"x"]')
    assert ask(exchange, {"type": "nothing recorded"}) == (500, "null")
    assert ask(exchange, ["no type"])[0] == ask(exchange, {"type": 5})[0] == 422


def test_the_newest_of_several_recordings_answers(tmp_path: Path) -> None:
    meta = {"type": "meta"}
    record(
        tmp_path,
        (meta, 200, '{"of":2025}', "Sun, 09 Nov 2025 17:01:54 GMT"),
        (meta, 200, '{"of":"2024, and much longer"}', "Fri, 01 Nov 2024 17:01:54 GMT"),
        (meta, 200, '{"of":"nobody knows when, and longer still"}', ""),
    )
    exchange = ReplayExchange(tmp_path)
    assert ask(exchange, meta) == ask(exchange, meta | {"dex": ""}) == (200, '{"of":2025}')


def test_spot_meta_comes_from_the_answer_that_contains_it(tmp_path: Path) -> None:
    record(tmp_path, ({"type": "spotMetaAndAssetCtxs"}, 200, '[{"universe":[]},[]]', ""))
    assert ask(ReplayExchange(tmp_path), {"type": "spotMeta"}) == (200, '{"universe":[]}')


def test_rows_seen_in_two_recordings_are_one_row(tmp_path: Path) -> None:
    rows = [fill(2), fill(1)]
    record(
        tmp_path,
        ({"type": "userFills", "user": BOB}, 200, rows, ""),
        ({"type": "userFillsByTime", "user": BOB, "startTime": 0}, 200, rows, ""),
    )
    exchange = ReplayExchange(tmp_path)
    assert [(count.address, count.legs) for count in exchange.wallets()] == [(BOB.lower(), 2)]


def test_a_broken_recording_is_named(tmp_path: Path) -> None:
    write(tmp_path, "cut.json", '[{"coin":')
    with pytest.raises(BadRecording, match=r"cut\.json is not JSON"):
        ReplayExchange(tmp_path)
    with pytest.raises(BadRecording, match="does not exist"):
        ReplayExchange(tmp_path / "nowhere")

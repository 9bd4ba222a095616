"""The command line as a user has it: processes, exit codes, one-line errors."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

COMMAND = Path(sys.executable).with_name("hypertally")
ADDRESS = "0x31ca8395cf837de08b24da3f660e77761dfb974b"
OTHER_ADDRESS = "0x" + "1f" * 20  # the home is shared, and the order of the tests is random
PATIENCE_SECONDS = 60


@dataclass(frozen=True)
class Shell:
    """A user with a home of their own."""

    home: Path

    def run(self, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [COMMAND, *arguments],
            env=self.environment(**settings),
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )

    def environment(self, **settings: str) -> dict[str, str]:
        return os.environ | {"HYPERTALLY_HOME": str(self.home), "HYPERTALLY_PORT": "0"} | settings


@dataclass(frozen=True)
class System:
    """A running `hypertally up --sandbox`."""

    shell: Shell
    process: subprocess.Popen[str]
    base: str
    link: str

    def run(self, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
        """Run a command of the sandbox."""
        return self.shell.run(*arguments, "--sandbox", **settings)

    def get(self, path: str, token: str) -> Any:
        request = urllib.request.Request(
            self.base + path, headers={"Authorization": f"Bearer {token}"}
        )
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.load(answer)


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Shell:
    return Shell(tmp_path_factory.mktemp("shell"))


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    shell = Shell(tmp_path_factory.mktemp("system"))
    with subprocess.Popen(
        [COMMAND, "up", "--sandbox", "--world", "small"],
        env=shell.environment(),
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        link = next(
            found[0] for line in process.stdout if (found := re.search(r"http\S+token=\S+", line))
        )
        yield System(shell, process, link.split("/sign-in")[0], link)
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            process.wait(PATIENCE_SECONDS)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["wallets", "add", "0x12"], "'0x12' is not an address"),
        (["wallets", "list", "--org", "nobody"], "no org is called 'nobody'"),
        (["wallets", "label", "0x12", "Jump"], "'0x12' is not an address"),
        (["wallets", "label", "0x" + "2f" * 20, "two\nlines"], "is not a label"),
        (["rebuild", "nothing"], "no metric is called 'nothing'"),
        (["rebuild", "--from", "2026-13-02"], "2026-13-02"),
        (["rebuild", "--from", "2026-02-02", "--to", "2026-02-01"], "lies before"),
        (["explain", "wallet_day_metrics", ADDRESS], "ADDRESS DAY"),
        (
            ["explain", "wallet_day_metrics", "--month", "2026-10"],
            "named by ADDRESS, not by nothing",
        ),
        (["explain", "global_day_metrics", "--month", "2026-13"], "month"),
        (["explain", "global_day_metrics", "2999-01-01"], "must not lie after today"),
        (
            ["explain", "global_day_metrics", "--from", "2026-02-02", "--to", "2026-02-01"],
            "2026-02-01",
        ),
        (["explain", "twaps", "1", "--from", "2026-02-02"], "has no range of days"),
        (["explain", "global_day_metrics", "--month", "2026-02", "--cursor", "x"], "--cursor x"),
        (["pull", "fills", "--once", "--wallet", ADDRESS], "is not tracked"),
        (["up", "--replay", "/"], "needs --sandbox"),
        (["no-such-command"], "No such command"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_exit_code_2(
    shell: Shell, arguments: list[str], said: str
) -> None:
    done = shell.run(*arguments)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert said in done.stderr


def test_a_file_with_a_bad_line_imports_nothing(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "wallets.txt"
    file.write_text(f"{OTHER_ADDRESS}\nnot-an-address\n")
    done = shell.run("wallets", "import", str(file))
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "line 2: 'not-an-address'" in done.stderr
    assert OTHER_ADDRESS not in shell.run("wallets", "list").stdout


def test_wallets_are_imported_once_listed_and_removed(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "wallets.txt"
    file.write_text(f"# ours\n{ADDRESS.upper().replace('X', 'x', 1)}\n\n{ADDRESS}  # again\n")
    assert shell.run("wallets", "import", str(file)).stdout == "1 added, repeated lines: 1\n"
    assert "0 added, 1 were tracked already" in shell.run("wallets", "import", str(file)).stdout
    listed = json.loads(shell.run("wallets", "list", "--json").stdout)
    assert (listed["wallet"], listed["from_day"], listed["to_day"]) == (ADDRESS, None, None)
    assert shell.run("wallets", "remove", ADDRESS).stdout == "1 removed\n"
    assert json.loads(shell.run("wallets", "list", "--json").stdout)["to_day"] is not None
    assert shell.run("wallets", "remove", ADDRESS).returncode == 2


def test_a_database_that_is_away_is_one_line(shell: Shell) -> None:
    done = shell.run("status", HYPERTALLY_DATABASE_URL="postgresql://nobody@127.0.0.1:1/none")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "does not answer" in done.stderr


def test_up_serves_numbers_that_verify_and_explain(system: System) -> None:
    token = system.run("token", "--role", "analyst").stdout.strip()
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (top := system.get("/api/v1/wallets/top?by=fills&window=90d", token)["wallets"]):
        assert time.monotonic() < deadline, "no number after a minute"
        time.sleep(0.5)
    days = system.get(f"/api/v1/wallets/{top[0]['wallet']}/days?limit=1", token)["days"]
    key = [top[0]["wallet"], days[0]["day"]]
    explained = system.run("explain", "wallet_day_metrics", *key, "--json")
    assert explained.stdout.count("\n") == 1, "the database breaks the lines of its lists"
    proof = json.loads(explained.stdout)
    assert proof["inputs"]["count"] == proof["value"]["fills"]
    assert proof["inputs"]["digest"] == proof["value"]["digest"]
    for key in (["global_day_metrics"], ["wallet_day_metrics", top[0]["wallet"]]):
        done = system.run("explain", *key, "--month", days[0]["day"][:7])
        assert done.returncode == 0, done.stderr
        of_month = json.loads(done.stdout)
        assert of_month["value"]["fills"] >= proof["value"]["fills"]
        assert of_month["key"]["from"] == f"{days[0]['day'][:7]}-01"
    verified = system.run("verify", "--json")
    assert verified.returncode == 0, verified.stdout + verified.stderr
    status = json.loads(system.run("status", "--json").stdout)
    assert status["wallets"]["tracked"] == 30
    weights = {job["kind"]: job["weight_ten_minutes"] for job in status["jobs"]}
    assert weights["ingest_wallet"] >= 30 * 20, "a page of fills of each wallet at the least"
    assert weights["rollup_wallet_day"] == 0


def test_up_has_read_its_archive_that_every_org_may_see(system: System) -> None:
    assert system.run("orgs", "add", "onlooker").returncode == 0
    token = system.run("token", "--org", "onlooker").stdout.strip()
    until = time.monotonic() + PATIENCE_SECONDS
    while not system.get("/api/v1/twaps?limit=1", token)["twaps"]:
        assert time.monotonic() < until, "the archive was not read"
        time.sleep(0.2)


def test_made_up_wallets_never_stand_among_real_ones(system: System) -> None:
    beside = system.shell.run("status", "--json")
    assert json.loads(beside.stdout)["wallets"]["tracked"] == 0
    assert "these books are of sandbox:7" in system.run("adopt").stdout
    home = str(system.shell.home / "sandbox")
    moved = {"HYPERTALLY_HOME": home, "HYPERTALLY_NETWORK": "ours"}
    done = system.shell.run("smart-money", "--once", **moved)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert re.search(r"books are of sandbox:7@\w{8}, but the settings name ours", done.stderr)


def test_a_minute_beside_a_sandbox_is_asked_of_the_sandbox(system: System) -> None:
    elsewhere = {"HYPERTALLY_INFO_URL": "http://127.0.0.1:9/info"}
    done = system.run("smart-money", "--once", **elsewhere)
    addresses = json.loads((system.shell.home / "sandbox" / "addresses.json").read_text())
    assert f"exchange={addresses['url']}/info" in done.stderr
    # The worker of `up` may be recording this minute already.
    assert done.returncode == 0 or "another worker is recording" in done.stderr


def test_a_sandbox_of_its_own_is_named_by_its_seed(tmp_path: Path, unnamed_url: str) -> None:
    shell = Shell(tmp_path)
    port = _free_port()
    small = ["--wallets", "1", "--days", "1", "--fills", "10", "--leaders", "0"]
    own = {
        "HYPERTALLY_DATABASE_URL": unnamed_url,
        "HYPERTALLY_INFO_URL": f"http://127.0.0.1:{port}/info",
        "HYPERTALLY_NETWORK": "",
    }
    with subprocess.Popen([COMMAND, "sandbox", "--port", str(port), "--seed", "9", *small]) as run:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while shell.run("orgs", "list", **own).returncode:
            assert time.monotonic() < deadline, "the sandbox does not answer"
        assert "these books are of sandbox:9" in shell.run("adopt", **own).stdout
        run.terminate()


def test_a_second_up_on_the_same_home_says_who_holds_it(system: System) -> None:
    done = system.shell.run("up", "--sandbox")
    assert done.returncode == 2
    assert f"process {system.process.pid}" in done.stderr


def test_a_port_in_use_is_named(system: System, tmp_path: Path) -> None:
    port = system.base.rpartition(":")[2]
    done = Shell(tmp_path).run("up", "--sandbox", HYPERTALLY_PORT=port)
    assert done.returncode == 2
    assert f"port {port}" in done.stderr


def test_the_link_signs_in_once(system: System) -> None:
    class Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_: Any) -> None:
            return None

    opener = urllib.request.build_opener(Stay)
    with pytest.raises(urllib.error.HTTPError) as first:
        opener.open(system.link, timeout=20)
    cookie = first.value.headers["Set-Cookie"]
    first.value.close()
    assert first.value.code == 303
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    with pytest.raises(urllib.error.HTTPError) as second:
        opener.open(system.link, timeout=20)
    second.value.close()
    assert second.value.code == 401
    request = urllib.request.Request(system.link, headers={"Accept": "text/html"})
    with pytest.raises(urllib.error.HTTPError) as person:
        opener.open(request, timeout=20)
    person.value.close()
    assert (person.value.code, person.value.headers["Location"]) == (303, "/?refused=1")
    assert person.value.headers["Set-Cookie"] is None


def test_a_killed_part_is_started_again_and_ctrl_c_stops_everything(
    tmp_path: Path, unnamed_url: str
) -> None:
    shell = Shell(tmp_path / "home")
    with subprocess.Popen(
        [COMMAND, "up", "--sandbox", "--world", "small"],
        env=shell.environment(HYPERTALLY_DATABASE_URL=unnamed_url),
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert any("token=" in line for line in process.stdout)
        # An empty database became the sandbox's, and the file of addresses leads there.
        listed = shell.run("wallets", "list", "--json", "--sandbox").stdout
        assert len(listed.splitlines()) == 30
        children = _children(process.pid)
        worker = next(pid for pid, command in children.items() if command.endswith("worker"))
        os.kill(worker, signal.SIGKILL)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while worker in (now := _children(process.pid)) or not any(
            command.endswith("worker") for command in now.values()
        ):
            assert time.monotonic() < deadline, "the worker did not come back"
            time.sleep(0.1)
        left = _children(process.pid)
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE_SECONDS) == 0
        assert "stopped" in process.stdout.read()
        assert not [pid for pid in left if Path(f"/proc/{pid}").exists()]
    ended = shell.run("status", "--sandbox")
    assert (ended.returncode, ended.stderr.count("\n")) == (2, 1)
    assert "no sandbox runs in" in ended.stderr


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _children(parent: int) -> dict[int, str]:
    listed = subprocess.run(
        ["ps", "-o", "pid=,args=", "--ppid", str(parent)],
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    return {
        int(pid): command.strip()
        for pid, _, command in (line.strip().partition(" ") for line in listed.splitlines())
    }

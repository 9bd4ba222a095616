"""What passes as an address can be asked, and what is shown of one holds no password."""

import httpx2
from hypothesis import example, given
from hypothesis import strategies as st

from hypertally.addresses import check_address, without_password

PORT_MAX = 65_535
HOSTS = st.text(st.sampled_from("ab1.-:[]@/?#%\\ \t\u00fc\u202e0"), max_size=12)


@given(HOSTS)
@example("localhost:99999/info")
@example("a b/info")
@example("/host")
@example("[::1]:80")
def test_an_address_that_passes_can_be_asked(rest: str) -> None:
    address = f"http://{rest}"
    try:
        check_address(address, "http")
    except ValueError:
        return
    url = httpx2.URL(address)
    assert url.host
    assert url.port is None or 1 <= url.port <= PORT_MAX


@given(st.text(min_size=4).filter(lambda text: text not in "https://***@host:1/x"))
def test_what_is_shown_of_an_address_holds_no_password(password: str) -> None:
    assert password not in without_password(f"https://me:{password}@host:1/x")
    assert password not in without_password(f"me:{password}@host:1")


def test_an_address_without_a_password_is_shown_whole() -> None:
    assert without_password("http://localhost:99999/info") == "http://localhost:99999/info"

"""The address of a login says what the owner's says, but for who logs in."""

import pytest
from psycopg import conninfo

from hypertally.store.logins import address_of_login

OWNER = "postgresql://owner:secret@127.0.0.1:5432/books"
LOGIN = "hypertally_api_login"


@pytest.mark.parametrize(
    ("setting", "name", "value"),
    [
        ("sslrootcert=/etc/my%20certs/ca.pem", "sslrootcert", "/etc/my certs/ca.pem"),
        ("sslrootcert=/etc/a+b.pem", "sslrootcert", "/etc/a+b.pem"),
        ("options=-c%20statement_timeout%3D5s", "options", "-c statement_timeout=5s"),
        ("application_name=a%26b", "application_name", "a&b"),
        ("service=a%25b", "service", "a%b"),
    ],
)
def test_libpq_reads_what_it_reads_in_the_owners(setting: str, name: str, value: str) -> None:
    owners = f"{OWNER}?user=other&{setting}&password=of%20other"
    address = address_of_login(owners, LOGIN)
    assert setting in address
    assert conninfo.conninfo_to_dict(owners)[name] == value
    assert conninfo.conninfo_to_dict(address)[name] == value
    assert conninfo.conninfo_to_dict(address)["user"] == LOGIN
    assert conninfo.conninfo_to_dict(address)["host"] == "127.0.0.1"


def test_an_address_without_a_query_gets_none() -> None:
    assert address_of_login("postgresql://owner@127.0.0.1/books", LOGIN) == (
        f"postgresql://{LOGIN}@127.0.0.1/books"
    )

"""Media types: what a client accepts, where an answer has more than one form."""

from typing import Final

JSON: Final = b"application/json"
CSV: Final = b"text/csv"


def prefers_csv(accept: bytes | None) -> bool:
    """Tell whether CSV is asked for by its name, and liked better than JSON (RFC 9110, 12.5.1)."""
    if accept is None:
        return False
    qualities = {
        media_type.strip(): _quality(parameters)
        for media_type, _, parameters in (
            offer.partition(b";") for offer in accept.lower().split(b",")
        )
    }
    csv = qualities.get(CSV, 0.0)
    return csv > 0 and csv >= qualities.get(JSON, 0.0)


def _quality(parameters: bytes) -> float:
    for parameter in parameters.split(b";"):
        name, _, value = parameter.strip().partition(b"=")
        if name.strip() == b"q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0

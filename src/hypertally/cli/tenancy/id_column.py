"""A column of ids: identity providers choose their lengths, and one must not widen all rows."""

from rich.table import Column

LETTERS_MAX = 64  # a sha256 in hex; usual ids and addresses of mail are shorter


def id_column(name: str) -> Column:
    """The column; what is longer ends with an ellipsis."""
    return Column(name, max_width=LETTERS_MAX, no_wrap=True, overflow="ellipsis")

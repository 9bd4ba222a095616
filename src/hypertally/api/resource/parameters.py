"""Parameters that several paths share: addresses, coin names, pages."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Final, TypeAlias, TypeVar

from fastapi import Path
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    WithJsonSchema,
)

from hypertally.api.http.limits import PAGE_ROWS_DEFAULT, PAGE_ROWS_MAX
from hypertally.api.http.problems import bad_parameter

_ADDRESS: Final = re.compile(r"0[xX][0-9a-fA-F]{40}")
# The exchange names a coin as it likes, such as 币安人生; control characters are never a name.
NAME_CHARACTER: Final = r"[^\u0000-\u001f\u007f-\u009f]"
_COIN: Final = re.compile(NAME_CHARACTER + "{1,64}")  # longer than any name seen
CURSOR_CHARACTERS_MAX: Final = 768  # enough for a coin of 64 characters of four bytes each


def _address(value: str) -> str:
    if not _ADDRESS.fullmatch(value):
        raise ValueError("an address is 0x and 40 hexadecimal digits")
    return value.lower()


def _coin(value: str) -> str:
    if not _COIN.fullmatch(value):
        raise ValueError(
            "a coin is written as fills write it: BTC, @107, PURR/USDC, xyz:TSLA, #10; up to 64 "
            "characters, none of them a control character"
        )
    return value


def text_form(pattern: str, *, remedy: str) -> tuple[AfterValidator, WithJsonSchema]:
    """Return the annotations of a text that must match a pattern; the remedy says its form."""
    form = re.compile(pattern)

    def check(value: str) -> str:
        if not form.fullmatch(value):
            raise ValueError(remedy)
        return value

    return AfterValidator(check), WithJsonSchema({"type": "string", "pattern": f"^{pattern}$"})


AnyAddress: TypeAlias = Annotated[
    str,
    AfterValidator(_address),
    WithJsonSchema({"type": "string", "pattern": f"^{_ADDRESS.pattern}$"}),
]
Address: TypeAlias = Annotated[AnyAddress, Path()]
Coin: TypeAlias = Annotated[
    str,
    AfterValidator(_coin),
    WithJsonSchema({"type": "string", "pattern": f"^{_COIN.pattern}$"}),
]
# A tag, or the name of a group: stored in lower case.
Word: TypeAlias = Annotated[
    str,
    *text_form(
        r"[^;,\u0000-\u001f\u007f-\u009f]{1,32}",
        remedy="a tag or a group is written in up to 32 characters, without ; and ,",
    ),
    AfterValidator(str.lower),
]
SearchText: TypeAlias = Annotated[
    str,
    *text_form(
        NAME_CHARACTER + "{0,64}",
        remedy="search for up to 64 characters, none of them a control character",
    ),
]
Limit: TypeAlias = Annotated[int, Field(ge=1, le=PAGE_ROWS_MAX)]
Cursor: TypeAlias = Annotated[
    str,
    *text_form(
        rf"[A-Za-z0-9_-]{{1,{CURSOR_CHARACTERS_MAX}}}",
        remedy="use the value of `next` from the previous page",
    ),
]


class Parameters(BaseModel):
    """Query parameters; a parameter that the path does not know is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class PageParameters(Parameters):
    """One page of a longer list."""

    limit: Limit = PAGE_ROWS_DEFAULT
    cursor: Cursor | None = None


Shape = TypeVar("Shape", bound=Parameters)


def read_parameters(texts: Mapping[str, str], *, shape: type[Shape]) -> Shape:
    """Return the parameters that `texts` mean where they do not come through a route.

    Errors: `Problem` 400 with the sentence that a route would answer.
    """
    try:
        return shape.model_validate(dict(texts))
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0])
        reason = first["msg"].removeprefix("Value error, ")
        raise bad_parameter(name, value=texts.get(name, ""), remedy=reason) from error


def read_parameter(name: str, text: str, *, shape: Any) -> Any:
    """Return the value that `text` means where it does not come through a route.

    Errors: `Problem` 400 with the sentence that a route would answer.
    """
    try:
        return TypeAdapter(shape).validate_python(text)
    except ValidationError as error:
        reason = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise bad_parameter(name, value=text, remedy=reason) from error

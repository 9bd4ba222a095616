"""The weight limit holds in every window of a minute, not only in calendar ones."""

from hypertally.sandbox.exchange.limits import WeightWindow
from hypertally.sandbox.exchange.queries import weight_of


class Hands:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now: float = 0.0

    def __call__(self) -> float:
        return self.now


def test_the_limit_itself_is_allowed_and_one_more_is_not() -> None:
    window = WeightWindow(limit=1_200, clock=Hands())
    assert all(window.admit(120) for _ in range(10))
    assert not window.admit(1)
    assert (window.used(), window.peak, window.total) == (1_200, 1_200, 1_200)


def test_weight_comes_back_one_window_after_it_was_spent() -> None:
    hands = Hands()
    window = WeightWindow(limit=100, window_s=60, clock=hands)
    assert window.admit(60)
    hands.now = 30
    assert window.admit(40)
    hands.now = 59.9
    assert not window.admit(1)
    hands.now = 60
    assert window.admit(60)
    assert not window.admit(1)


def test_a_refused_request_costs_nothing() -> None:
    window = WeightWindow(limit=100, clock=Hands())
    assert not window.admit(101)
    assert window.admit(100)


def test_weights_are_those_of_the_exchange() -> None:
    assert weight_of("userFillsByTime", 2_000) == 120
    assert weight_of("userFills", 0) == 20
    assert weight_of("userFills", 1) == 21
    assert weight_of("candleSnapshot", 5_000) == 104
    assert weight_of("clearinghouseState", 0) == weight_of("allMids", 0) == 2
    assert weight_of("userRole", 0) == 60
    assert weight_of("spotMeta", 0) == weight_of("nobody knows", 0) == 20

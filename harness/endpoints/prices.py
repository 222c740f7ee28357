"""What calls cost: by the price of the config, or by the list of the package `genai-prices`; asks nobody."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from pydantic import Field

from harness.endpoints.completions import TokenCounts
from harness.records import Record

MILLION = 1_000_000


class Price(Record):
    """Price of a model, in dollars per million tokens."""

    input: float = Field(ge=0, allow_inf_nan=False)
    """Price of the tokens of prompts."""
    cached_input: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    """Price of tokens of prompts that the endpoint had cached; None: as `input`."""
    output: float = Field(ge=0, allow_inf_nan=False)
    """Price of the tokens of answers and thoughts."""

    def dollars(self, tokens: TokenCounts) -> float:
        """The price of a call."""
        cached_input = self.input if self.cached_input is None else self.cached_input
        fresh = tokens.input - tokens.cached
        return (fresh * self.input + tokens.cached * cached_input + tokens.output * self.output) / MILLION


class Rate(NamedTuple):
    """What a model costs, and who says so."""

    source: str
    """`the config`, or the package with its version."""
    dollars: Callable[[TokenCounts, datetime], float]
    """The price of a call at a time."""
    most: Callable[[int, int], float]
    """The highest price of a call with so many tokens of prompt and answer, at any hour, whatever is cached."""


def rate_of(endpoint: str, model: str, price: Price | None) -> Rate | None:
    """What a model at an endpoint costs: by `price`, else by the list; None if neither says it."""
    return _listed_rate(endpoint, model) if price is None else _given_rate(price)


def _given_rate(price: Price) -> Rate:
    def most(n_input: int, n_output: int) -> float:
        return max(price.dollars(TokenCounts(n_input, n_output, cached=cached)) for cached in (0, n_input))

    return Rate("the config", lambda tokens, _: price.dollars(tokens), most)


@cache
def _listed_rate(endpoint: str, model: str) -> Rate | None:
    # The list has public hosts alone, and takes a while to load. A model of the same name elsewhere has its own price.
    if urlsplit(endpoint).scheme != "https":
        return None
    import genai_prices  # its updater, which asks the network, runs only where it is started

    try:
        listed = genai_prices.calc_price(genai_prices.Usage(), model, provider_api_url=endpoint).model
    except LookupError:
        return None
    # Some prices differ by the hour: a call that is sent now may be answered, and billed, in another one.
    now = datetime.now(UTC)
    by_hour = [listed.get_prices(now + timedelta(hours=hour)) for hour in range(24)]
    prices = list({id(price): price for price in by_hour}.values())
    if any(price.input_mtok is None or price.output_mtok is None for price in prices):
        return None

    def dollars(tokens: TokenCounts, at: datetime) -> float:
        return _total(listed.get_prices(at), tokens)

    def most(n_input: int, n_output: int) -> float:
        whole = TokenCounts(n_input, n_output)
        kinds = (whole, whole._replace(cached=n_input), whole._replace(written=n_input))
        return max(_total(price, tokens) for price in prices for tokens in kinds)

    return Rate(f"genai-prices {genai_prices.__version__}", dollars, most)


def _total(price: Any, tokens: TokenCounts) -> float:
    from genai_prices import Usage

    counts = {"input_tokens": tokens.input, "output_tokens": tokens.output}
    counts |= {"cache_read_tokens": tokens.cached} if tokens.cached else {}
    counts |= {"cache_write_tokens": tokens.written} if tokens.written else {}
    return float(price.calc_price(Usage(**counts))["total_price"])


PRICE_EXAMPLE = "price: {input: 0.15, cached_input: 0.075, output: 0.6}, in dollars per million tokens"
"""The setting that gives a price, for messages."""


def joined_sources(sources: Sequence[str]) -> str:
    """The sources of prices, each once."""
    return " and ".join(dict.fromkeys(filter(None, sources)))

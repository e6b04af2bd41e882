"""
The closed list of functions, and the well-known ones that are refused, with the reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ingestd.config.spelling import nearest


@dataclass(frozen=True, slots=True)
class Function:
    """
    A function: how it is written, how many arguments it takes (*most* None: any).
    """

    usage: str
    least: int
    most: int | None


FUNCTIONS: Final = {
    "round": Function("round(x) or round(x, digits)", 1, 2),
    "abs": Function("abs(x)", 1, 1),
    "floor": Function("floor(x)", 1, 1),
    "ceil": Function("ceil(x)", 1, 1),
    "ceiling": Function("ceiling(x)", 1, 1),
    "mod": Function("mod(x, y)", 2, 2),
    "lower": Function("lower(text)", 1, 1),
    "upper": Function("upper(text)", 1, 1),
    "trim": Function("trim(text) or trim(text, 'characters')", 1, 2),
    "ltrim": Function("ltrim(text) or ltrim(text, 'characters')", 1, 2),
    "rtrim": Function("rtrim(text) or rtrim(text, 'characters')", 1, 2),
    "substr": Function("substr(text, start) or substr(text, start, length)", 2, 3),
    "substring": Function("substring(text, start, length)", 2, 3),
    "replace": Function("replace(text, 'what', 'by')", 3, 3),
    "concat": Function("concat(x, y, …)", 1, None),
    "regexp_matches": Function("regexp_matches(text, 'pattern')", 2, 3),
    "coalesce": Function("coalesce(x, y, …)", 1, None),
    "date_trunc": Function("date_trunc('unit', moment)", 2, 2),
    "time_bucket": Function("time_bucket(interval '15 minutes', moment)", 2, 3),
    "date_part": Function("date_part('field', moment)", 2, 2),
}
_KEYWORDS: Final = ("cast", "extract", "case", "between", "in", "like")

_CHANGING: Final = frozenset(
    {
        "now",
        "current_date",
        "current_time",
        "current_timestamp",
        "current_localtime",
        "current_localtimestamp",
        "get_current_time",
        "get_current_timestamp",
        "localtime",
        "localtimestamp",
        "transaction_timestamp",
        "statement_timestamp",
        "clock_timestamp",
        "today",
        "age",
        "random",
        "rand",
        "setseed",
        "uuid",
        "uuidv4",
        "uuidv7",
        "gen_random_uuid",
        "nextval",
        "currval",
        "txid_current",
        "getenv",
        "version",
    }
)
_AGGREGATES: Final = frozenset(
    {
        "count",
        "sum",
        "avg",
        "mean",
        "min",
        "max",
        "first",
        "last",
        "median",
        "quantile",
        "stddev",
        "variance",
        "var_samp",
        "row_number",
        "rank",
        "lag",
        "lead",
    }
)


def why_not(name: str) -> str:
    """
    Return why there is no function *name*, with the nearest that there is.
    """
    if name in _CHANGING:
        return f"{name} is refused: a retry must give the same answer"
    if name in _AGGREGATES:
        return f"{name} is of many rows; see [pipelines.aggregate.metrics]"
    choices = (*FUNCTIONS, *_KEYWORDS)
    close = nearest(name, choices)
    hint = f"did you mean {close}?" if close else f"there are {', '.join(choices)}"
    return f"no function {name}; {hint}"

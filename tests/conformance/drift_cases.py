"""
Each drift under each setting, as data; docs/drift.md has a row for each.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ingestd.errors import Reason
from ingestd.model import UNTYPED

ABC = {"a": "int64", "b": "float64", "c": "string"}
X = {"a": 1, "b": 2.5, "c": "x"}


@dataclass(frozen=True, slots=True)
class Case:
    """
    A row of the table: what the file has, under which settings, and what happens.

    *content* is read with *schema* and *options*; then the schema is *widened*, and
    there are *rows* and a *note*, or a *reason*.
    """

    drift: str
    setting: str
    outcome: str
    content: bytes
    rows: tuple[dict[str, Any], ...] = ()
    note: str = ""
    reason: Reason | str = ""
    schema: dict[str, str] = field(default_factory=lambda: dict(ABC))
    widened: dict[str, str] | None = None
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def row(self) -> tuple[str, str, str]:
        """
        The three cells of its row in the table.
        """
        return (self.drift, self.setting, self.outcome)


def _drift(**keys: object) -> dict[str, Any]:
    return {"drift": keys}


NEW = "a column that the schema does not have"
MISSING = "a column of the schema is missing"
NONE = "not one column of the schema: no header, or another delimiter"
CASE = "a name in another case, or with blanks around it"
EITHER = "two such names, of which either could be meant"
BESIDE = "such a name beside the equal one"
TWICE = "a name twice"
NAMELESS = "a column without a name"
UNKNOWN = "a column that held only nulls so far"
GROUPED = {
    "group_by": ["c"],
    "metrics": {
        "n": ["*", "count"],
        "k": ["b", "count"],
        "s": ["b", "sum"],
        "m": ["b", "mean"],
    },
}

CASES = (
    Case(
        NEW,
        '`new_column = "ignore"`',
        "read; the column is left out, and `ingestd why` says so",
        b"a,b,c,d\n1,2.5,x,7\n",
        (X,),
        "'d' left out",
    ),
    Case(
        NEW,
        '`new_column = "add"`',
        "read; the schema gets the column, as a new version, with the narrowest type "
        "that takes the batch's values",
        b"a,d,b,c\n1,7,2.5,x\n",
        ({**X, "d": 7},),
        widened={**ABC, "d": "int64"},
        options=_drift(new_column="add"),
    ),
    Case(
        f"{NEW}, and it is null in every record",
        '`new_column = "add"`',
        "read; the schema gets the column without a type: it is in the output from the "
        "first batch on that has a value in it",
        b"a,b,c,d\n1,2.5,x,\n",
        (X,),
        widened={**ABC, "d": UNTYPED},
        options=_drift(new_column="add"),
    ),
    Case(
        NEW,
        '`new_column = "rescue"`',
        "read; its text is in the column `_rescued`, a JSON object of all such columns "
        "that are not null in the record",
        b'a,b,c,d,"e ""f"""\n1,2.5,x,7,NA\n1,2.5,x,"8 ""q"" \xc5\xbe\n",9\n',
        (
            {**X, "_rescued": '{"d":"7"}'},
            {**X, "_rescued": '{"d":"8 \\"q\\" ž\\n","e \\"f\\"":"9"}'},
        ),
        "'d', 'e \"f\"' rescued",
        options=_drift(new_column="rescue"),
    ),
    Case(
        "the schema's columns, no other",
        '`new_column = "rescue"`',
        "read; `_rescued` is there too, and null",
        b"a,b,c\n1,2.5,x\n",
        ({**X, "_rescued": None},),
        options=_drift(new_column="rescue"),
    ),
    Case(
        NEW,
        '`new_column = "fail"`',
        "quarantined: `new_column`",
        b"a,b,c,d\n1,2.5,x,7\n",
        reason=Reason.NEW_COLUMN,
        options=_drift(new_column="fail"),
    ),
    Case(
        f"{NEW}, with a name that `sink.lineage_columns` writes",
        '`new_column = "add"`',
        "quarantined: `new_column`",
        b"a,b,c,_file\n1,2.5,x,7\n",
        reason=Reason.NEW_COLUMN,
        options={**_drift(new_column="add"), "sink": {"lineage_columns": True}},
    ),
    Case(
        MISSING,
        '`missing_column = "null"`',
        "read; the column is null in every record, and `ingestd why` says so",
        b"a,c\n1,x\n",
        ({**X, "b": None},),
        "no 'b', null instead",
    ),
    Case(
        MISSING,
        '`missing_column = "fail"`',
        "quarantined: `missing_column`",
        b"a,c\n1,x\n",
        reason=Reason.MISSING_COLUMN,
        options=_drift(missing_column="fail"),
    ),
    Case(
        NONE,
        '`missing_column = "null"`',
        "quarantined: `no_header`; never a file of nulls",
        b"a;b;c\n1;2.5;x\n",
        reason=Reason.NO_HEADER,
    ),
    Case(
        NONE,
        '`missing_column = "fail"`',
        "quarantined: `missing_column`",
        b"a;b;c\n1;2.5;x\n",
        reason=Reason.MISSING_COLUMN,
        options=_drift(missing_column="fail"),
    ),
    Case(
        "one column missing, another new",
        '`missing_column = "null"`, `new_column = "ignore"`',
        "read; both as above: nobody can tell whether it is one column, renamed",
        b"a,b,d\n1,2.5,x\n",
        ({**X, "c": None},),
        "'d' left out; no 'c', null instead",
    ),
    Case(
        "the columns in another order",
        "any",
        "read; the output has the schema's order",
        b"c,a,b\nx,1,2.5\n",
        (X,),
    ),
    Case(
        CASE,
        "`match_case = false`",
        "read; it is taken for the schema's column, and `ingestd why` says so",
        b"A,b , C\n1,2.5,x\n",
        (X,),
        "'A' taken for 'a'; 'b ' taken for 'b'; ' C' taken for 'c'",
    ),
    Case(
        CASE,
        "`match_case = true`",
        "a missing column and a new one",
        b"a,b,C\n1,2.5,x\n",
        ({**X, "c": None},),
        "'C' left out; no 'c', null instead",
        options=_drift(match_case=True),
    ),
    Case(
        EITHER,
        "`match_case = false`",
        "a missing column and two new ones",
        b"A,A ,b,c\n1,2,2.5,x\n",
        ({**X, "a": None},),
        "'A', 'A ' left out; no 'a', null instead",
    ),
    Case(
        BESIDE,
        "`match_case = false`",
        "a new column",
        b"A,a,b,c\n7,1,2.5,x\n",
        (X,),
        "'A' left out",
    ),
    Case(
        TWICE,
        '`duplicate_column = "fail"`',
        "quarantined: `duplicate_column`",
        b"a,a,b,c\n1,7,2.5,x\n",
        reason=Reason.DUPLICATE_COLUMN,
    ),
    Case(
        TWICE,
        '`duplicate_column = "rename"`',
        "read; the first has the name, the second is `a_2`, the third `a_3`, or the "
        "next number that is free; these follow `new_column`",
        b"a,a,a_2,a,b,c\n1,7,8,9,2.5,x\n",
        ({**X, "a_3": 7, "a_2": 8, "a_4": 9},),
        "another 'a' is 'a_3'; another 'a' is 'a_4'",
        widened={**ABC, "a_3": "int64", "a_2": "int64", "a_4": "int64"},
        options=_drift(duplicate_column="rename", new_column="add"),
    ),
    Case(
        f"{TWICE}, and the schema has the second one's new name",
        '`duplicate_column = "rename"`',
        "read; it is that column",
        b"a,a\n1,7\n",
        ({"a": 1, "a_2": 7},),
        "another 'a' is 'a_2'",
        schema={"a": "int64", "a_2": "int64"},
        options=_drift(duplicate_column="rename", new_column="fail"),
    ),
    Case(
        NAMELESS,
        "any",
        "it is named by its position, `column_3`, and follows `new_column`",
        b"a,b,,c\n1,2.5,7,x\n",
        (X,),
        "'column_3' left out; column 3 has no name, it is 'column_3'",
    ),
    Case(
        f"{NAMELESS}, and the schema has the one by its position",
        "any",
        "read; it is that column",
        b"a,\n1,7\n",
        ({"a": 1, "column_2": 7},),
        "column 2 has no name, it is 'column_2'",
        schema={"a": "int64", "column_2": "int64"},
        options=_drift(new_column="fail"),
    ),
    Case(
        "another number of columns in a file without a header",
        "`csv.header = false`",
        "no drift: each record has too many or too few fields, see `bad_row`",
        b"1,2.5\n",
        reason=Reason.TOO_FEW_FIELDS,
        options={**_drift(bad_row="fail"), "csv": {"header": False}},
    ),
    Case(
        f"{UNKNOWN}, and still does",
        "any",
        "read; the schema has the column without a type, the output does not have it",
        b"a,b,c,d\n1,2.5,x,\n",
        (X,),
        schema={**ABC, "d": UNTYPED},
        options=_drift(new_column="fail"),
    ),
    Case(
        f"{UNKNOWN}, and has values",
        "any",
        "read; the column gets a type from the batch's values, as a new version, and "
        "is in the output from then on",
        b"a,b,c,d\n1,2.5,x,\n1,2.5,x,2026-11-23\n",
        ({**X, "d": None}, {**X, "d": "2026-11-23"}),
        schema={**ABC, "d": UNTYPED},
        widened={**ABC, "d": "date"},
        options=_drift(new_column="fail", bad_row="fail"),
    ),
    Case(
        f"{UNKNOWN}, and is missing",
        '`missing_column = "null"`',
        "read; as with any missing column",
        b"a,b,c\n1,2.5,x\n",
        (X,),
        "no 'd', null instead",
        schema={**ABC, "d": UNTYPED},
    ),
    Case(
        "a key of the aggregate is missing",
        '`missing_column = "null"`',
        "its groups have a null key",
        b"a,b\n1,2.5\n2,3.5\n",
        ({"c": None, "n": 2, "k": 2, "s": 6.0, "m": 3.0, "_rows": 2},),
        "no 'c', null instead",
        options={"aggregate": GROUPED},
    ),
    Case(
        "a column of a metric is missing",
        '`missing_column = "null"`',
        "it counts as null, and nulls are left out of metrics",
        b"a,c\n1,x\n2,x\n",
        ({"c": "x", "n": 2, "k": 0, "s": 0.0, "m": None, "_rows": 2},),
        "no 'b', null instead",
        options={"aggregate": GROUPED},
    ),
    Case(
        f"a key of the aggregate: {UNKNOWN}, and still does",
        "any",
        "the output does not have the key; all records are in its null groups",
        b"a,b,c\n1,2.5,\n2,3.5,\n",
        ({"n": 2, "k": 2, "s": 6.0, "m": 3.0, "_rows": 2},),
        schema={**ABC, "c": UNTYPED},
        options={"aggregate": GROUPED},
    ),
    Case(
        f"a column of a metric: {UNKNOWN}, and still does",
        "any",
        "metrics whose type is that of the column (sum, min, max, first, last) are not "
        "in the output",
        b"a,b,c\n1,,x\n2,,x\n",
        ({"c": "x", "n": 2, "k": 0, "m": None, "_rows": 2},),
        schema={**ABC, "b": UNTYPED},
        options={"aggregate": GROUPED},
    ),
)

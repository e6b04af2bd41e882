r"""
Patterns of ``like`` and ``regexp_matches``, in forms that mean one thing everywhere.

Regular expressions are a part of RE2's, which DuckDB has: no back references and no
look-around, ``\d``, ``\w``, ``\s`` and ``\b`` for ASCII, a dot is anything but a
line feed. They are written out so that Rust's library, which would take these for
Unicode's, cannot read anything else into them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

_CLASSES: Final = {"d": "0-9", "w": "0-9A-Za-z_", "s": r"\t\n\f\r "}
_CONTROLS: Final = "tnrf"
_SPECIAL: Final = r"\.+*?()|[]{}^$#&-~"
_MOST_REPEATS: Final = 1000


class BadPattern(ValueError):
    """
    A pattern that is not in the language; *at* is the index in the pattern.
    """

    def __init__(self, message: str, at: int) -> None:
        super().__init__(message)
        self.at = at


@dataclass(frozen=True, slots=True)
class Any:
    """
    A wildcard of ``like``: one character, or *many*, none included.
    """

    many: bool


def like(pattern: str, escape: str) -> list[str | Any]:
    """
    Return *pattern* as pieces of text and wildcards; raise BadPattern.
    """
    pieces: list[str | Any] = []
    text, at = "", 0
    while at < len(pattern):
        character = pattern[at]
        if escape and character == escape:
            at += 1
            if at == len(pattern):
                raise BadPattern("the pattern ends with its escape character", at - 1)
            text += pattern[at]
        elif character in "%_":
            pieces += [text] if text else []
            pieces.append(Any(character == "%"))
            text = ""
        else:
            text += character
        at += 1
    return [*pieces, text] if text else pieces


def quoted(text: str) -> str:
    """
    Return *text* as a regular expression that matches it and nothing else.
    """
    return "".join(rf"\{c}" if c in _SPECIAL else c for c in text)


def regular(pattern: str) -> str:
    """
    Return *pattern* written out in Rust's syntax; raise BadPattern.
    """
    reader = _Reader(pattern)
    found = reader.alternatives()
    if reader.at < len(pattern):
        raise BadPattern("a ) without its (", reader.at)
    return found


class _Reader:
    """
    Reads a pattern from left to right.
    """

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.at = 0
        self._repeats = 1

    def _next(self) -> str:
        return self.pattern[self.at : self.at + 1]

    def _take(self, what: str) -> str:
        if self.at >= len(self.pattern):
            raise BadPattern(f"expected {what}, the pattern ends", len(self.pattern))
        self.at += 1
        return self.pattern[self.at - 1]

    def alternatives(self) -> str:
        """
        Read up to the end, or to a closing parenthesis.
        """
        found = ""
        while self._next() not in ("", ")"):
            found += self._repeated() if self._next() != "|" else self._take("|")
        return found

    def _repeated(self) -> str:
        begin, outer = self.at, self._repeats
        if self._next() in ("*", "+", "?", "{"):
            raise BadPattern("nothing to repeat; write \\ before it", begin)
        self._repeats = 1
        atom = self._atom()
        mark, most = self._quantifier()
        inner = self._repeats * most
        if inner > _MOST_REPEATS:
            raise BadPattern(f"repeats more than {_MOST_REPEATS} times", begin)
        self._repeats = max(outer, inner)
        if mark and self._next() in ("*", "+", "?", "{"):
            raise BadPattern("expected one repetition", self.at)
        return atom + mark

    def _quantifier(self) -> tuple[str, int]:
        mark, most = "", 1
        if self._next() in ("*", "+", "?"):
            mark = self._take("a repetition")
        elif self._next() == "{":
            begin = self.at
            end = self.pattern.find("}", begin)
            least, comma, top = self.pattern[begin + 1 : max(end, begin + 1)].partition(
                ","
            )
            numbers = [least, top] if top else [least]
            if not all(n.isascii() and n.isdigit() for n in numbers):
                raise BadPattern("expected {n}, {n,} or {n,m}; write \\{", begin)
            most = max(int(n) for n in numbers)
            if top and int(top) < int(least):
                raise BadPattern("expected n at most m in {n,m}", begin)
            mark = f"{{{least}{comma}{top}}}"
            self.at = end + 1
        if mark and self._next() == "?":
            mark += self._take("?")
        return mark, most

    def _atom(self) -> str:
        begin = self.at
        character = self._take("something to match")
        match character:
            case "(":
                return self._group(begin)
            case "[":
                return self._set(begin)
            case "\\":
                return self._escape()
            case "." | "^" | "$":
                return {".": r"[^\n]", "^": r"\A", "$": r"\z"}[character]
            case "]" | "}":
                raise BadPattern(f"write \\{character}", begin)
            case _:
                return quoted(character)

    def _group(self, begin: int) -> str:
        if self._next() == "?" and not self.pattern.startswith("?:", self.at):
            raise BadPattern("expected ( or (?:", begin)
        if self._next() == "?":
            self.at += len("?:")
        inner = self.alternatives()
        if self._next() != ")":
            raise BadPattern("a ( without its )", begin)
        self.at += 1
        return f"(?:{inner})"

    def _escape(self) -> str:
        begin = self.at - 1
        character = self._take("a character after \\")
        if character in _CLASSES:
            return f"[{_CLASSES[character]}]"
        if character.lower() in _CLASSES:
            return f"[^{_CLASSES[character.lower()]}]"
        if character in "bB":
            return rf"(?-u:\{character})"
        if character in _CONTROLS:
            return rf"\{character}"
        if character.isalnum() or not character.isascii():
            raise BadPattern(f"no escape \\{character}", begin)
        return quoted(character)

    def _set(self, begin: int) -> str:
        negated = self._next() == "^"
        self.at += negated
        found = ""
        while self._next() != "]" or not found:
            if self._next() == "":
                raise BadPattern("a [ without its ]", begin)
            if self._next() == "[":
                raise BadPattern("write \\[ inside of [ ]", self.at)
            found += self._item()
        self.at += 1
        return f"[{'^' if negated else ''}{found}]"

    def _item(self) -> str:
        begin = self.at
        low = self._member()
        if len(low) > 1 or not self._is_range():
            return low if len(low) > 1 else self._in_set(low)
        self.at += 1
        high = self._member()
        if len(high) > 1 or high < low:
            raise BadPattern("expected a range such as a-z", begin)
        return f"{self._in_set(low)}-{self._in_set(high)}"

    def _is_range(self) -> bool:
        following = self.pattern[self.at + 1 : self.at + 2]
        return self._next() == "-" and following not in ("]", "")

    def _member(self) -> str:
        """
        Return one character as it is, or a class or control character in its notation.
        """
        begin = self.at
        character = self._take("a character")
        if character != "\\":
            return character
        character = self._take("a character after \\")
        if character in _CLASSES:
            return _CLASSES[character]
        if character in _CONTROLS:
            return rf"\{character}"
        if character.isalnum() or not character.isascii():
            raise BadPattern(f"no escape \\{character} inside of [ ]", begin)
        return character

    @staticmethod
    def _in_set(character: str) -> str:
        return quoted(character)

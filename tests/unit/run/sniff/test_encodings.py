"""
Encodings: told by marks, zeros and form where that is possible, else guessed.
"""

from __future__ import annotations

import pytest

from ingestd.run.sniff.encodings import Encoding, encodings

TABLE = "id;name;city\n"
WESTERN = TABLE + "1;José;Köln\n2;Zoë;Málaga\n" * 20
CZECH = TABLE + "1;Jiří Dvořák;Plzeň\n2;Žaneta Šťastná;Český Krumlov\n" * 20
GREEK = TABLE + "1;Γιώργος;Αθήνα\n2;Μαρία;Θεσσαλονίκη\n" * 20
RUSSIAN = TABLE + "1;Юрий;Москва\n2;Жанна;Казань\n" * 20
JAPANESE = TABLE + "1;山田太郎;東京都千代田区\n2;鈴木花子;大阪府大阪市\n" * 20
CHINESE = TABLE + "1;王小明;北京市\n2;李华;上海市\n" * 20
KOREAN = TABLE + "1;홍길동;서울\n2;김철수;부산\n" * 20

SURE = {
    "ascii": (TABLE.encode(), "utf-8", "utf-8"),
    "ascii is what is configured": (TABLE.encode(), "cp1252", "cp1252"),
    "utf-8": (CZECH.encode(), "utf-8", "utf-8"),
    "utf-8 is no western text by accident": (CZECH.encode(), "latin-1", "utf-8"),
    "utf-8 with a mark": (b"\xef\xbb\xbf" + CZECH.encode(), "cp1252", "utf-8"),
    "utf-16 with a mark": (CZECH.encode("utf-16"), "utf-8", "utf-16"),
    "utf-16, little end first": (CZECH.encode("utf-16-le"), "utf-8", "utf-16-le"),
    "utf-16, big end first": (RUSSIAN.encode("utf-16-be"), "utf-8", "utf-16-be"),
    "utf-16 as configured": (GREEK.encode("utf-16-be"), "utf-16-be", "utf-16-be"),
    "utf-32": (GREEK.encode("utf-32-be"), "utf-8", "utf-32-be"),
    "configured and possible": (CZECH.encode("iso8859-2"), "iso8859-2", "iso8859-2"),
    "seven bits and a shift": (
        JAPANESE.encode("iso2022_jp"),
        "iso2022_jp",
        "iso2022_jp",
    ),
}
GUESSED = {
    "western": (WESTERN.encode("latin-1"), "utf-8", "cp1252"),
    "western with quotes": ("a\n“é”\n".encode("cp1252"), "utf-8", "cp1252"),
    "not as configured": ("a\n“é”\n".encode("cp1252"), "latin-1", "cp1252"),
    "what cp1252 does not have": (b"a\n\x81\n\xe9\n", "utf-8", "latin-1"),
    "czech": (CZECH.encode("cp1250"), "utf-8", "cp1250"),
    "greek": (GREEK.encode("cp1253"), "utf-8", "cp1253"),
    "russian": (RUSSIAN.encode("cp1251"), "utf-8", "cp1251"),
    "russian, as mail had it": (RUSSIAN.encode("koi8-r"), "utf-8", "koi8_r"),
    "japanese": (JAPANESE.encode("cp932"), "utf-8", "cp932"),
    "chinese": (CHINESE.encode("gb18030"), "utf-8", "gb18030"),
    "korean": (KOREAN.encode("cp949"), "utf-8", "cp949"),
    "a mainframe": (TABLE.encode("cp037"), "utf-8", "cp037"),
}


@pytest.mark.parametrize("name", SURE)
def test_what_bytes_tell_is_no_guess(name):
    """
    By a mark, by zeros, by the form of UTF-8; else what is configured, if it can be.
    """
    head, configured, expected = SURE[name]

    assert Encoding(expected) == encodings([(head, True)], configured)[0]


@pytest.mark.parametrize("name", GUESSED)
def test_what_only_letters_tell_is_a_guess(name):
    """
    It is called one, and good where there are some words.
    """
    head, configured, expected = GUESSED[name]

    assert Encoding(expected, guessed=True) == encodings([(head, True)], configured)[0]


def test_each_file_has_a_say():
    """
    One of ASCII tells nothing, another may tell all.
    """
    heads = [(TABLE.encode(), True), (WESTERN.encode("cp1252"), True)]

    assert [Encoding("cp1252", guessed=True), Encoding("utf-8")] == encodings(
        heads, "utf-8"
    )


def test_a_character_cut_at_the_end_is_none_that_is_wrong():
    """
    Of a longer file the beginning ends anywhere.
    """
    head = CZECH.encode()[: -len("v\n")]
    cut = head[: head.rindex("í".encode()) + 1]

    assert "utf-8" == encodings([(cut, False)], "utf-8")[0].name
    assert "utf-8" != encodings([(cut, True)], "utf-8")[0].name

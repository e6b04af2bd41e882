"""
From arguments and errors to exit codes and sentences.
"""

from argparse import Namespace
from collections.abc import Callable
from types import SimpleNamespace

import pytest

from ingestd.cli import entry, main
from ingestd.cli.arguments import NOT_BUILT, parser
from ingestd.errors import ConfigError, IngestdError, StateLocked, Unreachable


@pytest.fixture
def status(monkeypatch: pytest.MonkeyPatch) -> Callable[[object], None]:
    """Replace what ``status`` does by raising or returning something."""

    def put(result: object) -> None:
        def execute(_: Namespace) -> object:
            if isinstance(result, BaseException):
                raise result
            return result

        module = SimpleNamespace(execute=execute)
        monkeypatch.setattr(entry, "import_module", lambda _: module)

    return put


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (IngestdError("no"), 1),
        (StateLocked("held"), 5),
        (Unreachable("away"), 6),
        (ConfigError(["a key"]), 78),
        (KeyboardInterrupt(), 130),
        (ValueError("a defect"), 1),
    ],
)
def test_errors_become_exit_codes(
    status: Callable[[object], None], error: BaseException, code: int
) -> None:
    """Each error has the exit code of the contract."""
    status(error)

    assert code == main(["status"])


def test_an_error_is_a_sentence_and_a_hint_on_stderr(
    status: Callable[[object], None], capsys: pytest.CaptureFixture[str]
) -> None:
    """Standard output is for answers; nothing in a message steers the terminal."""
    status(Unreachable("folder \x1b[31mx is gone", hint="Mount it"))

    main(["status"])

    captured = capsys.readouterr()
    assert "" == captured.out
    assert "ingestd: folder \\x1b[31mx is gone\nhint: Mount it\n" == captured.err


def test_each_problem_of_a_config_has_a_line(
    status: Callable[[object], None], capsys: pytest.CaptureFixture[str]
) -> None:
    """With the file in front, once."""
    status(ConfigError(["a: wrong", "c.toml: no such file"], path="c.toml"))

    main(["status"])

    assert "c.toml: a: wrong\nc.toml: no such file\n" == capsys.readouterr().err


def test_what_nobody_expected_is_reported_in_full(
    status: Callable[[object], None], capsys: pytest.CaptureFixture[str]
) -> None:
    """A defect can be reported: the traceback is there, and a sentence."""
    status(ZeroDivisionError("oh"))

    main(["status"])

    errors = capsys.readouterr().err
    assert "Traceback" in errors
    assert "ZeroDivisionError: oh" in errors
    assert "please report it" in errors


@pytest.mark.parametrize("verb", sorted(NOT_BUILT))
def test_a_planned_verb_says_that_it_is_not_built(
    verb: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 2 and its name, and no word of it in the help."""
    with pytest.raises(SystemExit) as ended:
        main([verb, "--whatever"])

    assert 2 == ended.value.code
    assert f"ingestd {verb} is not built yet" in capsys.readouterr().err
    assert f"    {verb} " not in parser().format_help()


@pytest.mark.parametrize("argv", [[], ["walk"], ["status", "--wrong"], ["why"]])
def test_wrong_arguments_end_with_two(
    argv: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """A usage line on standard error."""
    with pytest.raises(SystemExit) as ended:
        main(argv)

    assert 2 == ended.value.code
    assert "usage: ingestd" in capsys.readouterr().err

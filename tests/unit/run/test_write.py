"""
The names that a pass gives its parts, when the pass fails.
"""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from ingestd.errors import Retryable
from ingestd.run.engines.polars.write import Places
from tests.unit.run.reject_kit import plan_in


def test_parts_may_still_be_asked_for_while_those_of_a_failed_pass_are_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    Polars' other threads go on for a while after one failed: what they ask for then is
    refused, and what was written is removed all the same.
    """
    places = Places(plan_in(tmp_path), 0, itertools.count())
    written = [places.take([]), places.take([])]
    for path in written:
        path.write_bytes(b"x")
    unlink, late = Path.unlink, []

    def unlink_and_ask(path: Path, *, missing_ok: bool = False) -> None:
        unlink(path, missing_ok=missing_ok)
        with pytest.raises(Retryable) as error:
            places.take([])
        late.append(error)

    monkeypatch.setattr(Path, "unlink", unlink_and_ask)
    places.remove()

    assert len(written) == len(late)
    assert [] == [path for path in written if path.exists()]

"""
The table: one row for each hazard, one cell for each reader.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path

from bench.hazards.files import DEFAULT, Hazard, Settings, hazards
from bench.hazards.judge import Refused, Table, differences
from bench.hazards.ours import Ours, by_ingestd, wrongs
from bench.hazards.readers import READERS, read
from ingestd import __version__
from ingestd.config.notation import toml

WRONG = "❌"

HEAD = """\
# Hazards: files that are read wrong without a word

Made by `python -m bench.hazards`: each reader is given the same bytes, as a file, and
what it returns is compared with the records that are in them. The readers of others are
called with a path and no option, as a first script would; ingestd infers the schema of
a first batch, and has its defaults but for the settings that a cell names.

- **right**: the rows that are in the file, and no others.
- refused: an error, and nothing of the file. Loud, and then somebody must get up.
- {wrong} **wrong**, and nothing says so.

Of ingestd's cells each is right: a record is a row with its values, or is set aside
with its reason (and its text, line and offset, see [csv.md](csv.md)), or the file is
quarantined whole with its reason; and the numbers add up. A test makes that column
anew (`tests/conformance/test_hazards.py`).

Where a cell has nothing but a setting, the default cannot serve: that `25` was `2500`
no reader can see, and by default the words NA and null are nulls.
"""


def page() -> str:
    """
    Return the page, all readers asked anew.
    """
    heads = ["hazard", "the file"]
    heads += [f"{name} {version}" for name, (version, _) in READERS.items()]
    heads.append(f"ingestd {__version__}")
    found = hazards()
    lines = [_line(heads), _line(["---"] * len(heads))]
    wrong: Counter[str] = Counter()
    for hazard in found:
        cells = {name: cell(hazard, name) for name in READERS}
        wrong.update(name for name, text in cells.items() if WRONG in text)
        shown = [f"`{hazard.shown}`"] if hazard.shown else []
        shown += [hazard.note] if hazard.note else []
        file = ", ".join(shown)
        lines.append(_line([hazard.name, file, *cells.values(), own_cell(hazard)]))
    sums = ", ".join(f"{name} {wrong[name]}" for name in READERS)
    told = f"Wrong without a word, of {len(found)} files: {sums}, ingestd 0."
    return "\n".join([HEAD.format(wrong=WRONG), told, "", *lines, ""])


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(text.replace('|', '&#124;') for text in cells)} |"


def cell(hazard: Hazard, name: str) -> str:
    """
    Return what the reader *name* makes of *hazard*.
    """
    with tempfile.TemporaryDirectory(prefix="ingestd-hazard-") as folder:
        return _told(hazard, read(name, written(hazard, Path(folder))))


def _told(hazard: Hazard, found: Table | Refused) -> str:
    if isinstance(found, Refused):
        return f"refused: `{found.error}`"
    if said := differences(hazard, found):
        return f"{WRONG} **wrong:** {'; '.join(said)}"
    if found.names != hazard.names:
        return f"right; renamed to {', '.join(f'`{name}`' for name in found.names)}"
    return "right"


def written(hazard: Hazard, folder: Path) -> Path:
    """
    Write the file of *hazard* into *folder*; return its path.
    """
    path = folder / hazard.file
    path.write_bytes(hazard.content())
    return path


def own_cell(hazard: Hazard) -> str:
    """
    Return what ingestd makes of *hazard*, with each of its settings.
    """
    return "; ".join(_own(hazard, settings) for settings in hazard.settings)


def _own(hazard: Hazard, settings: Settings) -> str:
    found = tried(hazard, settings)
    said = wrongs(hazard, found)
    text = f"{WRONG} **wrong:** {'; '.join(said)}" if said else _shown(found)
    if settings == DEFAULT:
        return text
    keys = ", ".join(f"`{key} = {toml(value)}`" for key, value in settings.items())
    return f"with {keys}: {text}"


def tried(hazard: Hazard, settings: Settings) -> Ours:
    """
    Return what ingestd makes of *hazard* with *settings*.
    """
    with tempfile.TemporaryDirectory(prefix="ingestd-hazard-") as folder:
        inbox, scratch = Path(folder, "in"), Path(folder, "out")
        inbox.mkdir()
        scratch.mkdir()
        return by_ingestd(written(hazard, inbox), settings, scratch)


def _shown(found: Ours) -> str:
    if found.reason:
        return f"quarantined: `{found.reason}`"
    reasons = Counter(reason for _, reason in found.aside)
    aside = [f"{count} set aside: `{reason}`" for reason, count in reasons.items()]
    if not aside:
        return "right"
    rows = len(found.table.rows)
    return f"{rows:,} {'row' if rows == 1 else 'rows'}, {', '.join(aside)}"

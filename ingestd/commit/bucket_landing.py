"""
A prefix that readers look into, and staging beside it: publishing is a copy within the
store.

Nothing depends on a rename or on a conditional PUT. Names are fixed before anything is
written, so doing it again writes the same bytes to the same names; what is there is
compared by size and digest, so an answer that was lost on its way is no failure.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ingestd.errors import ComponentAway
from ingestd.model import Part
from ingestd.observe.events import ComponentLost, emit
from ingestd.storage import Missing, Place, Store


@dataclass(frozen=True, slots=True)
class BucketLanding:
    """
    *root* and its *staging*, both in *store*, which is asked nothing when made.
    """

    store: Store
    root: Place
    staging: Place

    def prepare(self) -> None:
        """
        Give up uploads that a crash left half done.

        A store that is away is told of and waited for, at the start as later.
        """
        try:
            for place in (self.root, self.staging):
                self.store.sweep_uploads(place.below(""))
        except ComponentAway as err:
            emit(ComponentLost(err.component, str(err.args[0]), 0.0, err.hint))

    def staged(self, name: str) -> str:
        """
        Return the prefix *name* of staging.
        """
        return f"{self.staging.url}/{name}"

    def stage(self, name: str) -> bool:
        """
        Return True: a prefix needs no making, and *name* is one attempt's alone.
        """
        del name
        return True

    def publish(self, parts: Sequence[Part]) -> None:
        """
        Copy each part into place and compare it; idempotent. Raises ComponentAway.
        """
        for part in parts:
            self._place(part)

    def discard(self, name: str) -> None:
        """
        Remove what is below the prefix *name* of staging; what cannot be removed now,
        recovery removes.
        """
        prefix = Place.of(self.staged(name)).below("")
        try:
            for page in self.store.pages(prefix, deep=True):
                for item in page:
                    self.store.delete(item.key)
            self.store.sweep_uploads(prefix)
        except ComponentAway:
            return

    def leftovers(self) -> Iterator[str]:
        """
        Yield the name of every prefix of staging, in order; none while the store is
        away.
        """
        prefix, names = self.staging.below(""), set[str]()
        try:
            for page in self.store.pages(prefix, deep=True):
                names |= {item.key[len(prefix) :].split("/")[0] for item in page}
        except ComponentAway as err:
            emit(ComponentLost(err.component, str(err.args[0]), 0.0, err.hint))
        yield from sorted(names)

    def _place(self, part: Part) -> None:
        """
        Copy *part* to its final name, unless that was done before a crash.
        """
        final = self.root.below(part.name)
        try:
            self.store.copy(Place.of(part.staged).key, final, part.sha256)
        except Missing:
            if self.store.holds(final, part.size, part.sha256):
                return
            message = f"the staged part {part.staged} is gone, and {final} is not it"
            hint = "Was staging emptied by hand, or by a lifecycle rule? Bring it back"
            raise ComponentAway("sink", message, hint=hint) from None

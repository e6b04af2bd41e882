"""
Where something lies in a store: scheme, bucket and key.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ingestd.config.values import LOCAL_SCHEME, scheme_of

SEPARATOR: Final = "://"


@dataclass(frozen=True, slots=True)
class Place:
    """
    A URL taken apart. *key* has no slash at either end; "" is the bucket itself.
    """

    scheme: str
    bucket: str
    key: str

    @classmethod
    def of(cls, url: str) -> Place:
        """
        Take *url* apart; the bucket of ``sftp://host/path`` is the host.
        """
        scheme, _, rest = url.partition(SEPARATOR)
        bucket, _, key = rest.partition("/")
        return cls(scheme.lower(), bucket, key.strip("/"))

    @property
    def url(self) -> str:
        """
        The whole URL.
        """
        root = f"{self.scheme}{SEPARATOR}{self.bucket}"
        return f"{root}/{self.key}" if self.key else root

    def below(self, path: str) -> str:
        """
        Return the key of *path*, which is relative to this place; of "" the prefix of
        all keys below it.
        """
        return f"{self.key}/{path}" if self.key else path


def is_remote(url: str) -> bool:
    """
    Tell whether *url* names an object store, and not a folder of this machine.
    """
    return scheme_of(url) != LOCAL_SCHEME

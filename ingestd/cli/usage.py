"""
The error of a command line that parses and cannot be meant.
"""

from __future__ import annotations

from ingestd.errors import IngestdError


class UsageError(IngestdError):
    """
    An argument names something that is not there.
    """

    exit_code = 2

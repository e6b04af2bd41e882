"""
Bytes of a text as arrays, and those bytes that have a meaning of their own.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]
Flags = npt.NDArray[np.bool_]
Positions = npt.NDArray[np.intp]

LF: Final = 10
CR: Final = 13
BLANK: Final = 32

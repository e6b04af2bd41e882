"""
Powers of ten for the kernel that reads numbers.
"""

from __future__ import annotations

import numpy as np

from ingestd.run.engines.cudf.device import Host

_LEAST, _GREATEST = -342, 308
_BITS = 128
_EXACT = 22
"""10^22 is the greatest power of ten that a float holds."""

_CEILED = -27
"""From here to -1 the power is rounded up, which makes products of short numbers exact
enough; see the kernel for the source."""


def tens() -> Host:
    """
    Return 10^0 to 10^22, each exact.
    """
    return np.array([float(10**q) for q in range(_EXACT + 1)])


def powers() -> Host:
    """
    Return the first 128 bits of 10^q for q from -342 to 308, high halves first.
    """
    halves = []
    for q in range(_LEAST, _GREATEST + 1):
        first = _first_bits(q)
        halves += [first >> 64, first & (2**64 - 1)]
    return np.array(halves, np.uint64)


def _first_bits(q: int) -> int:
    # The powers of two in 10^q move the binary point and no bits.
    if q >= 0:
        five = int(5**q)
        excess = five.bit_length() - _BITS
        return five >> excess if excess > 0 else five << -excess
    five = int(5**-q)
    shift = _BITS - 1 + (five - 1).bit_length()
    quotient = (1 << shift) // five
    return quotient + 1 if q >= _CEILED else quotient

"""
The powers of ten of the kernel that reads numbers.
"""

from __future__ import annotations

from fractions import Fraction

from ingestd.run.engines.cudf.powers import powers, tens


def test_each_power_is_its_first_128_bits():
    """
    A wrong bit would make floats of some magnitudes wrong, and none of the usual ones.
    """
    found = powers().reshape(-1, 2)

    assert 651 == len(found)
    for q, (high, low) in zip(range(-342, 309), found, strict=True):
        bits = (int(high) << 64) + int(low)
        exact = Fraction(10) ** q
        scale = Fraction(2) ** (bits.bit_length() - 1)
        while exact >= 2 * scale:
            exact /= 2
        while exact < scale:
            exact *= 2
        assert 128 == bits.bit_length()
        ceiled = -27 <= q < 0
        assert (-1 if ceiled else 0) < exact - bits < (0 if ceiled else 1) or (
            exact == bits
        )


def test_small_powers_are_exact():
    """
    A quotient by one of them is then rounded once.
    """
    assert [10**q for q in range(23)] == [int(ten) for ten in tens()]

"""How a printed line is compared with the one that is kept."""

import math
import re

NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e[-+]\d+)?|nan")
ROUNDING = 1e-8  # slopes that differ from nudging by less differ by rounding alone


def agree(kept, said, loose=False):
    """Tell whether two lines have the same words, and the same numbers as far as they can be.

    Of what is trained in float32 (`loose`) another BLAS gives other bits, so other last digits.
    """
    if NUMBER.sub("#", kept) != NUMBER.sub("#", said):
        return False
    pairs = zip(NUMBER.findall(kept), NUMBER.findall(said), strict=True)
    if "taken for" in kept:  # the most frequent of a few mistakes may be another one
        return loose
    return all(close(one, other, loose) for one, other in pairs)


def close(kept, said, loose):
    one, other = float(kept), float(said)
    if math.isnan(one):
        return math.isnan(other)
    if "e" in kept:
        return other < ROUNDING if one < ROUNDING else abs(one - other) <= 0.3 * one
    if "." not in kept:
        return one == other
    last_digit = 10.0 ** -len(kept.partition(".")[2])
    return abs(one - other) <= max(2 * last_digit, abs(one) * (0.03 if loose else 0.001))

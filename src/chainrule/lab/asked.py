"""What a request asks for, read and checked: one sentence for each thing that can be wrong."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, NoReturn

import numpy as np

from chainrule.checks import Array
from chainrule.lab.words import Refused, said, sentence

WHOLE = re.compile(r"-?[0-9]{1,9}")  # as a whole number stands in an address


def read_json(body: bytes) -> dict[str, Any]:
    """Return the object that a request's body holds.

    Raises
    ------
    ChainruleError
        If it is not UTF-8, not JSON, nested too deeply, or holds NaN or Infinity.
    """
    try:
        fields = json.loads(body.decode("utf-8"), parse_constant=_refuse)
    except RecursionError:
        raise Refused("refused.nested") from None
    except ValueError as error:
        raise Refused("refused.unreadable", why=str(error)) from error
    if not isinstance(fields, dict):
        raise Refused("refused.no_object", came=type(fields).__name__)
    return fields


def _refuse(constant: str) -> NoReturn:
    raise ValueError(sentence(said("refused.constant", constant=constant)))


class Asked:
    """The fields of one request; what is not known is refused, and null counts as absent.

    Parameters
    ----------
    fields : mapping of str to any
        What came.
    names : iterable of str
        What may be there.
    """

    def __init__(self, fields: Mapping[str, Any], names: Iterable[str]) -> None:
        self.fields = {name: value for name, value in fields.items() if value is not None}
        known = list(names)
        if strange := [name for name in self.fields if name not in known]:
            came = f"{strange[0]!r:.40}"
            if not known:
                raise Refused("refused.nothing", came=came)
            raise Refused("refused.strange", known=", ".join(known), came=came)

    @classmethod
    def of_query(cls, pairs: Iterable[tuple[str, str]], names: Iterable[str]) -> Asked:
        """Return the fields of an address; whole numbers come out as numbers."""
        fields: dict[str, Any] = {}
        for name, value in pairs:
            if name in fields:
                raise Refused("refused.twice", came=f"{name!r:.40}")
            fields[name] = int(value) if WHOLE.fullmatch(value) else value
        return cls(fields, names)

    def __contains__(self, name: str) -> bool:
        return name in self.fields

    def value(self, name: str) -> Any:
        """Return a field as it came."""
        if name not in self.fields:
            raise Refused("refused.missing", name=name)
        return self.fields[name]

    def one_of(self, name: str, choices: Iterable[str]) -> str:
        """Return a field that must be one of a few words."""
        value, words = self.value(name), list(choices)
        if not isinstance(value, str) or value not in words:
            raise Refused(
                "refused.choice", name=name, choices=", ".join(words), came=f"{value!r:.60}"
            )
        return value

    def whole(self, name: str, least: int, most: int) -> int:
        """Return a field that must be a whole number from `least` to `most`."""
        return _whole(name, self.value(name), least, most)

    def real(self, name: str, above: float, at_most: float) -> float:
        """Return a field that must be a number above one bound and up to another."""
        value = self.value(name)
        if type(value) not in (int, float) or not above < value <= at_most:
            raise Refused(
                "refused.real",
                name=name,
                above=f"{above:g}",
                at_most=f"{at_most:g}",
                came=f"{value!r:.60}",
            )
        return float(value)

    def wholes(self, name: str, counts: Iterable[int], least: int, most: int) -> list[int]:
        """Return a field that must be a list of whole numbers, as long as one of `counts`."""
        values = self.listed(name, counts)
        return [_whole(f"{name}[{i}]", value, least, most) for i, value in enumerate(values)]

    def numbers(self, name: str, count: int, least: float, most: float) -> Array:
        """Return a field that must be `count` numbers from `least` to `most`, (count,)."""
        return numbers(name, self.value(name), count, least, most)

    def listed(self, name: str, counts: Iterable[int]) -> list[Any]:
        """Return a field that must be a list, as long as one of `counts`."""
        return _list(name, self.value(name), counts, "values")


def numbers(name: str, values: Any, count: int, least: float, most: float) -> Array:
    """Return a flat list of `count` numbers within bounds as a float64 array, (count,)."""
    _list(name, values, (count,), "numbers")
    if not set(map(type, values)) <= {int, float}:  # before NumPy sees them: strings grow there
        raise Refused("refused.no_numbers", name=name)
    if wrong := [value for value in values if not least <= value <= most]:
        raise Refused(
            "refused.bounds",
            name=name,
            least=f"{least:g}",
            most=f"{most:g}",
            came=f"{wrong[0]!r:.60}",
        )
    return np.array(values, np.float64)


def _list(name: str, value: Any, counts: Iterable[int], what: str) -> list[Any]:
    wanted = list(counts)
    if not isinstance(value, list) or len(value) not in wanted:
        came = f"{len(value):,}" if isinstance(value, list) else f"{value!r:.60}"
        several = said("refused.to", least=wanted[0], most=wanted[-1])
        needed = several if len(wanted) > 1 else wanted[0]
        raise Refused(f"refused.{what}", name=name, counts=needed, came=came)
    return value


def _whole(name: str, value: Any, least: int, most: int) -> int:
    if type(value) is not int or not least <= value <= most:
        raise Refused(
            "refused.whole", name=name, least=str(least), most=str(most), came=f"{value!r:.60}"
        )
    return value

"""Arguments under the names that a contract declares, for what leaves this program; the server does it for itself."""

from collections.abc import Mapping
from typing import Any, Final

from zimfo_shared.arguments import Input
from zimfo_shared.catalogue import CATALOGUE
from zimfo_shared.errors import BadArgumentsError

_METRES: Final = frozenset({"radius_m", "radius_meters", "distance_m"})
_M_PER_KM: Final = 1000


def canonical(name: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return a call's arguments with aliases resolved where that makes them what the contract takes.

    A call of another tool, one whose names are all declared, and one that stays invalid are left as they were written.
    """
    contract = CATALOGUE.get(name)
    given = dict(arguments)
    if contract is None or given.keys() <= contract.input.model_fields.keys():
        return given
    renamed = _renamed(contract.input, given)
    try:
        contract.input.parse(name, renamed)
    except BadArgumentsError:
        return given
    return renamed if renamed.keys() <= contract.input.model_fields.keys() else given


def _renamed(declared: type[Input], given: Mapping[str, Any]) -> dict[str, Any]:
    renamed: dict[str, Any] = {}
    for name, value in given.items():
        field = next((field for field, others in declared.ALIASES.items() if name in others), name)
        if name in _METRES and "radius_km" in declared.model_fields:
            field = "radius_km"
        if name in declared.model_fields or field == name:
            renamed[name] = value
        elif field not in given:
            renamed.setdefault(field, _in_its_type(name, field, value))
    return renamed


def _in_its_type(name: str, field: str, value: Any) -> Any:
    if name in _METRES and isinstance(value, int | float):
        return value // _M_PER_KM if value % _M_PER_KM == 0 else value / _M_PER_KM
    return [value] if field == "kinds" and isinstance(value, str) else value

"""Groups of types whose names are searched apart, so that many streets do not hide one town."""

from zimfo_server.atlas.places.record import TYPES

SETTLEMENTS, FEATURES, STREETS, ADDRESSES = GROUPS = range(4)

_GROUP_OF = {"place": SETTLEMENTS, "street": STREETS, "addr": ADDRESSES}


def group_of(type_id: int) -> int:
    """Return the group of a type, an index of `TYPES` or its length."""
    return _GROUP_OF.get(TYPES[type_id], FEATURES) if type_id < len(TYPES) else FEATURES

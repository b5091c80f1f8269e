"""Keys and values that travel beside a tool call."""

from typing import Final, Self

from pydantic import BaseModel, ConfigDict, Field

LOCATION_META_KEY: Final = "zimfo/location"
"""Key in a request's `_meta` under which a host sends the person's position as `{"lat", "lon"}`."""

NOT_READY_META_KEY: Final = "zimfo/not-ready"
"""Key in an error result's `_meta`, true when the same call will be answered later: something is being prepared."""


class Location(BaseModel):
    """A position on the earth: latitude and longitude in degrees (WGS 84)."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    lat: float = Field(ge=-90, le=90)
    lon: float = Field(ge=-180, le=180)

    @classmethod
    def of_text(cls, text: str) -> Self:
        """Return "LAT,LON" in degrees as a location. Raises `ValueError`."""
        lat, lon = (float(part) for part in text.split(","))
        return cls(lat=lat, lon=lon)  # pydantic's errors are ValueErrors too

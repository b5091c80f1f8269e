"""Lengths in the units of the person."""

import pytest

from zimfo_shared.units import distance_text, units


@pytest.mark.parametrize(
    ("environment", "system"),
    [
        ({}, "metric"),
        ({"LANG": "C.UTF-8"}, "metric"),
        ({"LANG": "en_US.UTF-8"}, "imperial"),
        ({"LANG": "en_US.UTF-8", "LC_MEASUREMENT": "de_DE.UTF-8"}, "metric"),
        ({"LANG": "de_DE.UTF-8", "LC_ALL": "en_GB"}, "imperial"),
        ({"LANG": "en_US.UTF-8", "ZIMFO_UNITS": "metric"}, "metric"),
        ({"LANG": "fr_FR", "ZIMFO_UNITS": " Imperial "}, "imperial"),
        ({"LANG": "en_US", "ZIMFO_UNITS": "cubits"}, "imperial"),
    ],
)
def test_the_system_is_asked_for_or_that_of_the_locale(environment: dict[str, str], system: str):
    assert units(environment) == system


@pytest.mark.parametrize(
    ("metres", "text"),
    [
        (0, "0 ft"),
        (10, "33 ft"),
        (100, "330 ft"),
        (161, "0.1 mi"),
        (805, "0.5 mi"),
        (1_610, "1 mi"),
        (16_093, "10 mi"),
        (160_934, "100 mi"),
    ],
)
def test_lengths_in_feet_and_miles(monkeypatch: pytest.MonkeyPatch, metres: float, text: str):
    monkeypatch.setenv("ZIMFO_UNITS", "imperial")
    assert distance_text(metres) == text

"""From texts to places: ranking, spellings, towns and regions, addresses, coordinates, choices, layouts."""

import random
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zimfo_server.atlas.maps import Atlas
from zimfo_server.atlas.places import query
from zimfo_server.atlas.places.gazetteer import Geocoded, geocode
from zimfo_server.errors import GuidanceError, PlaceNotFoundError
from zimfo_server.library.library import Library
from zimfo_shared.own_place import is_own_place

LibraryOf = Callable[..., Library]
MakeMap = Callable[..., Path]
SharedMap = Callable[[str], Path]
Geocode = Callable[..., Geocoded]
Row = dict[str, object]

_atlases: dict[tuple[str, ...], Atlas] = {}


@pytest.fixture
def real(shared_map: SharedMap, library_of: LibraryOf) -> Callable[..., Geocode]:
    """A geocoder over real maps, each set opened once."""

    def over(*names: str) -> Geocode:
        if names not in _atlases:
            _atlases[names] = Atlas(library_of(*map(shared_map, names)))
            for archive in _atlases[names].maps():
                archive.prepare(float("inf"))
        return lambda text, near=None, zim=None, **more: geocode(_atlases[names], text, near=near, zim=zim, **more)

    return over


@pytest.fixture
def small(make_map: MakeMap, library_of: LibraryOf) -> Callable[..., Geocode]:
    """A geocoder over made maps, given as lists of records by the map's name."""

    def over(**maps: Sequence[Row]) -> Geocode:
        files = [make_map(name, rows, bounds=(9, 44, 10, 46)) for name, rows in maps.items()]
        atlas = Atlas(library_of(*files))
        return lambda text, near=None, zim=None, **more: geocode(atlas, text, near=near, zim=zim, **more)

    return over


def row(
    name: str, type_: str = "place", subtype: str = "town", lat: float = 45.0, lon: float = 9.5, **more: object
) -> Row:
    return {"n": name, "t": type_, "s": subtype, "a": lat, "o": lon, "l": "", **more}


def street(name: str, lat: float = 45.0, lon: float = 9.5) -> Row:
    return row(name, "street", "minor", lat, lon)


def poi(name: str, subtype: str = "cafe", lat: float = 45.0, lon: float = 9.5, **more: object) -> Row:
    return row(name, "poi", subtype, lat, lon, **more)


# --- Coordinates and the person's own place ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    ["45.5,9.25", "45.5, 9.25", " 45.5 9.25 ", "(45.5, 9.25)", "[45.5;9.25]", "45.5/9.25", "geo:45.5,9.25",
     "45.5N 9.25E", "N45.5 E9.25", "45.5 N, 9.25 E", "9.25E, 45.5N", "45.5°, 9.25°", "45.5° N 9.25° E",
     "45°30'N 9°15'E",
     "45°30′00″N, 9°15′00″E", "45° 30' 0\" N 9° 15' 0\" E", "lat 45.5 lon 9.25", "lat: 45.5, lng: 9.25",
     "Latitude 45.5, Longitude 9.25", "45,50 9,25", "45,50; 9,25", "+45.5,+9.25", '"45.5,9.25"'],
)  # fmt: skip
def test_spellings_of_coordinates(small: Callable[..., Geocode], text: str):
    found = small(Map=[])(text).best

    assert (found.record.lat, found.record.lon) == pytest.approx((45.5, 9.25))
    assert (found.record.type, found.record.subtype, found.match, found.zim) == (
        "here",
        "coordinates",
        "coordinates",
        "Map",
    )


@given(lat=st.floats(-90, 90), lon=st.floats(-180, 180), digits=st.integers(1, 9))
def test_any_position_written_in_decimals_is_read_back(lat: float, lon: float, digits: int):
    lat, lon = round(lat, digits), round(lon, digits)
    if (lat, lon) == (0, 0):
        return
    sides = f"{abs(lat):.9f}{'S' if lat < 0 else 'N'} {abs(lon):.9f}{'W' if lon < 0 else 'E'}"

    assert query.coordinates(f"{lat:.9f},{lon:.9f}") == pytest.approx((lat, lon))
    assert query.coordinates(sides) == pytest.approx((lat, lon))


@given(st.text(max_size=40))
def test_other_texts_are_no_position_outside_of_the_earth(text: str):
    try:
        found = query.coordinates(text)
    except PlaceNotFoundError:
        return
    assert found is None or (abs(found[0]) <= 90 and abs(found[1]) <= 180)


@pytest.mark.parametrize("text", ["24 7", "7 11", "12 Main Street", "Route 66", "45.5", "45.5N", "A4 2.5", "1.5N 2.5S"])
def test_names_with_numbers_are_no_coordinates(text: str):
    assert query.coordinates(text) is None


@pytest.mark.parametrize("text", ["95.1, 9.2", "45.1,200.5", "-90.01 0.5", "0,0", "0.0, 0.0"])
def test_positions_that_are_none(small: Callable[..., Geocode], text: str):
    with pytest.raises(PlaceNotFoundError, match="Call again"):
        small(Map=[])(text)


@pytest.mark.parametrize(
    "text", ["my location", "My  Current Location.", "here", "ME", "currentLocation", "around_here", "where I am"]
)
def test_words_for_where_the_person_is(text: str):
    assert is_own_place(text)


@pytest.mark.parametrize("text", ["", "Here Street", "mexico", "my location in Milan", "x" * 10_000])
def test_other_words(text: str):
    assert not is_own_place(text)


# --- Ranking -------------------------------------------------------------------------------------------------------


def test_exact_before_prefix_before_word_before_inside(small: Callable[..., Geocode]):
    rows = [poi("Arosata", lat=44.1), poi("Via Rosata", lat=44.2), poi("Rosata Bar", lat=44.3), poi("Rosata", lat=44.4)]
    for kept, match in ((4, "exact"), (3, "prefix"), (2, "word"), (1, "part")):
        found = small(**{f"Map{kept}": rows[:kept]})("rosata")
        assert (found.best.record.name, found.best.match) == (rows[kept - 1]["n"], match)
        assert ("was taken for" in str(found.note)) == (match != "exact")


def test_settlements_before_sights_before_streets_before_addresses(small: Callable[..., Geocode]):
    rows = [
        row("Rosa", "addr", ""),
        street("Rosa"),
        poi("Rosa"),
        row("Rosa", "peak", ""),
        row("Rosa", subtype="hamlet"),
    ]
    for kept, type_ in ((5, "place"), (4, "peak"), (3, "poi"), (2, "street")):
        assert small(**{f"Map{kept}": rows[:kept]})("Rosa").best.record.type == type_


def test_large_settlements_before_small_ones_and_these_as_alternatives(small: Callable[..., Geocode]):
    sizes = ["hamlet", "village", "city", "suburb", "town"]
    found = small(Map=[row("Rosa", subtype=size, lat=44 + n / 5) for n, size in enumerate(sizes)])("Rosa")

    assert found.best.record.subtype == "city"
    assert [one.record.subtype for one in found.alternatives] == ["town", "village", "suburb"]


def test_of_equal_sights_the_nearer_one(small: Callable[..., Geocode]):
    at = small(Map=[poi("Rosa", lat=44.2), poi("Rosa", lat=45.8)])

    assert at("Rosa", near=(44.0, 9.5)).best.record.lat == 44.2
    assert at("Rosa", near=(46.0, 9.5)).best.record.lat == 45.8
    assert at("Rosa", near=(46.0, 9.5)).note == "'Rosa' is only known as Rosa (cafe)."
    assert "Several" in (at("Rosa").note or "")


def test_a_sight_with_an_article_before_one_without(small: Callable[..., Geocode]):
    at = small(Map=[poi("Rosa", lat=45.0), poi("Rosa", lat=45.8, w="it:Rosa")])

    assert at("Rosa").best.record.lat == 45.8


def test_a_stop_comes_after_what_it_is_named_after(small: Callable[..., Geocode]):
    at = small(Map=[poi("Duomo", "bus"), poi("Duomo", "place_of_worship", 45.9)])

    assert at("Duomo").best.record.subtype == "place_of_worship"
    assert "bus" in (small(Other=[poi("Duomo", "bus")])("Duomo").note or "")


def test_types_restrict_what_is_found(small: Callable[..., Geocode]):
    at = small(Map=[row("Rosa"), poi("Rosa"), street("Rosa")])

    assert at("Rosa", types=frozenset({"poi"})).best.record.type == "poi"
    assert at("Rosa", types=frozenset({"street", "addr"})).best.record.type == "street"
    with pytest.raises(PlaceNotFoundError):
        at("Rosa", types=frozenset({"water"}))


def test_a_street_is_found_by_its_whole_name_only(small: Callable[..., Geocode]):
    at = small(Map=[street("Salinas Drive"), row("12 Salinas Drive", "addr", "")])

    assert at("salinas drive").best.record.type == "street"
    for part in ("Salinas", "Drive", "linas"):
        with pytest.raises(PlaceNotFoundError, match=r"Salinas Drive \(street\)" if part != "linas" else "linas"):
            at(part)


def test_the_piece_of_a_street_nearest_to_the_person(small: Callable[..., Geocode]):
    at = small(Map=[street("Via Rosa", 45 + n / 200) for n in range(9)])

    assert at("Via Rosa", near=(45.03, 9.5)).best.record.lat == 45.03
    assert at("Via Rosa").best.record.lat == 45.02  # the middle one
    assert at("Via Rosa").alternatives == []


def test_streets_of_one_name_in_two_towns(small: Callable[..., Geocode]):
    rows = [street("Via Rosa", 44.2 + n / 200) for n in range(5)] + [
        street("Via Rosa", 45.8 + n / 200) for n in range(9)
    ]
    found = small(Map=rows)("Via Rosa")

    assert found.best.record.lat >= 45.8
    assert [round(one.record.lat, 6) for one in found.alternatives] == [44.22]
    assert "Several" in (found.note or "")


def test_short_texts_are_not_looked_for_inside_of_words(small: Callable[..., Geocode]):
    with pytest.raises(PlaceNotFoundError):
        small(Map=[poi("Prosecco"), row("Prosa")])("ro")


# --- Spellings -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "asked"),
    [("Café Größe", "cafe grosse"), ("Cafe Grosse", "Café Größe"), ("Ħal Balzan", "hal balzan"),
     ("St Julian's", "St Julians"),
     ("Helsinki / Helsingfors", "helsingfors"), ("Għawdex (Gozo)", "Gozo"), ("Biel - Bienne", "Bienne"),
     ("Il-Birgu", "Birgu"), ("東京", "東京"), ("Москва", "МОСКВА"), ("Rosa", '"rosa".'), ("Rosa", "the Rosa")],
)  # fmt: skip
def test_spellings_of_a_name(small: Callable[..., Geocode], written: str, asked: str):
    found = small(Map=[row(written), row("Elsewhere", lat=44.1)])(asked)

    assert (found.best.record.name, found.best.match, found.note) == (written, "exact", None)


def test_other_names_of_a_record(small: Callable[..., Geocode]):
    assert small(Map=[row("Firenze", alt_name="Florence;Florenz")])("florenz").best.record.name == "Firenze"


def test_a_likely_misspelling_is_suggested(small: Callable[..., Geocode]):
    at = small(Map=[row("Sliema"), poi("Manoel Theatre", "theatre"), row("Gzira")])

    with pytest.raises(PlaceNotFoundError, match=r"Sliema \(town\).*'lat,lon'.*Map \('Map'\)"):
        at("Slieema")
    with pytest.raises(PlaceNotFoundError, match=r"Manoel Theatre \(theatre\)"):
        at("manuel theater")


def test_trailing_words_are_dropped_for_a_sight_that_leaves_no_doubt(small: Callable[..., Geocode]):
    at = small(Map=[poi("K1 Speed", "sport"), *(poi(f"Piazza {n}") for n in range(30)), poi("Piazza", "park")])

    found = at("k1 kart")
    assert found.best.record.name == "K1 Speed"
    assert "'k1 kart'" in (found.note or "")
    with pytest.raises(PlaceNotFoundError):
        at("Piazza Duomo")


# --- Towns, regions, several maps ----------------------------------------------------------------------------------


def test_a_map_is_found_by_its_region(small: Callable[..., Geocode]):
    found = small(Lombardy=[row("Milano", subtype="city"), poi("Lombardy", "restaurant")])("lombardy").best

    assert (found.record.type, found.record.name, found.match, found.zim) == (
        "region",
        "Lombardy",
        "region",
        "Lombardy",
    )
    assert (found.record.lat, found.record.lon) == (45, 9.5)


def test_a_settlement_of_the_regions_name_comes_first(small: Callable[..., Geocode]):
    assert small(Rosa=[row("Rosa", subtype="hamlet", lat=44.5)])("Rosa").best.record.type == "place"


@pytest.mark.parametrize(
    "text", ["Bar Uno, Rosa", "Bar Uno in Rosa", "bar uno near rosa", "Bar Uno Rosa", "bar uno in the Rosa"]
)
def test_a_sight_in_a_town(small: Callable[..., Geocode], text: str):
    at = small(
        Map=[row("Rosa", lat=44.2), row("Verde", lat=45.8), poi("Bar Uno", lat=44.21), poi("Bar Uno", lat=45.81)]
    )

    assert at(text, near=(45.8, 9.5)).best.record.lat == 44.21


def test_a_town_in_a_region_or_beside_another(small: Callable[..., Geocode]):
    at = small(East=[row("Rosa", lat=44.2), row("Verde", lat=44.25)], West=[row("Rosa", lat=45.8)])

    assert at("Rosa, East").best.zim == "East"
    assert at("Rosa in West").best.zim == "West"
    assert at("Rosa near Verde").best.record.lat == 44.2


def test_a_label_says_where_a_place_is(small: Callable[..., Geocode]):
    at = small(Map=[poi("Bar Uno", lat=44.2, l="Palo Alto, California"), poi("Bar Uno", lat=45.1, l="Reno, Nevada")])

    assert at("Bar Uno, Palo Alto").best.record.lat == 44.2
    assert at("Bar Uno, Nevada").best.record.lat == 45.1


def test_a_region_on_no_map_is_noted(small: Callable[..., Geocode]):
    found = small(Map=[row("Milano", subtype="city")])("Milano, Italy")

    assert found.best.record.name == "Milano"
    assert "'Italy'" in (found.note or "")


def test_a_sight_is_not_taken_from_another_town(small: Callable[..., Geocode]):
    at = small(Map=[row("Rosa", lat=44.2), poi("Bar Uno", lat=45.8)])

    with pytest.raises(PlaceNotFoundError, match=r"elsewhere: Bar Uno \(cafe.*'45.80000,9.50000'"):
        at("Bar Uno, Rosa")


def test_one_map_only(small: Callable[..., Geocode]):
    at = small(East=[row("Rosa", subtype="city")], West=[row("Rosa", subtype="hamlet", lat=45.9), row("Verde")])

    assert at("Rosa", zim="West").best.zim == "West"
    with pytest.raises(PlaceNotFoundError):
        at("Verde", zim="East")
    with pytest.raises(PlaceNotFoundError, match="no map"):
        at("Verde", zim="North")


def test_a_place_on_two_maps_is_one(small: Callable[..., Geocode]):
    found = small(East=[row("Rosa")], West=[row("Rosa", lat=45.001)])("Rosa")

    assert found.best.zim == "East"
    assert found.alternatives == []


# --- Choices -------------------------------------------------------------------------------------------------------


def test_two_settlements_of_one_name_are_a_question(small: Callable[..., Geocode]):
    at = small(Map=[row("Rosa", lat=44.2), row("Verde", lat=44.23), row("Rosa", lat=45.8)])

    with pytest.raises(PlaceNotFoundError, match="name of 2 places") as raised:
        at("Rosa")
    assert "'Rosa, Verde' for Rosa (town, 3 km south of Verde)" in str(raised.value)
    assert "'45.80000,9.50000'" in str(raised.value)
    assert at("Rosa, Verde").best.record.lat == 44.2
    assert at("45.80000,9.50000").best.record.lat == 45.8


def test_the_person_settles_it_if_one_is_clearly_nearer(small: Callable[..., Geocode]):
    at = small(Map=[row("Rosa", lat=44.2), row("Rosa", lat=45.8)])

    assert at("Rosa", near=(44.3, 9.5)).best.record.lat == 44.2
    with pytest.raises(PlaceNotFoundError, match="2 places"):
        at("Rosa", near=(45.0, 9.5))


def test_one_town_stored_twice_is_no_question(small: Callable[..., Geocode]):
    found = small(Map=[row("Rosa"), row("Rosa", lat=45.01), row("Rosa", subtype="suburb", lat=45.005)])("Rosa")

    assert found.best.record.subtype == "town"
    assert found.alternatives == []


def test_parts_of_several_names_are_a_question_too(small: Callable[..., Geocode]):
    with pytest.raises(PlaceNotFoundError, match="Aldosa de Canillo"):
        small(Map=[row("Aldosa de Canillo", lat=44.1), row("Aldosa de Massana", lat=45.1)])("Aldosa")


# --- Addresses -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    ["5 Via Dante", "Via Dante 5", "via dante, 5", "5, Via Dante", "Via Dante 5, Rosa", "5 Via Dante, Rosa",
     "Via Dante, 5, Rosa", "Via Dante 5 Rosa", "5 Via Dante in Rosa", "Via Dante 5, 20121 Rosa"],
)  # fmt: skip
def test_orders_of_an_address(small: Callable[..., Geocode], text: str):
    rows = [
        row("Rosa"),
        street("Via Dante", 45.003),
        row("5 Via Dante, Rosa", "addr", "", 45.002),
        row("15 Via Dante", "addr", ""),
    ]
    found = small(Map=rows)(text)

    assert (found.best.record.name, found.note) == ("5 Via Dante, Rosa", None)


def test_an_address_in_the_town_that_is_asked_for(small: Callable[..., Geocode]):
    rows = [row("Rosa", lat=44.2), row("Verde", lat=45.8)]
    rows += [row("5 Via Dante, Rosa", "addr", "", 44.2), row("5 Via Dante, Verde", "addr", "", 45.8)]

    assert small(Map=rows)("Via Dante 5, Verde").best.record.lat == 45.8


def test_a_number_that_is_not_on_the_map_leads_to_the_street(small: Callable[..., Geocode]):
    found = small(Map=[row("Rosa"), street("Via Dante"), row("5 Via Dante", "addr", "")])("Via Dante 77, Rosa")

    assert found.best.record.name == "Via Dante"
    assert "77" in (found.note or "")


# --- Refused texts -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["", "  ", '""', "...", "\0", "x" * 10_000, "a, " * 5_000])
def test_texts_that_are_no_names(small: Callable[..., Geocode], text: str):
    with pytest.raises(PlaceNotFoundError, match="Call again"):
        small(Map=[row("Rosa")])(text)


@pytest.mark.parametrize(
    "text",
    [
        "a, " * 160,
        "the " * 120,
        "in " * 160,
        "1 2 " * 120,
        "((((",
        "%",
        "\\",
        "\n\n",
        "ro sa " * 80,
        "°" * 400,
        "5" * 490,
    ],
)
def test_odd_texts_are_answered_or_refused(small: Callable[..., Geocode], text: str):
    with pytest.raises(PlaceNotFoundError):
        small(Map=[row("Rosa"), poi("Bar")])(text)


@given(st.text(alphabet="abc ,.'0159-/°Nin", max_size=30))
def test_any_text_is_answered_or_refused(text: str):
    try:
        found = query.coordinates(query.tidy(text))
        parts = [*query.splits(text), *query.trailing_splits(text)]
    except PlaceNotFoundError:
        return
    assert found is None or len(found) == 2
    assert all(part.name.strip() for part in parts)


def test_without_maps(library_of: LibraryOf, make_zim: MakeMap):
    with pytest.raises(PlaceNotFoundError, match="No map"):
        geocode(Atlas(library_of(make_zim("Wiki", {"Page": "<p>x</p>"}))), "Rosa", near=None, zim=None)


# --- Real maps -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "name", "type_", "zim"),
    [
        ("Milano", "Milano", "place", "milan-v4-head"),
        ("Milan", "Milan", "region", "milan-v4-head"),
        ("Sliema", "Tas-Sliema", "place", "malta-v4-head"),
        ("hamrun", "Ħamrun", "place", "malta-v4-head"),
        ("Balzan", "Ħal Balzan", "place", "malta-v4-head"),
        ("Gozo", "Għawdex (Gozo)", "place", "malta-v4-head"),
        ("L-Imgarr, Gozo", "L-Imġarr", "place", "malta-v4-head"),
        ("Andorra", "Andorra", "place", "andorra-v4-head"),
        ("andorra la vella", "Andorra la Vella", "place", "andorra-v4-head"),
        ("Monaco", "Monaco", "place", "monaco-v4-head"),
        ("Helsinki Centre", "Helsinki Centre", "region", "helsinki-v4-head"),
        ("Via Toscana 10, Bresso", "10 Via Toscana, Bresso", "addr", "milan-v4-head"),
        ("piazza del duomo, milano", "Piazza del Duomo", "street", "milan-v4-head"),
        ("Starbucks, Helsinki", "Starbucks", "poi", "helsinki-v4-head"),
    ],
)
def test_places_of_real_maps(real: Callable[..., Geocode], text: str, name: str, type_: str, zim: str):
    at = real("milan-v4-head", "malta-v4-head", "andorra-v4-head", "helsinki-v4-head", "monaco-v4-head")
    found = at(text).best

    assert (found.record.name, found.record.type, found.zim) == (name, type_, zim)


def test_a_real_question(real: Callable[..., Geocode]):
    at = real("malta-v4-head")
    with pytest.raises(PlaceNotFoundError, match="name of 2 places") as raised:
        at("L-Imgarr")

    choices = [part.split("' for ")[0].strip(" '") for part in str(raised.value).split("one of: ")[1].split("; ")]
    assert len(choices) == 2
    assert len({at(choice).best.record.lat for choice in choices}) == 2


def records_of(atlas: Atlas) -> set[tuple[str, str, float, float]]:
    index = atlas.maps()[0].places
    records = (index.record(number) for number in range(index.count))
    return {(one.name, one.type, one.lat, one.lon) for one in records}


@pytest.mark.parametrize(
    ("region", "layouts"),
    [
        ("helsinki-v4-head",
         ["helsinki-v4-chunked-hotsplit-head", "helsinki-v4-hotsplit2-head", "helsinki-v5-split-head",
          "helsinki-repack-split-head", "helsinki-spatial-szci1-s10", "helsinki-spatial-szci2-s100"]),
        ("monaco-v4-head", ["monaco-hotsplit-emptyparent-head", "monaco-chunkonly-48ce0a6"]),
        ("malta-v4-head", ["malta-spatial-szci2-s10", "malta-spatial-szci2-s10-4shards"]),
        ("andorra-v4-head", ["andorra-v5-split-head", "andorra-spatial-szci2-s10"]),
    ],
)  # fmt: skip
def test_all_layouts_of_a_region_answer_alike(real: Callable[..., Geocode], region: str, layouts: list[str]):
    expected = real(region)
    answers = {layout: real(layout) for layout in layouts}
    # A handful of records differ between the builds themselves; a name of theirs says nothing about layouts.
    everywhere = set.intersection(*(records_of(_atlases[layout,]) for layout in (region, *layouts)))
    different = {one[0] for layout in (region, *layouts) for one in records_of(_atlases[layout,]) - everywhere}
    assert len(different) <= 3
    sample = random.Random(3).sample(sorted({one[0] for one in everywhere} - different), 200)

    def answer(at: Geocode, text: str) -> object:
        try:
            found = at(text)
        except GuidanceError as error:
            return str(error).split("Maps loaded")[0]
        places = [(one.record.name, one.record.type, one.record.lat, one.record.lon) for one in found.alternatives]
        return (
            found.best.record.name,
            found.best.record.lat,
            found.best.record.lon,
            found.best.match,
            places,
            found.note,
        )

    for text in sample:
        wanted = answer(expected, text)
        assert isinstance(wanted, tuple) or "name of" in str(wanted), text
        for layout in layouts:
            assert answer(answers[layout], text) == wanted, (layout, text)

"""The place tools on real maps: centres, coverage, lists, notes, suggestions, excerpts, stories."""

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from zimfo_server.atlas.maps import Atlas
from zimfo_server.errors import GuidanceError, MapUnreadableError, PlaceNotFoundError
from zimfo_server.library.library import Library
from zimfo_server.tools import places
from zimfo_shared.places import (
    NearbyStoriesInput,
    NearNamedPlaceInput,
    NearOutput,
    NearPlacesInput,
    StoriesOutput,
    WhatIsHereInput,
    WhatIsHereOutput,
)
from zimfo_shared.wire import Location

AtlasOf = Callable[..., Atlas]
LibraryOf = Callable[..., Library]
MakeZim = Callable[..., Path]

VALLETTA = Location(lat=35.8989, lon=14.5146)
MILAN = Location(lat=45.4642, lon=9.19)

_opened: dict[tuple[str, ...], Atlas] = {}


@pytest.fixture
def atlas_of(shared_data: Path, library_of: LibraryOf) -> AtlasOf:
    """An atlas of real maps by their stems, made once, or with other archives, made anew."""

    def made(*names: str, others: tuple[Path, ...] = ()) -> Atlas:
        files = [shared_data / "streetzim" / f"{name}.zim" for name in names]
        if any(not file.exists() for file in files):
            pytest.skip("the shared data has no such map")
        if others:
            return Atlas(library_of(*files, *others))
        if names not in _opened:
            _opened[names] = Atlas(library_of(*files))
        return _opened[names]

    return made


def near(atlas: Atlas, location: Location | None = None, **arguments: Any) -> NearOutput:
    return places.near_places(atlas, NearPlacesInput.parse("near_places", arguments), location)


def stories(atlas: Atlas, location: Location | None = None, **arguments: Any) -> StoriesOutput:
    return places.nearby_stories(atlas, NearbyStoriesInput.parse("nearby_stories", arguments), location)


def here(atlas: Atlas, location: Location | None = None, **arguments: Any) -> WhatIsHereOutput:
    return places.what_is_here(atlas, WhatIsHereInput.parse("what_is_here", arguments), location)


def test_bars_near_a_named_place(atlas_of: AtlasOf):
    found = places.near_named_place(
        atlas_of("malta-v4-head"), NearNamedPlaceInput(place="Valletta", kinds=["bar"], limit=5), None
    )

    assert found.resolved
    assert (found.resolved.name, found.resolved.type) == ("Valletta", "place")
    assert found.results_shown == len(found.results) == 5 < found.total_in_radius
    assert {place.subtype for place in found.results} <= {"bar", "beer", "amenity"}
    metres = [place.distance_m for place in found.results if place.distance_m is not None]
    assert metres == sorted(metres)
    assert found.zims == ["malta-v4-head"]


def test_a_place_name_beats_the_coordinates_that_models_invent(atlas_of: AtlasOf):
    found = near(atlas_of("malta-v4-head"), place="Valletta", lat=37.7749, lon=-122.4194)

    assert found.resolved
    assert abs(found.origin.lat - VALLETTA.lat) < 0.02


@pytest.mark.parametrize("word", ["here", "my location", "current location"])
def test_here_is_where_the_person_is(atlas_of: AtlasOf, word: str):
    found = near(atlas_of("malta-v4-head"), VALLETTA, place=word, lat=37.7749, lon=-122.4194)

    assert (found.origin.lat, found.origin.lon) == (VALLETTA.lat, VALLETTA.lon)
    assert found.resolved is None


def test_coordinates_of_the_call_come_before_the_location(atlas_of: AtlasOf):
    found = near(atlas_of("malta-v4-head"), VALLETTA, lat=36.045, lon=14.24)

    assert found.origin.lat == 36.045


def test_zero_coordinates_are_none(atlas_of: AtlasOf):
    atlas = atlas_of("malta-v4-head")

    assert near(atlas, VALLETTA, lat=0, lon=0).origin.lat == VALLETTA.lat
    with pytest.raises(GuidanceError, match="place="):
        near(atlas, lat=0, lon=0)


@pytest.mark.parametrize("call", [near, stories, here])
def test_without_any_place_guidance_says_what_to_give(atlas_of: AtlasOf, call: Callable[..., Any]):
    with pytest.raises(GuidanceError, match="lat and lon") as caught:
        call(atlas_of("malta-v4-head"))

    assert "Malta" in str(caught.value)


@pytest.mark.parametrize("call", [near, stories, here])
def test_half_a_point_is_no_point(atlas_of: AtlasOf, call: Callable[..., Any]):
    with pytest.raises(GuidanceError, match="Both lat and lon"):
        call(atlas_of("malta-v4-head"), lat=35.9)


@pytest.mark.parametrize("call", [near, stories, here])
def test_outside_of_every_map_the_regions_are_named(atlas_of: AtlasOf, call: Callable[..., Any]):
    with pytest.raises(GuidanceError, match="no loaded map covers") as caught:
        call(atlas_of("malta-v4-head", "milan-v4-head"), lat=37.7749, lon=-122.4194)

    assert "Malta ('malta-v4-head')" in str(caught.value)
    assert "Milan ('milan-v4-head')" in str(caught.value)
    assert "/" not in str(caught.value).replace("and/or", "")


def test_without_maps_there_is_guidance(library_of: LibraryOf, make_zim: MakeZim):
    atlas = Atlas(library_of(make_zim("wikipedia_en", {"Malta": "<p>Malta is an island.</p>"})))

    with pytest.raises(GuidanceError, match="No map archive"):
        near(atlas, VALLETTA)


def test_an_encyclopedia_is_no_map(atlas_of: AtlasOf, make_zim: MakeZim):
    atlas = atlas_of("malta-v4-head", others=(make_zim("wikipedia_en", {"Malta": "<p>Malta is an island.</p>"}),))

    with pytest.raises(GuidanceError, match="is no map") as caught:
        near(atlas, VALLETTA, zim="wikipedia_en")
    assert "malta-v4-head" in str(caught.value)


def test_an_unknown_place_is_not_found(atlas_of: AtlasOf):
    with pytest.raises(PlaceNotFoundError):
        near(atlas_of("malta-v4-head"), place="Zzyzxopolis")


def test_categories_that_the_list_does_not_show_are_named(atlas_of: AtlasOf):
    found = near(atlas_of("malta-v4-head"), VALLETTA, limit=3)
    shown = {place.subtype or place.type for place in found.results}

    assert found.categories_needing_drill_in
    assert not set(found.categories_needing_drill_in) & shown
    assert len(found.categories_needing_drill_in) <= places.MAX_DRILL_IN
    assert sum(entry.count for entry in found.by_category) == found.total_in_radius
    assert found.usage_note


def test_a_category_that_is_named_can_be_asked_for(atlas_of: AtlasOf):
    atlas = atlas_of("malta-v4-head")
    everything = near(atlas, VALLETTA, limit=1)

    for entry in everything.by_category:
        asked = near(atlas, VALLETTA, kinds=[entry.category], limit=50)
        assert asked.total_in_radius > 0, entry.category


def test_a_kind_that_is_not_there_is_suggested_farther_away(atlas_of: AtlasOf):
    found = near(atlas_of("malta-v4-head"), VALLETTA, kinds=["golf"], radius_km=0.5)

    assert found.total_in_radius == 0
    assert found.note
    assert "no golf" in found.note
    assert found.suggested_next
    wider = found.suggested_next[0]
    repeated = near(atlas_of("malta-v4-head"), None, **wider.arguments)
    assert wider.tool == "near_places"
    assert repeated.total_in_radius > 0
    assert str(repeated.total_in_radius) in wider.reason


def test_a_kind_that_is_nowhere_is_answered_with_those_that_are_there(atlas_of: AtlasOf):
    found = near(atlas_of("milan-v4-head"), MILAN, kinds=["comedy_club"])

    assert found.total_in_radius == 0
    assert found.suggested_next
    assert near(atlas_of("milan-v4-head"), None, **found.suggested_next[-1].arguments).total_in_radius > 0


def test_labels_of_the_generator_are_given_only_with_addresses(atlas_of: AtlasOf):
    atlas = atlas_of("helsinki-v4-overture-synthetic-head")
    found = near(atlas, lat=60.17, lon=24.94, kinds=["address", "hotel"], limit=50)

    assert all(place.location is None for place in found.results if place.type != "addr")
    assert any(place.website and place.website.startswith("http") for place in found.results)


def test_rows_with_a_tag_show_the_beginning_of_their_article(atlas_of: AtlasOf, make_zim: MakeZim):
    tagged = near(atlas_of("milan-v4-head"), MILAN, has_wiki=True, limit=30, radius_km=3)
    titles = {place.wikipedia.partition(":")[2] for place in tagged.results if place.wikipedia}
    pages = {title: f"<h1>{title}</h1><p>{title} is well known. {'It is old. ' * 100}</p>" for title in titles}

    atlas = atlas_of("milan-v4-head", others=(make_zim("wikipedia_it", pages, language="ita"),))
    found = near(atlas, MILAN, has_wiki=True, limit=30, radius_km=3)

    with_excerpt = [place for place in found.results if place.excerpt]
    assert len(found.results) == 30
    assert len(with_excerpt) == places.MAX_EXCERPTS
    assert with_excerpt == found.results[: places.MAX_EXCERPTS]
    assert all(place.wiki_zim == "wikipedia_it" and len(place.excerpt or "") < 600 for place in with_excerpt)


def test_only_places_with_an_article_also_around_a_named_place(atlas_of: AtlasOf):
    atlas = atlas_of("malta-v4-head")
    wanted = NearNamedPlaceInput(place="Valletta", has_wiki=True, radius_km=10)
    named, found = (
        places.near_named_place(atlas, wanted, None),
        near(atlas, place="Valletta", has_wiki=True, radius_km=10),
    )

    assert found.total_in_radius > 0
    assert all(place.wikipedia for place in found.results)
    assert named == found


def test_kinds_without_words_mean_every_kind(atlas_of: AtlasOf):
    found = near(atlas_of("malta-v4-head"), VALLETTA, kinds=["🍕"])

    assert found.total_in_radius == near(atlas_of("malta-v4-head"), VALLETTA).total_in_radius
    assert found.note
    assert "no words" in found.note


def test_a_map_with_unreadable_places_does_not_silence_the_others(
    atlas_of: AtlasOf, make_map: MakeZim, library_of: LibraryOf
):
    broken = make_map("Broken", [], {"search-data/manifest.json": b"[1, 2"}, bounds=(14, 35, 15, 36.5))
    found = near(atlas_of("malta-v4-head", others=(broken,)), VALLETTA, kinds=["bar"])

    assert found.total_in_radius > 0
    assert found.zims == ["malta-v4-head"]
    assert found.note
    assert "'Broken'" in found.note
    with pytest.raises(MapUnreadableError):
        near(Atlas(library_of(broken)), VALLETTA)


def test_several_maps_of_one_region_are_one_list(atlas_of: AtlasOf):
    one = near(atlas_of("helsinki-v4-head"), lat=60.17, lon=24.94, limit=50)
    two = near(atlas_of("helsinki-v4-head", "helsinki-v5-split-head"), lat=60.17, lon=24.94, limit=50)

    assert two.total_in_radius == one.total_in_radius
    assert two.zims == ["helsinki-v4-head", "helsinki-v5-split-head"]


def test_an_unknown_kind_is_matched_by_words_and_said_to_be(atlas_of: AtlasOf):
    found = near(atlas_of("malta-v4-head"), VALLETTA, kinds=["waterfront"], radius_km=3)

    assert found.results
    assert all("waterfront" in place.name.lower() for place in found.results)
    assert found.note
    assert '"waterfront"' in found.note


def test_stories_around_a_place(atlas_of: AtlasOf, make_zim: MakeZim):
    page = "<h1>Birgu</h1><p>Birgu is an old fortified city.[2]</p><h2>History</h2><p>Old.</p>"
    atlas = atlas_of("malta-v4-head", others=(make_zim("wikipedia_en", {"Birgu": page}),))
    found = stories(atlas, VALLETTA, radius_km=5)

    assert found.count == 1
    story = found.stories[0]
    assert (story.wiki_title, story.wiki_tag, story.zim) == ("Birgu", "en:Birgu", "wikipedia_en")
    assert story.excerpt == "Birgu is an old fortified city."
    assert story.has_more_sections
    assert story.direction
    assert found.note is None


def test_stories_without_their_articles_say_what_is_missing(atlas_of: AtlasOf):
    found = stories(atlas_of("malta-v4-head"), VALLETTA, radius_km=10)

    assert found.count == 0
    assert found.note
    assert "no encyclopedia is loaded" in found.note
    assert "languages may have them: en, es" in found.note
    assert found.suggested_next
    suggestion = found.suggested_next[0]
    assert near(atlas_of("malta-v4-head"), None, **suggestion.arguments).total_in_radius > 0


def test_no_story_near_suggests_a_wider_radius(atlas_of: AtlasOf):
    found = stories(atlas_of("malta-v4-head"), VALLETTA, radius_km=0.05)

    assert found.count == 0
    assert found.suggested_next
    assert found.suggested_next[0].tool == "nearby_stories"
    assert found.suggested_next[0].arguments["radius_km"] > 0.05


def test_where_the_person_is(atlas_of: AtlasOf, make_zim: MakeZim):
    page = "<h1>Monte-Carlo</h1><p>Monte-Carlo est un quartier de Monaco. Il est connu.</p>"
    atlas = atlas_of("monaco-v4-head", others=(make_zim("wikipedia_fr", {"Monte-Carlo": page}, language="fra"),))
    found = here(atlas, Location(lat=43.7402, lon=7.4280))

    assert found.nearest_named_place == "Monte-Carlo, Monaco"
    assert (found.neighbourhood, found.settlement, found.admin_area) == ("Monte-Carlo", "Monaco", "Monaco")
    assert found.wiki_title == "Monte-Carlo"
    assert found.wiki_summary == "Monte-Carlo est un quartier de Monaco. Il est connu."
    assert found.note
    assert "3 Avenue des Spélugues" in found.note


@pytest.mark.parametrize("radius", [0, 1_000_000])
def test_radii_are_clamped(atlas_of: AtlasOf, radius: int):
    found = near(atlas_of("andorra-v4-head"), lat=42.5075, lon=1.5218, radius_km=radius)

    assert 0.05 <= found.radius_km <= 100
    assert found.results_shown <= 10


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(
    place=st.sampled_from(["", "here", "Valletta", "35.9, 14.5"]) | st.text(max_size=40),
    kinds=st.lists(st.text(max_size=20), max_size=3),
    lat=st.floats(-90, 90) | st.none(),
    lon=st.floats(-180, 180) | st.none(),
)
def test_every_call_is_answered_or_guided(
    atlas_of: AtlasOf, place: str, kinds: list[str], lat: float | None, lon: float | None
):
    atlas = atlas_of("malta-v4-head")
    found = None
    with contextlib.suppress(GuidanceError):
        found = near(atlas, VALLETTA, place=place, kinds=kinds, lat=lat, lon=lon)

    assert found is None or found.results_shown == len(found.results) <= found.total_in_radius

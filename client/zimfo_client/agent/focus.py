"""What a conversation is about: the articles read last, the places listed last, the coordinates that were named."""

from dataclasses import dataclass, field, replace
from typing import Any, Self

from pydantic import ValidationError

from zimfo_client.agent.location import KnownPoints
from zimfo_client.agent.memory import ReadArticles
from zimfo_client.results import Source, ToolResult, sources_of
from zimfo_client.text import content_stems
from zimfo_shared.places import NearOutput, Place, StoriesOutput

MAX_ARTICLES = 4  # a question that points back means one of the last few


@dataclass
class ListedPlaces:
    """The last list of places, nearest first, and how it came about.

    `shown` of `places` were shown, `total` lie in the radius; `tool` with `arguments` lists them again. `chosen` is the
    place that was singled out last.
    """

    places: list[Place] = field(default_factory=list)
    shown: int = 0
    total: int = 0
    label: str = "places"
    tool: str = ""
    arguments: dict[str, Any] = field(default_factory=dict)
    radius_km: float = 0.0
    sources: list[Source] = field(default_factory=list)
    chosen: Place | None = None

    @classmethod
    def of(cls, result: ToolResult, found: NearOutput, *, label: str, shown: int) -> Self:
        """Return the list of a result of `near_places` or `near_named_place`."""
        return cls(
            places=list(found.results),
            shown=min(shown, len(found.results)),
            total=found.total_in_radius,
            label=label,
            tool=result.name,
            arguments=dict(result.arguments),
            radius_km=found.radius_km,
            sources=sources_of(result),
        )

    @classmethod
    def of_stories(cls, result: ToolResult, found: StoriesOutput) -> Self:
        """Return the places of a result of `nearby_stories`, each with the article that tells its story."""
        places = [
            Place(
                name=story.place_name,
                type="place",
                lat=story.lat,
                lon=story.lon,
                distance_m=story.distance_m,
                direction=story.direction,
                wiki_title=story.wiki_title,
                wiki_path=story.path,
                wiki_zim=story.zim,
            )
            for story in found.stories
        ]
        return cls(
            places=places,
            shown=len(places),
            total=len(places),
            label="places with a story",
            tool=result.name,
            arguments=dict(result.arguments),
            radius_km=found.radius_km,
        )

    def pointed_at(self, which: int | str | None) -> Place | None:
        """Return the place of an index (-1: the last one shown), or of any word the chosen one, else the first."""
        if not self.places or which is None:
            return None
        if isinstance(which, str):
            return self.chosen or self.places[0]
        index = self.shown - 1 if which < 0 else which
        return self.places[index] if 0 <= index < len(self.places) else None


@dataclass
class Focus:
    """The memory that questions such as "How is it treated?" and "Directions to the first one" lean on.

    `journey` is where the last route came from, for the sources of its status, `destination` the name that the person
    knows its end by.
    """

    articles: list[tuple[str, str, str]] = field(default_factory=list)
    read: ReadArticles = field(default_factory=ReadArticles)
    listed: ListedPlaces = field(default_factory=ListedPlaces)
    points: KnownPoints = field(default_factory=KnownPoints)
    journey: list[Source] = field(default_factory=list)
    destination: str = ""
    meanings: list[str] = field(default_factory=list)  # titles among which the person was just asked to choose

    def meant(self, answer: str) -> str | None:
        """Return the one of these titles that an answer names, None when it names none or several."""
        said = set(content_stems(answer))
        fitting = [title for title in self.meanings if said and said <= set(content_stems(title))]
        return fitting[0] if len(fitting) == 1 else None

    def copy(self) -> Self:
        """Return a copy to come back to: what is noted here later does not change it."""
        return replace(
            self,
            articles=list(self.articles),
            read=self.read.copy(),
            listed=replace(self.listed),
            points=self.points.copy(),
            meanings=list(self.meanings),
        )

    def has_read(self, title: str) -> bool:
        """Whether a title names one of the articles that answers stood on last."""
        named = set(content_stems(title))
        return any(named and named <= set(content_stems(other)) for _, _, other in self.articles)

    def note(self, sources: list[Source]) -> None:
        """Remember the articles that an answer stands on, the first of them as the newest; places are no articles."""
        for source in reversed([source for source in sources if source.path]):
            entry = (source.archive, source.path, source.title)
            self.articles = [entry, *(other for other in self.articles if other != entry)][:MAX_ARTICLES]

    def see(self, result: ToolResult) -> None:
        """Remember what a model's call has found: articles, positions, and a list of places or a route."""
        self.note(sources_of(result))
        self.points.see(result.payload)
        if result.name in ("near_places", "near_named_place") and result.payload is not None:
            try:
                found = NearOutput.model_validate(result.payload)
            except ValidationError:
                return  # a foreign server's list, in a form of its own
            self.listed = ListedPlaces.of(result, found, label="places", shown=len(found.results))
        if result.name == "route_from_places" and result.ok:
            self.journey, self.destination = sources_of(result), ""

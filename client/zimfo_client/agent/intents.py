"""Question shapes that are recognised without a model.

A shape names the call to make. The patterns follow zimfo-behaviour §5.2 with the corrections stated there: the
person's own spelling is kept, and titles are cut where the question goes on to something else. Questions that maps
answer are recognised in `place_intents` and `journey_intents`.
"""

import re

from zimfo_client.agent.journey_intents import journey
from zimfo_client.agent.place_intents import places
from zimfo_client.agent.shape import Intent, Shape
from zimfo_client.languages import language_of, without_article

MAX_MAP_QUESTION = 600  # characters: two place names of the largest size are rarer than a pasted page

_POLITE = re.compile(
    r"^(?:(?:hi|hello|hey|ok|okay|oh|hmm|wait|so|well|now|but|and|then|also|please|thanks)[,!.\s]+)*"
    r"(?:(?:please\s+)?(?:can|could|would|will)\s+you\s+(?:please\s+)?|i(?:'d| would) like (?:you )?to (?:know )?|"
    r"i (?:want|need) to (?:know|hear|read) |i wonder |do you know |please\s+)?",
    re.IGNORECASE,
)
_GREETING = re.compile(r"(?:hi|hello|hey|good (?:morning|evening|afternoon)|thanks|thank you|bye|goodbye)(?: there)?")
_NARRATE = re.compile(
    r"(?:read|narrate|recite)(?: (?:me|us|to me|out|aloud|out loud))*"
    r"(?: (?:the|an?))?(?: (?:full|whole|entire|complete))?"
    r"(?: (?:text|article|page|entry))?(?: (?:of|about|on|for|called|titled))?"
    r"(?: the (?:full )?article(?: about| on)?)? (?P<t>.+?)"
    r"(?: (?:article|page|entry))?(?: (?:aloud|out loud|to me))*"
)
_COMPARE = (
    re.compile(
        r"(?:compare|contrast)(?: and contrast)? (?P<a>.+?)(?:,)? (?:and|vs\.?|versus|with|to|against) (?P<b>.+)"
    ),
    re.compile(
        r"(?:what(?:'s| is| are) )?(?:the )?(?:differences?|similarities|comparison) between (?P<a>.+?) and (?P<b>.+)"
    ),
    re.compile(
        r"how (?:is|are|was|were|does|do|did) (?P<a>.+?) "
        r"(?:differ(?:ent)? (?:from|to|than)|compare (?:to|with)|similar to) (?P<b>.+)"
    ),
    re.compile(r"(?P<a>.+?) (?:vs\.?|versus) (?P<b>.+)"),
    re.compile(
        r"how (?:have|has|did|do) (?P<a>.+?) and (?P<b>.+?) "
        r"(?:gotten along|got along|get along|relate(?: to each other)?|interact)\b.*"
    ),
    re.compile(
        r"(?:what (?:is|are|was|were) |describe |explain |tell me about )?(?:the )?"
        r"(?:relations?|relationship|diplomatic relations) (?:between|of) (?P<a>.+?) (?:and|with) (?P<b>.+)"
    ),
    re.compile(r"(?:tell me about |what (?:is|are) )?(?P<a>.+?)(?: and |[-–—])(?P<b>.+?) relations"),
)
_SEARCH = re.compile(
    r"(?:search(?: (?:the )?(?:archives?|library))?(?: for)?|look up|look for|find(?: me)?(?: (?:all|some|any|the))?"
    r" (?:articles?|pages?|entries|information|something)(?: (?:about|on|for|mentioning|that mention))?|"
    r"(?:which|what) (?:articles?|pages?|entries) (?:mention|are about|talk about|cover|contain)|"
    r"(?:is|are) there (?:an |any )?(?:articles?|pages?|entry|entries) (?:about|on)) (?P<q>.+)"
)
_OVERVIEW = re.compile(
    r"(?:tell me (?:all |more |something |a bit |a little )*about|what do you know about|"
    r"(?:give me |show me )?(?:an? |the )?(?:short |brief |quick )?"
    r"(?:overview|summary|introduction) (?:of|to|about|on)|"
    r"(?:give me |show me )?information (?:about|on)|summari[sz]e|introduce|define|"
    r"what(?:'s|’s| is| are| was| were)|who(?:'s|’s| is| are| was| were)|"
    r"more about|about) (?P<t>.+)"
)
_EXPLAIN = re.compile(r"(?:explain|describe)(?: to me)? (?P<t>.+)")
# "What is X" in the languages that `languages` tells apart.
_OVERVIEW_ELSEWHERE = {
    "de": re.compile(
        r"(?:was (?:ist|sind|war|waren|bedeutet)|wer (?:ist|war|sind|waren)|"
        r"(?:erzähle?|sage?) mir (?:etwas |mehr )?über|(?:erkläre?|beschreibe?)(?: mir)?) (?P<t>.+)"
    ),
    "fr": re.compile(
        r"(?:qu['’]est[- ]ce (?:que (?:c['’]est que )?|qu['’])|c['’]est quoi |qui (?:est|était|sont|étaient|fut) |"
        r"parle[- ](?:moi|nous) (?:de |du |des |d['’])|(?:explique|décris)(?:[- ]moi)? )(?P<t>.+)"
    ),
    "es": re.compile(
        r"(?:qué (?:es|son|era|fue)|que (?:es|son)|qui[eé]n(?:es)? (?:es|era|fue|son|fueron)|"
        r"h[aá]blame (?:de|del|sobre)|(?:explica|explícame|describe)) (?P<t>.+)"
    ),
    "it": re.compile(
        r"(?:(?:che )?cos['’]\s?(?:è|e'|era) |che cosa (?:è|sono) |chi (?:è|era|sono|fu|furono) |"
        r"parlami (?:di |del |della |dell['’])|(?:spiega|spiegami|descrivi) )(?P<t>.+)"
    ),
}
_ASPECT = re.compile(
    r"(?:(?:what does|does) (?:the )?article (?:about|on) (?P<t1>.+?) say (?:about|on) (?P<s1>.+)"
    r"|(?:read(?: me)? |show me |give me )?the (?P<s2>.+?) section (?:of|from|in|about) "
    r"(?:the )?(?:article (?:on|about) )?(?P<t2>.+)"
    r"|(?:read(?: me)? |show me |give me )?the (?:section|part) (?:on|about) (?P<s3>.+?) (?:of|from|in) "
    r"(?:the )?(?:article (?:on|about) )?(?P<t3>.+))"
)
_OF = re.compile(r"(?:the )?(?P<s>[^,]{3,40}?) (?:of|in) (?P<t>.+)")

_PERSONAL = re.compile(
    r"(?:my|our|your|you|me|us|here|now|next|this|that|these|those|it|he|she|they|him|her|them)\b", re.IGNORECASE
)
# Where a comparison goes on to say what to compare: "A and B — causes and scale".
_TAIL = re.compile(
    r"\s*(?:[—–:,;]| - |"
    r"\b(?P<terms>in terms of|with respect to|regarding|as regards|historically|over time)\b)\s*(?P<aspect>.*)$"
)
_SHARED_SUFFIX = frozenset(
    """north south east west northern southern eastern western upper lower old new young elder modern ancient first
    second third fourth fifth left right big little greater lesser""".split()
)


def recognise(question: str) -> Intent:
    """Return the shape of a question.

    Shapes that only maps can answer are recognised without maps too, so that the answer can say what is missing.
    """
    text = " ".join(question.split()).strip()
    bare = text.rstrip("?!. ")
    asked = _POLITE.sub("", bare).strip() or bare
    if _whole(_GREETING, bare):
        return Intent(Shape.GREETING)
    return (
        (len(asked) <= MAX_MAP_QUESTION and (journey(asked) or places(asked)))
        or _section(asked)
        or _narrated(asked)
        or _compared(asked)
        or _sought(asked)
        or _about_elsewhere(bare)
        or _about(asked)
        or Intent(Shape.QUESTION, (text,))
    )


def _narrated(text: str) -> Intent | None:
    found = _whole(_NARRATE, text)
    return Intent(Shape.NARRATE, (_title(found["t"]),)) if found and _title(found["t"]) else None


def _compared(text: str) -> Intent | None:
    for pattern in _COMPARE:
        if found := _whole(pattern, text):
            tail = _TAIL.search(found["b"])
            first, second = _title(found["a"]), _title(_TAIL.sub("", found["b"]))
            if not first or not second or (_PERSONAL.fullmatch(first) and not first.isupper()):
                continue
            if first.lower() in _SHARED_SUFFIX and " " in second:
                first = f"{first} {second.split()[-1]}"
            return Intent(Shape.COMPARE, (first, second), aspect=tail["aspect"].strip() if tail else "")
    return None


def _sought(text: str) -> Intent | None:
    found = _whole(_SEARCH, text)
    return Intent(Shape.SEARCH, (found["q"].strip(" \"'"),)) if found else None


def _section(text: str) -> Intent | None:
    if found := _whole(_ASPECT, text):
        groups = found.groupdict()
        return Intent(
            Shape.ASPECT,
            (_title(groups["t1"] or groups["t2"] or groups["t3"]),),
            aspect=(groups["s1"] or groups["s2"] or groups["s3"]).strip(),
        )
    return None


def _about_elsewhere(text: str) -> Intent | None:
    language = language_of(text)
    pattern = _OVERVIEW_ELSEWHERE.get(language)
    found = _whole(pattern, text.lstrip("¿¡ ")) if pattern else None
    title = without_article(found["t"], language) if found else ""
    return Intent(Shape.OVERVIEW, (title,)) if title else None


def _about(text: str) -> Intent | None:
    found = _whole(_OVERVIEW, text) or _whole(_EXPLAIN, text)
    if not found:
        # A line of a few words that is no question is a title or keywords.
        if len(text.split()) <= 6 and not re.match(
            r"(?:who|what|when|where|why|how|which|whose|is|are|was|were|do|does|did|can|could|should|will|has|have)\b",
            text,
            re.IGNORECASE,
        ):
            return Intent(Shape.OVERVIEW, (_title(text),)) if _title(text) else None
        return None
    subject = found["t"].strip()
    if _PERSONAL.match(subject) or re.match(r"(?:how|why|when|where|who|what|which|whether|if)\b", subject, re.I):
        return None
    title = _title(subject)
    parts = _OF.fullmatch(title)
    return Intent(Shape.OVERVIEW, (title,), aspect=parts["s"] if parts else "") if title else None


def split_aspect(title: str) -> tuple[str, str] | None:
    """Return aspect and subject of a phrase such as "early life of Ray Charles"; None when it has no such form."""
    found = _OF.fullmatch(title)
    return (found["s"].strip(), _title(found["t"])) if found else None


def _whole(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    return re.fullmatch(pattern.pattern, text, re.IGNORECASE)


def _title(text: str) -> str:
    """Return a subject as a title: no article before it, no quotes or closing marks around it."""
    text = text.strip(" \"'“”‘’.?!")
    return re.sub(r"^(?:the|an?)\s+(?=\S)", "", text, flags=re.IGNORECASE).strip(" \"'“”")

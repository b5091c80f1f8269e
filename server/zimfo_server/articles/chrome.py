"""Which elements of a page are not its text: navigation, boxes, references, hidden parts, footers.

Archives come from many tools (mwoffliner of every age, zimit, devdocs, Gutenberg, saved pages), so this goes by the
class names, ids, roles and styles that MediaWiki and common documentation generators use.
"""

import re
from collections.abc import Mapping

Attributes = Mapping[str, str | None]

CHROME_TAGS = frozenset(
    "script style template head noscript svg audio video iframe object embed canvas nav footer figure figcaption "
    "figure-inline map meta link title input select textarea button dialog rt rp datalist progress meter param source "
    "track area devdocs-navbar img picture colgroup".split()
)

CHROME_CLASSES = frozenset(
    # boxes
    "navbox vertical-navbox navbar sidebar metadata ambox mbox-small ombox tmbox cmbox fmbox dmbox imbox asbox stub "
    "side-box sistersitebox sister-project sisterproject portal portalbox portal-bar noexcerpt succession-box "
    "authority-control taxobox biota-infobox bandeau-container bandeau-portail infobox_v2 infobox_v3 "
    # tables of contents, editing, jumping
    "toc tocright tocleft fancy_toc table-of-contents contents-box mw-editsection editsection mw-editsection-like "
    "mw-jump mw-jump-link headerlink anchorjs-link "
    # references
    "mw-ref reflist references mw-references mw-references-wrap mw-cite-backlink noprint inline-template "
    # pictures and sounds
    "thumb thumbinner thumbcaption gallery gallerybox gallerytext mw-gallery-traditional mediacontainer listen "
    "mw-tmh-player ext-phonos audiolink locmap image-caption tmulti "
    # coordinates
    "geo geo-default geo-dms geo-dec geo-nondefault coordinates geo-microformat "
    # page furniture
    "printfooter catlinks mw-indicators mw-indicator mw-hidden-catlinks site-footer page-footer zim-footer footer "
    "breadcrumb breadcrumbs subpages navigation _attribution pg-boilerplate pgheader pgfooter gutter lineno "
    "linenos linenodiv "
    "mw-empty-elt sr-only-focusable visuallyhidden navigation-only".split()
)
CHROME_CLASS_STARTS = ("infobox", "navbox", "mw-editsection", "sistersite", "portal-")
HATNOTE_CLASSES = frozenset("hatnote dablink rellink homonymie".split())

CHROME_IDS = frozenset(
    "toc coordinates sitesub contentsub contentsub2 jump-to-nav mw-navigation mw-head mw-panel mw-page-base "
    "mw-head-base footer catlinks sitenotice mw-hidden-catlinks p-personal p-search p-navigation p-tb p-lang "
    "column-one mw-data-after-content pg-header pg-footer authoritycontrol "
    "normdaten stub".split()
)
CHROME_ROLES = frozenset(("navigation", "search", "contentinfo", "menubar", "menu", "dialog", "alertdialog"))

# Elements that may carry any class because they hold the page itself.
_HOLDERS = frozenset(("html", "body", "main", "article"))
_HIDDEN_STYLE = re.compile(r"(?:^|;)\s*(?:display\s*:\s*none|visibility\s*:\s*hidden)", re.IGNORECASE)
# The licence line that mwoffliner puts below a page in the language of the wiki; the style is all they share.
_LICENCE_STYLE = re.compile(r"clear\s*:\s*both.*border-top\s*:\s*dashed", re.IGNORECASE)

_BOILERPLATE = re.compile(
    r"this article is issued from\b|this page (?:was )?last modified on\b|retrieved from \"http|coordinates:\s*\d"
    r"|from wikipedia, the free encyclopedia$|jump to(?: navigation|:)",
    re.IGNORECASE,
)
_HATNOTE = re.compile(
    r"(?:for (?:other uses|the [^.]{1,80}|other (?:people|places)[^.]{0,60}|a [^.]{1,60}), see\b"
    r"|this (?:article|page) is about [^\n]{1,200}\bfor [^\n]{1,120}\bsee\b|not to be confused with\b"
    r"|[^.\n]{1,80} redirects here\.|(?:main|full|further) (?:articles?|information|page)s?:"
    r"|see also:|further information:|further:|for more details on this topic, see\b)",
    re.IGNORECASE,
)
MAX_HATNOTE = 400  # characters; a longer paragraph that begins like a hatnote is text

MAX_DROPPED_TITLE = 60
_DROPPED = frozenset(
    "see also|references|notes|footnotes|citations|further reading|external links|bibliography|sources|"
    "notes and references|references and notes|references and sources|sources and references|works cited|"
    "notes and sources|citations and notes|explanatory notes|external link|navigation menu|contents".split("|")
)
# The same in other languages; only at the highest level, where these words name the apparatus and not a subject.
_DROPPED_ELSEWHERE = frozenset(
    "einzelnachweise|weblinks|siehe auch|literatur|anmerkungen|quellen|fußnoten|belege|"
    "voir aussi|notes et références|références|liens externes|bibliographie|articles connexes|"
    "referencias|véase también|enlaces externos|bibliografía|notas|"
    "referências|ver também|ligações externas|bibliografia|"
    "voci correlate|collegamenti esterni|altri progetti|"
    "verwysings|sien ook|eksterne skakels|bronne|bronnelys|notas en verwysings|nota's|"
    "zie ook|externe links|bronnen, noten en/of referenties|referenties|literatuur|"
    "зноскі|крыніцы|літаратура|спасылкі|вонкавыя спасылкі|глядзі таксама|глядзіце таксама|гл. таксама|заўвагі|"
    "примечания|литература|ссылки|см. также|источники|"
    "примітки|література|посилання|див. також|джерела|"
    "przypisy|bibliografia|linki zewnętrzne|zobacz też|"
    "referenser|externa länkar|se även|källor|noter|lähteet|aiheesta muualla|katso myös|viitteet|"
    "externí odkazy|související články|"
    "脚注|参考文献|外部リンク|関連項目|出典|参考资料|外部链接|参见|注释|參考文獻|外部連結|參見|"
    "المراجع|مراجع|انظر أيضا|وصلات خارجية|각주|같이 보기|외부 링크|참고 문헌|संदर्भ|इन्हें भी देखें|बाहरी कड़ियाँ".split("|")
)


def is_chrome(tag: str, attributes: Attributes) -> bool:
    """Return whether an element and all below it is no part of the page's text."""
    if tag in CHROME_TAGS:
        return True
    if not attributes or tag in _HOLDERS:
        return False
    if classes := attributes.get("class"):
        tokens = classes.lower().split()
        if not CHROME_CLASSES.isdisjoint(tokens) or any(token.startswith(CHROME_CLASS_STARTS) for token in tokens):
            return True
        if tag == "sup" and "reference" in tokens:
            return True
    if (name := attributes.get("id")) and (name.lower() in CHROME_IDS or name.startswith("cite_ref")):
        return True
    if (role := attributes.get("role")) and role.lower() in CHROME_ROLES:
        return True
    # Mobile Wikipedia marks sections that a reader can open with hidden="until-found".
    if "hidden" in attributes and (attributes["hidden"] or "").lower() != "until-found":
        return True
    if attributes.get("aria-hidden") == "true" and tag in ("a", "span", "i"):
        return True
    style = attributes.get("style")
    return bool(style and (_HIDDEN_STYLE.search(style) or _LICENCE_STYLE.search(style)))


def is_hatnote(attributes: Attributes) -> bool:
    """Return whether an element is a note that points to other articles."""
    return not HATNOTE_CLASSES.isdisjoint((attributes.get("class") or "").lower().split())


def reads_as_hatnote(text: str) -> bool:
    """Return whether the first paragraph of a section is a hatnote although nothing marks it as one."""
    return len(text) <= MAX_HATNOTE and bool(_HATNOTE.match(text))


def is_boilerplate(text: str) -> bool:
    """Return whether a paragraph is the licence or date line of the tool that made the page."""
    return bool(_BOILERPLATE.match(text))


def is_dropped_section(title: str, *, is_highest: bool) -> bool:
    """Return whether a heading begins the apparatus of an article (references, links) instead of its text."""
    if len(title) > MAX_DROPPED_TITLE:
        return False
    name = title.lower().strip(" .:")
    return name in _DROPPED or (is_highest and name in _DROPPED_ELSEWHERE)

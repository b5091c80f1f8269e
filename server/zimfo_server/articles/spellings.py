"""The paths under which archives may hold a title."""

from urllib.parse import unquote

OLD_NAMESPACE = "A/"
EXTENSION = ".html"
MAX_PATHS = 96  # probes of one title in one archive; each is a binary search of about 10 µs


def title_spellings(title: str) -> list[str]:
    """Return ways to write a title, the likeliest first: as given, first letter upper, words capitalised, sentence."""
    plain_title = " ".join(title.replace("_", " ").split())
    spellings = [
        plain_title,
        plain_title[:1].upper() + plain_title[1:],
        " ".join(word[:1].upper() + word[1:] for word in plain_title.split(" ")),
        plain_title[:1].upper() + plain_title[1:].lower(),
        plain_title.lower(),
    ]
    if "%" in plain_title:
        spellings.append(unquote(plain_title).replace("_", " "))
    return [text for text in dict.fromkeys(spellings) if text]


def title_paths(title: str) -> list[str]:
    """Return the paths to probe for a title: old and new scheme, underscores and spaces, with `.html` and without."""
    paths: dict[str, None] = {}
    for spelling in title_spellings(title):
        for written in (spelling.replace(" ", "_"), spelling):
            for name in (written, written + EXTENSION):
                paths[name] = None
                paths[OLD_NAMESPACE + name] = None
    return list(paths)[:MAX_PATHS]


def path_spellings(path: str) -> list[str]:
    """Return the paths that a given path may mean: itself first, then without what models and browsers add."""
    bare = path.strip().lstrip("/")
    forms = [path, bare, unquote(bare)]
    if "#" in bare:
        forms += [bare.split("#", 1)[0], unquote(bare.split("#", 1)[0])]
    for form in list(forms):
        other = form[len(OLD_NAMESPACE) :] if form.startswith(OLD_NAMESPACE) else OLD_NAMESPACE + form
        forms += [other, form.replace(" ", "_"), other.replace(" ", "_"), form + EXTENSION, other + EXTENSION]
    return [form for form in dict.fromkeys(forms) if form]

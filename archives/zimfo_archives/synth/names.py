"""Invented words, each of which can be written in several alphabets, and the names that are made of them."""

from functools import lru_cache

_CONSONANTS = "d f g k l m n p r s t v z".split()
_VOWELS = "a e i o u".split()
_SYLLABLES = len(_CONSONANTS) * len(_VOWELS)
# Prime and beside 65, so that words whose numbers are neighbours are not alike.
_SPREAD = 104_729
_SHORTEST = 2  # syllables

# The letters for the consonants and vowels above; each alphabet writes different words differently.
_LETTERS = {
    "Latn": (_CONSONANTS, _VOWELS),
    "Cyrl": ("д ф г к л м н п р с т в з".split(), "а е и о у".split()),
    "Grek": ("δ φ γ κ λ μ ν π ρ σ τ β ζ".split(), "α ε ι ο ου".split()),
    "Geor": ("დ ფ გ კ ლ მ ნ პ რ ს ტ ვ ზ".split(), "ა ე ი ო უ".split()),
    "Arab": ("د ف غ ك ل م ن ب ر س ت ڤ ز".split(), "ا ې ي و ۇ".split()),
}
_KATAKANA = """
    ダ デ ヂ ド ヅ ファ フェ フィ フォ フ ガ ゲ ギ ゴ グ カ ケ キ コ ク ラ レ リ ロ ル
    マ メ ミ モ ム ナ ネ ニ ノ ヌ パ ペ ピ ポ プ ジャ ジェ ジ ジョ ジュ サ セ シ ソ ス
    タ テ チ ト ツ ヴァ ヴェ ヴィ ヴォ ヴ ザ ゼ ズィ ゾ ズ
""".split()
_TABLES = {
    script: tuple(consonant + vowel for consonant in consonants for vowel in vowels)
    for script, (consonants, vowels) in _LETTERS.items()
} | {"Kana": tuple(_KATAKANA)}

SCRIPTS = tuple(_TABLES)
# The tag for a name in the alphabet, by a language that is written in it.
LANGUAGES = {"Latn": "en", "Cyrl": "ru", "Grek": "el", "Geor": "ka", "Arab": "ug", "Kana": "ja"}

# What every town has, the most common first.
_COMMON = """
    Main Church Station School Park Mill Garden Market River Forest Castle Bridge Lake Hill Meadow Spring Linden Oak
    Birch Rose Sun North South East West Green High New Old Long Short Upper Lower Stone Well Field Port Tower Wall
    Cross Factory Theatre Museum Library Hospital University Cemetery Airport Stadium Harbour Baker Smith Weaver Tanner
    Potter Miller Fisher
""".split()
_WAYS = "Street Street Street Road Avenue Lane Way Boulevard Drive Close".split()
_WAYS_ELSEWHERE = {
    "Cyrl": "улица {}",
    "Grek": "Οδός {}",
    "Geor": "{}ს ქუჩა",
    "Arab": "{} كوچىسى",
    "Kana": "{}通り",
}


@lru_cache(maxsize=65_536)
def word(number: int, script: str = "Latn") -> str:
    """Return the word of this number, which no other number has, with a capital where the alphabet has capitals."""
    length, count = _SHORTEST, _SYLLABLES**_SHORTEST
    while number >= count:
        number -= count
        length, count = length + 1, count * _SYLLABLES
    number = number * _SPREAD % count
    table = _TABLES[script]
    syllables = []
    for _ in range(length):
        number, syllable = divmod(number, _SYLLABLES)
        syllables.append(table[syllable])
    text = "".join(syllables)
    # Georgian has capitals that nobody writes.
    return text if script == "Geor" else text.capitalize()


def street_name(number: int, script: str = "Latn") -> str:
    """Return a name for a street: low numbers are those that every town has."""
    if script in _WAYS_ELSEWHERE:
        return _WAYS_ELSEWHERE[script].format(word(number, script))
    if number < len(_COMMON):
        return f"{_COMMON[number]} {_WAYS[number % 2 * 3]}"
    return f"{word(number)} {_WAYS[number * 7 % len(_WAYS)]}"

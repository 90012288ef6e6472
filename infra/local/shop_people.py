"""The demo shop's customers: made up, from many places, and the same for the same seed."""

import random
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Place:
    """Where somebody lives, with what follows from it."""

    country: str
    code: str
    city: str
    province: str
    province_code: str
    postcode: str
    street: str
    phone: str
    timezone: str
    locale: str
    currency: str
    names: str


@dataclass(frozen=True, slots=True)
class Person:
    """A customer. `birthday` is YYYY-MM-DD or --MM-DD, empty when the shop does not know it."""

    number: int
    first_name: str
    last_name: str
    email: str
    place: Place
    subscribes: bool
    birthday: str = ""

    @property
    def id(self) -> int:
        """The account's id in the shop."""
        return 7_460_100_000_000 + self.number * 1_709

    @property
    def name(self) -> str:
        """First and last name."""
        return f"{self.first_name} {self.last_name}"


_PLACES: Final = (
    Place(
        "United States", "US", "Portland", "Oregon", "OR", "97205", "418 Alder St", "+15035550118",
        "America/Los_Angeles", "en-US", "USD", "en",
    ),
    Place(
        "United States", "US", "Brooklyn", "New York", "NY", "11215", "77 Garfield Pl", "+17185550142",
        "America/New_York", "en-US", "USD", "en",
    ),
    Place(
        "United States", "US", "Honolulu", "Hawaii", "HI", "96815", "2005 Kalia Rd", "+18085550177",
        "Pacific/Honolulu", "en-US", "USD", "en",
    ),
    Place(
        "Canada", "CA", "Montréal", "Quebec", "QC", "H2W 1S4", "3680 Rue Saint-Denis", "+15145550163",
        "America/Toronto", "fr-CA", "USD", "fr",
    ),
    Place(
        "Germany", "DE", "Leipzig", "Sachsen", "SN", "04109", "Thomaskirchhof 12", "+493415550121",
        "Europe/Berlin", "de-DE", "EUR", "de",
    ),
    Place(
        "Spain", "ES", "Valencia", "València", "V", "46003", "Carrer de Serrans 9", "+34965550134",
        "Europe/Madrid", "es-ES", "EUR", "es",
    ),
    Place(
        "France", "FR", "Lyon", "Rhône", "69", "69001", "14 Rue Burdeau", "+33455550190",
        "Europe/Paris", "fr-FR", "EUR", "fr",
    ),
    Place(
        "Japan", "JP", "京都市", "京都府", "JP-26", "604-8005", "中京区河原町通三条 1-4", "+81755550112",
        "Asia/Tokyo", "ja-JP", "JPY", "ja",
    ),
    Place(
        "South Korea", "KR", "서울", "서울특별시", "KR-11", "03051", "종로구 삼청로 22", "+8225550188",
        "Asia/Seoul", "ko-KR", "KRW", "ko",
    ),
    Place(
        "New Zealand", "NZ", "Auckland", "Auckland", "AUK", "1011", "5 Ponsonby Rd", "+6495550155",
        "Pacific/Auckland", "en-NZ", "USD", "en",
    ),
)  # fmt: skip

_NAMES: Final[dict[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    "en": (
        ("Ada", "Miles", "Nora", "Theo", "Ivy", "Owen", "Maeve", "Caleb", "Ruth", "Silas", "Wren", "Jonah"),
        ("Okafor", "Whitfield", "Marsh", "Delgado", "Penhaligon", "Quinn", "Abara", "Lindqvist", "O’Rourke"),
    ),
    "fr": (
        ("Chloé", "Étienne", "Maëlle", "Rémi", "Inès", "Théo", "Aurélie"),
        ("Lefèvre", "Gagnon", "Bélanger", "Moreau", "Dubreuil", "D’Amboise"),
    ),
    "de": (
        ("Jürgen", "Anneliese", "Matthis", "Käthe", "Lukas", "Frieda"),
        ("Groß", "Schäfer", "Brandt", "Köhler", "Vogelsang"),
    ),
    "es": (
        ("Íñigo", "Lucía", "Óscar", "Begoña", "Mateo", "Núria"),
        ("Peña", "Ferrández", "Gil Ibáñez", "Castellví", "Muñoz"),
    ),
    "ja": (("陽菜", "蓮", "美咲", "大翔", "さくら"), ("佐藤", "高橋", "中村", "小林", "森")),
    "ko": (("서연", "민준", "지우", "하은", "도윤"), ("김", "이", "박", "최", "정")),
}

_ROMAN: Final = {
    "陽菜": "hina", "蓮": "ren", "美咲": "misaki", "大翔": "hiroto", "さくら": "sakura",
    "佐藤": "sato", "高橋": "takahashi", "中村": "nakamura", "小林": "kobayashi", "森": "mori",
    "서연": "seoyeon", "민준": "minjun", "지우": "jiwoo", "하은": "haeun", "도윤": "doyun",
    "김": "kim", "이": "lee", "박": "park", "최": "choi", "정": "jung",
}  # fmt: skip

_PLAIN: Final = str.maketrans("éèëáíïóöüúñßäÉÍÓ", "eeeaiioouunsaEIO", "’ ")


def _address(first: str, last: str, used: set[str]) -> str:
    spelled = [_ROMAN.get(part, part).translate(_PLAIN).lower() for part in (first, last)]
    local = ".".join(spelled).encode("ascii", "ignore").decode()
    domain = ("example.com", "example.org", "example.net")[len(local) % 3]
    address, count = f"{local}@{domain}", 2
    while address in used:
        address, count = f"{local}{count}@{domain}", count + 1
    used.add(address)
    return address


def people(
    count: int, rng: random.Random, share_subscribing: float = 1.0, first_number: int = 1
) -> list[Person]:
    """`count` customers with distinct addresses from all places in turn, numbered from `first_number`."""
    made: list[Person] = []
    used: set[str] = set()
    for index in range(count):
        place = _PLACES[index % len(_PLACES)]
        first_names, last_names = _NAMES[place.names]
        first, last = rng.choice(first_names), rng.choice(last_names)
        subscribes = rng.random() < share_subscribing
        made.append(Person(first_number + index, first, last, _address(first, last, used), place, subscribes))
    return made

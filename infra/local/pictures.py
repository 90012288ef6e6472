"""Product pictures drawn on the spot, so that a mail's pictures never leave this machine."""

from typing import Final

_COLOURS: Final = {
    "moss": ("#e7ece0", "#6f8a5b", "#4c6340"),
    "slate": ("#e4e8ec", "#6b7a89", "#47535f"),
    "sand": ("#f4ecdf", "#c9a875", "#9a7b4c"),
    "sea": ("#dfecee", "#5b98a4", "#3a6f7a"),
    "clay": ("#f6e5dc", "#c9764f", "#98522f"),
    "leaf": ("#e9f0df", "#86a64f", "#5c7733"),
    "plum": ("#efe3ec", "#8d5a80", "#633a58"),
}
"""Ground, body and shade of each colour."""

_SHAPES: Final = {
    "teapot": """<path d="M96 168c-34-6-52-40-40-62 8-14 26-12 34-4" fill="none" stroke="{shade}"
 stroke-width="12"
 stroke-linecap="round"/><path d="M224 150l44-46c6-6 14-4 18 2-26 14-32 62-70 82z" fill="{shade}"/>
<path d="M84 150c0-38 34-60 76-60s76 22 76 60-26 84-76 84-76-46-76-84z" fill="{body}"/>
<path d="M112 96c10-22 86-22 96 0-28 10-68 10-96 0z" fill="{shade}"/><circle cx="160" cy="70" r="11"
 fill="{shade}"/>
<path d="M104 150c2-20 14-34 30-40" fill="none" stroke="#fff" stroke-opacity=".45" stroke-width="8"
 stroke-linecap="round"/>""",
    "cup": """<path d="M214 130c38-8 50 44-4 56" fill="none" stroke="{shade}" stroke-width="12"/>
<path d="M88 112h136c2 62-18 110-68 110s-70-48-68-110z" fill="{body}"/>
<ellipse cx="156" cy="112" rx="68" ry="17" fill="{shade}"/><ellipse cx="156" cy="114" rx="56" ry="11"
 fill="#fff"
 fill-opacity=".28"/><path d="M134 78c-10-14 10-20 0-34M166 80c-10-14 10-20 0-34" fill="none"
 stroke="{shade}"
 stroke-opacity=".5" stroke-width="6" stroke-linecap="round"/>""",
    "bowl": """<path d="M64 124h192c0 62-40 98-96 98s-96-36-96-98z" fill="{body}"/>
<ellipse cx="160" cy="124" rx="96" ry="23" fill="{shade}"/><ellipse cx="160" cy="127" rx="80" ry="15"
 fill="#fff"
 fill-opacity=".24"/><path d="M124 220h72l8 18h-88z" fill="{shade}"/>""",
    "tin": """<rect x="96" y="104" width="128" height="134" rx="8" fill="{body}"/>
<rect x="90" y="78" width="140" height="36" rx="8" fill="{shade}"/><rect x="116" y="140" width="88"
 height="64" rx="4"
 fill="#fff" fill-opacity=".85"/><path d="M160 192c-24-14-18-36 0-44 18 8 24 30 0 44z" fill="{body}"/>""",
    "kettle": """<path d="M104 112c0-72 112-72 112 0" fill="none" stroke="{shade}" stroke-width="12"/>
<path d="M228 160l42-36 12 12c-18 10-20 44-46 62z" fill="{shade}"/>
<path d="M84 178c0-48 30-74 76-74s76 26 76 74c0 40-20 58-76 58s-76-18-76-58z" fill="{body}"/>
<ellipse cx="160" cy="108" rx="42" ry="10" fill="{shade}"/><circle cx="160" cy="92" r="9"
 fill="{shade}"/>""",
    "jar": """<path d="M98 122c0-14 20-20 20-32h84c0 12 20 18 20 32v92c0 16-10 24-26 24h-72c-16
 0-26-8-26-24z"
 fill="{body}"/><rect x="112" y="62" width="96" height="28" rx="6" fill="{shade}"/><rect x="122" y="140"
 width="76"
 height="58" rx="29" fill="#fff" fill-opacity=".8"/>""",
    "whisk": """<path d="M148 60h24v76h-24z" fill="{shade}"/><path d="M144 132c-34 40-38 66-34 106h100c4-40
 0-66-34-106z"
 fill="{body}"/><path d="M150 140c-14 34-18 64-18 96M160 140v96M170 140c14 34 18 64 18 96" fill="none"
 stroke="{shade}" stroke-width="5"/><rect x="140" y="124" width="40" height="14" rx="7" fill="{shade}"/>""",
}


def names() -> list[str]:
    """Every picture there is, as a file name."""
    return [f"{shape}-{colour}.svg" for shape in _SHAPES for colour in _COLOURS]


def draw(name: str) -> bytes | None:
    """The picture of that name (`<shape>-<colour>.svg`) as SVG, 320 by 320; None when there is no such
    picture.
    """
    shape, _, colour = name.removesuffix(".svg").partition("-")
    if not name.endswith(".svg") or shape not in _SHAPES or colour not in _COLOURS:
        return None
    ground, body, shade = _COLOURS[colour]
    drawn = _SHAPES[shape].format(body=body, shade=shade)
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 320 320" width="320" height="320">'
        f'<rect width="320" height="320" fill="{ground}"/>'
        f'<ellipse cx="160" cy="244" rx="92" ry="14" fill="{shade}" fill-opacity=".22"/>{drawn}</svg>'
    ).encode()

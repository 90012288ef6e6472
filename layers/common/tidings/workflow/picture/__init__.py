"""The picture of a workflow: trigger, delays, conditions and actions as people read them. Pure.

`svg` draws it, with figures where there are some; `mermaid` tells it as text for tools that draw themselves.
In small stages: `cards` says what stands on each box, `layout` where it stands, `draw` how it looks.
"""

from tidings.workflow.picture.cards import Figures
from tidings.workflow.picture.draw import svg
from tidings.workflow.picture.layout import Picture, lay_out
from tidings.workflow.picture.mermaid import mermaid
from tidings.workflow.picture.outline import outline

__all__ = ["Figures", "Picture", "lay_out", "mermaid", "outline", "svg"]

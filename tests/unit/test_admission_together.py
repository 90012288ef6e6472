"""Who may be mailed now, when everything comes together: workflows of all kinds at once, with any caps and quiet
hours."""

from datetime import time
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.lives import CAPPED, NIGHT, ZONE, Life, flow
from tests.worlds import DAY, HOUR
from tidings.pacing.quiet import is_quiet
from tidings.shop import FrequencyCap, QuietHours
from tidings.workflow.model import Workflow

delays = st.integers(0, 72 * 4).map(lambda quarters: f"{quarters * 15} minutes")
expiries = st.one_of(st.none(), st.integers(1, 96).map(lambda hours: f"{hours} hours"))


@st.composite
def workflows(draw: st.DrawFn) -> list[Workflow]:
    """Two to five, of one to three mails, with waits, priorities, expiries and hours of all kinds."""
    made = []
    for number in range(draw(st.integers(2, 5))):
        steps: list[dict[str, Any]] = []
        for mail in "abc"[: draw(st.integers(1, 3))]:
            expires = draw(expiries)
            steps += [{"wait": draw(delays)}, {"send": mail} | ({"expires": expires} if expires else {})]
        told = {"priority": draw(st.sampled_from([10, 50, 50, 90])), "quiet_hours": draw(st.booleans())}
        kind = draw(st.sampled_from(["marketing", "marketing", "marketing", "transactional"]))
        made.append(flow(f"w{number}", *steps, **told, **{"class": kind}))
    return made


caps = st.sampled_from(
    [
        CAPPED.frequency_cap,
        [FrequencyCap(at_most=2, within=DAY)],
        [FrequencyCap(at_most=1, within=5 * HOUR), FrequencyCap(at_most=3, within=2 * DAY)],
    ]
)
nights = st.sampled_from(
    [None, NIGHT, QuietHours(from_=time(9), to=time(20)), QuietHours(from_=time(1), to=time(23))]
)
turns = st.permutations(range(5)).map(lambda order: {f"w{name}": turn for turn, name in enumerate(order)})


@given(flows=workflows(), capped=caps, night=nights, order=turns)
@settings(derandomize=True, deadline=None, max_examples=150)
def test_whatever_wakes_when(
    flows: list[Workflow], capped: list[FrequencyCap], night: QuietHours | None, order: dict[str, int]
) -> None:
    """No span of time ever holds more than a cap; nothing that keeps quiet hours goes in them; every mail goes, or is
    dropped with its reason; and nothing goes while a mail of higher priority waits. Transactional passes all."""
    life = Life(flows, CAPPED.model_copy(update={"frequency_cap": capped, "quiet_hours": night}), order)
    kinds = {each.id: each for each in flows}
    sent = [(at, kinds[name.partition("/")[0]], name) for at, name in life.live()]
    marketing = sorted(at for at, each, _ in sent if each.is_marketing)
    for cap in capped:
        together = zip(marketing, marketing[cap.at_most :], strict=False)
        assert all(later - earlier >= cap.within for earlier, later in together)
    for at, each, _ in sent:
        assert not (each.is_marketing and each.quiet_hours and night and is_quiet(night, at, ZONE))
    ended = life.sends.rows.values()
    assert len(ended) == sum(1 for each in flows for _ in each.sends)
    assert {row.state for row in ended} <= {"sent", "dropped"}
    assert all(row.reason.startswith("expired: ") for row in ended if row.state == "dropped")
    for row in ended:
        assert kinds[life.flow_of(row)].is_marketing or not row.told.get("deferred")
        assert not life.overtaken(row, min(cap.within for cap in capped))

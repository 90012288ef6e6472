"""What the account and a workflow's reputation let through: quota, rate, warm-up, pauses; transactional mail first."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

import pytest

from tests import fakes
from tests.worlds import NOW
from tidings.clock import FixedClock
from tidings.errors import BadInput, SendRejected, Unavailable
from tidings.pacing.governor import SEVERAL, AccountGovernor, Quota, Watched
from tidings.pacing.health import Pause
from tidings.pacing.limits import Limits, SoftBounces, WarmUp
from tidings.ports import Hold, Outgoing
from tidings.shop import Shop, load_shop

ROOT = Path(__file__).parents[2]
ROOMY = Quota(per_second=10, per_day=1000, sent=0)
MAIL = Outgoing("b@example.com", b"", {})


@dataclass
class World:
    """A governor and all that it asks."""

    told: Quota = ROOMY
    warm_up: WarmUp | None = None
    pauses: dict[str, Pause] = field(default_factory=dict)
    counters: Counter[str] = field(default_factory=Counter)
    clock: FixedClock = field(default_factory=lambda: FixedClock(NOW))
    asked: int = 0
    down: bool = False

    def __post_init__(self) -> None:
        self.operator = fakes.FakeOperator()
        self.governor = self.instance()

    def instance(self) -> AccountGovernor:
        """One instance of the function."""
        return AccountGovernor(self, self, self, self.operator, self.clock, self.warm_up, jitter=lambda: 0.0)

    def quota(self) -> Quota:
        """The account."""
        self.asked += 1
        if self.down:
            raise Unavailable("GetAccount")
        return self.told

    def fail(self) -> Quota:
        """The account does not answer."""
        raise Unavailable("GetAccount")

    def pause_of(self, workflow: str) -> Pause | None:
        """The table of health."""
        if self.down:
            raise Unavailable("GetItem")
        return self.pauses.get(workflow)

    def take(self, name: str, units: int, expires: int) -> int:
        """The shared counters."""
        if self.down:
            raise Unavailable("UpdateItem")
        assert expires > self.clock.machine_now().timestamp()
        self.counters[name] += units
        return self.counters[name]

    def hold(self, *, marketing: bool = True) -> Hold | None:
        """May a mail go?"""
        return self.governor.hold("welcome", marketing=marketing)

    @property
    def rates(self) -> int:
        """How many counters of the rate were written."""
        return sum(1 for name in self.counters if name.startswith("rate:"))


@pytest.mark.parametrize(
    ("sent", "marketing", "reason"),
    [
        (0, True, None), (899, True, None), (900, True, "quota"), (999, True, "quota"), (5000, True, "quota"),
        (899, False, None), (999, False, None), (1000, False, "quota"),
    ],
)  # fmt: skip
def test_marketing_leaves_a_tenth_of_the_days_quota(sent: int, marketing: bool, reason: str | None) -> None:
    """Transactional mail goes to the end."""
    hold = World(Quota(10, 1000, sent)).hold(marketing=marketing)
    assert (hold.reason if hold else None) == reason


def test_the_account_is_asked_once_a_minute_and_own_mails_are_counted_meanwhile() -> None:
    """So that an instance does not run over the edge between two answers."""
    world = World(Quota(0, 1000, 895))
    watched = Watched(fakes.FakeMailer(), world.governor, world.clock)
    for _ in range(5):
        assert world.hold() is None
        watched.send(MAIL)
    assert world.hold() == Hold("quota", 7200)
    assert world.asked == 1
    world.told = Quota(0, 1000, 100)
    world.clock.advance(timedelta(seconds=61))
    assert world.hold() is None
    assert world.asked == 2


def test_a_quota_without_end_holds_nothing() -> None:
    """-1, as SES says it."""
    assert World(Quota(-1, -1, 10**9)).hold() is None


def test_while_the_account_does_not_answer_its_last_word_stands() -> None:
    """For marketing; transactional mail does not wait for an old answer. Without any answer everything goes."""
    world = World(Quota(10, 1000, 1000))
    assert world.hold(marketing=False) is not None
    world.down = True
    world.clock.advance(timedelta(minutes=6))
    assert world.hold() == Hold("quota", 7200)
    assert world.hold(marketing=False) is None
    fresh = World(down=True)
    assert fresh.hold() is None
    assert fresh.hold(marketing=False) is None


def test_a_lone_mail_asks_nobody_for_the_rate() -> None:
    """So that it costs no write more."""
    world = World()
    for _ in range(20):
        assert world.hold() is None
        world.clock.advance(timedelta(seconds=15))
    assert world.rates == 0


def test_busy_instances_share_the_rate() -> None:
    """Of 400 that each send twice in a second, at most four fifths of the rate lease the second mail; the others are
    spread over as many seconds as the queue is long, and over a minute at least."""
    world = World()
    crowd = [world.instance() for _ in range(400)]
    for each in crowd:
        assert each.hold("welcome", marketing=True) is None
        each.jitter = lambda: 1.0
    second = [each.hold("welcome", marketing=True) for each in crowd]
    assert second.count(None) == 8
    held = [hold for hold in second if hold is not None]
    assert {hold.reason for hold in held} == {"rate"}
    assert held[0].seconds == 61
    assert held[-1].seconds == pytest.approx(1 + 1.5 * 400 / 8)


def test_transactional_mail_never_waits_for_the_rate() -> None:
    """SES may refuse it; then it is tried again at once, and marketing steps back."""
    world = World()
    for _ in range(50):
        assert world.hold(marketing=False) is None
    assert world.rates == 0


def test_a_busy_instance_leases_ahead() -> None:
    """Fewer writes than mails: as many as it sent in the second before."""
    world = World(Quota(100, 10**6, 0))
    for _ in range(100):
        assert world.hold() is None
        world.clock.advance(timedelta(milliseconds=50))
    assert 0 < world.rates <= 6
    assert sum(world.counters.values()) < 140
    assert world.operator.told == []


def test_after_throttling_marketing_steps_back() -> None:
    """For a while."""
    world = World()
    world.governor.throttled()
    assert world.hold() == Hold("rate", 20)
    assert world.hold(marketing=False) is None
    world.clock.advance(timedelta(seconds=21))
    assert world.hold() is None


def test_a_paused_workflow_is_held_for_hours() -> None:
    """Transactional mail is not; a resumption is seen within a minute."""
    world = World(pauses={"welcome": Pause("welcome", True)})
    assert world.hold() == Hold("paused", 4 * 3600)
    assert world.hold(marketing=False) is None
    assert world.governor.hold("birthday", marketing=True) is None
    world.pauses["welcome"] = Pause("welcome", False)
    world.clock.advance(timedelta(seconds=61))
    assert world.hold() is None


def test_a_pause_is_kept_while_the_table_is_not_reached() -> None:
    """As last known."""
    world = World(pauses={"welcome": Pause("welcome", True)})
    assert world.hold() is not None
    world.down = True
    world.clock.advance(timedelta(seconds=61))
    assert world.hold() is not None


@pytest.mark.parametrize(
    ("day", "sent", "held"),
    [(0, 199, False), (0, 200, True), (1, 299, False), (1, 300, True), (2, 449, False), (2, 450, True),
     (4, 890, False), (-1, 890, False), (400, 890, False)],
)  # fmt: skip
def test_a_new_domain_is_warmed_up(day: int, sent: int, held: bool) -> None:
    """200 mails on the first day, each day half as many again, until the account's quota; transactional passes."""
    ramp = WarmUp(starts=NOW.date() - timedelta(days=day), first_day=200, factor=1.5)
    world = World(Quota(0, 1000, sent), ramp)
    hold = world.hold()
    assert (hold is not None and hold.reason == "warm-up") is held
    assert world.hold(marketing=False) is None


@pytest.mark.parametrize("down", [False, True])
def test_a_rush_of_many_instances_does_not_outrun_the_ramp(down: bool) -> None:
    """Within the minute in which none knows of the others' mails, nor SES tells of them; nor where it never does."""
    world = World(Quota(0, 50_000, 0), WarmUp(starts=NOW.date(), first_day=200))
    if down:
        world.quota = world.fail  # type: ignore[method-assign]
    went = 0
    for governor in [world.instance() for _ in range(10)]:
        for _ in range(100):
            if governor.hold("welcome", marketing=True) is None:
                governor.sent()
                went += 1
    assert went == 200
    asked = world.counters.total()
    assert asked <= 200 + 10, "an instance that knows the ramp is full asks nobody"


def test_who_is_not_ready_takes_nothing() -> None:
    """A mail that something else keeps back hears of a pause and the day's quota, and uses up neither rate nor ramp."""
    world = World(Quota(10, 50_000, 0), WarmUp(starts=NOW.date(), first_day=200))
    for _ in range(50):
        assert world.governor.hold("welcome", marketing=True, ready=False) is None
    assert not world.counters
    world.pauses["birthday"] = Pause("birthday", True)
    held = world.governor.hold("birthday", marketing=True, ready=False)
    assert held is not None
    assert held.reason == "paused"


def test_the_ramp_ends_where_it_reaches_the_quota() -> None:
    """And is none without a quota only after its longest."""
    ramp = WarmUp(starts=date(2026, 12, 1))
    assert ramp.allowed(date(2026, 12, 2), 0) == 300
    assert ramp.allowed(date(2026, 12, 30), 50_000) is None
    assert ramp.allowed(date(2028, 1, 1), 0) is None


def test_the_operator_hears_once_that_ses_refuses_everything() -> None:
    """Of several refusals in a row, whatever instance meets them; a mail that goes begins anew."""
    world, refused = World(), SendRejected("MessageRejected", 900)
    slower = SendRejected("TooManyRequestsException", 60, throttled=True)
    for _ in range(3):
        mailer = fakes.FakeMailer()
        watched = Watched(mailer, world.governor, world.clock)
        mailer.reject = [*[refused] * (SEVERAL - 1), *[slower] * SEVERAL]
        for _ in range(2 * SEVERAL - 1):
            with pytest.raises(SendRejected):
                watched.send(MAIL)
        watched.send(MAIL)
        assert world.operator.told == []
    for _ in range(2):
        mailer = fakes.FakeMailer()
        mailer.reject = [refused] * SEVERAL
        watched = Watched(mailer, world.instance(), world.clock)
        for _ in range(SEVERAL):
            with pytest.raises(SendRejected):
                watched.send(MAIL)
    assert world.operator.told == [("SES refuses mails", {"error": "MessageRejected", "in_a_row": SEVERAL})]


@pytest.mark.parametrize(
    ("quota", "what"),
    [
        (Quota(10, 1000, 0, enabled=False, standing="SHUTDOWN"), "SES restricts this account"),
        (Quota(10, 1000, 0, standing="PROBATION"), "SES restricts this account"),
        (Quota(10, 1000, 950), "marketing mail waits for the day's quota"),
    ],
)
def test_the_operator_hears_of_a_restricted_account_once_a_day(quota: Quota, what: str) -> None:
    """By whichever instance sees it first."""
    world = World(quota)
    for _ in range(3):
        world.hold()
        world.governor = world.instance()
        world.clock.advance(timedelta(minutes=2))
    assert [told for told, _ in world.operator.told] == [what]


def test_what_is_told_already_is_not_asked_again() -> None:
    """A thousand mails that wait for the quota are no thousand writes on one item."""
    world = World(Quota(10, 1000, 950))
    for _ in range(1000):
        assert world.hold() is not None
    assert world.counters.total() == 1
    assert len(world.operator.told) == 1


def test_the_settings_are_the_shops(tmp_path: Path) -> None:
    """As the documentation writes them; what cannot be meant is refused with its line."""
    text = (ROOT / "workflows" / "shop.yaml").read_text("utf-8")
    file = tmp_path / "shop.yaml"
    file.write_text(text + "warm_up: {starts: 2026-12-01, first_day: 200, factor: 1.5}\n", "utf-8")
    shop = load_shop(file)
    assert shop.warm_up == WarmUp(starts=date(2026, 12, 1))
    assert (shop.limits, shop.soft_bounces) == (Limits(), SoftBounces())
    assert Shop.model_validate(shop.model_dump(mode="json", by_alias=True)) == shop
    file.write_text(text.replace("warning: 2.5%, limit: 5%", "warning: 6%, limit: 5%"), "utf-8")
    with pytest.raises(BadInput, match=r"shop.yaml:\d+: .*`warning` is above `limit`"):
        load_shop(file)

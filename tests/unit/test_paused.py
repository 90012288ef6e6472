"""The whole circle: mails bounce, their workflow pauses itself, its next mail waits, it is resumed by hand, it goes."""

from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from tests.unit.feedback.office import bounce
from tests.unit.feedback.test_health import Ward
from tests.unit.test_governor import World as Account
from tests.unit.test_steps import Stage
from tests.worlds import NOW, stepper_of
from tidings.errors import SendDeferred
from tidings.pacing.health import Record, resumed


def bounced(workflow: str, count: int) -> list[dict[str, Any]]:
    """So many mails of a workflow bounce hard."""
    found = [bounce(name=f"b{number}") for number in range(count)]
    for each in found:
        each["detail"]["mail"]["tags"] |= {"workflow": [workflow], "class": ["marketing"]}
    return found


@pytest.mark.parametrize("class_", ["marketing", "transactional"])
def test_a_paused_workflows_mail_waits_until_it_is_resumed(class_: str) -> None:
    """With the reason kept; what is transactional goes."""
    ward, stage, account = Ward(), Stage(class_=class_), Account()
    account.clock = stage.world.clock
    account.pauses = ward.store.pauses
    account.governor = account.instance()
    own = {name: getattr(stage, name) for name in ("sends", "paces", "suppressions", "mailer", "compose")}
    packaged = {"package": lambda workflow, rev: stage.package(workflow)}
    stage.stepper = stepper_of(stage.world, **own, **packaged, governor=account.governor)
    ward.batch(*bounced(stage.workflow, 11))
    assert ward.paused == {stage.workflow}
    if class_ == "transactional":
        stage.step()
        assert stage.mails() == [b"reminder"]
        return
    with pytest.raises(SendDeferred) as deferred:
        stage.step()
    assert timedelta(hours=4) <= timedelta(seconds=deferred.value.seconds) <= timedelta(hours=8)
    (entry,) = stage.sends.rows.values()
    assert entry.state == "deferred"
    assert [reason for _, reason, _ in entry.told["deferred"]] == ["paused"]
    stage.world.pass_time(timedelta(seconds=deferred.value.seconds))
    with pytest.raises(SendDeferred):
        stage.step()
    assert stage.mails() == []
    forgiven = partial(resumed, Record({}), NOW.date(), 1, stage.workflow)
    ward.store.pauses[stage.workflow] = forgiven("by hand")
    stage.until_done()
    assert stage.mails() == [b"reminder"]

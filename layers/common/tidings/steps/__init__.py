"""One step of a journey: look again, decide, do it, say how long to wait. Safe to run again at every point."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tidings import journey as journeys
from tidings import ports
from tidings.clock import Clock
from tidings.customer import epoch
from tidings.errors import JourneyExited, SendDeferred
from tidings.goods.rfm import Bounds
from tidings.steps.deciding import Decider
from tidings.steps.scene import ENDED, Request, Scene
from tidings.steps.sending import Composer, Letter, Sender, send_id
from tidings.workflow.graph import NEXT
from tidings.workflow.model import SendStep, WaitQuiet
from tidings.workflow.package import Package

__all__ = ["Composer", "Decider", "Letter", "Request", "Sender", "Stepper", "send_id"]


@dataclass(frozen=True, slots=True)
class Stepper:
    """Runs steps: reads, hands mails to `sender` and everything else to `decider`."""

    customers: ports.CustomerReader
    journeys: ports.Journeys
    events: ports.Events
    sends: ports.Sends
    sender: Sender
    decider: Decider
    package: Callable[[str, str], Package]
    clock: Clock
    bounds: Callable[[], Bounds | None] = lambda: None

    def run(self, request: Request) -> dict[str, Any]:
        """Do the step. Returns the next Wait's input, with the branch taken where there are several; raises
        `JourneyExited` or `SendDeferred`."""
        scene = self._scene(request)
        entry = scene.entry
        if entry is None or entry.state not in ENDED:
            entry = self._do(scene)
        output = {"journey": request.journey, "wait_seconds": scene.next_wait(entry)}
        return output | ({"branch": entry.branch} if len(scene.node.branches) > 1 else {})

    def _scene(self, request: Request) -> Scene:
        record = self.journeys.get(request.journey)
        customer = self.customers.get(record.customer) if record else None
        if record is None or customer is None:
            raise JourneyExited("erased")
        return Scene(
            request=request,
            package=self.package(request.workflow, request.rev),
            record=record,
            customer=customer,
            entries=self.sends.entries(request.journey),
            events=self.events,
            now=self.clock.now(),
            bounds=self.bounds(),
            look_up=self.sender.products.get,
            in_force=self.sender.shop,
        )

    def _do(self, scene: Scene) -> ports.Send:
        workflow, journey = scene.package.workflow, scene.request.journey
        if reason := journeys.exit_of(workflow, journey, scene.customer, scene.record.entered_at):
            raise JourneyExited(reason)
        again = [step.wait.after_last for step in scene.node.waits if isinstance(step.wait, WaitQuiet)]
        if again and (left := scene.still_to_wait()) > 0:
            raise SendDeferred(left, f"{' or '.join(again)} came again")
        step, entry = scene.node.step, self._entry(scene)
        if isinstance(step, SendStep):
            return self.sender.do(scene, step, entry)
        return self.decider.do(scene, entry)

    def _entry(self, scene: Scene) -> ports.Send:
        """This step's ledger entry to be: a claim, by the branch that is taken when nothing else is decided."""
        sends = isinstance(scene.node.step, SendStep)
        return ports.Send(
            journey=scene.request.journey,
            step=scene.request.step,
            state="claimed",
            customer=scene.customer.id,
            attempt=scene.entry.attempt + 1 if scene.entry else 1,
            at=epoch(self.clock.now()),
            claimed_at=epoch(self.clock.machine_now()),
            nonce=secrets.token_hex(4),
            branch=NEXT,
            told={**(scene.noted if sends else {}), **scene.known},
            final=scene.node.branches.get(NEXT, "") is None,
        )

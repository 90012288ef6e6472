"""Step Functions: executions named by their journey."""

import json
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from tidings.aws.client import code, outages


@dataclass(frozen=True, slots=True)
class TaskAnswers:
    """Answers `ports.Answers`."""

    client: Any

    def answer(self, token: str, journey_id: str) -> None:
        """Let a Task that waits for an event go on; nothing when it no longer waits."""
        try:
            with outages():
                self.client.send_task_success(taskToken=token, output=json.dumps({"journey": journey_id}))
        except ClientError as error:
            if code(error) not in ("TaskTimedOut", "TaskDoesNotExist", "InvalidToken"):
                raise


@dataclass(frozen=True, slots=True)
class StateMachines(TaskAnswers):
    """Answers `ports.Machines`. `arn_prefix` ends in `:stateMachine:<stack>-`; a machine is named by its folder."""

    arn_prefix: str

    def start(self, workflow: str, journey_id: str, wait_seconds: int) -> None:
        """Start the execution named by the journey; nothing when that name has been used (AWS keeps it 90 days)."""
        try:
            with outages():
                self.client.start_execution(
                    stateMachineArn=self.arn_prefix + workflow,
                    name=journey_id,
                    input=json.dumps({"journey": journey_id, "wait_seconds": wait_seconds}),
                )
        except ClientError as error:
            if code(error) != "ExecutionAlreadyExists":
                raise

    def stop(self, workflow: str, journey_id: str) -> None:
        """Stop it; nothing when it is over or never was."""
        arn = f"{self.arn_prefix.replace(':stateMachine:', ':execution:')}{workflow}:{journey_id}"
        try:
            with outages():
                self.client.stop_execution(executionArn=arn, cause="the journey was exited")
        except ClientError as error:
            # A finished execution is refused as a ValidationException.
            if code(error) not in ("ExecutionDoesNotExist", "ValidationException"):
                raise

"""SES's events from the queue in; events and suppressions out. What fails is delivered again, then goes to the DLQ."""

from typing import Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from tidings import observe, wiring
from tidings.errors import TidingsError

processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)


@observe.discreet
def handler(event: dict[str, Any], context: Any) -> Any:
    """Record a batch; answers with the messages to be delivered again."""
    answer = process_partial_response(event, _record, processor, context)
    wiring.feedback().settle()
    return answer


def _record(record: SQSRecord) -> None:
    try:
        wiring.feedback().record(record.body)
    except TidingsError as error:  # Powertools says nothing of why a message failed
        about = {"refused": type(error).__name__, "why": str(error), "message_id": record.message_id}
        observe.logger().warning("feedback", extra=about)
        raise

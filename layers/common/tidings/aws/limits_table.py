"""How often something was done in one span of time. Items go by themselves after it (TTL)."""

from dataclasses import dataclass

from botocore.exceptions import ClientError

from tidings.aws import codec
from tidings.aws.client import code, outages
from tidings.aws.table import REFUSED, Table


@dataclass(frozen=True, slots=True)
class LimitsTable:
    """Answers `ports.Limits`."""

    table: Table

    def take(self, key: str, most: int, until: int) -> bool:
        """Count one more, unless there are `most`: one conditional write, whoever else counts at this moment."""
        values = {":one": 1, ":most": most, ":until": until}
        try:
            with outages():
                self.table.client.update_item(
                    TableName=self.table.name,
                    Key=codec.encode_item({"key": key}),
                    UpdateExpression="SET #until = :until ADD #count :one",
                    ConditionExpression="attribute_not_exists(#count) OR #count < :most",
                    ExpressionAttributeNames={"#count": "count", "#until": "until"},
                    ExpressionAttributeValues={name: codec.encode(value) for name, value in values.items()},
                )
        except ClientError as error:
            if code(error) in REFUSED:
                return False
            raise
        return True

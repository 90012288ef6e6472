"""The composition root: settings → adapters, built when first asked for and kept.

Each part imports what it needs itself: a function starts with its own modules only.
"""

import os
from functools import cache, partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tidings.ingest import Ingest


@cache
def ingest() -> "Ingest":
    """The way in, for receive_webhook."""
    from tidings import clock
    from tidings.aws.client import client
    from tidings.aws.events_table import EventsTable
    from tidings.aws.parameters import Parameters
    from tidings.ingest import ADDRESS_KEY, Ingest
    from tidings.settings import ReceiveWebhookSettings
    from tidings.sources import SOURCES

    settings = ReceiveWebhookSettings.from_env(os.environ)
    time = clock.from_json(settings.clock)
    names = (ADDRESS_KEY, *(f"/webhooks/{source}" for source in SOURCES))
    return Ingest(
        store=EventsTable(client("dynamodb"), settings.events_table),
        parameters=Parameters(partial(client, "ssm"), settings.parameter_prefix, names, time),
        clock=time,
    )

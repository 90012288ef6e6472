"""Forms: what people are asked, what they answered, and the facts that follow. Pure; `pages` shows them.

fields.py   what a form asks, and reading what was sent: values, errors by field, what was typed
catalogue.py  the shop's survey forms, as `shop.yaml` declares them
stamp.py    when a form was shown, signed: how long somebody took over it
limits.py   how often something may be sent
facts.py    the events
"""

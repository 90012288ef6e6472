"""The way in from outside: what is delivered is checked, translated, stored, answered.

ingest.py   a shop's webhooks, signed
track.py    what the shop's pages tell, signed by nobody

The function that loads this starts lean: neither pydantic nor Jinja2 here, nor in what this imports.
"""

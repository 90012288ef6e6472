"""The only modules that touch botocore: each answers one port, and tells an outage from a mistake."""

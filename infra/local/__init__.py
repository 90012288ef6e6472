"""The embedded AWS: the deployed template itself on one loopback port, and a demo shop that uses it.

`stack` starts and stops it, `deploy` brings the template onto it, `overrides` says what must differ there and
why; `recorder` and `mailworld` stand for SES and the world of mail behind it, `shop` for the shop.
"""

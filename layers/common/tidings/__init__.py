"""Tidings: what happens in a shop, turned into mails that come at the right time. This is the map of the house.

An event's way, with the function that walks each part of it; data never flows back against the arrows:

    a shop's webhook, a shop's page ─▶ intake/    receive_webhook ─┐   sources/   a platform's bodies, read
    what SES tells of a mail ────────▶ feedback/  record_feedback ─┤
    a click in a mail ───────────────▶ pages/     serve_page ──────┤   forms/     what is asked, and answered
    the calendar ────────────────────▶ daily.py   run_daily ───────┤
                                                                   ▼
                                                   the Events table    events.py  the one shape of a fact
                                                                   ▼
    who is it, fold it, begin and end journeys ── tracking/  track_event
                                                                   ▼
    decide, ask leave, send, settle, wait on ──── steps/  run_step, a Task of the workflow's machine
                                                                   ▼
                                                             the recipient

What they reason with is pure:

    customer.py  people/  lookback.py    one person, folded from events; and finding what they did
    segments.py  triggers.py             where they belong, which journeys an event begins and ends
    journey.py   pacing/                 whether a mail goes to them, and whether it may go now
    schedule.py  timing.py               when: waits, due dates, quiet hours; for one customer's journey
    expressions/                         the language of conditions, and what conditions and mails may name
    workflow/    mail/                   from YAML and MJML to machines and packages; what is sent, rendered
    goods/                               the catalogue, what it recommends, who waits for it
    links.py  doors.py  tids.py          signed: links, the links of one mail, who is looking at a shop's page
    shop.py                              the shop's own settings
    explain/     privacy/                a customer's story; a customer's export and erasure (erase_customer)

And the ground they stand on:

    ports.py     what the domain asks of the world; aws/ answers, and alone knows botocore
    wiring.py    puts both together for each function, from settings.py; alone reads the environment
    clock.py     alone knows the time
    observe.py   logs and metrics, free of personal data
    errors.py    what can go wrong, by who must act
    fit.py  formats.py  words.py  durations.py  yamlfile.py    texts: safe to show, in a locale, misspelt, as written

Imports point one way: functions → wiring → aws → domain.
"""

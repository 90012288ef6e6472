"""A workflow that uses every word, and each mistake that can be made in it, with what is said of it."""

from pathlib import Path

from tidings.shop import load_shop
from tidings.workflow.check.scope import Scope

ROOT = Path(__file__).parents[3]
FILE = Path("workflows/test/workflow.yaml")

SHOP = load_shop(ROOT / "workflows" / "shop.yaml").model_copy(
    update={
        "fields": {"size": "text", "cats": "number", "wedding_day": "date"},
        "events": {"quiz_finished": {"score": "number", "animal": "text"}},
        **{"coupons": load_shop(ROOT / "workflows" / "shop.yaml").coupons},
    }
)
SCOPE = Scope(SHOP, frozenset({"vip", "lapsed"}))
COUPON = next(iter(SHOP.coupons))

RIGHT = f"""# yaml-language-server: $schema=../workflow.schema.json
name: Whole
description: Uses every word.
class: marketing
topic: reminders
priority: 80
trigger:
  event: checkout_started
  where: "event.total > 0 and not in_segment('vip')"
reentry: each checkout
exit:
  - event: order_placed
  - {{event: checkout_updated, where: "arrived.total == 0"}}
goal: {{event: order_placed, within: 5 days, where: "arrived.total > 10"}}
holdout: 10%
max_age: 2 days
retired: false
steps:
  - wait: 1 hour
  - send: reminder
  - wait: {{for: 1 day, then_at: 10:00}}
  - if: "event.total >= 100 and count('order_placed', within='90 days') == 0"
    then:
      - send: offer
        test: [question, urgency]
        coupon: {COUPON}
        expires: 1 day
        else: [{{send: offer-plain}}]
      - wait: 2 days
    else:
      - wait: {{until: tuesday, at: 10:00}}
      - send: second-reminder
  - wait: {{until: "event.date", offset: -1 day, at: 09:00}}
  - split:
      - {{name: a, share: 33.3%, steps: [{{set: {{tag: cat-owner}}}}]}}
      - name: b
        share: 66.7%
        steps:
          - set: {{field: size, to: "event.items[0].variant"}}
          - set: {{untag: dog-owner}}
            id: no-dogs
  - wait: {{for: 4 hours, after_last: product_viewed}}
  - wait_for: {{event: checkout_updated, where: "arrived.total > event.total", at_most: 2 days}}
    arrived:
      - if: "arrived.items_count > 2"
        then: [{{send: still-there}}]
    timed_out: [{{exit: true}}]
    id: comes-back
  - send: last-call
    id: last
"""

Mistake = tuple[str, str, int, str]
"""What stands right, what is written instead, the line that is named, and how the message begins."""

STRUCTURE: list[Mistake] = [
    ("name: Whole", "nmae: Whole", 2, 'unknown word "nmae"; did you mean "name"?'),
    ("class: marketing", "class: marketting", 4, '"class" can\'t be "marketting"; did you mean "marketing"?'),
    ("topic: reminders", "topic: Re minders", 5, '"topic" is lower-case letters, digits and single hyphens'),
    ("priority: 80", "priority: high", 6, '"priority" is a whole number, not "high"'),
    ("priority: 80", "priority: 800", 6, '"priority" should be less than or equal to 100'),
    ("  event: checkout_started\n", "  evnt: checkout_started\n", 8, 'unknown trigger "evnt"'),
    ("  where: \"event.total > 0 and", "  were: \"event.total > 0 and", 9, 'unknown word "were"; did you mean "where"'),
    ("  event: checkout_started\n", "  event: checkout_started\n  segment: vip\n", 9, '"segment" is another trigger'),
    ("reentry: each checkout", "reentry: each chekout", 10, '"reentry": "each chekout" is no rule'),
    ("  - event: order_placed\n", "  - evnt: order_placed\n", 12, 'unknown word "evnt"; did you mean "event"?'),
    ("within: 5 days", "withn: 5 days", 14, 'unknown word "withn"; did you mean "within"?'),
    ("within: 5 days, ", "", 14, '"within" is missing, such as `within: 5 days`'),
    ("within: 5 days", "within: 0 days", 14, '"within": "0 days" must be longer than nothing'),
    ("holdout: 10%", "holdout: 10", 15, '"holdout": "10" is no percentage: write 0 to 100 and the sign'),
    ("holdout: 10%", "holdout: 100%", 15, '"holdout": "100%" keeps everybody out'),
    ("max_age: 2 days", "max_age: 2 dayz", 16, '"max_age": "2 dayz" is not a duration'),
    ("retired: false", "retired: perhaps", 17, '"retired" is true or false, not "perhaps"'),
    ("- wait: 1 hour", "- wiat: 1 hour", 19, 'unknown step "wiat"; did you mean "wait"?'),
    ("- wait: 1 hour", "- wait: an hour", 19, '"for": "an hour" is not a duration'),
    ("- send: reminder", "- send: Reminder!", 20, '"send" is lower-case letters, digits and single hyphens'),
    ("- send: reminder", "- send: reminder\n    wait: 1 day", 21, '"wait" is a step of its own: begin it with "- "'),
    ("then_at: 10:00", "then_at: 25:00", 21, '"then_at": "25:00" is not a time of day'),
    ("then_at: 10:00", "than_at: 10:00", 21, 'unknown word "than_at"; did you mean "then_at"?'),
    ("then_at: 10:00", "at: 10:00", 21, '"at" does not go with `for` and `then_at`'),
    ("    then:\n      - send: offer", "    than:\n      - send: offer", 23, 'unknown word "than"; did you mean "th'),
    ("        test: [question, urgency]", "        test: [question]", 25, '"test": a test compares two variants'),
    ("        test: [question, urgency]", "        test: question", 25, '"test" is a list, not "question"'),
    ("        expires: 1 day", "        expire: 1 day", 27, 'unknown word "expire"; did you mean "expires"?'),
    ("        expires: 1 day", "        expires: soon", 27, '"expires": "soon" is not a duration'),
    ("until: tuesday", "until: tusday", 31, '"until" can\'t be "tusday"; did you mean "tuesday"?'),
    ("offset: -1 day, at", "offset: -1 hours, at", 33, '"-1 hour" is not a number of whole days'),
    ("share: 33.3%", "share: third", 35, '"share": "third" is no percentage'),
    ("{name: a, share", "{nam: a, share", 35, 'unknown word "nam"; did you mean "name"?'),
    ("{tag: cat-owner}", "{tga: cat-owner}", 35, 'unknown setting "tga"; did you mean "tag"?'),
    ("{field: size, to:", "{field: size, too:", 39, 'unknown word "too"; did you mean "to"?'),
    ("to: \"event.items[0].variant\"", "to: [1]", 39, '"to" is a text, a number, true or false, not a list'),
    ("{for: 4 hours, after_last", "{for: 4 hours, then_at: 10:00, after_last", 42, '"then_at" does not go with `for`'),
    (", at_most: 2 days", "", 43, '"at_most" is missing, such as `at_most: 2 days`'),
    ("    timed_out: [", "    timedout: [", 47, 'unknown word "timedout"; did you mean "timed_out"?'),
    ("{exit: true}", "{exit: false}", 47, '"exit" as a step is written `exit: true`, not "False"'),
    ("    id: last", "    id: last call", 50, '"id" is lower-case letters, digits and single hyphens'),
]  # fmt: skip
"""Mistakes that the model and the JSON Schema refuse alike, or nearly."""

WORDS: list[Mistake] = [
    ("event: checkout_started\n", "event: checkout_start\n", 8, 'unknown event "checkout_start"; did you mean "check'),
    ("event: checkout_started\n", "event: due\n", 8, 'unknown event "due"'),
    ("topic: reminders", "topic: reminder", 5, 'unknown topic "reminder"; did you mean "reminders"?'),
    ("topic: reminders", "topic: gossip", 5, 'unknown topic "gossip"'),
    ("event.total > 0 and", "event.totl > 0 and", 9, '"event" has no field "totl"; did you mean "total"?'),
    ("event.total > 0 and", "event.total > '0' and", 9, '"event.total" is a number and can\'t be compared with text'),
    ("event.total > 0 and", "event.currency == 5 and", 9, '"event.currency" is text and never equals a number'),
    ("event.total > 0 and", "journey.id and", 9, 'unknown name "journey"'),
    ("event.total > 0 and", "arrived.total and", 9, '"arrived" is there in the `where` of exit, goal and wait_for'),
    ("event.total > 0 and", "event.total > and", 9, "`event.total > and not in_segment('vip')` is no expression"),
    ("event.total > 0 and", "'tea' in event.items and", 9, '"tea" is text and never in "event.items"'),
    ("event.total > 0 and", "5 in customer.tags and", 9, '"5" is a number and never in "customer.tags"'),
    ("event.total > 0 and", "event.total + event.currency and", 9, '"event.total" is a number and "event.currency"'),
    ("event.total > 0 and", "customer.email.endswith and", 9, '"customer.email.endswith" is a function: add parenth'),
    ("event.total > 0 and", "event.total is odd_one and", 9, 'unknown test "odd_one"; did you mean "odd"?'),
    ("event.total > 0 and", "event.total | rond and", 9, 'unknown filter "rond"; did you mean "round"?'),
    ("event.total > 0 and", "customer.fields.sise and", 9, '"customer.fields" has no field "sise": the shop\'s own'),
    ("event.total > 0 and", "customer.fields.cats > 'two' and", 9, '"customer.fields.cats" is a number and can\'t'),
    ("event.total > 0 and", "now - event.at > 5 and", 9, '"…" is a length of time and can\'t be compared with a'),
    ("event.total > 0 and", "days_since(event.total) > 5 and", 9, '"days_since" takes a moment or a day or text, not'),
    ("event.total > 0 and", "days_since() > 5 and", 9, '"days_since" needs to know more: days_since('),
    ("event.total > 0 and", "days_since('ordered') > 5 and", 9, 'unknown event "ordered"'),
    ("event.total > 0 and", "coupon_used('wellcome') and", 9, 'unknown coupon "wellcome"; did you mean "welcome"?'),
    ("event.total > 0 and", "order(event.order_id).totl and", 9, 'has no field "totl"; did you mean "total"?'),
    ("event.total > 0 and", "days_sinse(event.at) > 5 and", 9, 'unknown name "days_sinse"; did you mean "days_since"?'),
    ("in_segment('vip')", "in_segment('vpi')", 9, 'unknown segment "vpi"; did you mean "vip"?'),
    ("in_segment('vip')", "in_segment(vip)", 9, "\"vip\" needs quotes: in_segment('vip')"),
    ("> 0 and", "= 0 and", 9, "a comparison is written `==`"),
    ("> 0 and", "> 0 &&", 9, "is no expression: write `and`, `or`"),
    ("> 0 and", "> 0 AND", 9, "write `and`, `or`, `not` in small letters"),
    ('"arrived.items_count > 2"', '"{{ arrived.items_count > 2 }}"', 45, "leave out the braces"),
    ('"arrived.items_count > 2"', '"true"', 45, "`true` is the same for everybody: a condition names something"),
    ("in_segment('vip')", "in_segment", 9, '"in_segment" is a function: write it with what it asks'),
    ("in_segment('vip')", "in_segment('vip', 'x')", 9, '"in_segment" takes no more than 1'),
    ("each checkout", "each product", 10, "`each product` needs a trigger that is an event about one"),
    ("- event: order_placed", "- event: ordered", 12, 'unknown event "ordered"'),
    ("- event: order_placed", "- event: checkout_started", 12, 'a journey that begins with "checkout_started" can\'t'),
    ("arrived.total == 0", "arrived.total == '0'", 13, '"arrived.total" is a number and never equals text'),
    ("goal: {event: order_placed", "goal: {event: order_place", 14, 'unknown event "order_place"; did you mean "ord'),
    ("arrived.total > 10", "arived.total > 10", 14, 'unknown name "arived"; did you mean "arrived"?'),
    ("within='90 days'", "within='90 dayz'", 22, '"90 dayz" is not a duration'),
    ("within='90 days'", "in='90 days'", 22, '"count" takes no "in"; known: type, within'),
    ("within='90 days'", "withn='90 days'", 22, '"count" takes no "withn"; did you mean "within"?'),
    ("count('order_placed'", "count('order_plcd'", 22, 'unknown event "order_plcd"; did you mean "order_placed"?'),
    (f"coupon: {COUPON}", "coupon: wellcome", 26, 'unknown coupon "wellcome"; did you mean "welcome"?'),
    (f"        coupon: {COUPON}\n", "", 27, "`else` is for when the coupon has run out: it needs a `coupon`"),
    ('until: "event.date"', 'until: "event.dat"', 33, '"event" has no field "dat"; did you mean "date"?'),
    ("{field: size, to", "{field: sise, to", 39, 'unknown field "sise"; did you mean "size"?'),
    ('{field: size, to: "event.items[0].variant"}', "{field: size, to: 5}", 39, '"size" is text, not a number'),
    ('"event.items[0].variant"', "large", 39, 'unknown name "large"'),
    ('"event.items[0].variant"', '"event.items[0].varant"', 39, 'has no field "varant"; did you mean "variant"?'),
    ("after_last: product_viewed", "after_last: product_view", 42, 'unknown event "product_view"; did you mean "prod'),
    ("wait_for: {event: checkout_updated", "wait_for: {event: checkout_updatd", 43, 'unknown event "checkout_updatd"'),
    ("arrived.total > event.total", "arrived.total > event.curency", 43, '"event" has no field "curency"; did you'),
    ("arrived.items_count", "arrived.item_count", 45, '"arrived" has no field "item_count"; did you mean "items_'),
]  # fmt: skip
"""Mistakes in what a workflow names."""

ORDER: list[Mistake] = [
    ("send: second-reminder", "send: reminder", 32, 'two steps are called "reminder": give one of them an `id`'),
    ("share: 66.7%", "share: 60%", 34, "the shares sum to 93.3%, not to 100%"),
    ("- name: b", "- name: a", 36, 'two sides are called "a"'),
    ("at_most: 2 days", "at_most: 200 days", 43, "the way to here may take 389 days; a journey may take 330"),
    ("        expires: 1 day", "        expires: 400 days", 24, "the way to here may take 402 days; a journey"),
    ("  - send: last-call\n    id: last\n", "  - exit: true\n  - send: last-call\n    id: last\n", 50, "no way leads"),
    ("  - send: last-call\n    id: last\n", "  - wait: 1 day\n", 49, "nothing follows this wait: it can be left out"),
    ("      - wait: 2 days\n", "      - exit: true\n      - wait: 2 days\n", 30, "no way leads to this step"),
    ("      - send: second-reminder", "      - exit: true", 31, "nothing follows this wait: it can be left out"),
]  # fmt: skip
"""Mistakes in how the steps stand to each other."""

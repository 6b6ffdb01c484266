"""The reference of configuration documents: every key with its meaning, type, default, bounds and an example.

Tables are read off the models; beside each stands an example, which a test loads and holds against the table, so that
no key is without one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Final

from schemas.config import Document
from schemas.config_rules import Condition
from schemas.tables import Row, Schema, Table, tables

EXAMPLES: Final[Mapping[str, str]] = {
    "Configuration": """\
division: main
users: {ann: {name: Ann Lindqvist, calendar: office-berlin}, bob: {}}
calendars: {office-berlin: {hours: {mon-fri: "09:00-18:00"}, zone: Europe/Berlin, holidays: [berlin, "2026-12-24"]}}
holidays: {berlin: ["2026-01-01", "2026-03-08", "2026-04-03"]}
pools: {inbound: {record_type: lead, members: [ann, bob]}}
tools: {webinar-form: {name: Webinar}}
offers: [starter, team]
plans: {spring: {name: Spring, managers: [ann, bob], tools: [webinar-form]}}
rule_sets:
  leads: {record_type: lead, active: true, entries: [{criteria: [tier equals vip], target: {user: bob}}]}
defaults: {lead: {pool: inbound}}
scores: {lead: [{when: employees > 500, points: 30}]}
processes: {sales: {steps: [call, qualified]}}
workflows:
  budget-known: {trigger: {field_filled: budget}, action: {mark_step: {process: sales, step: qualified}}}
closed_when: {lead: {criteria: ["stage in [won, lost]"]}}
sizes: {lead: effort}
fields: {lead: {tier: text, employees: number, stage: text}, deal: {budget: number}}
templates: {assigned: {en: {subject: "New: {{ tier }}", body: "{{ reason }} {{ link }}"}}}
ids_ignore_case: true
settings: {zone: Europe/Berlin}
""",
    "Condition": """\
- {criteria: ["country in [DE, FR]", "size >= 50", "tier equals vip"], logic: (1 AND 2) OR 3}
- {domain: [[country, in, [DE, FR]], [size, ">=", 50]]}
- when: country in ["DE", "FR"] and size >= 50
""",
    "User": """\
name: Ann Lindqvist
roles: [member, reassign]
active: true
notify: [email, chat]
role: account-executive
profile: sales-user
territory: [dach, nordics]
skills: {german: 3, swedish: 1}
calendar: office-berlin
hours: {mon-thu: ["09:00-12:30", "13:30-18:00"], fri: "09:00-13:00"}
zone: Europe/Stockholm
holidays: [berlin, "2026-12-24"]
works_on: ["2026-03-08"]
leave: [{from: "2026-08-01", until: "2026-08-14"}, {from: "2026-09-03T12:00", until: "2026-09-03T16:30"}]
limits: [{at_most: 30, open: true}]
""",
    "Requirement": """\
- {skill: {field: language}}
- {skill: erp, level: 2}
""",
    "Preference": """\
- {skill: german, level: 3, territory: {field: region}}
- {role: account-executive, profile: sales-user}
""",
    "FromField": """\
field: account.language
""",
    "Calendar": """\
hours: {mon-fri: ["09:00-12:30", "13:30-18:00"], sat: "22:00-06:00", sun: "00:00-24:00"}
zone: Europe/Berlin
holidays: berlin
works_on: "2026-04-03"
""",
    "Leave": """\
- {from: "2026-08-01", until: "2026-08-14"}
- {from: "2026-09-03T12:00", until: "2026-09-03T16:30+02:00"}
""",
    "Pool": """\
name: Inbound leads
record_type: lead
strategy: round_robin
members: [ann, {user: bob, weight: 2}]
count: all
limits: [{at_most: 200, per: day}]
entry: catch_up
credit: 1
drain_per_minute: 10
sequence: 10
requires: [{skill: {field: language}}, {skill: erp, level: 2}]
prefer: {territory: {field: region}}
notify_members: false
manager: boss
skewed_after: 10
accept_within: 15m
hand_on: 3
ask_again: false
nobody_eligible: {fallback: {pool: world}}
escalate: {after: 30m, to: {user: boss}}
longest_wait: 2h
""",
    "Nobody": "[{fallback: {pool: world}}, {assign_anyway: true}]\n",
    "Resort": "[{pool: world}, {user: boss}, {queue: rest}]\n",
    "Escalate": "{after: 30m, to: {user: boss}, clock: working}\n",
    "Member": """\
{user: eve, weight: 0.5, max_open: 20, priority: 2, limits: [{at_most: 2, per: 1h}], criteria: [language equals sv]}
""",
    "Limit": "- {at_most: 20, open: true}\n- {at_most: 2, per: 1h}\n- {at_most: 30, per: day}\n",
    "PersonLimit": "- {at_most: 40, open: true, types: [lead]}\n- {at_most: 100, per: month}\n",
    "Entering": "{catch_up: {at_most: 1, of: 2}}\n",
    "CatchUp": "{at_most: 1, of: 2}\n",
    "Plan": """\
name: Spring campaign
managers: [ann, bob]
tools: [webinar-form]
offers: {ordered: [starter], paid: [team]}
mode: linked
within: 90d
counts_as_turn: false
credit: 1
requires: {skill: german}
prefer: {territory: dach}
limits: [{at_most: 100, per: day}]
conversion: 12.5
average_sale: {amount: 100, currency: EUR}
label: {text: Spring, colour: green}
""",
    "Offers": "{ordered: [starter], payment_failed: [starter], paid: [team]}\n",
    "Money": "{amount: 99.9, currency: EUR}\n",
    "Label": '{text: Spring, colour: "#15803d"}\n',
    "Thing": "{name: Webinar}\n",
    "RuleSet": """\
name: Incoming leads
description: Key accounts by hand, everybody else by region.
record_type: lead
active: true
entries:
  - {criteria: [tier equals vip], target: {user: bob}}
  - {target: {pool: inbound}}
""",
    "Entry": """\
id: key-accounts
name: Key accounts
when: employees > 5000
target: {user: bob}
on: [created, updated]
reassign: if_unowned
even_if_away: true
requires: {skill: german, level: 3}
changed: [stage]
before: {criteria: [stage equals open]}
""",
    "Target": """\
- {user: bob}
- {pool: inbound}
- {queue: inbox}
- {plan: spring}
- {users: {territory: dach}}
- {owner_of: account, within: 90d, contacted: last_activity, among: inbound, counts_as_turn: true}
- {team: match}
- {user: {field: account_manager_id}}
- {steps: [{pool: inbound, wait: 15m}, {user: bob}]}
""",
    "TargetStep": """\
- {pool: inbound, wait: 15m, skip_if: nobody_present}
- {user: {field: account_manager_id}, wait: 1h}
- {users: {territory: dach}, wait: 1h}
- {owner_of: account, wait: 1h}
- {queue: inbox}
""",
    "People": "{role: account-executive, profile: sales-user, territory: dach, skill: german}\n",
    "ScoreRow": "{when: employees > 500, points: 30}\n",
    "Process": """\
name: Sales
record_type: deal
steps: {call: {}, offer: {name: Send an offer, requires_note: true}, visit: {generates_task: true}}
""",
    "ProcessStep": "{name: Visit, requires_note: true, generates_task: true}\n",
    "Workflow": """\
- name: Budget known
  description: Who has told their budget is qualified.
  active: true
  trigger: {field_filled: budget}
  action: {mark_step: {process: sales, step: qualified}}
- active: true
  record_type: deal
  trigger: {on: updated, changed: stage}
  criteria: [stage equals won, actor.role not equal bot]
  actions:
    - {create_record: {type: task, fields: {subject: Thank them}}}
    - {notify: owner}
  at_most: {per_record: 5, per_day: 1000}
  resumed: 1
""",
    "Trigger": """\
- {on: [created, updated], changed: [stage], before: {criteria: [stage equals open]}}
- {field_filled: budget}
- {field_cleared: budget}
- {step_marked: {process: sales, step: call}}
- {waiting_for: 30m}
""",
    "StepName": "{process: sales, step: qualified}\n",
    "Action": """\
- {mark_step: {process: sales, step: qualified}}
- {require_field: {field: budget, enforcement: required}}
- {set_field: {field: stage, value: won}}
- {create_record: {type: task, fields: {subject: Call back, due: {field: close_date}}}}
- {assign: {pool: closers}}
- {notify: {role: account-executive}}
""",
    "AskedField": "{field: budget, enforcement: required}\n",
    "SetField": "- {field: stage, value: won}\n- {field: closer, value: {field: seller}}\n",
    "NewRecord": "{type: task, fields: {subject: Call back, due: {field: close_date}}}\n",
    "Audience": "- {owner: true}\n- {user: bob}\n- {role: account-executive}\n- {field: seller}\n",
    "AtMost": "{per_record: 5, per_day: 1000}\n",
    "Settings": """\
treat_as_unowned: {users: [crm-integration]}
presence: {words: {busy: away}}
notifications: {means: [chat], language: de}
require_actor: false
depth_limit: 5
visibility: {workflows: everyone}
product: {plans: {at_most: 10}}
zone: Europe/Berlin
week_starts: monday
""",
    "Notify": """\
means: [email]
kinds: {assigned: [email, chat], queued: off}
quiet: {from: "21:00", until: "07:00"}
digest: {from: 5, within: 10m}
language: de
""",
    "Notifications": """\
means: [email]
kinds: {waiting: [chat]}
quiet: {from: "21:00", until: "07:00"}
digest: {from: 5, within: 10m}
language: en
link: "https://crm.example/{{ record.type }}/{{ record.id }}"
""",
    "QuietHours": '{from: "21:00", until: "07:00"}\n',
    "Digest": "{from: 5, within: 10m}\n",
    "Letter": """\
subject: "New: {{ tier }}"
body: "A {{ tier }} lead is yours. {{ reason }} {{ link }}"
html: '<p>{{ tier }} is yours. <a href="{{ link | url }}">See it</a></p>'
""",
    "Presence": "{words: {busy: away, online: available}, pass_over_off_shift: true}\n",
    "Visibility": "{pools: members, plans: admins, workflows: everyone}\n",
    "Unowned": "{users: [crm-integration], channels: [import]}\n",
    "Product": "{pools: {available: true}, plans: {at_most: 10}, workflows: {at_most: 3}}\n",
    "Available": "{available: true, at_most: 10}\n",
}
"""By part: a value, or a list of values where keys exclude each other."""

WHERE: Final[Mapping[str, str]] = {
    "Configuration": "The document",
    "Condition": "A condition: in pools, members, entries, workflows, rows of scores, and `closed_when.TYPE`",
    "User": "A user: `users.NAME`",
    "Requirement": "A requirement: `requires` of a pool or an entry",
    "Preference": "A preference: `pools.NAME.prefer`",
    "FromField": "What a record says: in requirements, preferences, targets, steps and values",
    "Calendar": "A calendar: `calendars.NAME`",
    "Leave": "Leave: `users.NAME.leave`",
    "Pool": "A pool: `pools.NAME`",
    "Member": "A member: `pools.NAME.members`",
    "Limit": "A limit: `pools.NAME.limits`, `pools.NAME.members.limits`",
    "PersonLimit": "A limit of a person: `users.NAME.limits`",
    "Entering": "Entering: `pools.NAME.entry`",
    "CatchUp": "Catching up: `pools.NAME.entry.catch_up`",
    "Nobody": "What nobody can take: `pools.NAME.nobody_eligible`",
    "Escalate": "What waits too long: `pools.NAME.escalate`",
    "Resort": "Who helps out: `pools.NAME.nobody_eligible.fallback`, `pools.NAME.escalate.to`",
    "Plan": "A sales plan: `plans.NAME`",
    "Offers": "Offers of a plan: `plans.NAME.offers`",
    "Money": "Money: `plans.NAME.average_sale`",
    "Label": "A label: `plans.NAME.label`",
    "Thing": "A tool or an offer: `tools.NAME`, `offers.NAME`",
    "RuleSet": "A rule set: `rule_sets.NAME`",
    "Entry": "An entry: `rule_sets.NAME.entries`",
    "Target": "A target: `target` of an entry, `defaults.TYPE`",
    "TargetStep": "A step: `steps` of a target",
    "People": "People: `users` of a target or a step",
    "ScoreRow": "A row of scores: `scores.TYPE`",
    "Process": "A process: `processes.NAME`",
    "ProcessStep": "A step: `processes.NAME.steps.NAME`",
    "Workflow": "A workflow: `workflows.NAME`",
    "Trigger": "A trigger: `workflows.NAME.trigger`",
    "Action": "An action: `workflows.NAME.action`, `workflows.NAME.actions`",
    "StepName": "The name of a step: in triggers and actions",
    "AskedField": "A field that is asked for: `require_field` of an action",
    "SetField": "A field that is to have a value: `set_field` of an action",
    "NewRecord": "A record that is to be made: `create_record` of an action",
    "Audience": "Who is told: `notify` of an action",
    "AtMost": "How often a workflow may act: `workflows.NAME.at_most`",
    "Settings": "Settings: `settings`",
    "Presence": "Presence: `settings.presence`",
    "Unowned": "Unowned: `settings.treat_as_unowned`",
    "Visibility": "Who may look: `settings.visibility`",
    "Product": "The product plan: `settings.product`",
    "Notify": "How somebody is told: `users.NAME.notify`",
    "Notifications": "How everybody is told: `settings.notifications`",
    "QuietHours": "Quiet hours: `quiet` of both",
    "Digest": "Summaries: `digest` of both",
    "Letter": "What is written: `templates.KIND.LANGUAGE`",
    "Available": "What there may be: `settings.product.pools`, `.plans`, `.workflows`",
}
"""What each part is called on the page, and where it stands, in the page's order."""


@cache
def configuration_tables() -> Mapping[str, Table]:
    """The tables of all parts, made once. What a condition may say is told once, not in each part that has one."""
    root = Document.model_json_schema()
    definitions: Mapping[str, Schema] = root["$defs"]
    condition = Condition.model_json_schema()
    found = {table.name: table for table in (*tables(root, definitions), *tables(condition, {}))}
    shared = set(condition["properties"])
    return {
        name: table if name == "Condition" else table._replace(rows=_without(table.rows, shared))
        for name, table in ((name, found[name]) for name in (*WHERE, *(set(found) - set(WHERE))))
    }


def reference() -> str:
    """The reference as Markdown."""
    return "\n".join(line for name, table in configuration_tables().items() for line in _section(name, table))


def _without(rows: tuple[Row, ...], names: set[str]) -> tuple[Row, ...]:
    return tuple(row for row in rows if row.name not in names)


def _section(name: str, table: Table) -> Iterator[str]:
    yield from (f"### {WHERE[name]}", "", table.meaning, "")
    yield from markdown_table(table.rows)
    yield from ("", f"```yaml part={name}", *EXAMPLES[name].splitlines(), "```", "")


def markdown_table(rows: tuple[Row, ...]) -> Iterator[str]:
    """Rows as a Markdown table. Words and defaults stand as code."""
    yield "| key | type | default | allowed | meaning |"
    yield "|---|---|---|---|---|"
    for row in rows:
        default = "**required**" if row.required else f"`{row.default}`" if row.default else ""
        cells = (f"`{row.name}`", row.type, default, row.allowed, row.meaning)
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"

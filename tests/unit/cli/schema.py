#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Are answers of covey --json what docs/covey-show.schema.json says?

schema.py SCHEMA [NAME] < ANSWERS

ANSWERS are JSON objects, one or more. NAME: a definition of the schema that each must be; else any that the
schema has at its top. The schema lets answers have more than it says, as later versions may; here they may not.
"""

import json
import sys

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match


def objects(text):
    decoder, at = json.JSONDecoder(), 0
    while at < len(text):
        value, at = decoder.raw_decode(text, at)
        yield value
        while at < len(text) and text[at].isspace():
            at += 1


def tighten(part):
    """Nothing in an object that the schema does not name."""
    if isinstance(part, dict):
        if "properties" in part:
            part.setdefault("additionalProperties", False)
        part = part.values()
    if not isinstance(part, str):
        for inner in part if hasattr(part, "__iter__") else ():
            tighten(inner)


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        schema = json.load(file)
    Draft202012Validator.check_schema(schema)
    tighten(schema)
    if len(sys.argv) > 2:
        schema = {"$defs": schema["$defs"], "$ref": "#/$defs/" + sys.argv[2]}
    validator = Draft202012Validator(schema)
    count = 0
    for answer in objects(sys.stdin.read().strip()):
        count += 1
        error = best_match(validator.iter_errors(answer))
        if error:
            sys.exit(f"at {'/'.join(map(str, error.absolute_path))}: {error.message[:500]}")
    if count == 0:
        sys.exit("no answer")


if __name__ == "__main__":
    main()

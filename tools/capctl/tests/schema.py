#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""tests/schema.py [--all] CAPCTL [LOG...]: capctl.schema.json tells the truth.

Every command that `CAPCTL -j help` lists has its kind of document in the schema,
and no other has. Every document that stands in a LOG ("-": stdin), at the start of
a line or behind "# json ", is as the schema says, and has no field that it does not
know. With --all each command must have printed one at least. Prints TAP."""

import argparse
import json
import os
import re
import subprocess
import sys

import jsonschema

SCHEMA = os.path.join(os.path.dirname(__file__), "..", "capctl.schema.json")
DOCUMENT = re.compile(r'(?:^|# json )(\{"schema":.*\})\s*$')


def names(schema):
    """Name of a command -> name of the kind of its document."""
    found = {}
    for kind, definition in schema["$defs"].items():
        for name in definition.get("properties", {}).get("command", {}).get("enum", ()):
            if name in found:
                sys.exit(f"{name} is of two kinds: {found[name]} and {kind}")
            found[name] = kind
    return found


def close(schema):
    """What users read leaves room for later fields; here every field must be known."""
    for kind, definition in schema["$defs"].items():
        if "schema" in definition.get("properties", {}):
            definition["unevaluatedProperties"] = False
        for part in nested(definition):
            if part is not definition and part.get("type") == "object":
                part["unevaluatedProperties"] = False
        if kind in ("limit", "failure", "message"):
            definition["unevaluatedProperties"] = False


def nested(part):
    if isinstance(part, dict):
        yield part
        for value in part.values():
            yield from nested(value)
    elif isinstance(part, list):
        for value in part:
            yield from nested(value)


def documents(path):
    with sys.stdin if path == "-" else open(path, encoding="utf-8", errors="replace") as file:
        for number, line in enumerate(file, 1):
            match = DOCUMENT.search(line)
            if match:
                yield f"{path}:{number}", match.group(1)


def fault_of(text, schema, kinds):
    """What is wrong with a document, and the command whose output it is."""
    try:
        document = json.loads(text)
    except ValueError as error:
        return f"no JSON: {error}", None
    command = document.get("command") if "error" not in document else None
    kind = kinds.get(command) if command else "error"
    if not kind:
        return f"the schema has no command {command!r}", None
    part = {"$schema": schema["$schema"], "$ref": f"#/$defs/{kind}", "$defs": schema["$defs"]}
    for check in (part, schema):
        validator = jsonschema.Draft202012Validator(check)
        for error in validator.iter_errors(document):
            return f"{kind}: /{'/'.join(map(str, error.path))}: {error.message}", command
    return None, command


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--all", action="store_true")
    parser.add_argument("capctl")
    parser.add_argument("logs", nargs="*", metavar="LOG")
    args = parser.parse_args()
    with open(SCHEMA, encoding="utf-8") as file:
        schema = json.load(file)
    jsonschema.Draft202012Validator.check_schema(schema)
    kinds = names(schema)
    close(schema)
    count, failed = 0, 0

    def result(fault, name):
        nonlocal count, failed
        count += 1
        failed += bool(fault)
        print(f"{'not ok' if fault else 'ok'} {count} - schema.{name}")
        for line in fault or ():
            print(f"# {line}")

    help_text = subprocess.run([args.capctl, "-j", "help"], check=True, capture_output=True,
                               text=True).stdout
    commands = {" ".join(filter(None, (c["object"], c.get("verb"))))
                for c in json.loads(help_text)["commands"] if c["prints"]}
    commands |= {"help", "version"}
    result([f"{name}: what it prints has no schema" for name in sorted(commands - set(kinds))] +
           [f"{name}: a schema of no command" for name in sorted(set(kinds) - commands)], "commands")
    listed = {part["$ref"].rpartition("/")[2] for part in schema["oneOf"]}
    result([f"{kind}: not among the documents" for kind in sorted((set(kinds.values()) | {"error"}) ^ listed)],
           "kinds")
    faults, seen, total = [], set(), 0
    for where, text in (found for log in args.logs for found in documents(log)):
        fault, command = fault_of(text, schema, kinds)
        total += 1
        if fault:
            faults += [f"{where}: {fault}", text]
        else:
            seen.add(command)
    if args.logs and not total:
        faults.append("there is no document")
    result(faults, "documents")
    if args.all:
        result([f"{name}: no document of it was seen" for name in sorted(commands - seen)], "all")
    print(f"# {total} documents of {len(seen - {None})} commands")
    print(f"1..{count}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""tests/manual.py CAPCTL PAGE: capctl(8) knows every command and every option of
it that `CAPCTL -j help` tells of, and no other command."""

import json
import re
import subprocess
import sys


def main():
    capctl, page = sys.argv[1:]
    with open(page, encoding="utf-8") as file:
        text = file.read()
    done = subprocess.run([capctl, "-j", "help"], check=True, capture_output=True, text=True)
    commands = {" ".join(filter(None, (c["object"], c.get("verb")))): c
                for c in json.loads(done.stdout)["commands"]}
    # A command's entry reaches to the next one.
    entries = re.split(r"(?m)^\.It Ic ", text)[1:]
    known = {}
    for entry in entries:
        words = re.match(r"[a-z ]+?(?= [A-Z]|\n)", entry + "\n").group()
        known[words] = entry
    faults = [f"{name}: not in the page" for name in sorted(set(commands) - set(known))]
    faults += [f"{name}: no command" for name in sorted(set(known) - set(commands) - {"help"})]
    for name, command in commands.items():
        for option in command["options"]:
            if not re.search(rf"[ ,]-{option['name']}\b", known.get(name, "")):
                # one that is explained elsewhere is named there
                faults.append(f"{name}: the page does not know --{option['name']}")
    for fault in faults:
        print(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())

# SPDX-License-Identifier: GPL-2.0-only
"""Reads include/uapi/linux/capmsg.h: its commands, structs, constants, errors.
Used by the checks and by Documentation/."""

import os
import re

import csource

HEADER = "include/uapi/linux/capmsg.h"
ERRNO = re.compile(r"\bE(?:2BIG|[A-Z]{3,}[A-Z0-9]*)\b")
# Words of prose in capitals that begin with an E, and are no errors.
NOT_ERRNO = {"EXPORT"}
SIZES = {"__u8": 1, "__s8": 1, "__u16": 2, "__s16": 2, "__u32": 4, "__s32": 4,
         "__u64": 8, "__s64": 8, "__aligned_u64": 8}


class Command:
    def __init__(self, name, number, line):
        self.name = name
        self.number = number
        self.line = line
        self.ioc = False            # CAPMSG_IOC_x is defined, by this number

    @property
    def struct(self):
        return "capmsg_" + self.name.lower()


class Struct:
    def __init__(self, name, line):
        self.name = name
        self.line = line
        self.fields = []            # (type, name, array length or None)
        self.doc = ""


class Constant:
    def __init__(self, name, value, line, remark):
        self.name = name            # with parameters, if it has any
        self.value = value
        self.line = line
        self.remark = remark

    @property
    def bare(self):
        return self.name.split("(")[0]


class Header:
    def __init__(self, root, path=None):
        self.path = path or os.path.join(root, HEADER)
        with open(self.path, encoding="utf-8") as file:
            self.text = file.read()
        self.plain = csource.code(self.text)
        self.commands = self._commands()
        self.structs = self._structs()
        self.constants = self._constants()
        self.treaty = self._treaty()

    def _commands(self):
        commands = []
        for match in re.finditer(r"(?m)^#define[ \t]+CAPMSG_CMD_(\w+)[ \t]+(\d+)[ \t]*$", self.plain):
            if match.group(1) != "COUNT":
                commands.append(Command(match.group(1), int(match.group(2)),
                                        csource.line_of(self.plain, match.start())))
        for command in commands:
            command.ioc = re.search(
                rf"(?m)^#define[ \t]+CAPMSG_IOC_{command.name}[ \t\\\n]+"
                rf"_IO\(CAPMSG_IOC_MAGIC,[ \t]*CAPMSG_CMD_{command.name}\)", self.plain) is not None
        return commands

    def count(self):
        match = re.search(r"(?m)^#define[ \t]+CAPMSG_CMD_COUNT[ \t]+(\d+)", self.plain)
        return int(match.group(1)) if match else None

    def _structs(self):
        structs = {}
        for match in re.finditer(r"(?m)^struct[ \t]+(\w+)[ \t]*\{(.*?)^\};", self.plain, re.DOTALL):
            struct = Struct(match.group(1), csource.line_of(self.plain, match.start()))
            for field in re.finditer(r"(\w+)\s+(\w+)\s*(?:\[\s*(\w+)\s*\])?\s*;", match.group(2)):
                struct.fields.append(field.groups())
            structs[struct.name] = struct
            doc = re.search(r"/\*\*\n \* struct " + struct.name + r" - .*?\*/", self.text, re.DOTALL)
            if doc:
                struct.doc = "\n".join(re.sub(r"^ \*/? ?", "", line)
                                       for line in doc.group().split("\n")[1:])
        return structs

    def _constants(self):
        """Every macro with a value, with the comment beside or right above it."""
        constants = []
        lines = self.text.split("\n")
        for number, line in enumerate(lines, 1):
            match = re.match(r"#define[ \t]+(CAPMSG_\w+(?:\([^)]*\))?)[ \t]+(.+)$", line)
            if not match:
                continue
            value, remark = match.group(2), self._remark_above(lines, number)
            beside = re.search(r"/\*(.*?)\*/", value)
            if beside:
                remark, value = beside.group(1).strip(), value[:beside.start()]
            if value.strip() == "\\":
                value = lines[number].strip()
            constants.append(Constant(match.group(1), value.strip(" \t\\"), number, remark))
        return constants

    @staticmethod
    def _remark_above(lines, number):
        """The comment that ends on the line before @number."""
        index = number - 2
        if index < 0 or index >= len(lines) or not lines[index].rstrip().endswith("*/"):
            return ""
        first = index
        while first > 0 and "/*" not in lines[first]:
            first -= 1
        text = " ".join(re.sub(r"^\s*(/\*+|\*/|\*)", "", line).replace("*/", "").strip()
                        for line in lines[first:index + 1]).strip()
        return re.sub(r"^CAPMSG_\w+(\(\))? - ", "", text) if len(text) < 300 else ""

    def _treaty(self):
        """errno: meaning, out of the table that all commands share."""
        block = re.search(r"DOC: General command format(.*?)\*/", self.text, re.DOTALL)
        treaty, last = {}, None
        for line in (block.group(1) if block else "").split("\n"):
            line = re.sub(r"^ \* ?", "", line)
            row = re.match(r"(E[A-Z0-9]+)\s{2,}(\S.*)$", line)
            if row:
                last = row.group(1)
                treaty[last] = row.group(2)
            elif last and re.match(r"\s{8,}\S", line):
                treaty[last] += " " + line.strip()
            else:
                last = None
        return treaty

    def common_errors(self):
        """Errors that every command has and that the commands do not repeat."""
        match = re.search(r"((?:E\w+(?:, | and | ))+)are possible for every command",
                          self.code_of_comments())
        return set(ERRNO.findall(match.group(1))) if match else set()

    def address_errors(self):
        """Errors of every command that takes an address, ENOENT among them."""
        match = re.search(r"Commands that take an address can return ([^.]*)\.", self.code_of_comments())
        return set(ERRNO.findall(match.group(1))) if match else set()

    def code_of_comments(self):
        return re.sub(r"\n \* ?", " ", csource.comments(self.text))

    def errors_text(self, command):
        """What the doc of @command says behind `Errors:`."""
        struct = self.structs.get(command.struct)
        match = re.search(r"(?m)^Errors:(.*?)(?:\n\s*\n|\Z)", struct.doc, re.DOTALL) if struct else None
        return re.sub(r"\s+", " ", match.group(1)).strip() if match else ""

    def errors(self, command):
        """The errors of @command beside those of every command; it may refer to
        others: `those of SEND`, `those of REPLY (but ESTALE)`."""
        text = self.errors_text(command)
        found = set()
        by_name = {c.name: c for c in self.commands}
        others = re.match(r"those of ([^.;]*)", text)
        if others:
            for name, rest in re.findall(r"\b([A-Z_]+)\b((?: \([^)]*\))?)", others.group(1)):
                if name in by_name and name != command.name:
                    but = set(ERRNO.findall(rest)) if "but" in rest else set()
                    found |= self.errors(by_name[name]) - but
            plain = re.sub(r"\((?:but) [^)]*\)", "", text)
        else:
            plain = text
        found |= set(ERRNO.findall(plain)) - NOT_ERRNO
        return found | (self.address_errors() if "ENOENT" in found else set())

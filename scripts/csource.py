# SPDX-License-Identifier: GPL-2.0-only
"""What the checks need to know of C: where code ends and comments begin, and
where functions are. No preprocessor: macros are left out, all branches of an
#if are read."""

import os
import re

# One token that hides what is in it: comment, string, character.
_HIDING = re.compile(
    r"""/\*.*?(?:\*/|\Z)|//(?:\\\n|[^\n])*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'""",
    re.DOTALL)


def _blank(text):
    return re.sub(r"[^\n]", " ", text)


def code(text, strings=False):
    """The text with comments (and, unless @strings, what is in quotes) blanked;
    every line stays where it was."""
    def hide(match):
        token = match.group()
        if token[0] == "/":
            return _blank(token)
        return token if strings else token[0] + _blank(token[1:-1]) + token[-1]
    return _HIDING.sub(hide, text)


def comments(text):
    """The text with all but comments blanked."""
    out, last = [], 0
    for match in _HIDING.finditer(text):
        out.append(_blank(text[last:match.start()]))
        token = match.group()
        out.append(token if token[0] == "/" else _blank(token))
        last = match.end()
    out.append(_blank(text[last:]))
    return "".join(out)


def without_directives(plain):
    """Code with preprocessor lines blanked, continuation lines too."""
    return re.sub(r"(?m)^[ \t]*#(?:\\\n|[^\n])*", lambda m: _blank(m.group()), plain)


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1


class Function:
    def __init__(self, name, first, last, before):
        self.name = name
        self.first = first      # line where its definition begins
        self.last = last        # line of its closing brace
        self.before = before    # line after the end of what precedes it

    @property
    def lines(self):
        return self.last - self.first + 1


# What may stand between the parameters and the body.
_ATTRIBUTES = re.compile(r"(?:\s*\b__?[a-z]\w*(?:\s*\((?:[^()]|\([^()]*\))*\))?)*\s*\Z")


def _function_name(head):
    """The name if @head, the text before a brace, ends as a function does."""
    head = head.rstrip()
    names = []
    depth, start = 0, None
    for i, char in enumerate(head):
        if char == "(":
            if depth == 0:
                start = i
            depth += 1
        elif char == ")":
            depth -= 1
            if depth == 0:
                names.append((start, i + 1))
    if not names or depth or "=" in head[:names[0][0]]:
        return None
    for start, end in names:
        match = re.search(r"(\w+)\s*\Z", head[:start])
        if not match:
            continue
        name = match.group(1)
        if name in ("__attribute__", "__aligned", "__printf", "__section") or \
           name.startswith(("__acquires", "__releases", "__must_hold")):
            continue
        if _ATTRIBUTES.match(head[end:]):
            # TEST(name) and TEST_F(fixture, name) of test harnesses
            if re.fullmatch(r"(?:TEST|FIXTURE|XFAIL)\w*", name):
                name = re.sub(r"\s*,\s*", ".", head[start + 1:end - 1].strip())
            return name
        return None
    return None


def functions(text):
    """Every function definition in @text."""
    plain = without_directives(code(text))
    found = []
    braces = parens = 0
    head_start = 0      # offset after the last thing that ended at top level
    current = None
    for match in re.finditer(r"[{}();]", plain):
        char, at = match.group(), match.start()
        if char == "(":
            parens += 1
        elif char == ")":
            parens = max(0, parens - 1)
        elif parens and not braces:
            continue                    # braces in a macro's arguments
        elif char == "{":
            if braces == 0:
                head = plain[head_start:at]
                name = _function_name(head)
                if name:
                    first = head_start + len(head) - len(head.lstrip())
                    current = (name, line_of(plain, first), line_of(plain, head_start))
            braces += 1
        elif char == "}":
            braces = max(0, braces - 1)
            if braces == 0:
                parens = 0
                if current:
                    name, first, before = current
                    found.append(Function(name, first, line_of(plain, at), before))
                    current = None
                    head_start = at + 1
                elif re.match(r"\s*(?:\w|;|\Z|#)", plain[at + 1:]) and \
                        not re.match(r"[^;{]*;", plain[at + 1:]):
                    head_start = at + 1
        elif char == ";" and braces == 0:
            head_start = at + 1
    return found


def sources(root, folder, suffixes=(".c", ".h")):
    """Paths below @root/@folder, relative to @root, without what builds leave."""
    found = []
    for path, dirs, names in os.walk(os.path.join(root, folder)):
        dirs[:] = sorted(d for d in dirs if not d.startswith(".") and d != "build")
        for name in sorted(names):
            if name.endswith(suffixes) and not name.endswith(".mod.c"):
                found.append(os.path.relpath(os.path.join(path, name), root))
    return found

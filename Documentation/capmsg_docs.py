# SPDX-License-Identifier: GPL-2.0-only
"""What our pages need of Sphinx: text that lives by the code.

.. kernel-doc:: PATH            the kernel-doc of a file of the tree; PATH from its top
   :doc: TITLE                  one DOC: section
   :identifiers: NAME ...       these structs, enums, functions
.. uapi-constants:: PREFIX ...  the macros of the uapi header whose names begin so
.. uapi-commands::              all commands by number
.. uapi-errors::                every errno, what it means, who returns it

The kernel-doc script is the kernel's own (make KERNELDOC=PATH)."""

import os
import re
import subprocess
import sys

from docutils import nodes
from docutils.parsers.rst import Directive, directives
from docutils.statemachine import StringList
from sphinx import addnodes
from sphinx.errors import ExtensionError
from sphinx.transforms import SphinxTransform
from sphinx.util.nodes import nested_parse_with_titles

TOP = os.path.abspath(os.path.join(os.path.dirname(__file__), ".."))
sys.path.insert(0, os.path.join(TOP, "scripts"))
import uapi  # noqa: E402


def header():
    return uapi.Header(TOP)


class Generated(Directive):
    """A directive whose content is made, as reStructuredText."""

    def source(self):
        raise NotImplementedError

    def run(self):
        env = self.state.document.settings.env
        name, lines = self.source()
        env.note_dependency(os.path.join(TOP, name))
        node = nodes.section()
        node.document = self.state.document
        nested_parse_with_titles(self.state, StringList(lines, source=name), node)
        return node.children


class KernelDoc(Generated):
    required_arguments = 1
    option_spec = {"doc": directives.unchanged_required,
                   "identifiers": directives.unchanged_required}

    def source(self):
        path = self.arguments[0]
        script = os.environ.get("KERNELDOC", "")
        if not os.path.isfile(script):
            raise ExtensionError(f"no kernel-doc script at '{script}': run scripts/setup, or make KERNELDOC=PATH")
        command = ["perl", script, "-rst", "-sphinx-version", "5.3.0"]
        if "doc" in self.options:
            wanted = [self.options["doc"]]
        else:
            command.append("-no-doc-sections")
            wanted = self.options.get("identifiers", "").split()
        for name in wanted:
            command += ["-function", name]
        done = subprocess.run(command + [os.path.join(TOP, path)],
                              capture_output=True, text=True)
        if done.returncode or done.stderr.strip() or not done.stdout.strip():
            raise self.error(f"kernel-doc of {path}: {' '.join(wanted) or 'everything'}: "
                             f"{done.stderr.strip() or 'nothing found'}")
        # It makes links in inline literals, too, where they are no links.
        text = re.sub(r"``([^`\n]*):c:type:`struct (\w+) <\w+>`([^`\n]*)``", r"``\1&struct \2\3``", done.stdout)
        text = re.sub(r"(?m)^( *)Errors:", r"\1**Errors:**", text)
        return path, text.split("\n")


def roles(text):
    """Names of constants and errors in a remark, as rst."""
    text = re.sub(r"@(\w+)", r"*\1*", text).replace("2^*", "2^\\ *")
    return re.sub(r"\b(CAPMSG_(?!IOC_|TYPE_)[A-Z_]+)\b(?!_)", r":c:macro:`\1`", text)


class Constants(Generated):
    required_arguments = 1
    final_argument_whitespace = True

    def source(self):
        prefixes = tuple(self.arguments[0].split())
        lines = []
        for constant in header().constants:
            if not constant.bare.startswith(prefixes):
                continue
            lines += [f".. c:macro:: {constant.name}", ""]
            value = f"``{constant.value}``" if "(" not in constant.name else ""
            lines += [f"   {' - '.join(filter(None, (value, roles(constant.remark))))}", ""]
        if not lines:
            raise self.error(f"no constant begins with {' or '.join(prefixes)}")
        return uapi.HEADER, lines


class Commands(Generated):
    def source(self):
        api = header()
        lines = [".. list-table::", "   :header-rows: 1", "   :widths: 8 28 64", "",
                 "   * - nr", "     - command", "     - what it does"]
        for command in api.commands:
            if command.struct not in api.structs:
                raise self.error(f"there is no struct {command.struct}")
            doc = api.structs[command.struct].doc.split("\n")[0]
            lines += [f"   * - {command.number}",
                      f"     - :c:struct:`{command.name} <{command.struct}>`",
                      f"     - {doc.split(': ', 1)[1]}"]
        return uapi.HEADER, lines + [""]


class Errors(Generated):
    def source(self):
        api = header()
        common = api.common_errors()
        lines = [".. list-table::", "   :header-rows: 1", "   :widths: 14 46 40", "",
                 "   * - errno", "     - meaning, everywhere", "     - returned by"]
        for error, meaning in api.treaty.items():
            users = [f":c:struct:`{c.name} <{c.struct}>`" for c in api.commands if error in api.errors(c)]
            if error in common:
                users = ["every command"]
            lines += [f"   * - {error}", f"     - {meaning}", f"     - {', '.join(users) or 'no command'}"]
        return uapi.HEADER, lines + [""]


class Links(SphinxTransform):
    """`struct capmsg_x` and CAPMSG_X in running text become links."""
    default_priority = 50

    def apply(self):
        macros = [constant.bare for constant in header().constants
                  if not constant.bare.startswith(("CAPMSG_IOC_", "CAPMSG_CMD_"))]
        pattern = re.compile(r"\b(struct|enum) (capmsg_\w+)|\b(" + "|".join(macros) + r")\b")
        for text in list(self.document.findall(nodes.Text)):
            if isinstance(text.parent, (nodes.literal, nodes.literal_block, nodes.title,
                                        nodes.reference, addnodes.pending_xref)) or \
               any(isinstance(parent, (addnodes.desc_signature, nodes.literal_block))
                   for parent in ancestors(text)):
                continue
            plain, last, parts = text.astext(), 0, []
            for match in pattern.finditer(plain):
                parts.append(nodes.Text(plain[last:match.start()]))
                kind, target = match.group(1) or "macro", match.group(2) or match.group(3)
                link = addnodes.pending_xref("", nodes.literal(text=match.group()), refdomain="c", reftype=kind,
                                             reftarget=target, refexplicit=False, refwarn=False,
                                             refdoc=self.env.docname)
                parts.append(link)
                last = match.end()
            if parts:
                parts.append(nodes.Text(plain[last:]))
                text.parent.replace(text, parts)


def ancestors(node):
    while node.parent is not None:
        node = node.parent
        yield node


def setup(app):
    app.add_directive("kernel-doc", KernelDoc)
    app.add_directive("uapi-constants", Constants)
    app.add_directive("uapi-commands", Commands)
    app.add_directive("uapi-errors", Errors)
    app.add_transform(Links)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

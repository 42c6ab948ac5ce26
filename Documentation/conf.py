# SPDX-License-Identifier: GPL-2.0-only
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.abspath(os.path.dirname(__file__)))

project = "capmsg"
author = "the capmsg maintainers"
project_copyright = author
extensions = ["sphinx.ext.graphviz", "myst_parser", "capmsg_docs"]
root_doc = "index"
highlight_language = "none"
primary_domain = "c"
graphviz_output_format = "svg"
smartquotes = False

# What C and the kernel define, and we do not document.
nitpick_ignore_regex = [(r"c:identifier", r"u?int\d+_t|__(aligned_)?[us]\d+|[us]\d+|size_t|bool|pid_t")]

html_theme = "alabaster"
html_static_path = ["_static"]
html_css_files = ["capmsg.css"]
html_show_sourcelink = False
html_show_sphinx = False
html_show_copyright = False
html_sidebars = {"**": ["about.html", "navigation.html", "searchbox.html"]}
html_theme_options = {
    "description": "Capability messaging between processes",
    "page_width": "1080px",
    "sidebar_width": "230px",
    "fixed_sidebar": True,
    "show_powered_by": False,
    "font_family": "'DejaVu Sans', 'Segoe UI', Roboto, Helvetica, Arial, sans-serif",
    "head_font_family": "'DejaVu Sans', 'Segoe UI', Roboto, Helvetica, Arial, sans-serif",
    "code_font_family": "'DejaVu Sans Mono', Consolas, Menlo, monospace",
    "font_size": "15px",
}

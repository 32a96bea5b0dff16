"""Code inside text: what steps leave alone."""

from __future__ import annotations

import re

_FENCE = r"^[ \t]*(?P<fence>`{3,}|~{3,})[^\n]*(?:\n.*?^[ \t]*(?P=fence)[`~]*[ \t]*$|\Z|\n.*\Z)"
FENCE = re.compile(_FENCE, re.DOTALL | re.MULTILINE)
CODE = rf"(?P<code>(?sm:{_FENCE})|(?<!`)`[^`\n]+`(?!`))"
"""A fenced block or a span between single backticks, to stand first in a pattern."""

"""What nobody sees of a rendered document is no text."""

from __future__ import annotations

import pytest

from miner.corpus.visible import is_visible

UNSEEN = [
    "",
    "<!-- a comment\n over lines -->",
    '<a name="x"></a>',
    "![an image](x.png)\n![][y]",
    "[label]: https://x.example 'title'",
    "[](#empty)",
    "{% include head.html %}\n{{ content }}",
    "import Tabs from '@theme/Tabs';\nexport const x = 1;",
    "{/* a comment of MDX */}",
    ":::note\n:::",
    "---\n***\n| |\n",
    ".. _label:\n\n.. image:: x.png\n   :alt: y",
    ".. toctree::\n   :maxdepth: 2\n\n   intro\n   usage\n\n.. toctree::\n   :hidden:\n\n   Changes <changes>\n",
    ".. module:: flask\n.. currentmodule:: flask\n\n.. autoclass:: Flask\n   :members:\n   :inherited-members:",
    ".. include:: ../CHANGES.rst",
    ".. contents:: On this page\n   :local:\n",
    ".. a comment that goes on\n   over lines\n",
    ":orphan:\n:tocdepth: 2",
]
SEEN = [
    "Text.",
    "42",
    "日本",
    "<p>Text</p>",
    "[a link](x)",
    "| a |\n|---|",
    ".. note:: Mind the gap.",
    ".. figure:: x.png\n   :alt: y\n\n   A caption",
    ".. toctree::\n   intro\n\nText after it.",
    ".. code-block:: python\n\n   x = 1",
    ".. [1] A footnote",
    ":param x: what it is",
    "... and so on",
    "```py\nx = 1\n```",
]


@pytest.mark.parametrize("text", UNSEEN)
def test_nothing_is_seen(text: str) -> None:
    assert not is_visible(text)


@pytest.mark.parametrize("text", SEEN)
def test_something_is_seen(text: str) -> None:
    assert is_visible(text)

"""What objects show of themselves in a notebook: small tables, without colours, scripts or anything from outside."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

MOST_ROWS = 12
"""Rows of a table, at most."""


def card(title: str, rows: Sequence[Sequence[object]], head: Sequence[str] = (), note: str = "") -> str:
    """A title, a table and a line below it.

    Parameters
    ----------
    title, note : str
    rows : sequence of sequences
        What is in the cells, the first of them the name of its row; numbers to the right.
    head : sequence of str
        Names of the columns.
    """
    shown = rows[:MOST_ROWS]
    left = len(rows) - len(shown)
    parts = [f"<div><strong>{escape(title)}</strong><table>"]
    if head:
        parts.append(f"<thead><tr>{''.join(f'<th>{escape(name)}</th>' for name in head)}</tr></thead>")
    parts.append("<tbody>")
    for first, *others in shown:
        cells = "".join(f'<td style="text-align:{_side(cell)}">{escape(str(cell))}</td>' for cell in others)
        parts.append(f'<tr><th style="text-align:left">{escape(str(first))}</th>{cells}</tr>')
    parts.append("</tbody></table>")
    words = [*([f"and {left:,} more"] if left else []), *([note] if note else [])]
    parts.append(f"<small>{escape('; '.join(words))}</small></div>" if words else "</div>")
    return "".join(parts)


def _side(cell: object) -> str:
    text = str(cell)
    return "right" if text[:1].isdigit() or (text[:1] in "-+" and text[1:2].isdigit()) else "left"

"""The patterns of the text format that every reading needs (as in protobuf io/tokenizer.cc)."""

from __future__ import annotations

import re

# White space and comments; the reader gives a text a line break at its end, so that every comment has one.
SPACE = r"[ \t\n\r\v\f]*(?:#[^\n\0]*\n[ \t\n\r\v\f]*)*"
WORD = r"[A-Za-z_][A-Za-z0-9_]*"
TAIL = rf"{SPACE}(?:[,;]{SPACE})?"

STRING, INTEGER, NAME, INTEGERS, BLOCK, LIST, OTHER, CLOSE = range(3, 11)
"""The groups of STATEMENT, as ``lastindex`` tells them; group 1 is the field's name, 2 the colon.

STRING is a single literal without escapes, INTEGER a plain decimal one, INTEGERS the inside of a list of such, BLOCK
the opening delimiter of a message, LIST that of the first message in brackets, OTHER the first character of any other
value, CLOSE a closing delimiter with no name before it. A brace that may begin a template variable is not a delimiter.
"""

# The same as SPACE and TAIL, yet quick where there is no comment: an alternative is left at its first character.
_W = r"[ \t\n\r\v\f]*"
_COMMENT = rf"#[^\n\0]*\n{SPACE}"
_S = rf"{_W}(?:{_COMMENT}|)"
_END = rf"{_W}(?:[,;]{SPACE}|{_COMMENT}(?:[,;]{SPACE})?|)"

# One match is one field, which is what makes the reader quick. Scalars need the colon, blocks may do without.
STATEMENT = re.compile(
    rf"({WORD}){_S}(?:(:){_S})?"
    rf"""(?:(?(2)(?:("[^"\\\n\0]*"|'[^'\\\n\0]*')(?!{_W}(?:["']|{_COMMENT}["']))"""
    rf"""|(-?(?:0|[1-9][0-9]*))(?![A-Za-z0-9_.])|({WORD})|\[([-0-9, \t\r\n]*)\]){_END}|(?!))"""
    rf"""|([{{<])(?![{{%]){_S}|\[{_S}([{{<])(?![{{%]){_S}|([\["'0-9.-]))|([}}>]){_END}"""
)


def padded(text: str) -> str:
    """A text as a reader takes it: a line break ends a comment on the last line, a NUL is the end, and no token."""
    return text + "\n\0"


def statement(text: str, start: int) -> re.Match[str]:
    """The field that was read at that offset of a reader's text."""
    found = STATEMENT.match(text, start)
    assert found is not None
    return found


NEXT = re.compile(rf"{SPACE}(?:,{SPACE}([{{<])(?![{{%]){SPACE}|(\]){TAIL})")
"""After a message in brackets: the opening delimiter of the next one, or the end of the list."""

SKIP = re.compile(SPACE)

LIMIT = 1000
"""After so many problems the rest of a text is not read: nobody reads on either."""

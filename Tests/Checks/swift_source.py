"""Just enough of Swift's lexical structure to look for tokens and to count lines.

Not a parser: regex literals and operators made of `/*` are not known.
"""

import re


def code_only(text):
    """`text` with comments and the contents of strings blanked, every line end in its place.

    Code inside interpolations stays.
    """
    out = []
    _code(text, 0, out, until_parenthesis=False)
    return "".join(out)


def _blank(text):
    return "".join("\n" if letter == "\n" else " " for letter in text)


def _code(text, index, out, until_parenthesis):
    """Copies code from `index` on; inside an interpolation, up to its closing parenthesis."""
    depth = 0
    while index < len(text):
        if text.startswith("//", index):
            end = text.find("\n", index)
            end = len(text) if end < 0 else end
        elif text.startswith("/*", index):
            end = _end_of_block_comment(text, index)
        elif opening := re.compile(r'(#*)("""|")').match(text, index):
            index = _string(text, opening, out)
            continue
        else:
            letter = text[index]
            if until_parenthesis and letter == ")" and depth == 0:
                return index
            depth += {"(": 1, ")": -1}.get(letter, 0)
            out.append(letter)
            index += 1
            continue
        out.append(_blank(text[index:end]))
        index = end
    return index


def _end_of_block_comment(text, start):
    depth = 0
    for mark in re.compile(r"/\*|\*/").finditer(text, start):
        depth += 1 if mark.group() == "/*" else -1
        if depth == 0:
            return mark.end()
    return len(text)


def _string(text, opening, out):
    """Blanks a string literal, its interpolations excepted; returns the index behind it."""
    hashes, quotes = opening.groups()
    closing, escape = quotes + hashes, "\\" + hashes
    out.append(_blank(opening.group()))
    index = opening.end()
    while index < len(text):
        if text.startswith(closing, index):
            out.append(_blank(closing))
            return index + len(closing)
        if text.startswith(escape + "(", index):
            out.append(_blank(escape + "("))
            index = _code(text, index + len(escape) + 1, out, until_parenthesis=True)
            continue
        length = len(escape) + 1 if text.startswith(escape, index) else 1
        if quotes == '"' and text[index] == "\n":
            return index  # Unterminated (C: a lone quote in a macro): give the line up.
        out.append(_blank(text[index:index + length]))
        index += length
    return index


def line_of(text, index):
    return text.count("\n", 0, index) + 1


_FUNCTION = re.compile(
    r"\bfunc\s+(?P<name>[^\s(<]+)|(?<![.\w])(?P<init>init|subscript)[?!]?\s*[(<]"
    r"|\b(?P<deinit>deinit)\b|\bvar\s+(?P<var>\w+)[^={}\n]*(?=\{)")
_NO_BODY = re.compile(r"\b(func|var|let|init|deinit|subscript|case|struct|enum|class|extension)\b")


def functions(code):
    """(name, first line, number of lines) of each function, initializer and computed property."""
    for match in _FUNCTION.finditer(code):
        start = _body(code, match.end("name") if match["name"] else match.start() + 4)
        if start is None:
            continue
        depth = 0
        for index in range(start, len(code)):
            depth += {"{": 1, "}": -1}.get(code[index], 0)
            if depth == 0:
                break
        first, last = line_of(code, match.start()), line_of(code, index)
        name = next(group for group in match.groups() if group)
        yield name, first, last - first + 1


def _body(code, index):
    """Where the body opens; None for a requirement of a protocol."""
    depth = 0
    while index < len(code):
        letter = code[index]
        if depth == 0:
            if letter == "{":
                return index
            if letter == "}" or _NO_BODY.match(code, index) and not code[index - 1].isalnum():
                return None
        depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(letter, 0)
        index += 1
    return None

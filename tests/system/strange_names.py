"""Names of zones as nobody would choose them, drawn at random: what a list, a person or an enemy may write."""

import random

# One code point or more: what some parser gives a meaning, or what a terminal obeys.
PIECES = {
    "control": [chr(code) for code in (*range(1, 32), *range(0x7f, 0xa0))],
    "line": ["\u0085", "\u2028", "\u2029", "\r", "\n", "\x0b", "\x0c"],
    "no character": ["\ufffe", "\uffff", "\ufdd0", "\ufdef", "\U0001fffe", "\U0010ffff"],
    "bidi": [chr(code) for code in (0x61c, 0x200e, 0x200f, *range(0x202a, 0x202f), *range(0x2066, 0x206a))],
    "invisible": ["\ufeff", "\u200b", "\u200d", "\u00ad", "\u00a0", "\u3000", "\U000e0001", "\ufffd"],
    "caddy": ["{$", "{$HOME}", "{$X:y}", "}", "{", "{env.HOME}", "import x", "(x)", "<<END", "`"],
    "nginx": [";", "#", "$host", "${x}", "{", "}", "\\", "'", "\"", "include /etc/passwd;"],
    "haproxy": ["%[env(HOME)]", "\"${HOME}\"", "$HOME", "%", "\\ ", "\\x0a", "server x 1:1", ".if 1", "'"],
    "yaml": ["- ", ": ", "? ", "&a", "*a", "!!str ", "|", ">", "@", "%YAML", "---", "...", "[", "]", "{", "}", ",",
             "~", "null", "true", "1e3", "0x1f", "#", " #", "<<", "=", "\t"],
    "dns": [";", "(", ")", "@", "$INCLUDE x", "$ORIGIN", "\\000", "\"", " IN A 192.0.2.1"],
    "openssl": ["[x]", "=", "$ENV::HOME", "${x}", "\\", "#", ".include x", "\\\n"],
    "json": ["\"", "\\", "\\u0000", "\",\"setting\":\"off", "\": off", "/", "</script>"],
    "csv": ["=1+1", "+1", "-1", "@x", "'", "\"", ",", ";", "\uff1d1", "\uff0b", "\uff0d", "\uff20", "\u2212", "\t="],
    "script": ["\u05d0\u05d1", "\u0627\u0644", "\u4e2d\u6587", "\u0ba4\u0bae", "\u00fc\u00df", "\u0130\u0131", "\U00010348"],
    "emoji": ["\U0001f600", "\U0001f468\u200d\U0001f469", "\U0001f1e9\U0001f1ea", "\u2764\ufe0f"],
    "combining": ["e\u0301", "\u00e9", "a\u0308\u0323", "\u0300", "\u1100\u1161", "\u212b"],
    "plain": ["shop", "Shop", "a.example", "b-1", "_x", "-0123456789abcdef", ".", "-", "x", "exception for ", "zone "],
}
LONGEST = 255  # bytes that a zone's name may have


def _cut(name):
    """To the bytes that a name may have, at the end of a code point."""
    return name.encode()[:LONGEST].decode(errors="ignore")


def _draw(chance):
    kinds = chance.sample(list(PIECES), chance.randint(1, 3))
    pieces = [chance.choice(PIECES[chance.choice(kinds)]) for _ in range(chance.choice((1, 2, 3, 5, 9)))]
    if chance.random() < 0.3:
        pieces.append(f"{chance.randrange(10**6)}")
    if chance.random() < 0.03:
        pieces *= 40
    chance.shuffle(pieces)
    if chance.random() < 0.1:
        pieces.append(chr(chance.choice((chance.randrange(1, 0xd800), chance.randrange(0xe000, 0x110000)))))
    return _cut("".join(pieces))


def draw(count, seed):
    """So many different ones. Digits alone are left to the test."""
    chance = random.Random(seed)
    names = {piece: None for pieces in PIECES.values() for piece in pieces if not piece.isdigit()}
    while len(names) < count:
        name = _draw(chance)
        if name and not name.isdigit():
            names[name] = None
    return list(names)[:count]

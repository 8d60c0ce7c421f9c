"""The cases of the public Autobahn list for a client under test, by its numbers.

A case is what the server sends, raw, in the pieces it is sent in, and what the client must answer:
it echoes every message, answers every ping, and closes with the code given. The frames are written
here by hand or by python3-websockets, never by the code under test.
"""
import json
import struct
from dataclasses import dataclass, field
from typing import Optional

CONT, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10


@dataclass
class Case:
    name: str
    pieces: list  # bytes, or (opcode, bytes): a message to compress as agreed
    answers: list = field(default_factory=list)  # (opcode, bytes) in order
    code: int = 1000  # the client's close
    deflate: Optional[dict] = None  # parameters of the extension, where it is taken up


def frame(opcode, payload=b"", fin=True, reserved=0):
    head = bytes([(0x80 if fin else 0) | reserved << 4 | opcode])
    n = len(payload)
    if n < 126:
        return head + bytes([n]) + payload
    size = struct.pack("!BH", 126, n) if n < 65536 else struct.pack("!BQ", 127, n)
    return head + size + payload


def close(code, reason=b""):
    return frame(CLOSE, struct.pack("!H", code) + reason)


def chopped(data, size):
    return [data[i:i + size] for i in range(0, len(data), size)]


def good(name, data, answers, size=None):
    """All of `data`, then a normal close."""
    data = data + close(1000)
    return Case(name, chopped(data, size) if size else [data], answers)


def bad(name, data, code=1002, before=()):
    return Case(name, [data], list(before), code)


def framing():
    for number, op, fill in ((1, TEXT, b"*"), (2, BINARY, b"\xfe")):
        for i, n in enumerate((0, 125, 126, 127, 128, 65535, 65536)):
            yield good(f"1.{number}.{i + 1}", frame(op, fill * n), [(op, fill * n)])
        yield good(f"1.{number}.8", frame(op, fill * 65536), [(op, fill * 65536)], 997)


def pings():
    raw = b"\x00\xff\xfe\xfd\xfc\xfb\x00\xff"
    for name, payload in (("2.1", b""), ("2.2", b"Hello, world!"), ("2.3", raw),
                          ("2.4", b"\xfe" * 125)):
        yield good(name, frame(PING, payload), [(PONG, payload)])
    yield bad("2.5", frame(PING, b"\xfe" * 126))
    yield good("2.6", frame(PING, b"\xfe" * 125), [(PONG, b"\xfe" * 125)], 1)
    yield good("2.7", frame(PONG), [])
    yield good("2.8", frame(PONG, b"unsolicited"), [])
    yield good("2.9", frame(PONG, b"unsolicited") + frame(PING, b"p"), [(PONG, b"p")])
    ten = [b"payload-%d" % i for i in range(10)]
    for name, size in (("2.10", None), ("2.11", 1)):
        yield good(name, b"".join(frame(PING, p) for p in ten), [(PONG, p) for p in ten], size)


def reserved_and_opcodes():
    hello, echo = frame(TEXT, b"Hello"), [(TEXT, b"Hello")]
    yield bad("3.1", frame(TEXT, b"x", reserved=1))
    yield bad("3.2", hello + frame(TEXT, b"x", reserved=2), before=echo)
    yield bad("3.3", hello + frame(TEXT, b"x", reserved=3), before=echo)
    yield Case("3.4", chopped(hello + frame(TEXT, b"x", reserved=4), 1), echo, 1002)
    yield bad("3.5", frame(BINARY, b"\xff" * 8, reserved=5))
    yield bad("3.6", frame(PING, b"x", reserved=6))
    yield bad("3.7", frame(CLOSE, b"", reserved=7))
    for first, opcodes in ((1, range(3, 8)), (2, range(11, 16))):
        for i, op in enumerate(opcodes):
            before = hello if i > 1 else b""
            yield bad(f"4.{first}.{i + 1}", before + frame(op, b"x" * (i % 2)),
                      before=echo if before else [])


def fragments():
    yield bad("5.1", frame(PING, b"frag", fin=False) + frame(CONT, b"ment"))
    yield bad("5.2", frame(PONG, b"frag", fin=False) + frame(CONT, b"ment"))
    two = frame(TEXT, b"frag", fin=False) + frame(CONT, b"ment")
    for name, size in (("5.3", None), ("5.4", 5), ("5.5", 1)):
        yield good(name, two, [(TEXT, b"fragment")], size)
    between = frame(TEXT, b"frag", fin=False) + frame(PING, b"ping") + frame(CONT, b"ment")
    for name, size in (("5.6", None), ("5.7", 5), ("5.8", 1)):
        yield good(name, between, [(PONG, b"ping"), (TEXT, b"fragment")], size)
    for name, fin in (("5.9", True), ("5.10", True), ("5.11", True), ("5.12", False),
                      ("5.13", False), ("5.14", False)):
        yield bad(name, frame(CONT, b"no beginning", fin=fin) + frame(TEXT, b"Hello"))
    yield bad("5.15", two + frame(CONT, b"late", fin=False) + frame(TEXT, b"x"),
              before=[(TEXT, b"fragment")])
    for name, fin in (("5.16", False), ("5.17", True)):
        yield bad(name, (frame(CONT, b"x", fin=fin) + frame(TEXT, b"y")) * 2)
    yield bad("5.18", frame(TEXT, b"a", fin=False) + frame(TEXT, b"b"))
    five = (frame(TEXT, b"f1", fin=False) + frame(CONT, b"f2", fin=False) + frame(PING, b"p1") +
            frame(CONT, b"f3", fin=False) + frame(CONT, b"f4", fin=False) + frame(PING, b"p2") +
            frame(CONT, b"f5"))
    for name, size in (("5.19", None), ("5.20", 3)):
        yield good(name, five, [(PONG, b"p1"), (PONG, b"p2"), (TEXT, b"f1f2f3f4f5")], size)


KOSME = "κόσμε".encode()
VALID = [b"", KOSME, b"\x00", b"\xc2\x80", b"\xe0\xa0\x80", b"\xf0\x90\x80\x80", b"\x7f",
         b"\xdf\xbf", b"\xef\xbf\xbf", b"\xf4\x8f\xbf\xbf", b"\xed\x9f\xbf", b"\xee\x80\x80",
         b"\xef\xbf\xbd", b"\xef\xbf\xbe", b"\xf0\x9f\xbf\xbe", b"\xf3\xaf\xbf\xbf"]
INVALID = [KOSME + b"\xed\xa0\x80edited", b"\xf8\x88\x80\x80\x80", b"\xfc\x84\x80\x80\x80\x80",
           b"\xf7\xbf\xbf\xbf", b"\xfb\xbf\xbf\xbf\xbf", b"\xf4\x90\x80\x80", b"\x80", b"\xbf",
           b"\x80\xbf\x80\xbf", b"\xc0 \xc1 ", b"\xe0 \xe1 ", b"\xf0 \xf1 ", b"\xfe", b"\xff",
           b"\xc0\xaf", b"\xe0\x80\xaf", b"\xf0\x80\x80\xaf", b"\xc1\xbf", b"\xe0\x9f\xbf",
           b"\xf0\x8f\xbf\xbf", b"\xc0\x80", b"\xed\xa0\x80", b"\xed\xbf\xbf",
           b"\xed\xa0\x80\xed\xb0\x80", b"\xce", b"\xe1\xbd", b"\xf0\x90\x80", b"abc\xdf"]


def utf8():
    for i, text in enumerate(VALID):
        yield good(f"6.valid.{i}", frame(TEXT, text), [(TEXT, text)])
        single = b"".join(frame(CONT if k else TEXT, text[k:k + 1], fin=False)
                          for k in range(len(text)))
        whole = single + frame(CONT if text else TEXT)
        yield good(f"6.valid.{i}.octets", whole, [(TEXT, text)], 2)
    for i, text in enumerate(INVALID):
        yield bad(f"6.invalid.{i}", frame(TEXT, text), 1007)
        yield bad(f"6.invalid.{i}.fragments",
                  frame(TEXT, text[:1], fin=False) + frame(CONT, text[1:]), 1007)
    # 6.4: known before the frame has ended; the rest of it never comes.
    rest = frame(TEXT, KOSME + b"\xf4\x90\x80\x80" + b"edited" * 100)
    yield bad("6.4.3", rest[:20], 1007)


def closing():
    hello, echo = frame(TEXT, b"Hello World!"), [(TEXT, b"Hello World!")]
    yield good("7.1.1", hello, echo)
    yield good("7.1.2", close(1000), [])
    yield good("7.1.3", close(1000) + frame(PING, b"late"), [])
    yield good("7.1.4", close(1000) + hello, [])
    yield good("7.1.5", frame(TEXT, b"half", fin=False) + close(1000) + frame(CONT, b"rest"), [])
    yield good("7.1.6", frame(TEXT, b"*" * 262144) + hello + close(1000) + frame(PING),
               [(TEXT, b"*" * 262144)] + echo)
    yield Case("7.3.1", [frame(CLOSE)])
    yield bad("7.3.2", frame(CLOSE, b"\x03"))
    yield Case("7.3.3", [close(1000)])
    yield Case("7.3.4", [close(1000, b"Hello World!")])
    yield Case("7.3.5", [close(1000, b"*" * 123)])
    yield bad("7.3.6", close(1000, b"*" * 124))
    yield bad("7.5.1", close(1000, KOSME + b"\xed\xa0\x80edited"), 1007)
    for code in (1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999):
        yield Case(f"7.7.{code}", [close(code)], code=code)
    for code in (0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999, 5000, 65535):
        yield bad(f"7.9.{code}", close(code))


def limits():
    for i, n in enumerate((65536, 262144, 1 << 20, 4 << 20)):
        yield good(f"9.1.{i + 1}", frame(TEXT, b"*" * n), [(TEXT, b"*" * n)])
        yield good(f"9.2.{i + 1}", frame(BINARY, b"\x00\xff" * (n // 2)),
                   [(BINARY, b"\x00\xff" * (n // 2))])
    megabyte = b"*" * (1 << 20)
    for i, size in enumerate((64, 256, 1024, 4096, 16384, 65536, 262144)):
        parts = chopped(megabyte, size)
        data = b"".join(frame(CONT if k else TEXT, p, fin=k == len(parts) - 1)
                        for k, p in enumerate(parts))
        yield good(f"9.3.{i + 1}", data, [(TEXT, megabyte)])
    for i, size in enumerate((64, 128, 256, 512, 1024, 2048)):
        yield good(f"9.5.{i + 1}", frame(TEXT, megabyte), [(TEXT, megabyte)], size * 16)
    for i, n in enumerate((0, 16, 64, 256, 1024)):
        yield good(f"9.7.{i + 1}", frame(TEXT, b"*" * n) * 1000, [(TEXT, b"*" * n)] * 1000)
    parts = chopped(b"*" * 65536, 1300)
    yield good("10.1.1", b"".join(frame(CONT if k else TEXT, p, fin=k == len(parts) - 1)
                                  for k, p in enumerate(parts)), [(TEXT, b"*" * 65536)])


def compression():
    """12 and 13: sizes and terms; the payload is JSON like a venue's."""
    rows = [{"e": "depthUpdate", "u": i, "b": [[str(i * 7919 % 99991), str(i)]]}
            for i in range(2000)]
    source = json.dumps(rows).encode()
    terms = [("12.1", {}), ("13.1", {"server_no_context_takeover": True}),
             ("13.3", {"server_max_window_bits": 9}),
             ("13.5", {"server_no_context_takeover": True, "server_max_window_bits": 9}),
             ("13.6", {"client_no_context_takeover": True})]
    for name, deflate in terms:
        for i, n in enumerate((16, 64, 256, 1024, 4096, 8192, 16384, 32768, 65536, 131072)):
            messages = [(TEXT, (source * 2)[k:k + n]) for k in range(0, 200, 5)]
            yield Case(f"{name}.{i + 1}", messages + [close(1000)], messages, 1000, deflate)
    yield Case("12.rubbish", [frame(TEXT, b"\xff" * 20, reserved=4)], [], 1007, {})
    yield Case("12.reserved", [frame(PING, b"x", reserved=4)], [], 1002, {})
    yield Case("12.plain", [frame(TEXT, b"plain"), close(1000)], [(TEXT, b"plain")], 1000, {})


def all_cases():
    parts = (framing, pings, reserved_and_opcodes, fragments, utf8, closing, limits, compression)
    return [case for part in parts for case in part()]

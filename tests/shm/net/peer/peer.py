#!/usr/bin/python3
"""peer.py FOLDER: the servers that the network tests talk to, on free ports of 127.0.0.1.

Prints one line, `name=port ...`, then serves until its standard input ends. FOLDER holds the
certificates of make_certificates.sh. WebSockets are spoken by python3-websockets (its protocol
without I/O), HTTP by http.server: nothing here shares a line with the code under test.
"""
import gzip
import http.server
import socket
import ssl
import struct
import sys
import threading
import time
import zlib

from websockets.extensions.permessage_deflate import ServerPerMessageDeflateFactory
from websockets.frames import Frame, Opcode
from websockets.server import ServerConnection

import ws_cases
from ws_cases import BINARY, PING, TEXT, close, frame

FOLDER = sys.argv[1]
CASES = ws_cases.all_cases()
VERDICTS = {}


def context(name, version=None):
    c = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    c.load_cert_chain(f"{FOLDER}/{name}.pem", f"{FOLDER}/{name}.key")
    if version:
        c.maximum_version = version
    return c


class Ws:
    """One WebSocket, server side, blocking."""

    def __init__(self, sock):
        self.sock = sock
        self.conn = None
        self.events = []

    def accept(self):
        head = b""
        while b"\r\n\r\n" not in head:
            head += self.sock.recv(4096)
        self.path = head.split(b" ")[1].decode()
        case = self.case()
        deflate = case.deflate if case else ({} if self.path.startswith("/deflate") else None)
        factories = None if deflate is None else [ServerPerMessageDeflateFactory(**deflate)]
        self.conn = ServerConnection(extensions=factories, max_size=None)
        if self.path in FAULTS_BEFORE:
            return head
        self.conn.receive_data(head)
        request = self.conn.events_received()[0]
        self.conn.send_response(self.conn.accept(request))
        self.flush()
        return head

    def case(self):
        return CASES[int(self.path[6:])] if self.path.startswith("/case/") else None

    def flush(self):
        for data in self.conn.data_to_send():
            if data:
                self.sock.sendall(data)

    def read(self):
        """The next frame of the client, or None at the end."""
        while not self.events:
            data = self.sock.recv(1 << 16)
            if not data:
                return None
            self.conn.receive_data(data)
            self.events += self.conn.events_received()
            try:
                self.flush()
            except OSError:
                pass  # the client has hung up; what it said before counts
        return self.events.pop(0)

    def compressed(self, opcode, payload):
        return Frame(Opcode(opcode), payload).serialize(mask=False, extensions=self.conn.extensions)


def run_case(ws):
    """Sends, collects, compares; the verdict is read at /verdict/N."""
    case = ws.case()

    def send():
        try:
            for piece in case.pieces:
                ws.sock.sendall(piece if isinstance(piece, bytes) else ws.compressed(*piece))
        except OSError:
            pass  # a client may hang up at the first fault

    sender = threading.Thread(target=send)  # the client's answers must not wait for us
    sender.start()
    answers, code, broken = [], None, []
    while True:
        try:
            got = ws.read()
        except OSError as e:
            broken.append(str(e))
            break
        if got is None:
            break
        if got.opcode == Opcode.CLOSE:
            code = struct.unpack("!H", got.data[:2])[0] if got.data else 1005
            break
        whole = answers if got.opcode != Opcode.CONT else broken
        whole.append((int(got.opcode), bytes(got.data)))
    sender.join()
    problem = ""
    if answers != case.answers:
        problem = f"answers: {str(answers)[:200]} instead of {str(case.answers)[:200]}"
    elif code != case.code:
        problem = f"closed with {code} instead of {case.code} {broken}"
    VERDICTS[ws.path[6:]] = problem or "ok"


def echo(ws):
    while True:
        got = ws.read()
        if got is None or got.opcode == Opcode.CLOSE:
            return
        if got.opcode in (Opcode.TEXT, Opcode.BINARY):
            data = bytes(got.data)
            ws.sock.sendall(ws.compressed(int(got.opcode), data) if ws.path == "/deflate"
                            else frame(int(got.opcode), data))


def flood(ws):
    """/flood/N: N numbered messages of venue-like size, then a close."""
    count = int(ws.path.split("/")[2])
    filler = "x" * 150
    for i in range(0, count, 50):
        ws.sock.sendall(b"".join(frame(TEXT, f'{{"n":{n},"f":"{filler}"}}'.encode())
                                 for n in range(i, min(i + 50, count))))
    say(ws, close(1000))


def say(ws, data):
    """Sends, then waits for the client to close or to go."""
    ws.sock.sendall(data)
    ws.sock.settimeout(20)
    while (got := ws.read()) is not None and got.opcode != Opcode.CLOSE:
        pass


def bomb():
    c = zlib.compressobj(9, zlib.DEFLATED, -15)
    data = b"".join(c.compress(b"\0" * (1 << 20)) for _ in range(8)) + c.flush(zlib.Z_SYNC_FLUSH)
    return frame(BINARY, data[:-4], reserved=4)


BOMB = bomb()

def cut_in_mid_frame(ws, by_reset):
    ws.sock.sendall(frame(TEXT, b"whole") + frame(TEXT, b"x" * 1000)[:500])
    if by_reset:
        ws.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    ws.sock.detach_and_close()


WOKEN = threading.Event()


def lazy(ws):
    """Reads nothing until another connection asks for /wake."""
    WOKEN.wait(60)
    silent(ws)


def silent(ws):
    ws.sock.settimeout(20)
    while ws.sock.recv(4096):
        pass


FAULTS_AFTER = {
    "/oversize": lambda ws: say(ws, bytes([0x82, 127]) + struct.pack("!Q", 1 << 40)),
    "/rubbish": lambda ws: say(ws, bytes(range(255, 0, -1)) * 100),
    "/deflate/bomb": lambda ws: say(ws, BOMB),
    "/masked": lambda ws: say(ws, b"\x81\x85abcdHello"),
    "/cut": lambda ws: cut_in_mid_frame(ws, False),
    "/reset": lambda ws: cut_in_mid_frame(ws, True),
    "/hangup": lambda ws: None,
    "/silent": silent,
    "/lazy": lazy,
    "/wake": lambda ws: WOKEN.set(),
    "/close": lambda ws: say(ws, close(4001, b"maintenance")),
    "/ping": lambda ws: say(ws, frame(PING, b"are you there") + frame(TEXT, b"x")),
}


def drip(ws):
    for byte in b"HTTP/1.1 101 Switching Protocols\r\nX: " + b"y" * 1000:
        ws.sock.sendall(bytes([byte]))
        time.sleep(0.05)


FAULTS_BEFORE = {
    "/refused": lambda ws: ws.sock.sendall(
        b"HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\n\r\nno stream"),
    "/redirect": lambda ws: ws.sock.sendall(
        b"HTTP/1.1 301 Moved\r\nLocation: /\r\nContent-Length: 0\r\n\r\n"),
    "/noanswer": silent,
    "/drip": drip,
    "/nohttp": lambda ws: ws.sock.sendall(b"SSH-2.0-what\r\n"),
    "/badaccept": lambda ws: ws.sock.sendall(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n\r\n"),
    "/hugehead": lambda ws: ws.sock.sendall(b"HTTP/1.1 101 X\r\nA: " + b"b" * 100000 + b"\r\n\r\n"),
}


def serve_ws(sock):
    ws = Ws(sock)
    ws.accept()
    path = ws.path
    if path in FAULTS_BEFORE:
        FAULTS_BEFORE[path](ws)
    elif path in FAULTS_AFTER:
        FAULTS_AFTER[path](ws)
    elif ws.case():
        run_case(ws)
    elif path == "/count":
        say(ws, frame(TEXT, str(len(CASES)).encode()) + close(1000))
    elif path.startswith("/verdict/"):
        n = path[9:]
        for _ in range(500):
            if n in VERDICTS:
                break
            time.sleep(0.01)
        text = f"{CASES[int(n)].name}: {VERDICTS.get(n, 'no verdict')}"
        say(ws, frame(TEXT, text.encode()) + close(1000))
    elif path.startswith("/flood/"):
        flood(ws)
    else:
        echo(ws)


class AbruptSocket(ssl.SSLSocket):
    """Can be closed without a word of TLS."""

    def detach_and_close(self):
        socket.socket(fileno=self.detach()).close()


def listen(tls, serve):
    server = socket.create_server(("127.0.0.1", 0), backlog=50)

    def one(raw):
        try:
            sock = tls.wrap_socket(raw, server_side=True) if tls else raw
            serve(sock)
            if tls:
                sock.unwrap()
        except OSError:
            pass  # the client hung up, or refused the certificate: its right
        finally:
            try:
                sock.close()
            except (OSError, UnboundLocalError):
                raw.close()

    def accept():
        while True:
            raw, _ = server.accept()
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=one, args=(raw,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    return server.getsockname()[1]


class Rest(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, body, fields=(), status=200):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for name, value in fields:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.answer(body, [("X-Key", self.headers.get("X-Key", ""))])

    def do_GET(self):
        path = self.path
        if path == "/json":
            self.answer(b'{"ok":true}', [("X-MBX-USED-WEIGHT-1M", "17")])
        elif path == "/limited":
            self.answer(b'{"code":-1003}', [("Retry-After", "7")], 429)
        elif path.startswith("/bytes/"):
            self.answer(bytes(i * 31 % 251 for i in range(int(path[7:]))))
        elif path == "/chunked":
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for i in range(1, 200):
                part = bytes([65 + i % 26]) * i
                self.wfile.write(b"%x\r\n%s\r\n" % (i, part))
            self.wfile.write(b"0\r\n\r\n")
        elif path == "/last":
            self.answer(b"bye", [("Connection", "close")])
        elif path == "/toend":
            self.protocol_version = "HTTP/1.0"
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"to the end")
            self.wfile.flush()
            self.connection.unwrap()
            self.close_connection = True
        elif path == "/gzip":
            self.answer(gzip.compress(b"{}"), [("Content-Encoding", "gzip")])
        elif path == "/cut":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
            self.close_connection = True
        elif path == "/drip":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
            for _ in range(400):
                self.wfile.write(b"x")
                time.sleep(0.05)
        else:
            self.answer(b"nothing here", status=404)


def serve_rest(tls):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Rest)
    server.daemon_threads = True
    server.handle_error = lambda *_: None
    server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_address[1]


def hold(sock):
    """Takes the connection and says nothing: a dead machine behind a live router."""
    sock.settimeout(30)
    while sock.recv(4096):
        pass


def main():
    good = context("good")
    good.sslsocket_class = AbruptSocket
    tls_1_2 = context("good", ssl.TLSVersion.TLSv1_2)
    ports = {"ws": listen(good, serve_ws), "tls12": listen(tls_1_2, serve_ws),
             "other": listen(context("other"), serve_ws),
             "expired": listen(context("expired"), serve_ws),
             "stranger": listen(context("stranger"), serve_ws),
             "mute": listen(None, hold),
             "plain": listen(None, lambda s: s.sendall(b"220 this is no TLS\r\n")),
             "rest": serve_rest(context("good"))}
    print(*(f"{name}={port}" for name, port in ports.items()), flush=True)
    sys.stdin.read()


main()

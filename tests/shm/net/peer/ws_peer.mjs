// ws_peer.mjs FOLDER: the conformance cases once more, framed by npm's `ws` instead of
// python3-websockets. Prints `port=N`, serves over TLS until its standard input ends; FOLDER holds
// the certificates of make_certificates.sh.
//   /count        how many cases there are
//   /case/N       sends case N; the client echoes
//   /verdict/N    "name: ok", or what was wrong with the client's answers
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import https from "node:https";

const { WebSocketServer, Sender } = createRequire(`${process.cwd()}/tests/venue/`)("ws");
const [CONT, TEXT, BINARY, CLOSE, PING, PONG] = [0, 1, 2, 8, 9, 10];

/// A frame as `ws` makes it, whether it is allowed or not.
function frame(opcode, data = "", more = {}) {
  const bytes = Buffer.from(data);
  const options = { fin: true, rsv1: false, mask: false, readOnly: true, opcode, ...more };
  return (socket) => Sender.frame(bytes, options).forEach((b) => socket._socket.write(b));
}
const part = (opcode, data) => frame(opcode, data, { fin: false });
const send = (data, options = {}) => (socket) => socket.send(data, options);
const ping = (data) => (socket) => socket.ping(data);
const bye = (socket) => socket.close(1000);
function closing(code, reason = "") {
  const body = Buffer.alloc(2 + Buffer.byteLength(reason));
  body.writeUInt16BE(code);
  body.write(reason, 2);
  return frame(CLOSE, body);
}

const cases = [];
function add(name, steps, answers, code, deflate = false) {
  cases.push({ name, steps, answers, code, deflate });
}
const text = (data) => ["text", Buffer.from(data).toString("hex")];
const binary = (data) => ["binary", Buffer.from(data).toString("hex")];
const pong = (data) => ["pong", Buffer.from(data).toString("hex")];

function sizes() {
  for (const n of [0, 1, 125, 126, 127, 128, 65535, 65536, 200000]) {
    add(`text of ${n}`, [send("*".repeat(n)), bye], [text("*".repeat(n))], 1000);
    const bytes = Buffer.alloc(n, 0xfe);
    add(`binary of ${n}`, [send(bytes), bye], [binary(bytes)], 1000);
  }
}

function controls() {
  for (const data of ["", "Hello", "\0\xff\xfe", "x".repeat(125)]) {
    const bytes = Buffer.from(data, "latin1");
    add(`ping of ${bytes.length}`, [ping(bytes), bye], [pong(bytes)], 1000);
  }
  add("ping of 126", [frame(PING, "x".repeat(126))], [], 1002);
  add("ping in parts", [part(PING, "x")], [], 1002);
  add("pong unasked", [frame(PONG, "why"), send("after"), bye], [text("after")], 1000);
  const ten = [...Array(10).keys()].map(String);
  add("ten pings", [...ten.map((i) => ping(i)), bye], ten.map((i) => pong(i)), 1000);
}

function fragments() {
  for (const opcode of [TEXT, BINARY]) {
    const is_binary = opcode === BINARY;
    const as = is_binary ? binary : text;
    const piece = (data, fin) => send(data, { binary: is_binary, fin });
    add(`two parts, opcode ${opcode}`, [piece("one", false), piece("two", true), bye],
        [as("onetwo")], 1000);
    add(`parts around a ping, opcode ${opcode}`,
        [piece("one", false), ping("beat"), piece("two", true), bye],
        [pong("beat"), as("onetwo")], 1000);
    add(`empty parts, opcode ${opcode}`,
        [piece("", false), piece("", false), piece("", true), bye], [as("")], 1000);
    const many = "0123456789abcdef".repeat(64);
    add(`parts of one byte, opcode ${opcode}`,
        [...[...many].map((c, i) => piece(c, i === many.length - 1)), bye], [as(many)], 1000);
  }
  add("a continuation of nothing", [frame(CONT, "x")], [], 1002);
  add("an unfinished continuation of nothing", [part(CONT, "x")], [], 1002);
  add("text within text", [part(TEXT, "one"), frame(TEXT, "two")], [], 1002);
  add("binary within text", [part(TEXT, "one"), frame(BINARY, "two")], [], 1002);
  add("a close within text", [part(TEXT, "one"), closing(1000)], [], 1000);
}

function reserved() {
  for (const opcode of [3, 4, 5, 6, 7, 11, 12, 13, 14, 15]) {
    add(`opcode ${opcode}`, [send("before"), frame(opcode, "x")], [text("before")], 1002);
    add(`opcode ${opcode}, empty`, [frame(opcode)], [], 1002);
  }
  for (const opcode of [CONT, TEXT, BINARY, CLOSE, PING, PONG]) {
    add(`first reserved bit, opcode ${opcode}`, [frame(opcode, "", { rsv1: true })], [], 1002);
  }
  add("a masked frame", [frame(TEXT, "x", { mask: true, readOnly: false })], [], 1002);
}

function words() {
  const greek = Buffer.from("Hello-µ@ßöäüàá-UTF-8!! κόσμε 𐍈 \u{10ffff}");
  add("words", [frame(TEXT, greek), bye], [text(greek)], 1000);
  for (let i = 1; i < greek.length; ++i) {
    add(`words parted at ${i}`,
        [part(TEXT, greek.subarray(0, i)), frame(CONT, greek.subarray(i)), bye], [text(greek)],
        1000);
  }
  const wrong = ["80", "bf", "c080", "c1bf", "c3", "e080af", "e282", "eda080", "edbfbf", "f0808080",
                 "f08f", "f0908d", "f4908080", "f5808080", "f8888080", "fe", "ff"];
  for (const hex of wrong) {
    const bytes = Buffer.concat([Buffer.from("a"), Buffer.from(hex, "hex")]);
    add(`no UTF-8: ${hex}`, [frame(TEXT, bytes)], [], 1007);
    add(`no UTF-8 in a close: ${hex}`,
        [frame(CLOSE, Buffer.concat([Buffer.from([3, 232]), bytes]))], [], 1007);
  }
  add("no UTF-8, told before the message ends", [part(TEXT, Buffer.from("f4908080", "hex"))], [],
      1007);
}

function closes() {
  add("a close without a code", [frame(CLOSE)], [], 1000);
  for (const code of [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000,
                      4999]) {
    add(`close ${code}`, [closing(code, "why")], [], code);
  }
  for (const code of [0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999, 5000, 65535]) {
    add(`close ${code}, which nobody may send`, [closing(code)], [], 1002);
  }
  add("a close of one byte", [frame(CLOSE, "x")], [], 1002);
  add("a close of 126 bytes", [closing(1000, "x".repeat(124))], [], 1002);
  add("words after the close", [closing(1000), frame(TEXT, "late"), frame(PING, "late")], [], 1000);
}

function deflated() {
  const ways = [{}, { serverNoContextTakeover: true }, { clientNoContextTakeover: true },
                { serverMaxWindowBits: 9 }, { serverMaxWindowBits: 12 }];
  const line = (i) => `{"e":"depthUpdate","E":${1000 + i},"b":[["${i}.5","${i * 7}"]]}`;
  for (const way of ways) {
    const deflate = { threshold: 0, ...way };
    const name = JSON.stringify(way);
    const lines = [...Array(50).keys()].map(line);
    add(`compressed ${name}`, [...lines.map((l) => send(l, { compress: true })), bye],
        lines.map(text), 1000, deflate);
    const long = lines.join("\n").repeat(30);
    add(`compressed in parts ${name}`,
        [send(long.slice(0, 1000), { compress: true, fin: false }),
         send(long.slice(1000), { compress: true, fin: true }), bye], [text(long)], 1000, deflate);
    add(`compressed or not ${name}`,
        [send("plain", { compress: false }), send("packed", { compress: true }),
         send("", { compress: true }), bye], [text("plain"), text("packed"), text("")], 1000,
        deflate);
  }
  add("compressed bytes that do not inflate", [frame(TEXT, "\xff\xff\xff\xff", { rsv1: true })], [],
      1007, { threshold: 0 });
}

for (const group of [sizes, controls, fragments, reserved, words, closes, deflated]) group();

const verdicts = new Map();
function run_case(socket, number) {
  const { name, steps, answers, code } = cases[number];
  const got = [];
  socket.on("message", (data, is_binary) => got.push((is_binary ? binary : text)(data)));
  socket.on("pong", (data) => got.push(pong(data)));
  let error = "";
  socket.on("error", (e) => { error = ` (${e.message})`; });
  socket.on("close", (closed) => {
    const same = JSON.stringify(got) === JSON.stringify(answers);
    const wrong = same ? `closed with ${closed} instead of ${code}${error}`
                       : `answered ${JSON.stringify(got).slice(0, 200)} instead of ` +
                         JSON.stringify(answers).slice(0, 200);
    verdicts.set(number, `${name}: ${same && closed === code ? "ok" : wrong}`);
  });
  for (const step of steps) step(socket);
}

async function tell_verdict(socket, number) {
  for (let i = 0; i < 500 && !verdicts.has(number); ++i) {
    await new Promise((resolve) => { setTimeout(resolve, 10); });
  }
  socket.send(verdicts.get(number) ?? `${cases[number].name}: no verdict`);
  socket.close(1000);
}

function serve(request, raw, head) {
  const [, what, number] = request.url.split("/");
  const one = what === "case" ? cases[Number(number)] : undefined;
  const server = new WebSocketServer({ noServer: true, perMessageDeflate: one?.deflate || false });
  server.handleUpgrade(request, raw, head, (socket) => {
    if (one) {
      run_case(socket, Number(number));
    } else if (what === "verdict") {
      tell_verdict(socket, Number(number));
    } else {
      socket.send(String(cases.length));
      socket.close(1000);
    }
  });
}

const folder = process.argv[2];
const options = { cert: readFileSync(`${folder}/good.pem`), key: readFileSync(`${folder}/good.key`) };
const listener = https.createServer(options);
listener.on("upgrade", serve);
listener.listen(0, "127.0.0.1", () => console.log(`port=${listener.address().port}`));
process.stdin.on("end", () => process.exit(0)).resume();

// Each row of the fault table does what it says, seen by an independent peer (npm `ws`, fetch).
import WebSocket from 'ws';

import { assert, check, control, get, https, sleep, until, wss } from './support.mjs';

/** A stream that keeps all it is sent. */
class Kept {
  constructor(path, first) {
    this.messages = [];
    this.times = [];
    this.pongs = 0;
    this.socket = new WebSocket(wss + path);
    this.socket.on('message', (data) => {
      this.times.push(Date.now());
      try {
        this.messages.push(JSON.parse(data));
      } catch {
        this.messages.push(String(data));
      }
    });
    this.socket.on('pong', () => { this.pongs += 1; });
    this.socket.on('error', (error) => { this.error = error.message; });
    this.socket.on('close', (code) => { this.closed = code; });
    this.socket.on('open', () => { if (first) this.socket.send(JSON.stringify(first)); });
  }
  async flowing(count = 3) {
    const from = this.messages.length;
    await until('messages', () => this.messages.length >= from + count, 20_000);
    return this;
  }
  diffs() {
    return this.messages.filter((m) => m.e === 'depthUpdate');
  }
  /** Changes that do not follow the one before. */
  breaks() {
    return this.diffs().filter((m, i, all) => i > 0 && m.U !== all[i - 1].u + 1).length;
  }
  end() {
    this.socket.terminate();
  }
}

const spot = () => new Kept('/ws/btcusdt@depth@100ms').flowing();
const okx = () => new Kept('/ws/v5/public', { op: 'subscribe', args: [{ channel: 'books', instId: 'BTC-USDT' }] }).flowing();

async function streams() {
  await check('fault cut: the stream ends without close handshake', async () => {
    const stream = await spot();
    await control('fault', { fault: 'cut', venue: 'binance' });
    await until('the end', () => stream.closed !== undefined);
    assert.equal(stream.closed, 1006);
  });
  await check('fault half_open: silence, no pongs, no end', async () => {
    const stream = await spot();
    await control('fault', { fault: 'half_open', venue: 'binance' });
    await sleep(300);
    const [count, pongs] = [stream.messages.length, stream.pongs];
    stream.socket.ping();
    await sleep(1_500);
    assert.deepEqual([stream.messages.length, stream.pongs, stream.closed], [count, pongs, undefined]);
    stream.end();
  });
  await check('fault maintenance: close handshake, refused, 503, then served again', async () => {
    const stream = await spot();
    await control('fault', { fault: 'maintenance', venue: 'binance', for_ms: 1_500 });
    await until('the end', () => stream.closed !== undefined);
    assert.equal(stream.closed, 1001);
    assert.equal((await fetch(`${https}/api/v3/time`)).status, 503);
    const refused = new Kept('/ws/btcusdt@trade');
    await until('the refusal', () => refused.closed !== undefined);
    await sleep(1_600);
    (await spot()).end();
  });
}

async function messages() {
  const rows = [
    ['gap', { count: 2 }, (s) => assert.equal(s.breaks(), 1)],
    ['duplicate', { count: 2 }, (s) => assert.equal(new Set(s.diffs().map((m) => m.u)).size, s.diffs().length - 2)],
    ['reorder', { count: 1 }, (s) => {
      const ids = s.diffs().map((m) => m.u);
      assert.ok(ids.some((u, i) => i > 0 && u < ids[i - 1]), 'one comes after a newer one');
      assert.equal(new Set(ids).size, ids.length);
    }],
    ['silent', { for_ms: 1_200 }, (s) => assert.ok(s.longest() > 1_000 && s.breaks() === 1)],
    ['stall', { for_ms: 1_200 }, (s) => assert.ok(s.longest() > 900 && s.breaks() === 0)],
    ['slow', { for_ms: 800, amount_ms: 700 }, (s) => assert.ok(s.longest() > 500 && s.breaks() === 0)],
  ];
  for (const [fault, how, holds] of rows) {
    await check(`fault ${fault}`, async () => {
      const stream = await spot();
      stream.longest = () => Math.max(...stream.times.map((t, i) => (i ? t - stream.times[i - 1] : 0)));
      await control('fault', { fault, venue: 'binance', ...how });
      await sleep(2_200);
      await stream.flowing(5);
      stream.socket.ping();
      await until('a pong', () => stream.pongs > 0);
      stream.end();
      holds(stream);
    });
  }
  await check('fault corrupt: the peer refuses the message as no UTF-8', async () => {
    const stream = await spot();
    await control('fault', { fault: 'corrupt', venue: 'binance' });
    await until('the end', () => stream.closed !== undefined);
    assert.match(stream.error, /UTF-8/);
  });
  await check('fault reset: a new snapshot with u = 1, then deltas from 2', async () => {
    const stream = await new Kept('/v5/public/linear', { op: 'subscribe', args: ['orderbook.50.BTCUSDT'] }).flowing();
    await control('fault', { fault: 'reset', venue: 'bybit', holds: 'BTCUSDT' });
    await stream.flowing(5);
    stream.end();
    const books = stream.messages.filter((m) => m.data);
    const anew = books.findLastIndex((m) => m.type === 'snapshot');
    assert.ok(anew > 0);
    assert.deepEqual(books.slice(anew).map((m) => m.data.u), books.slice(anew).map((_, i) => i + 1));
  });
  await check('fault wrong_checksum: once, then right again', async () => {
    const stream = await okx();
    await control('fault', { fault: 'wrong_checksum', venue: 'okx' });
    await stream.flowing(10);
    stream.end();
    const sums = stream.messages.filter((m) => m.data).map((m) => m.data[0].checksum);
    assert.equal(sums.filter((sum) => sum !== 0).length, 1);
  });
}

async function answers() {
  const depth = `${https}/api/v3/depth?symbol=BTCUSDT&limit=5`;
  for (const [fault, venue, url, status] of [
    ['server_error', 'binance', depth, 503], ['too_many', 'binance', depth, 429], ['banned', 'binance', depth, 418],
    ['banned', 'bybit', `${https}/v5/market/time`, 403],
    ['too_many', 'okx', `${https}/api/v5/public/time`, 429],
  ]) {
    await check(`fault ${fault} on ${venue}: HTTP ${status}, then 200`, async () => {
      await control('fault', { fault, venue, for_ms: 800 });
      const answer = await fetch(url);
      assert.equal(answer.status, status);
      if (status !== 503) assert.ok(Number(answer.headers.get('retry-after')) > 0);
      await sleep(1_000);
      assert.equal((await fetch(url)).status, 200);
    });
  }
  await check('fault late_snapshot: only answers about books wait', async () => {
    await control('fault', { fault: 'late_snapshot', venue: 'binance', for_ms: 3_000, amount_ms: 1_500 });
    let depthCame = false;
    const late = fetch(depth).then(() => { depthCame = true; });
    await fetch(`${https}/api/v3/time`);
    assert.equal(depthCame, false, 'the snapshot came before another answer');
    await late;
  });
  await check('fault clock_skew: the venue\'s clock is ahead, then right', async () => {
    const skew = async () => (await get('/api/v3/time')).serverTime - (await get('/fapi/v1/time')).serverTime;
    await control('fault', { fault: 'clock_skew', venue: 'binance', for_ms: 800, amount_ms: 60_000 });
    assert.ok((await skew()) > 50_000);
    await sleep(1_000);
    assert.ok(Math.abs(await skew()) < 10_000);
  });
  await check('fault instrument_change: halted, then trading', async () => {
    const status = async () => (await get('/api/v3/exchangeInfo?symbol=BTCUSDT')).symbols[0].status;
    await control('fault', { fault: 'instrument_change', venue: 'binance', holds: 'BTCUSDT', for_ms: 800 });
    assert.equal(await status(), 'HALT');
    await sleep(1_000);
    assert.equal(await status(), 'TRADING');
  });
  await check('an unknown fault is refused by name', async () => {
    const answer = await fetch(`${https}/venue/fault`, { method: 'POST', body: '{"fault":"none"}' });
    assert.equal(answer.status, 400);
    assert.match((await answer.json()).error, /found "none", allowed are cut, half_open/);
  });
}

export async function runFaults() {
  await streams();
  await messages();
  await answers();
  await control('clear');
}

// The SDKs `binance`, `bybit-api` and `okx-api`, unmodified. They hand on what the venue sends, so
// that the books are kept here by each venue's rule, and a break in the chain fails the check.
import { MainClient, USDMClient, WebsocketClient as BinanceSocket } from 'binance';
import { RestClientV5, WebsocketClient as BybitSocket } from 'bybit-api';
import { RestClient as OkxRest, WebsocketClient as OkxSocket } from 'okx-api';

import { PlainBook, assert, check, control, https, until, venueBook, wss } from './support.mjs';

const quiet = { trace() {}, info() {}, notice() {}, silly() {}, debug() {}, warning() {}, error() {} };

/** Snapshot by REST, then diffs: spot U = last u + 1, futures pu = last u. */
class BinanceBook extends PlainBook {
  waiting = [];
  id = 0;
  breaks = 0;
  diff(event) {
    if (this.id === 0) return this.waiting.push(event);
    if (event.u <= this.id) return undefined;
    const follows = event.pu !== undefined && !this.first ? event.pu === this.id : event.U <= this.id + 1;
    if (!follows) this.breaks += 1;
    this.first = false;
    this.id = event.u;
    return this.apply(event.b, event.a);
  }
  begin(snapshot) {
    this.clear();
    this.apply(snapshot.bids, snapshot.asks);
    this.id = snapshot.lastUpdateId;
    this.first = true;
    for (const event of this.waiting.splice(0)) this.diff(event);
  }
}

async function binance(client, name, wsKeys, at) {
  const seen = new Map();
  const book = new BinanceBook();
  const socket = new BinanceSocket({ wsUrl: wss, beautify: false, restOptions: { baseUrl: https } }, quiet);
  socket.on('message', (message) => {
    const event = message.data?.e ? message.data : message;
    const kind = event.e ?? (event.u && event.B ? 'bookTicker' : undefined);
    if (!kind) return;
    seen.set(kind, event);
    if (kind === 'depthUpdate') book.diff(event);
  });
  socket.on('exception', () => {});
  await check(`${name} REST`, async () => {
    const info = await client.getExchangeInfo();
    assert.ok(info.symbols.some((s) => s.symbol === 'BTCUSDT' && s.status === 'TRADING'));
    // MainClient asks api.binance.com for the time whatever its baseUrl says.
    if (at === 'usdm') assert.ok((await client.getServerTime()) > 0);
    assert.equal((await client.getRecentTrades({ symbol: 'BTCUSDT', limit: 10 })).length, 10);
    assert.equal((await client.getKlines({ symbol: 'BTCUSDT', interval: '1m', limit: 5 })).length, 5);
    const day = await client.get24hrChangeStatistics({ symbol: 'BTCUSDT' });
    assert.ok(Number(day.lastPrice) > 0 && Number(day.volume) > 0);
  });
  const kinds = ['depthUpdate', 'aggTrade', 'bookTicker', 'kline', '24hrTicker'];
  await check(`${name} streams`, async () => {
    socket.subscribe(['btcusdt@depth@100ms', 'btcusdt@bookTicker'], wsKeys.public);
    socket.subscribe(['btcusdt@aggTrade', 'btcusdt@kline_1m', 'btcusdt@ticker'], wsKeys.market);
    if (at === 'usdm') {
      kinds.push('markPriceUpdate');
      socket.subscribe(['btcusdt@markPrice@1s'], wsKeys.market);
    }
    await until(`each of ${kinds}`, () => kinds.every((kind) => seen.has(kind)));
    book.begin(await client.getOrderBook({ symbol: 'BTCUSDT', limit: 1000 }));
    const from = book.id;
    await until('more changes', () => book.id > from + 100);
  });
  return {
    close: () => socket.closeAll(true),
    compare: () => check(`${name} book equals the venue's`, async () => {
      const venues = await venueBook(at, 'BTCUSDT');
      await until('the venue\'s id', () => book.id === venues.id, 5_000);
      assert.equal(book.breaks, 0);
      assert.deepEqual(book.sides(), { bids: venues.bids, asks: venues.asks });
      return `${venues.bids.length} levels a side, id ${venues.id}`;
    }),
  };
}

async function bybit(category) {
  const name = `bybit-api ${category}`;
  const client = new RestClientV5({ baseUrl: https });
  const socket = new BybitSocket({ wsUrl: `${wss}/v5/public/${category}` }, quiet);
  const book = new PlainBook();
  const seen = new Set();
  let last = 0;
  let seq = 0;
  let breaks = 0;
  socket.on('update', ({ topic, type, data }) => {
    seen.add(topic.split('.')[0]);
    if (!topic.startsWith('orderbook')) return;
    if (type === 'snapshot') book.clear();
    else if (data.u !== last + 1) breaks += 1;
    last = data.u;
    seq = data.seq;
    book.apply(data.b, data.a);
  });
  socket.on('exception', () => {});
  await check(`${name} REST`, async () => {
    const of = { category, symbol: 'BTCUSDT' };
    const info = await client.getInstrumentsInfo({ category });
    assert.equal(info.retCode, 0);
    assert.ok(info.result.list.some((i) => i.symbol === 'BTCUSDT' && i.status === 'Trading'));
    assert.ok(Number((await client.getServerTime()).result.timeSecond) > 0);
    assert.ok(Number((await client.getTickers(of)).result.list[0].lastPrice) > 0);
    assert.equal((await client.getKline({ ...of, interval: '1', limit: 5 })).result.list.length, 5);
    assert.equal((await client.getPublicTradingHistory({ ...of, limit: 10 })).result.list.length, 10);
    assert.equal((await client.getOrderbook({ ...of, limit: 20 })).result.b.length, 20);
    assert.equal((await client.getOrderbook({ category, symbol: 'NONE' })).retCode, 10001);
  });
  await check(`${name} streams`, async () => {
    const topics = ['orderbook.50.BTCUSDT', 'publicTrade.BTCUSDT', 'tickers.BTCUSDT', 'kline.1.BTCUSDT'];
    socket.subscribeV5(topics, category);
    await until(`each of ${topics}`, () => seen.size === topics.length);
    const from = last;
    await until('more changes', () => last > from + 10);
  });
  return {
    close: () => socket.closeAll(true),
    compare: () => check(`${name} book equals the venue's`, async () => {
      const venues = await venueBook(category, 'BTCUSDT');
      await until('the venue\'s seq', () => seq === venues.id, 5_000);
      assert.equal(breaks, 0);
      assert.deepEqual(book.sides(), { bids: venues.bids, asks: venues.asks });
      return `${venues.bids.length} levels a side, seq ${seq}`;
    }),
  };
}

async function okx(instId) {
  const name = `okx-api ${instId}`;
  const client = new OkxRest({ baseUrl: https });
  const seen = new Set();
  const book = new PlainBook();
  let last = 0;
  let breaks = 0;
  const sockets = ['public', 'business'].map((path) => {
    const socket = new OkxSocket({ wsUrl: `${wss}/ws/v5/${path}` }, quiet);
    socket.on('update', ({ arg, action, data }) => {
      seen.add(arg.channel);
      if (arg.channel !== 'books') return;
      if (action === 'snapshot') book.clear();
      else if (data[0].prevSeqId !== last) breaks += 1;
      last = data[0].seqId;
      book.apply(data[0].bids, data[0].asks);
    });
    socket.on('exception', () => {});
    return socket;
  });
  const swap = instId.endsWith('SWAP');
  await check(`${name} REST`, async () => {
    const all = await client.getInstruments({ instType: swap ? 'SWAP' : 'SPOT' });
    assert.ok(all.some((i) => i.instId === instId && i.state === 'live' && Number(i.tickSz) > 0));
    assert.ok(Number((await client.getSystemTime())[0].ts) > 0);
    assert.ok(Number((await client.getTicker({ instId }))[0].last) > 0);
    assert.equal((await client.getCandles({ instId, bar: '1m', limit: '5' })).length, 5);
    assert.equal((await client.getTrades({ instId, limit: 10 })).length, 10);
    assert.equal((await client.getOrderBook({ instId, sz: '20' }))[0].bids.length, 20);
    await assert.rejects(client.getTicker({ instId: 'NONE' }));
  });
  await check(`${name} streams`, async () => {
    const channels = ['books', 'trades', 'tickers', ...(swap ? ['mark-price', 'funding-rate'] : [])];
    sockets[0].subscribe(channels.map((channel) => ({ channel, instId })));
    sockets[1].subscribe([{ channel: 'candle1m', instId }]);
    await until(`each of ${channels}`, () => seen.size === channels.length + 1);
    const from = last;
    await until('more changes', () => last > from + 100);
  });
  return {
    close: () => sockets.forEach((socket) => socket.closeAll(true)),
    compare: () => check(`${name} book equals the venue's`, async () => {
      const venues = await venueBook('okx', instId);
      await until('the venue\'s seqId', () => last === venues.id, 5_000);
      assert.equal(breaks, 0);
      assert.deepEqual(book.sides(), { bids: venues.bids, asks: venues.asks });
      return `${venues.bids.length} levels a side, id ${last}`;
    }),
  };
}

export async function runSdks() {
  const open = [
    await binance(new MainClient({ baseUrl: https }), 'binance spot', { public: 'main', market: 'main' }, 'binance'),
    await binance(new USDMClient({ baseUrl: https }), 'binance usdm',
                  { public: 'usdmPublic', market: 'usdmMarket' }, 'usdm'),
    await bybit('spot'), await bybit('linear'), await okx('BTC-USDT'), await okx('BTC-USDT-SWAP'),
  ];
  await control('pause');
  for (const one of open) await one.compare();
  await control('resume');
  for (const one of open) one.close();
}

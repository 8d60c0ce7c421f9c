// ccxt 4.5.84, unmodified: constructor options only (the recipe for each venue stands beside it).
import ccxt from 'ccxt';

import { assert, check, control, host, https, sides, until, venueBook, wss } from './support.mjs';

/** Scheme and host of every URL in ccxt's table, nothing else. */
function redirected(urls) {
  if (typeof urls === 'string') {
    return urls.replace(/^(https?|wss?):\/\/[^/]+/, (_, scheme) =>
      scheme.startsWith('ws') ? wss : https);
  }
  return Object.fromEntries(Object.entries(urls).map(([key, value]) => [key, redirected(value)]));
}

function client(id) {
  const api = redirected(new ccxt.pro[id]().urls.api);
  const options = { urls: { api }, enableRateLimit: false };
  if (id === 'binance') {
    api.ws.spot = `${wss}/stream/ws`;  // ccxt tells spot from futures by this text
    api.ws.future = `${wss}/ws`;       // it puts /public, /market in front of /ws
    options.options = { fetchMarkets: { types: ['spot', 'linear'] } };
  }
  if (id === 'okx') {
    options.hostname = host;
    options.options = { fetchMarkets: { types: ['spot', 'swap'] } };
    options.has = { fetchCurrencies: false };
  }
  if (id === 'bybit') {
    options.options = { fetchMarkets: { types: ['spot', 'linear'] } };
    options.has = { fetchCurrencies: false };
  }
  return new ccxt.pro[id](options);
}

async function rest(exchange, symbol) {
  const name = `ccxt ${exchange.id} ${symbol}`;
  await check(`${name} fetchTicker`, async () => {
    const t = await exchange.fetchTicker(symbol);
    assert.ok(t.last > 0 && t.high >= t.low && t.baseVolume > 0, JSON.stringify(t));
  });
  await check(`${name} fetchOrderBook`, async () => {
    const book = await exchange.fetchOrderBook(symbol, 20);
    assert.ok(book.bids.length === 20 && book.asks.length === 20);
    assert.ok(book.bids[0][0] < book.asks[0][0]);
  });
  await check(`${name} fetchTrades`, async () => {
    const trades = await exchange.fetchTrades(symbol, undefined, 50);
    assert.equal(trades.length, 50);
    assert.ok(trades.every((t) => t.price > 0 && t.amount > 0 && t.side && t.id));
    assert.ok(trades.every((t, i) => i === 0 || t.timestamp >= trades[i - 1].timestamp));
  });
  await check(`${name} fetchOHLCV`, async () => {
    const candles = await exchange.fetchOHLCV(symbol, '1m', undefined, 5);
    assert.equal(candles.length, 5);
    assert.ok(candles.every(([at, o, h, l, c]) => at % 60_000 === 0 && h >= Math.max(o, c) && l <= Math.min(o, c)));
  });
}

/** Each watch method gives something sound; the book is watched on, in the background. */
async function watch(exchange, symbol) {
  const name = `ccxt ${exchange.id} ${symbol}`;
  await check(`${name} watchOrderBook`, async () => {
    const first = (await exchange.watchOrderBook(symbol)).nonce;
    for (let i = 0; i < 5; i += 1) await exchange.watchOrderBook(symbol);
    assert.ok(exchange.orderbooks[symbol].nonce > first || first === undefined);
  });
  await check(`${name} watchTrades`, async () => {
    const trades = await exchange.watchTrades(symbol);
    assert.ok(trades.length > 0 && trades[0].price > 0);
  });
  await check(`${name} watchTicker`, async () => {
    const ticker = await exchange.watchTicker(symbol);
    assert.ok(ticker.last > 0);
  });
  await check(`${name} watchOHLCV`, async () => {
    const candles = await exchange.watchOHLCV(symbol, '1m');
    assert.ok(candles.length > 0 && candles.at(-1)[4] > 0);
  });
}

const near = (a, b) => JSON.stringify(a) === JSON.stringify(b);

/** The market stands still; what the client keeps is what the venue has, level by level. */
async function compare(exchange, symbol, venue, venueSymbol) {
  await check(`ccxt ${exchange.id} ${symbol} book equals the venue's`, async () => {
    const venues = await venueBook(venue, venueSymbol);
    const kept = () => {
      const book = exchange.orderbooks[symbol];
      return sides([...book.bids], [...book.asks]);
    };
    const length = Math.min(venues.bids.length, kept().bids.length);
    assert.ok(length >= 20, `only ${length} levels are kept`);
    const cut = ({ bids, asks }) => ({ bids: bids.slice(0, length), asks: asks.slice(0, length) });
    await until('the same levels', () => near(cut(kept()), cut(venues)), 5_000).catch(() => {
      assert.deepEqual(cut(kept()), cut(venues));
    });
    const id = exchange.orderbooks[symbol].nonce;
    if (venue !== 'spot' && venue !== 'linear') assert.equal(id, venues.id);
    return `${length} levels a side, id ${id}`;
  });
}

const kMarkets = {
  binance: [['BTC/USDT', 'binance', 'BTCUSDT'], ['BTC/USDT:USDT', 'usdm', 'BTCUSDT']],
  bybit: [['BTC/USDT', 'spot', 'BTCUSDT'], ['BTC/USDT:USDT', 'linear', 'BTCUSDT']],
  okx: [['BTC/USDT', 'okx', 'BTC-USDT'], ['BTC/USDT:USDT', 'okx', 'BTC-USDT-SWAP']],
};

export async function runCcxt() {
  const exchanges = [];
  for (const id of Object.keys(kMarkets)) {
    const exchange = client(id);
    exchanges.push(exchange);
    await check(`ccxt ${id} loadMarkets`, async () => {
      const markets = await exchange.loadMarkets();
      for (const [symbol] of kMarkets[id]) {
        assert.ok(markets[symbol]?.precision.price > 0 && markets[symbol].precision.amount > 0, symbol);
      }
      return `${Object.keys(markets).length} markets`;
    });
    await check(`ccxt ${id} fetchTime`, async () => {
      assert.ok(Math.abs((await exchange.fetchTime()) - Date.now()) < 60_000);
    });
    for (const [symbol] of kMarkets[id]) {
      await rest(exchange, symbol);
      await watch(exchange, symbol);
    }
  }
  await control('pause');
  for (const exchange of exchanges) {
    for (const market of kMarkets[exchange.id]) await compare(exchange, ...market);
  }
  await control('resume');
  await Promise.all(exchanges.map((exchange) => exchange.close()));
}

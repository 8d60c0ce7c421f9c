// What the clients' scripts share: where the venue is, checks that are counted, a book kept by rule.
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';

export const host = `127.0.0.1:${process.env.VENUE_PORT}`;
export const https = `https://${host}`;
export const wss = `wss://${host}`;
export { assert, sleep };

let failed = 0;
let passed = 0;
/** Runs one check; a failure is reported and the others go on. */
export async function check(name, run) {
  try {
    const note = await Promise.race([run(), sleep(30_000, 'late').then(() => {
      throw new Error('no end within 30 s');
    })]);
    passed += 1;
    console.log(`ok    ${name}${note ? `: ${note}` : ''}`);
  } catch (error) {
    failed += 1;
    console.log(`FAIL  ${name}: ${String(error.stack ?? JSON.stringify(error)).slice(0, 900)}`);
  }
}
export const verdict = () => ({ passed, failed });

/** Waits until `holds()` is true. */
export async function until(what, holds, ms = 15_000) {
  const end = Date.now() + ms;
  while (!holds()) {
    if (Date.now() > end) throw new Error(`not within ${ms} ms: ${what}`);
    await sleep(20);
  }
}

/** A control command of the simulated exchange. */
export async function control(path, body) {
  const answer = await fetch(`${https}/venue/${path}`, { method: 'POST', body: JSON.stringify(body ?? {}) });
  assert.equal(answer.status, 200, `control ${path}`);
  return answer.json();
}
export async function get(path) {
  const answer = await fetch(https + path);
  return answer.json();
}

/** Levels of both sides as numbers, best first. */
export function sides(bids, asks) {
  const numbers = (side) => side.map(([price, qty]) => [Number(price), Number(qty)]);
  return { bids: numbers(bids).sort((a, b) => b[0] - a[0]), asks: numbers(asks).sort((a, b) => a[0] - b[0]) };
}

/** The plainest book: absolute quantities by price, 0 removes. */
export class PlainBook {
  constructor() {
    this.clear();
  }
  clear() {
    this.bids = new Map();
    this.asks = new Map();
  }
  apply(bids, asks) {
    for (const [side, levels] of [[this.bids, bids], [this.asks, asks]]) {
      for (const [price, qty] of levels) {
        if (Number(qty) === 0) side.delete(Number(price));
        else side.set(Number(price), qty);
      }
    }
  }
  sides() {
    return sides([...this.bids], [...this.asks]);
  }
}

/** The books that the venue itself shows now, by its REST snapshot. */
export async function venueBook(venue, symbol) {
  if (venue === 'binance' || venue === 'usdm') {
    const at = venue === 'binance' ? '/api/v3' : '/fapi/v1';
    const book = await get(`${at}/depth?symbol=${symbol}&limit=1000`);
    return { id: book.lastUpdateId, ...sides(book.bids, book.asks) };
  }
  if (venue === 'spot' || venue === 'linear') {
    const { result } = await get(`/v5/market/orderbook?category=${venue}&symbol=${symbol}&limit=200`);
    return { id: result.seq, ...sides(result.b, result.a) };
  }
  const { data } = await get(`/api/v5/market/books?instId=${symbol}&sz=400`);
  return { id: data[0].seqId, ...sides(data[0].bids, data[0].asks) };
}

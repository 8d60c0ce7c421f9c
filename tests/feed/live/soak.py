#!/usr/bin/env python3
"""The long run of live connections: 300 books of three venues, a fault every few seconds.

    tests/feed/live/soak.py --minutes 60            # build/release/bin, a table at the end
    tests/feed/live/soak.py --minutes 2 --json

Starts the simulated exchange (tools/configs/venue-300.json, with faults drawn by seed) and a session
that trades on paper what it streams, looks at both every five seconds, and afterwards replays the
session. Exit 3 where something was lost unnoticed, memory grew, or the replay says otherwise.
"""
import argparse
import json
import os
import signal
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.request

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), '..', '..', '..'))
STAGES = ('feed', 'features', 'models', 'risk', 'exec')


def strip_comments(text):
    return '\n'.join(line.split('//')[0] if '://' not in line else line for line in text.split('\n'))


class Soak:
    def __init__(self, options):
        self.options = options
        self.folder = tempfile.mkdtemp(prefix='pinstripe-soak-')
        self.env = dict(os.environ, PINSTRIPE_SHM_ROOT=self.folder + '/shm',
                        XDG_STATE_HOME=self.folder + '/state')
        os.mkdir(self.folder + '/shm')
        self.samples = []

    def program(self, *arguments):
        done = subprocess.run([self.options.bin + '/pinstripe', *arguments], env=self.env,
                              capture_output=True, text=True, check=False)
        return json.loads(done.stdout) if done.stdout.startswith('{') else {}

    def start_venue(self):
        with open(ROOT + '/tools/configs/venue-300.json', encoding='utf-8') as file:
            config = json.loads(strip_comments(file.read()))
        config['ca_file'] = self.folder + '/ca.pem'
        config['faults'] = {'seed': self.options.seed, 'every_ms': self.options.every_ms}
        with open(self.folder + '/venue.json', 'w', encoding='utf-8') as file:
            json.dump(config, file)
        port_file = self.folder + '/port'
        self.venue = subprocess.Popen(
            [self.options.bin + '/pinstripe-venue', '--config', self.folder + '/venue.json',
             '--port-file', port_file], stdout=subprocess.DEVNULL)
        while not (os.path.exists(port_file) and os.path.getsize(port_file)):
            time.sleep(0.1)
        with open(port_file, encoding='utf-8') as file:
            self.port = json.load(file)['port']

    def start_session(self):
        bases = ['S%03d' % i for i in range(48)] + ['BTC', 'ETH']
        ids = []
        for b in bases:
            ids += ['BINANCE_SPOT:%sUSDT' % b, 'BINANCE_USDM:%sUSDT' % b, 'BYBIT:%sUSDT' % b,
                    'BYBIT_LINEAR:%sUSDT' % b, 'OKX:%s-USDT' % b, 'OKX_SWAP:%s-USDT-SWAP' % b]
        models = ROOT + '/models/shipped/'
        config = {
            'name': 'soak', 'mode': 'live', 'for_ns': self.options.minutes * 60 * 10**9,
            'live': {'address': '127.0.0.1:%d' % self.port, 'ca_file': self.folder + '/ca.pem',
                     'snapshot_levels': 100},
            'instruments': ids,
            # Quiet symbols: most speak every half second or so.
            'feed': {'stale_depth_ns': 20 * 10**9, 'stale_ticker_ns': 20 * 10**9},
            'models': {'min_voters': 2,
                       'members': [{'file': models + 'demo_trees_1s.json'},
                                   {'file': models + 'demo_trees_5s.json'}]},
            'risk': {'policy': {'min_edge': 0}},
        }
        with open(self.folder + '/session.json', 'w', encoding='utf-8') as file:
            json.dump(config, file)
        self.log = open(self.folder + '/up.err', 'w', encoding='utf-8')
        # A file: the account of 300 instruments is longer than a pipe that nobody reads yet.
        self.out = open(self.folder + '/up.out', 'w+', encoding='utf-8')
        self.session = subprocess.Popen(
            [self.options.bin + '/pinstripe', 'up', self.folder + '/session.json', '--json'],
            env=self.env, stdout=self.out, stderr=self.log, text=True)

    def look(self):
        shown = self.program('status', 'soak', '--json')
        if 'stages' not in shown:
            return
        memory = {}
        for stage in shown['stages']:
            try:
                with open('/proc/%d/status' % stage['pid'], encoding='utf-8') as file:
                    memory[stage['name']] = int(file.read().split('RssAnon:')[1].split()[0])
            except (OSError, IndexError, TypeError):
                pass
        books = [i['book'] for i in shown['instruments']]
        self.samples.append({'at_s': time.time() - self.began, 'rss_kib': memory,
                             'valid': books.count('valid'), 'books': len(books),
                             'resyncs': shown['connections']['resyncs'],
                             'opens': sum(l['opens'] for l in shown['connections']['links'])})
        s = self.samples[-1]
        print('%5.0f s: %d of %d books valid, %d connections opened, %s' %
              (s['at_s'], s['valid'], s['books'], s['opens'],
               ', '.join('%s %d' % (k, v['count']) for k, v in s['resyncs'].items())),
              file=sys.stderr)

    def run(self):
        self.start_venue()
        self.start_session()
        self.began = time.time()
        while self.session.poll() is None:
            time.sleep(5)
            self.look()
        self.out.seek(0)
        out = self.out.read()
        faults = self.faults()
        self.venue.send_signal(signal.SIGINT)
        account = json.loads(out) if out.startswith('{') else {}
        return self.report(account, self.program('replay', 'soak', '--json'), faults)

    def faults(self):
        """What the exchange did, by fault."""
        context = ssl.create_default_context(cafile=self.folder + '/ca.pem')
        context.check_hostname = False
        with urllib.request.urlopen('https://127.0.0.1:%d/venue/state' % self.port,
                                    context=context) as answer:
            return {k: v for k, v in json.load(answer)['faults']['met'].items() if v}

    def report(self, account, replay, faults):
        half = self.samples[len(self.samples) // 2:]
        growth = {}
        for stage in STAGES:
            sizes = [s['rss_kib'][stage] for s in half if stage in s['rss_kib']]
            if sizes:
                growth[stage] = {'half_kib': sizes[0], 'end_kib': sizes[-1]}
        result = {
            'minutes': self.options.minutes, 'every_ms': self.options.every_ms,
            'seed': self.options.seed, 'exit': self.session.returncode,
            'account': {k: account.get(k) for k in ('events', 'gaps', 'bad_lines', 'lost', 'orders',
                                                    'fills', 'dropped_by_policy', 'error')},
            'connections_opened': self.samples[-1]['opens'] if self.samples else 0,
            'resyncs': self.samples[-1]['resyncs'] if self.samples else {},
            'books_valid_share': sum(s['valid'] for s in half) / max(
                1, sum(s['books'] for s in half)),
            'faults': faults,
            'memory': growth,
            'replay_same': all(replay.get(k) == account.get(k) for k in
                               ('orders_digest', 'signals_digest', 'state_hash')),
        }
        grown = [s for s, m in growth.items() if m['end_kib'] > 1.05 * m['half_kib'] + 1024]
        wrong = []
        if account.get('lost') != 0:
            wrong.append('messages were lost, or there is no account')
        if grown:
            wrong.append('memory grew: ' + ', '.join(grown))
        if not result['replay_same']:
            wrong.append('the replay says otherwise')
        result['wrong'] = wrong
        return result


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--minutes', type=int, default=60)
    parser.add_argument('--every-ms', type=int, default=4000, help='between two faults')
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--bin', default=ROOT + '/build/release/bin')
    parser.add_argument('--json', action='store_true')
    options = parser.parse_args()
    result = Soak(options).run()
    print(json.dumps(result, indent=None if options.json else 1))
    return 3 if result['wrong'] else 0


if __name__ == '__main__':
    sys.exit(main())

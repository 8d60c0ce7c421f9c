// Unmodified public clients on the simulated exchange: `VENUE_PORT=... NODE_EXTRA_CA_CERTS=ca.pem
// node clients.mjs`. Exit status 1 where a check fails.
import { runCcxt } from './ccxt.mjs';
import { runFaults } from './faults.mjs';
import { runSdks } from './sdks.mjs';
import { verdict } from './support.mjs';

process.on('unhandledRejection', (why) => console.log(`note  a client let a rejection go: ${why}`));
const runs = { ccxt: runCcxt, sdks: runSdks, faults: runFaults };
for (const name of process.argv[2] ? [process.argv[2]] : Object.keys(runs)) await runs[name]();
const { passed, failed } = verdict();
console.log(`${passed} checks passed, ${failed} failed`);
process.exit(failed === 0 && passed > 0 ? 0 : 1);

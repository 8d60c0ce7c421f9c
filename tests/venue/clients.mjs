// Unmodified public clients on the simulated exchange: `VENUE_PORT=... NODE_EXTRA_CA_CERTS=ca.pem
// node clients.mjs`. Exit status 1 where a check fails.
import { runCcxt } from './ccxt.mjs';
import { runSdks } from './sdks.mjs';
import { verdict } from './support.mjs';

process.on('unhandledRejection', (why) => console.log(`note  a client let a rejection go: ${why}`));
const only = process.argv[2];
if (only !== 'sdks') await runCcxt();
if (only !== 'ccxt') await runSdks();
const { passed, failed } = verdict();
console.log(`${passed} checks passed, ${failed} failed`);
process.exit(failed === 0 && passed > 0 ? 0 : 1);

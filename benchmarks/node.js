'use strict';

// The official Node.js SDK as a contender; see worker.py for the lines it reads and
// writes: `node node.js ORDERS ACCESS`. NODE_EXTRA_CA_CERTS names the trusted authority.

const { randomBytes } = require('node:crypto');
const { readFileSync } = require('node:fs');
const https = require('node:https');
const { createRequire } = require('node:module');
const { createInterface } = require('node:readline');

const installed = createRequire(`${__dirname}/../tests/support/node/`);
const axios = installed('axios');
const { WebStoreClient } = installed('@amazonpay/amazon-pay-api-sdk-nodejs');

const { PUBLIC_KEY_ID, CHARGE, CAPTURE } = JSON.parse(process.argv[2]);
const [port, , privateKey] = JSON.parse(process.argv[3]);

// The SDK turns certificate checks off when its address is overridden; this agent makes
// them. It keeps connections, as the default agent of today's Node.js does.
axios.defaults.httpsAgent = new https.Agent({ keepAlive: true, rejectUnauthorized: true });

const client = new WebStoreClient({
    publicKeyId: PUBLIC_KEY_ID,
    privateKey: readFileSync(privateKey),
    region: 'eu',
    algorithm: 'AMZN-PAY-RSASSA-PSS',
    overrideServiceUrl: `localhost:${port}`,
});

let number = 0;

async function several(calls) {
    for (let i = 0; i < calls; i += 1) {
        const mine = number;
        number += 1;
        const headers = { 'x-amz-pay-idempotency-key': randomBytes(16).toString('hex') };
        const id = `S02-0000000-0000000-C${String(mine).padStart(6, '0')}`;
        const { status } = mine % 2
            ? await client.captureCharge(id, CAPTURE, headers)
            : await client.createCharge(CHARGE, headers);
        if (status !== 201) throw new Error(`answered ${status}`);
    }
}

const seconds = ({ user, system }) => (user + system) / 1e6;

async function main() {
    for await (const line of createInterface({ input: process.stdin })) {
        const { calls, concurrency } = JSON.parse(line);
        const before = process.cpuUsage();
        await Promise.all(Array.from({ length: concurrency }, () => several(calls / concurrency)));
        const cpu = seconds(process.cpuUsage(before));
        console.log(JSON.stringify({ cpu, total: seconds(process.cpuUsage()) }));
    }
}

main().catch((error) => {
    console.error(error.message);
    process.exitCode = 1;
});

'use strict';

// The official Node.js SDK as a contender; see worker.py for the lines it reads and
// writes:
//
//   node node.js FOLDER_OF_NODE_MODULES ORDERS SCENE
//
// NODE_EXTRA_CA_CERTS names whom to trust.

const { randomBytes } = require('node:crypto');
const { readFileSync } = require('node:fs');
const https = require('node:https');
const { createRequire } = require('node:module');
const { createInterface } = require('node:readline');

const [folder, orders, scene] = process.argv.slice(2);
const installed = createRequire(folder);
const axios = installed('axios');
const { WebStoreClient } = installed('@amazonpay/amazon-pay-api-sdk-nodejs');

const { publicKeyId, charge, capture, chargeIdPrefix } = JSON.parse(orders);
const { port, private_key: privateKeyFile } = JSON.parse(scene);

// The SDK turns certificate checks off when its address is overridden: an agent says
// otherwise. It keeps connections, as the default agent of today's Node.js does.
axios.defaults.httpsAgent = new https.Agent({ keepAlive: true, rejectUnauthorized: true });

const client = new WebStoreClient({
    publicKeyId,
    privateKey: readFileSync(privateKeyFile),
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
        const id = `${chargeIdPrefix}${String(mine).padStart(6, '0')}`;
        const { status } = mine % 2
            ? await client.captureCharge(id, capture, headers)
            : await client.createCharge(charge, headers);
        if (status !== 201) throw new Error(`answered ${status}`);
    }
}

const seconds = ({ user, system }) => (user + system) / 1e6;

async function main() {
    for await (const line of createInterface({ input: process.stdin })) {
        const { warm_up: first, calls, concurrency } = JSON.parse(line);
        const batch = (size) =>
            Promise.all(Array.from({ length: concurrency }, () => several(size / concurrency)));
        await batch(first);
        const before = process.cpuUsage();
        await batch(calls);
        const cpu = seconds(process.cpuUsage(before));
        console.log(JSON.stringify({ cpu, total: seconds(process.cpuUsage()) }));
    }
}

main().catch((error) => {
    console.error(error.message);
    process.exitCode = 1;
});

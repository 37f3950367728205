'use strict';

// One whole purchase through Amazon's own SDK, against a server of this machine:
//
//   node purchase.js HOST:PORT PUBLIC_KEY_ID PRIVATE_KEY_FILE ALGORITHM
//
// Prints one line of JSON for each call; NODE_EXTRA_CA_CERTS names whom to trust.

const { readFileSync } = require('node:fs');
const https = require('node:https');
const axios = require('axios');
const { WebStoreClient } = require('@amazonpay/amazon-pay-api-sdk-nodejs');

const [host, publicKeyId, privateKeyFile, algorithm] = process.argv.slice(2);

// Before each request to an overridden address the SDK turns certificate checks off
// for the whole process. What an agent says itself is stronger.
axios.defaults.httpsAgent = new https.Agent({ rejectUnauthorized: true });

const client = new WebStoreClient({
    publicKeyId,
    privateKey: readFileSync(privateKeyFile),
    region: 'us',
    algorithm,
    overrideServiceUrl: host,
});

const price = (amount) => ({ amount, currencyCode: 'USD' });
const key = (name) => ({ 'x-amz-pay-idempotency-key': `${algorithm}-${name}`.slice(-32) });

async function show(name, answering) {
    const { status, data } = await answering;
    const state = data.statusDetails ? data.statusDetails.state : null;
    console.log(JSON.stringify([name, status, state]));
    return data;
}

// What the buyer does on Amazon's pages; the simulator takes it by plain calls.
function buyer(session, act, body = {}) {
    const path = `_simulator/checkoutSessions/${session}/${act}`;
    return show(act, axios.post(`https://${host}/${path}`, body));
}

async function purchase() {
    const opening = {
        webCheckoutDetails: {
            checkoutReviewReturnUrl: 'https://localhost/review',
            checkoutResultReturnUrl: 'https://localhost/result',
        },
        storeId: 'amzn1.application-oa2-client.0123',
    };
    const opened = await show('create', client.createCheckoutSession(opening, key('open')));
    const session = opened.checkoutSessionId;
    const again = await show('create again', client.createCheckoutSession(opening, key('open')));
    if (again.checkoutSessionId !== session) throw new Error('one key, two sessions');

    await buyer(session, 'choose', { card: '1111' });
    const paymentDetails = { paymentIntent: 'Authorize', chargeAmount: price('50.00') };
    await show('update', client.updateCheckoutSession(session, { paymentDetails }));
    await buyer(session, 'pay');
    const completed = await show(
        'complete',
        client.completeCheckoutSession(session, { chargeAmount: price('50.00') }),
    );
    await show('get session', client.getCheckoutSession(session));

    const { chargeId, chargePermissionId } = completed;
    const part = { captureAmount: price('30.00') };
    await show('capture', client.captureCharge(chargeId, part, key('capture')));
    await show('get charge', client.getCharge(chargeId));

    const back = { chargeId, refundAmount: price('10.00') };
    const { refundId } = await show('refund', client.createRefund(back, key('refund')));
    await show('get refund', client.getRefund(refundId));

    await show('get permission', client.getChargePermission(chargePermissionId));
    const closing = { closureReason: 'All done' };
    await show('close', client.closeChargePermission(chargePermissionId, closing));
}

purchase().catch((error) => {
    const answer = error.response ? error.response.data : {};
    console.error(error.code, JSON.stringify(answer), error.message);
    process.exitCode = 1;
});

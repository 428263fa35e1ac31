// fetch_client.js URL: asks server.c about each part of HTTP, by fetch (undici) and by node's http.
// Fails where it answers otherwise.
'use strict';
const assert = require('assert');
const http = require('http');

const url = process.argv[2], LONG = 300000;
const letters = (n) => 'abcdefghijklmnopqrstuvwxyz'.repeat(Math.ceil(n / 26)).slice(0, n);

async function text(path, status = 200, options = {}) {
    const response = await fetch(url + path, options);
    assert.strictEqual(response.status, status, path);
    return response.text();
}

async function answers() {
    const many = await Promise.all(Array.from({ length: 40 }, (_, i) =>
        text(i % 2 ? `/bytes/${LONG}` : `/chunks/${LONG}`)));
    for (const one of many) assert.ok(one === letters(LONG));
    const head = await fetch(url + '/bytes/5000', { method: 'HEAD' });
    assert.strictEqual(head.headers.get('content-length'), '5000');
    const zipped = await fetch(url + '/zipped');
    assert.strictEqual(zipped.headers.get('content-encoding'), 'gzip');
    assert.strictEqual((await zipped.text()).split('\n').length, 1001);
    const half = await fetch(url + '/chunks/10000000');
    const reader = half.body.getReader();
    assert.strictEqual(Buffer.from((await reader.read()).value).subarray(0, 3).toString(), 'abc');
    await reader.cancel();
    assert.strictEqual(await text('/redirect/3'), 'hello\n');
    const set = await fetch(url + '/set', { redirect: 'manual' });
    assert.strictEqual(set.headers.get('set-cookie'), 'one=1; Path=/, two="2"; Path=/; HttpOnly');
    await text('/nothing', 404);
    await text('/hello', 405, { method: 'DELETE' });
}

async function files() {
    const whole = await fetch(url + '/files/letters');
    assert.ok(await whole.text() === letters(5000));
    await text('/files/letters', 304, { headers: { 'If-None-Match': whole.headers.get('etag') } });
    assert.strictEqual(await text('/files/letters', 206, { headers: { Range: 'bytes=26-77' } }),
        letters(52));
    await text('/files/letters', 416, { headers: { Range: 'bytes=5000-' } });
}

async function bodies() {
    const stream = new ReadableStream({
        start(controller) {
            for (let at = 0; at < LONG; at += 5000)
                controller.enqueue(new TextEncoder().encode(letters(LONG).slice(at, at + 5000)));
            controller.close();
        },
    });
    for (const body of [letters(LONG), stream])
        assert.ok(await text('/echo', 200, { method: 'POST', body, duplex: 'half' }) === letters(LONG));
    const form = new FormData();
    form.append('field', 'ä');
    form.append('bytes', new Blob([letters(LONG)], { type: 'application/x-b' }), 'a b.bin');
    const sum = Buffer.from(letters(LONG)).reduce((a, b) => a + b);
    assert.strictEqual(await text('/form', 200, { method: 'POST', body: form }),
        `field|-|-|2|359\nbytes|a b.bin|application/x-b|${LONG}|${sum}\n`);
    await text('/refuse', 413, { method: 'POST', body: 'x'.repeat(20000) });
}

// node's own client: one connection kept, trailers and 100 Continue.
function ask(options, body) {
    return new Promise((resolve, reject) => {
        const request = http.request(url + options.path, options, (response) => {
            let data = '';
            response.setEncoding('latin1').on('data', (piece) => { data += piece; });
            response.on('end', () => resolve({ data, response })).on('error', reject);
        });
        request.on('error', reject);
        if (options.headers && options.headers.Expect)
            request.on('continue', () => request.end(body)).flushHeaders();
        else
            request.end(body);
    });
}

async function plain() {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    const peers = new Set();
    for (let i = 0; i < 20; i++) peers.add((await ask({ agent, path: '/connection' })).data);
    assert.strictEqual(peers.size, 1);
    const { data } = await ask({ agent, path: '/echo', method: 'POST',
        headers: { Expect: '100-continue', 'Content-Length': LONG } }, letters(LONG));
    assert.ok(data === letters(LONG));
    agent.destroy();
}

(async () => {
    await answers();
    await files();
    await bodies();
    await plain();
})().then(() => process.exit(0), (error) => {
    console.log(String(error && error.message), error && error.cause || '');
    process.exit(1);
});

// peer.js - node's http on the bytes of each line "request HEX" or "response HEX", through streams in
// memory; the answers are those of ours.c.
'use strict';
const http = require('http');
const { Duplex } = require('stream');
const hex = (text) => Buffer.from(text, 'latin1').toString('hex');

// A connection on which these bytes come, and then the end.
function connection(bytes) {
  let given = false;
  const c = new Duplex({
    allowHalfOpen: true,
    read() {
      if (given) return;
      given = true;
      if (bytes.length) this.push(bytes);
      setImmediate(() => setImmediate(() => this.push(null)));
    },
    write(data, encoding, done) { done(); },
  });
  c.setTimeout = c.setNoDelay = c.setKeepAlive = c.ref = c.unref = () => c;
  return c;
}

function request(bytes, answer) {
  const messages = [];
  let open = 0, end = '', tunnel = false;
  const server = http.createServer({ keepAliveTimeout: 0 });
  const take = (m) => {
    const body = [];
    open++;
    m.on('data', (d) => body.push(d));
    m.on('end', () => {
      open--;
      messages.push(hex(`${m.method} ${m.url}`) + ' ' + Buffer.concat(body).toString('hex') + ' ');
    });
    m.on('error', () => {});
  };
  server.on('request', (m, r) => { take(m); m.on('end', () => r.end()); });
  server.on('connect', (m) => { tunnel = true; messages.push(hex(`${m.method} ${m.url}`) + '  '); });
  server.on('clientError', (e) => { end = end || e.code || String(e); });
  const c = connection(bytes);
  c.on('error', () => {});
  server.emit('connection', c);
  setTimeout(() => {
    if (!end || end === 'ECONNRESET' || end === 'HPE_INVALID_EOF_STATE') end = open || end ? 'short' : '';
    if (tunnel) end = '';
    answer(messages.join('') + '= ' + end);
  }, 30);
}

function response(bytes, answer) {
  let done = false;
  const finish = (text) => { if (!done) { done = true; answer(text); } };
  const r = http.request({ createConnection: () => connection(bytes), method: 'GET', headers: { host: 'a' } });
  r.on('response', (m) => {
    const body = [];
    m.on('data', (d) => body.push(d));
    m.on('end', () => finish(hex(String(m.statusCode)) + ' ' + Buffer.concat(body).toString('hex') + ' = '));
    m.on('error', (e) => finish('= ' + (e.code === 'ECONNRESET' ? 'short' : e.code)));
  });
  r.on('upgrade', (m) => finish(hex(String(m.statusCode)) + '  = '));
  r.on('error', (e) => finish('= ' + (e.code === 'ECONNRESET' || !bytes.length ? 'short' : e.code)));
  setTimeout(() => finish('= short'), 60);
  r.end();
}

const lines = require('fs').readFileSync(0, 'latin1').split('\n').filter((l) => l);
const answers = [];
let left = lines.length;
lines.forEach((line, i) => {
  const [kind, data] = line.split(' ');
  setTimeout(() => (kind === 'request' ? request : response)(Buffer.from(data, 'hex'), (text) => {
    answers[i] = text;
    if (--left === 0) {
      process.stdout.write(answers.join('\n') + '\n', () => process.exit(0));
    }
  }), i);
});
process.on('uncaughtException', (e) => { process.stderr.write(String(e.stack) + '\n'); });

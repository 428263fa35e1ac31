#!/usr/bin/env node
// http_client PORT TLS_PORT [COUNT]: node's fetch, which is undici.
const [port, , count = "20000"] = process.argv.slice(2);
const AT_ONCE = 100;
let left = Number(count);

async function get() {
  while (left > 0) {
    left--;
    const response = await fetch(`http://127.0.0.1:${port}/`);
    if (!response.ok || (await response.text()).length === 0) throw new Error("no answer");
  }
}

async function main() {
  const start = process.hrtime.bigint();
  const before = process.cpuUsage();
  await Promise.all(Array.from({ length: AT_ONCE }, get));
  const cpu = process.cpuUsage(before);
  const seconds = Number(process.hrtime.bigint() - start) / 1e9;
  console.log(`http_client ${(cpu.user + cpu.system) / Number(count)} us`);
  console.log(`http_client_rate ${Number(count) / seconds} req/s`);
}

main();

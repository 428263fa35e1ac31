// websocket.js: bench/websocket.c by ws, of npm. NODE_PATH says where that is.
const { WebSocket, WebSocketServer } = require("ws");

function serve() {
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0, perMessageDeflate: false }, () => console.log(server.address().port));
  server.on("connection", (ws) => {
    ws.on("message", (data, binary) => ws.send(data, { binary }));
    ws.on("error", () => {});
  });
}

function connect(url, size, count) {
  const ws = new WebSocket(url, { perMessageDeflate: false });
  const data = Buffer.alloc(size);
  let done = 0;
  let began;
  ws.on("open", () => {
    began = process.hrtime.bigint();
    ws.send(data);
  });
  ws.on("message", (answer) => {
    if (answer.length !== size) process.exit(1);
    if (++done < count) return ws.send(data);
    const cpu = process.cpuUsage();
    console.log("echoes", count / (Number(process.hrtime.bigint() - began) / 1e9), "1/s");
    console.log("cpu", (cpu.user + cpu.system) / count, "us");
    ws.close(1000, "bye");
  });
  ws.on("close", (code) => process.exit(code === 1000 ? 0 : 1));
}

const [, , mode, url, size, count] = process.argv;
if (mode === "connect") connect(url, Number(size || 65536), Number(count || 20000));
else serve();

#!/usr/bin/env node
// http_server FOLDER PORT: node's http. The file is read at each request: node has no server of
// files.
const fs = require("fs");
const http = require("http");

const [folder, port] = process.argv.slice(2);
const hello = Buffer.from("Hello, world!");

function answer(response, data) {
  response.writeHead(200, { "Content-Type": "text/plain", "Content-Length": data.length });
  response.end(data);
}

const server = http.createServer((request, response) => {
  if (request.url === "/") return answer(response, hello);
  fs.readFile(`${folder}/www/${request.url.slice(1)}`, (error, data) => {
    if (!error) return answer(response, data);
    response.writeHead(404);
    response.end();
  });
});
server.keepAliveTimeout = 60000;
server.listen(Number(port), "127.0.0.1", 1024, () => console.log("ready", port));

// What the tests ask of a server (app.py says what that is), on Node's http and https.
//
//     node app.js PLAIN SECURE HASTY PEM

const fs = require("fs");
const http = require("http");
const https = require("https");

const [plain, secure, hasty, pem] = process.argv.slice(2);
const released = new Map();
const left = new Map();

// What waits for a name, or that it has happened.
function happening(map, name) {
  if (!map.has(name)) {
    const entry = {};
    entry.promise = new Promise((resolve) => { entry.happen = resolve; });
    map.set(name, entry);
  }
  return map.get(name);
}

function whole(response, body, status = 200) {
  response.writeHead(status, {
    "Content-Type": "text/plain", "Content-Length": Buffer.byteLength(body),
  });
  response.end(body);
}

async function stream(response, name) {
  response.writeHead(200, { "Content-Type": "application/x-ndjson" });
  response.write("first\n");
  await happening(released, name).promise;
  response.write("second\n");
  response.end("third\n");
}

function endless(response, name) {
  let gone = false;
  response.on("close", () => { gone = true; happening(left, name).happen(); });
  response.on("error", () => {});
  const more = () => {
    while (!gone && response.write("line\n".repeat(100)));
    if (!gone) response.once("drain", more);
  };
  more();
}

function echo(request, response) {
  const pieces = [];
  request.on("data", (piece) => pieces.push(piece));
  request.on("end", () => whole(response, Buffer.concat(pieces)));
}

async function app(request, response) {
  const [, route, name] = request.url.split("/");
  if (route === "small") whole(response, "small\n");
  else if (route === "stream") await stream(response, name);
  else if (route === "release") {
    happening(released, name).happen();
    whole(response, "released\n");
  } else if (route === "endless") endless(response, name);
  else if (route === "left") {
    await happening(left, name).promise;
    whole(response, "left\n");
  } else if (route === "echo") echo(request, response);
  else whole(response, "not here\n", 404);
}

const patient = { keepAliveTimeout: 300000 };
http.createServer(patient, app).listen(plain, "127.0.0.1");
http.createServer({ keepAliveTimeout: 100 }, app).listen(hasty, "127.0.0.1");
if (pem) {
  const text = fs.readFileSync(pem);
  https.createServer({ ...patient, key: text, cert: text }, app).listen(secure, "127.0.0.1");
}

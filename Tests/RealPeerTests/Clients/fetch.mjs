// Node's fetch against a server: node fetch.mjs BASE-URL. Prints what came of each call.

import assert from "node:assert";

const base = process.argv[2];
const hello = [{ role: "user", content: "hello there" }];
const chat = { model: "tiny", messages: hello, options: { seed: 1, num_predict: 12 } };

const post = (path, value, options) =>
  fetch(base + path, {
    method: "POST", body: JSON.stringify(value),
    headers: { "Content-Type": "application/json" }, ...options,
  });

let text = "", last;
let rest = "";
const decoder = new TextDecoder();
for await (const piece of (await post("/api/chat", chat)).body) {
  const lines = (rest + decoder.decode(piece, { stream: true })).split("\n");
  rest = lines.pop();
  for (const line of lines.filter(Boolean)) {
    last = JSON.parse(line);
    text += last.message.content;
  }
}
assert(last.done);
console.log("chat stream:", text);

const whole = await (await post("/api/chat", { ...chat, stream: false })).json();
console.log("chat whole:", whole.message.content);

const embedded = await (await post("/api/embed", { model: "tiny-bert", input: "hello world" })).json();
console.log("embed:", embedded.embeddings[0].length);
console.log("list:", (await (await fetch(base + "/api/tags")).json()).models.length);

const refused = await post("/api/show", { model: "nope-xyz" });
assert.equal(refused.status, 404);
console.log("error:", (await refused.json()).error);

// Leaves in the middle.
const leaving = new AbortController();
const left = await post("/api/chat", chat, { signal: leaving.signal });
await left.body.getReader().read();
leaving.abort();
console.log("version:", (await (await fetch(base + "/api/version")).json()).version);

"""httpx against a server: python3 httpx_client.py BASE-URL. Prints what came of each call."""

import json
import sys

import httpx

hello = [{"role": "user", "content": "hello there"}]
options = {"seed": 1, "num_predict": 12}
chat = {"model": "tiny", "messages": hello, "options": options}

with httpx.Client(base_url=sys.argv[1], timeout=60) as client:
    with client.stream("POST", "/api/chat", json=chat) as response:
        response.raise_for_status()
        records = [json.loads(line) for line in response.iter_lines() if line]
    assert records[-1]["done"] and not any(record["done"] for record in records[:-1])
    print("chat stream:", "".join(record["message"]["content"] for record in records))

    reply = client.post("/api/chat", json=chat | {"stream": False}).raise_for_status().json()
    print("chat whole:", reply["message"]["content"])

    # A body of unknown length goes in the chunked coding.
    body = json.dumps({"model": "tiny-bert", "input": "hello world"}).encode()
    reply = client.post("/api/embed", content=iter([body[:10], body[10:]]))
    print("embed:", len(reply.raise_for_status().json()["embeddings"][0]))

    print("list:", len(client.get("/api/tags").raise_for_status().json()["models"]))
    assert client.head("/").status_code == 200
    response = client.post("/api/show", json={"model": "nope-xyz"})
    assert response.status_code == 404
    print("error:", response.json()["error"])
    # Leaves in the middle.
    with client.stream("POST", "/api/chat", json=chat) as response:
        next(response.iter_lines())
    print("version:", client.get("/api/version").json()["version"])

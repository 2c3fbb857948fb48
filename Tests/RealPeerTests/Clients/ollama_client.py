"""ollama-python against a server: python3 ollama_client.py BASE-URL. Prints what came of each call."""

import sys

import ollama

client = ollama.Client(host=sys.argv[1], timeout=60)
hello = [{"role": "user", "content": "hello there"}]
options = {"seed": 1, "num_predict": 12}
weather = {
    "type": "function",
    "function": {
        "name": "get_weather", "description": "Get weather",
        "parameters": {
            "type": "object", "required": ["city"],
            "properties": {"city": {"type": "string"}}}}}

parts = list(client.chat("tiny", hello, stream=True, options=options))
assert parts[-1].done and parts[-1].done_reason and len(parts) > 2, parts
print("chat stream:", "".join(part.message.content for part in parts))

reply = client.chat("tiny", hello, options=options)
assert reply.done and reply.eval_count > 0
print("chat whole:", reply.message.content)

parts = list(client.generate("tiny", "hello there", stream=True, options=options))
assert parts[-1].done and len(parts) > 2
print("generate stream:", "".join(part.response for part in parts))

reply = client.generate("tiny", "hello there", options=options)
assert reply.done
print("generate whole:", reply.response)

parts = list(client.chat("tiny-tools", hello, tools=[weather], stream=True))
calls = [call for part in parts for call in part.message.tool_calls or []]
assert calls and calls[0].function.name == "get_weather" and parts[-1].done, parts
print("tools:", sorted(calls[0].function.arguments))

reply = client.embed("tiny-bert", "hello world")
print("embed:", len(reply.embeddings), len(reply.embeddings[0]))

models = client.list().models
assert models and all(model.model for model in models)
print("list:", len(models))
print("show:", client.show("tiny").details.family)
print("ps:", len(client.ps().models))

try:
    client.show("nope-xyz")
    raise SystemExit("a model that is not there was shown")
except ollama.ResponseError as error:
    assert error.status_code == 404, error
    print("error:", error.error)

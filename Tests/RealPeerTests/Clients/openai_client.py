"""openai-python against a server: python3 openai_client.py BASE-URL. Prints what came of each call."""

import sys

import openai

client = openai.OpenAI(
    base_url=sys.argv[1] + "/v1", api_key="secret-key", timeout=60, max_retries=0)
hello = [{"role": "user", "content": "hello there"}]
weather = {
    "type": "function",
    "function": {
        "name": "get_weather", "description": "Get weather",
        "parameters": {
            "type": "object", "required": ["city"],
            "properties": {"city": {"type": "string"}}}}}

text, reasons = "", []
for chunk in client.chat.completions.create(
        model="tiny", messages=hello, max_tokens=12, seed=1, stream=True):
    for choice in chunk.choices:
        text += choice.delta.content or ""
        reasons.append(choice.finish_reason)
assert reasons[-1] and not any(reasons[:-1]), reasons
print("chat stream:", text)

reply = client.chat.completions.create(model="tiny", messages=hello, max_tokens=12, seed=1)
assert reply.choices[0].finish_reason and reply.usage.total_tokens > 0
print("chat whole:", reply.choices[0].message.content)

names = []
for chunk in client.chat.completions.create(
        model="tiny-tools", messages=hello, tools=[weather], stream=True):
    for choice in chunk.choices:
        names += [call.function.name for call in choice.delta.tool_calls or []]
assert names == ["get_weather"], names
print("tools:", names)

# Without a format of its own the client asks for base64.
reply = client.embeddings.create(model="tiny-bert", input="hello", encoding_format="float")
print("embed:", len(reply.data), len(reply.data[0].embedding))

print("model:", client.models.retrieve("tiny").id)

try:
    client.chat.completions.create(model="nope-xyz", messages=hello)
    raise SystemExit("a model that is not there answered")
except openai.NotFoundError as error:
    print("error:", error.body["message"])

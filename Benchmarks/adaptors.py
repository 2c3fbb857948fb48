"""Other clients, as their users write them: adaptors.py CLIENT URL MODEL TIMEOUT_S LEAVE_AFTER
LINGER_S LIMIT_S.

Streams one answer and prints a line, the wall clock's ns in front: `whole N` when the client came to
the end without an error (N records), `left N` when it was left behind LEAVE_AFTER records (0: never),
`error TYPE: TEXT`.
Then it goes on running for LINGER_S seconds, as a program does: what closes connections then is the
client, not its exit. What has no outcome after LIMIT_S, loading the client not counted, has hung.
"""

import json
import os
import sys
import threading
import time

# Each generator yields once when its client is loaded, then for each record.
HELLO = [{"role": "user", "content": "hello"}]


def httpx(url, model, timeout):
    import httpx

    yield
    with httpx.stream("POST", url + "/api/chat", json={"model": model, "messages": HELLO},
                      timeout=timeout) as response:
        response.raise_for_status()
        for line in response.iter_lines():
            if line:
                yield json.loads(line)


def openai(url, model, timeout):
    import openai

    yield
    client = openai.OpenAI(base_url=url + "/v1", api_key="x", timeout=timeout, max_retries=0)
    yield from client.chat.completions.create(model=model, messages=HELLO, stream=True)


def ollama(url, model, timeout):
    import ollama

    yield
    yield from ollama.Client(host=url, timeout=timeout).chat(model, HELLO, stream=True)


def say(text):
    print(time.time_ns(), text, flush=True)


def main(client, url, model, timeout, leave_after, linger, limit):
    count = 0
    watchdog = threading.Timer(float(limit), lambda: (say("hangs"), os._exit(1)))
    try:
        records = globals()[client](url, model, float(timeout))
        next(records)  # it is loaded
        watchdog.start()
        for _ in records:
            count += 1
            if count == int(leave_after):
                say(f"left {count}")
                break
        else:
            say(f"whole {count}")
    except Exception as error:
        text = " ".join(str(error).split())[:90]
        say(f"error {type(error).__name__}: {text}")
    watchdog.cancel()
    time.sleep(float(linger))


if __name__ == "__main__":
    main(*sys.argv[1:])

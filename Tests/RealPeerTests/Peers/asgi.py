"""What the tests ask of a server (app.py says what that is), as an ASGI application."""

import asyncio
import collections

released = collections.defaultdict(asyncio.Event)
left = collections.defaultdict(asyncio.Event)


async def whole(send, body, status=200):
    await send({"type": "http.response.start", "status": status,
                "headers": [(b"content-type", b"text/plain"),
                            (b"content-length", str(len(body)).encode())]})
    await send({"type": "http.response.body", "body": body})


async def begin(send):
    await send({"type": "http.response.start", "status": 200,
                "headers": [(b"content-type", b"application/x-ndjson")]})


async def stream(send, name):
    await begin(send)
    await send({"type": "http.response.body", "body": b"first\n", "more_body": True})
    await released[name].wait()
    await send({"type": "http.response.body", "body": b"second\n", "more_body": True})
    await send({"type": "http.response.body", "body": b"third\n"})


async def endless(receive, send, name):
    async def noticing():
        while (await receive())["type"] != "http.disconnect":
            pass
        left[name].set()

    noticed = asyncio.ensure_future(noticing())
    await begin(send)
    while not left[name].is_set():
        await send({"type": "http.response.body", "body": b"line\n" * 100, "more_body": True})
        await asyncio.sleep(0)
    await noticed


async def echo(receive, send):
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    await whole(send, body)


async def app(scope, receive, send):
    if scope["type"] != "http":
        raise NotImplementedError(scope["type"])
    _, route, *rest = scope["path"].split("/")
    name = rest[0] if rest else ""
    if route == "small":
        await whole(send, b"small\n")
    elif route == "stream":
        await stream(send, name)
    elif route == "release":
        released[name].set()
        await whole(send, b"released\n")
    elif route == "endless":
        await endless(receive, send, name)
    elif route == "left":
        await left[name].wait()
        await whole(send, b"left\n")
    elif route == "echo":
        await echo(receive, send)
    else:
        await whole(send, b"not here\n", 404)

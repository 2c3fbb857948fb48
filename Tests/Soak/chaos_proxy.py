"""A proxy between a client and a server that treats their bytes badly: chaos_proxy.py PORT TARGET_PORT SEED.

Of each connection and each direction: pieces cut small and late, turns in which bytes of other connections
overtake, silence, FIN or RST at any place. Nothing is changed or left out of what does arrive.
"""

import asyncio
import random
import socket
import struct
import sys


async def carry(reader, writer, rng, lose):
    """Pieces of one direction, until its end or its connection's."""
    try:
        while data := await reader.read(65536):
            place = 0
            while place < len(data):
                count = rng.choice((1, 7, 100, 1460, 65536))
                writer.write(data[place:place + count])
                await writer.drain()
                place += count
                fate = rng.random()
                if fate < 0.002:
                    return lose("reset" if fate < 0.001 else "close")
                if fate < 0.01:
                    await asyncio.sleep(rng.uniform(0, 0.5))
                elif fate < 0.012:
                    await asyncio.sleep(5)  # longer than the client waits
                elif fate < 0.3:
                    await asyncio.sleep(0)  # others first
    except (OSError, asyncio.CancelledError):
        pass
    lose("close")


async def main(port, target, seed):
    rng = random.Random(seed)

    async def serve(reader, writer):
        if rng.random() < 0.01:
            return abort(writer)
        if rng.random() < 0.02:
            await asyncio.sleep(rng.uniform(0, 1))
        try:
            other_reader, other_writer = await asyncio.open_connection("127.0.0.1", target)
        except OSError:
            return abort(writer)
        over = asyncio.get_running_loop().create_future()

        def lose(how):
            if not over.done():
                over.set_result(how)

        tasks = [asyncio.ensure_future(carry(reader, other_writer, rng, lose)),
                 asyncio.ensure_future(carry(other_reader, writer, rng, lose))]
        how = await over
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for end in (writer, other_writer):
            if how == "reset":
                abort(end)
            else:
                end.close()

    server = await asyncio.start_server(serve, "127.0.0.1", port, backlog=1024)
    print("ready", flush=True)
    async with server:
        await server.serve_forever()


def abort(writer):
    """RST."""
    handle = writer.get_extra_info("socket")
    handle.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


if __name__ == "__main__":
    asyncio.run(main(*map(int, sys.argv[1:])))

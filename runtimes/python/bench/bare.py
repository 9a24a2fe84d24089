"""The least that answers: httptools on uvloop, no secret, no limits, no function."""

import asyncio
import json

import httptools
import uvloop


class Bare(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport
        self.parser = httptools.HttpRequestParser(self)
        self.body = b""

    def data_received(self, data):
        self.parser.feed_data(data)

    def on_body(self, data):
        self.body += data

    def on_message_complete(self):
        name = json.loads(self.body)["payload"]["name"]
        self.body = b""
        answer = json.dumps({"message": f"Hello {name}"}, separators=(",", ":")).encode()
        self.transport.write(
            b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s" % (len(answer), answer)
        )


async def serve():
    server = await asyncio.get_running_loop().create_server(Bare, "0.0.0.0", 3000, backlog=2048)
    await server.serve_forever()


uvloop.run(serve())

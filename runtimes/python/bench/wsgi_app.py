"""No framework: WSGI as granian calls it."""

import json


def app(environ, start_response):
    name = json.loads(environ["wsgi.input"].read())["payload"]["name"]
    body = json.dumps({"message": f"Hello {name}"}, separators=(",", ":")).encode()
    start_response("200 OK", [("content-type", "application/json"), ("content-length", str(len(body)))])
    return [body]

"""The suggested server: Flask."""

from flask import Flask, jsonify, request

app = Flask(__name__)


@app.post("/")
def hello():
    return jsonify(message=f"Hello {request.get_json()['payload']['name']}")

"""Writes exchanges as JSON, XML and packets, reads the answers, and cuts a stream at any byte."""

import json
import socket
import struct
import xml.etree.ElementTree as ElementTree
from concurrent.futures import ThreadPoolExecutor
from xml.sax.saxutils import escape

header = struct.Struct(">2sBBHI")


def as_json(data):
    return json.dumps(data, ensure_ascii=False).encode("utf-8")


def as_xml(data):
    name, message = escape(data["name"]), escape(data["message"])
    return f"<exchange><name>{name}</name><message>{message}</message></exchange>".encode("utf-8")


def as_json_packet(data):
    body = as_json(data)
    return header.pack(b"\xaeG", 1, 1, 0, len(body)) + body


def as_xml_packet(data):
    body = as_xml(data)
    return header.pack(b"\xaeG", 1, 1, 1, len(body)) + body


class Client:
    def __init__(self, host, port):
        self.socket = socket.create_connection((host, port), timeout=10)
        # Each piece leaves as its own segment: a cut is a cut.
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.rest = b""

    def send(self, data):
        self.socket.sendall(data)

    def answer(self):
        """The next answer as (form, status, message); whatever form it has."""
        first = self.take(1)
        if first == b"\xae":
            magic, version, kind, flags, length = header.unpack(b"\xae" + self.take(header.size - 1))
            assert (magic, version) == (b"\xaeG", 1), (magic, version)
            body = self.take(length)
            form, fields = ("xml packet", read_xml(body)) if flags else ("json packet", json.loads(body))
            assert kind == (2 if fields["status"] == "success" else 3), kind
        else:
            line = first + self.line()
            assert line.endswith(b"\r\n") and line.count(b"\n") == 1, line
            form, fields = ("xml", read_xml(line)) if line.startswith(b"<") else ("json", json.loads(line))
        return [form, fields["status"], fields["message"]]

    def take(self, length):
        while len(self.rest) < length:
            self.rest += self.receive()
        taken, self.rest = self.rest[:length], self.rest[length:]
        return taken

    def line(self):
        while b"\n" not in self.rest:
            self.rest += self.receive()
        line, self.rest = self.rest.split(b"\n", 1)
        return line + b"\n"

    def receive(self):
        data = self.socket.recv(65536)
        if not data:
            raise EOFError("the server ended the connection")
        return data

    def close(self):
        self.socket.close()


def read_xml(text):
    return {element.tag: element.text for element in ElementTree.fromstring(text)}


def send_whole(host, port, values):
    """All values back to back in one write."""
    client = Client(host, port)
    client.send(b"".join(values))
    answers = [client.answer() for _ in values]
    client.close()
    return answers


def send_by_bytes(host, port, values):
    """Each byte in a write of its own."""
    client = Client(host, port)
    for byte in b"".join(values):
        client.send(bytes([byte]))
    answers = [client.answer() for _ in values]
    client.close()
    return answers


def send_cut(host, port, values, offset):
    """
    Cuts the stream inside (or, at 0, before) each value that is long enough, at this offset. What follows a cut is not
    sent before all that stands before it is answered, so that the server never gets the two together.
    """
    client = Client(host, port)
    answers = []
    piece = b""
    for index, value in enumerate(values):
        if offset >= len(value):
            piece += value
            continue
        client.send(piece + value[:offset])
        while len(answers) < index:
            answers.append(client.answer())
        piece = value[offset:]
    client.send(piece)
    while len(answers) < len(values):
        answers.append(client.answer())
    client.close()
    return answers


def send_cut_everywhere(host, port, values_at):
    """One connection for each offset in the longest value; `values_at(offset)` gives what it sends."""
    longest = max(len(value) for value in values_at(0))
    with ThreadPoolExecutor(25) as pool:
        return list(pool.map(lambda offset: send_cut(host, port, values_at(offset), offset), range(longest)))

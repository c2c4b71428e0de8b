"""
Reads JSON and answers JSON, one value a connection after another. The first line it prints is its port. `line` ends each
answer with a line end, `pieces` sends it byte by byte, `greet` greets before it reads, `gbk` reads and writes GBK, `print`
answers what Python prints in place of JSON, `silent` answers nothing.
"""

import json
import socket
import sys
import time

options = sys.argv[1:]
encoding = "gbk" if "gbk" in options else "utf-8"


def write(answer):
    if "print" in options:
        return str(answer).encode(encoding)
    return json.dumps(answer, ensure_ascii=False).encode(encoding)


def serve(client):
    if "greet" in options:
        client.sendall("欢迎 welcome".encode(encoding))
    while data := client.recv(65536):
        said = json.loads(data.decode(encoding))
        if "silent" in options:
            continue
        answer = write({"status": "success", "message": f"收到 {said['name']} {{}}\\ [] {'好' * said.get('times', 1)}"})
        if "line" in options:
            answer += b"\r\n"
        if "pieces" in options:
            for byte in answer:
                client.sendall(bytes([byte]))
                time.sleep(0.001)
        else:
            client.sendall(answer)


server = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
server.bind(("127.0.0.1", 0))
server.listen()
print(server.getsockname()[1], flush=True)
while True:
    connection, _ = server.accept()
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    serve(connection)
    connection.close()

"""
Greets every client with the text given, and closes. With `wait` it does not close before the client does, and prints what
the client said meanwhile. The first line it prints is its port.
"""

import socket
import sys

text, options = sys.argv[1], sys.argv[2:]
server = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
server.bind(("127.0.0.1", 0))
server.listen()
print(server.getsockname()[1], flush=True)
while True:
    client, _ = server.accept()
    client.sendall(text.encode("gbk" if "gbk" in options else "utf-8"))
    if "wait" in options:
        while data := client.recv(1024):
            print(data.decode("utf-8"), flush=True)
    client.close()

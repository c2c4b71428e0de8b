import json
import socket
import sys
import time

client = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
client.connect((sys.argv[1], int(sys.argv[2])))
time.sleep(1)
lines = client.makefile("r", encoding="utf-8")
greeting = None
answers = []
for data in json.load(sys.stdin):
    client.sendall(json.dumps(data, ensure_ascii=False).encode("utf-8"))
    if greeting is None:
        greeting = lines.readline()
    answers.append(json.loads(lines.readline()))
client.close()
print(json.dumps({"greeting": greeting, "answers": answers}))

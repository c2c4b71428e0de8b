import json
import socket
import sys

client = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
client.connect((sys.argv[1], int(sys.argv[2])))
greeting = client.recv(1024).decode("utf-8")
answers = []
for data in json.load(sys.stdin):
    client.send(json.dumps(data).encode("utf-8"))
    answers.append(json.loads(client.recv(1024)))
client.close()
print(json.dumps({"greeting": greeting, "answers": answers}))

import json
import socket
import sys

client = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
client.connect((sys.argv[1], int(sys.argv[2])))
data = {"name": "小飞机", "message": "你好,服务器!"}
client.send(json.dumps(data, ensure_ascii=False).encode("gbk"))
answer = client.recv(1024)
print(json.dumps({"answer": json.loads(answer), "closed": client.recv(1024) == b""}))
client.close()

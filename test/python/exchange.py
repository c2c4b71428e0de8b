import json
import socket
import sys


def exchange(host, port, name, message):
    client = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    client.connect((host, port))
    data = {"name": name, "message": message}
    client.send(json.dumps(data, ensure_ascii=False).encode("utf-8"))
    answer = json.loads(client.recv(1024).decode("utf-8"))
    client.close()
    return answer


if __name__ == "__main__":
    answer = exchange(sys.argv[1], int(sys.argv[2]), "小飞机", "你好,服务器!")
    print(answer["status"], answer["message"])

"""Keeps many connections open and busy until its input ends."""

import json
import socket
import sys
import threading
import time

host, port, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
stop = threading.Event()
started = threading.Semaphore(0)
answered = [0] * count


def talk(number):
    client = socket.create_connection((host, port))
    data = json.dumps({"name": f"busy-{number}", "message": "still here"}).encode()
    while not stop.is_set():
        client.sendall(data)
        if json.loads(client.recv(1024))["status"] != "success":
            raise SystemExit(f"connection {number} got a fault")
        answered[number] += 1
        if answered[number] == 1:
            started.release()
        time.sleep(0.1)
    client.close()


threads = [threading.Thread(target=talk, args=(number,)) for number in range(count)]
for thread in threads:
    thread.start()
for thread in threads:
    started.acquire()
print("ready", flush=True)
sys.stdin.read()
stop.set()
for thread in threads:
    thread.join()
print(json.dumps(answered))

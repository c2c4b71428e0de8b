"""Runs a command whose stderr is a terminal; JSON in: argv, input, until (then it is interrupted); JSON out: what came."""

import json
import os
import pty
import signal
import subprocess
import sys

asked = json.load(sys.stdin)
near, far = pty.openpty()
process = subprocess.Popen(asked["argv"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=far)
os.close(far)
process.stdin.write(asked.get("input", "").encode())
process.stdin.close()
screen = ""
while True:
    try:
        piece = os.read(near, 4096)
    except OSError:
        # Linux says so when the other end of a terminal is closed.
        break
    if not piece:
        break
    screen += piece.decode()
    if asked.get("until") and asked["until"] in screen:
        process.send_signal(signal.SIGINT)
output = process.stdout.read().decode()
print(json.dumps({"code": process.wait(), "stdout": output, "screen": screen}))

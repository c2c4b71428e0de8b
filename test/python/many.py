"""Runs the exchange once for each line of the input, a new connection each time, and prints the answers."""

import json
import sys

from exchange import exchange

answers = [exchange(sys.argv[1], int(sys.argv[2]), each["name"], each["message"]) for each in json.load(sys.stdin)]
print(json.dumps(answers))

"""Serves calls over plain HTTP: takes one after another by long-poll, and answers each. Arguments: the URL of the service, how many."""
import json, sys, urllib.request

service, count = sys.argv[1], int(sys.argv[2])


def ask(method, path, value=None):
    body = None if value is None else json.dumps(value).encode()
    request = urllib.request.Request(service + path, body, {"Content-Type": "application/json"}, method=method)
    with urllib.request.urlopen(request) as response:
        return None if response.status == 204 else json.load(response)


served = 0
while served < count:
    call = ask("POST", "/next?wait=20")
    if call is None:
        continue
    ask("POST", f"/calls/{call['id']}/progress", {"attempt": call["attempt"], "data": "half"})
    ask("PUT", f"/calls/{call['id']}/reply", {"data": call["data"][::-1]})
    served += 1
print(f"served {served}")

"""Asks for a path with a Host header of its own, as a page does whose name was rebound to this machine."""

import http.client
import json
import sys

connection = http.client.HTTPConnection(sys.argv[1], int(sys.argv[2]))
connection.putrequest(sys.argv[4], sys.argv[5], skip_host=True)
connection.putheader("Host", sys.argv[3])
connection.endheaders()
response = connection.getresponse()
print(json.dumps({"status": response.status, "body": response.read().decode("utf-8")}))

"""
Sends the exchanges of the input back to back, in one write and byte by byte: as JSON, or with `mixed` in all formats by
turns. With `cut` also once for each place where the stream can be cut.
"""

import json
import sys

from wire import as_json, as_json_packet, as_xml, as_xml_packet, send_by_bytes, send_cut_everywhere, send_whole

host, port, options = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
formats = [as_json, as_xml, as_json_packet, as_xml_packet] if "mixed" in options else [as_json]
exchanges = json.load(sys.stdin)


def values(message):
    return [
        formats[index % len(formats)]({"name": each["name"], "message": message})
        for index, each in enumerate(exchanges)
    ]


answers = {"whole": send_whole(host, port, values("whole")), "bytes": send_by_bytes(host, port, values("bytes"))}
if "cut" in options:
    answers["cut"] = send_cut_everywhere(host, port, lambda offset: values(f"cut {offset:03}"))
print(json.dumps(answers))

"""Fetches a URL as Python does by default, with the authority of a file or those of the system; prints what happened."""

import ssl
import sys
import urllib.error
import urllib.request

url, authority, strict = sys.argv[1:]
context = ssl.create_default_context(cafile=authority or None)
if strict == "strict":
    # The default from Python 3.13 on.
    context.verify_flags |= ssl.VERIFY_X509_STRICT | ssl.VERIFY_X509_PARTIAL_CHAIN
try:
    with urllib.request.urlopen(url, context=context) as answer:
        print(answer.status, answer.read().decode().strip())
except urllib.error.URLError as error:
    print(type(error.reason).__name__)

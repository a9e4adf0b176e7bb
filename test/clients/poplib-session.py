"""One session of Python's poplib: reads everything, says what it was told as JSON. Arguments: port, name, password, and
`stls`, `tls` or `plain`; then message numbers to delete."""

import base64
import json
import poplib
import ssl
import sys

port, name, password, how, *doomed = sys.argv[1:]
poplib._MAXLINE = 1 << 20
context = ssl._create_unverified_context()
if how == "tls":
    session = poplib.POP3_SSL("127.0.0.1", int(port), context=context)
else:
    session = poplib.POP3("127.0.0.1", int(port))
    if how == "stls":
        session.stls(context)
capabilities = session.capa()
session.user(name)
session.pass_(password)
stat = session.stat()
listed = [line.decode().split() for line in session.list()[1]]
ids = [line.decode().split() for line in session.uidl()[1]]
messages = []
for number, _ in listed:
    _, lines, _ = session.retr(int(number))
    messages.append(base64.b64encode(b"".join(line + b"\r\n" for line in lines)).decode())
tops = [len(session.top(int(number), 0)[1]) for number, _ in listed[:20]]
for number in doomed:
    session.dele(int(number))
goodbye = session.quit().decode()
json.dump(
    {
        "capabilities": sorted(capabilities),
        "stat": stat,
        "sizes": [int(size) for _, size in listed],
        "ids": [uid for _, uid in ids],
        "messages": messages,
        "tops": tops,
        "goodbye": goodbye,
    },
    sys.stdout,
)

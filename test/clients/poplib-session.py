"""One session of Python's poplib: reads everything, says what it was told as JSON, and what Python's email package reads in
the headers. Arguments: port, name, password, and `plain`, `stls`, `tls` or `utf8` (in the clear, in UTF-8 mode); then
message numbers to delete."""

import base64
import email
import email.policy
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
if how == "utf8":
    session.utf8()
session.user(name)
session.pass_(password)
stat = session.stat()
listed = [line.decode().split() for line in session.list()[1]]
ids = [line.decode().split() for line in session.uidl()[1]]
messages = []
readings = []


def reading(octets):
    """Subject, sender and file names; what cannot be read is nothing, since some mail is broken."""
    try:
        message = email.message_from_bytes(octets, policy=email.policy.default)
        names = [part.get_filename() for part in message.walk() if part.get_filename()]
        return {"subject": message["subject"], "from": message["from"], "files": names}
    except Exception:
        return None


for number, _ in listed:
    _, lines, _ = session.retr(int(number))
    octets = b"".join(line + b"\r\n" for line in lines)
    messages.append(base64.b64encode(octets).decode())
    readings.append(reading(octets))
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
        "readings": readings,
        "tops": tops,
        "goodbye": goodbye,
    },
    sys.stdout,
)

"""An imaplib session that does what it is told: `imaplib-session.py PORT USER PASSWORD`

Each line of standard input is a JSON array, the name of a method of IMAP4 and its arguments; a string that begins with
`bytes:` is octets. The answer is a line of JSON: the status and the data as text, octets as Latin-1.
"""
import imaplib
import json
import sys


def octets(value):
    return value[6:].encode('latin-1') if isinstance(value, str) and value.startswith('bytes:') else value


def text(value):
    if isinstance(value, bytes):
        return value.decode('latin-1')
    if isinstance(value, (list, tuple)):
        return [text(one) for one in value]
    return value


def main():
    port, user, password = sys.argv[1:]
    session = imaplib.IMAP4('127.0.0.1', int(port))
    session.login(user, password)
    print(json.dumps(['OK', []]), flush=True)
    for line in sys.stdin:
        method, *arguments = json.loads(line)
        try:
            answer = getattr(session, method)(*[octets(one) for one in arguments])
        except imaplib.IMAP4.error as error:
            answer = ('BAD', [str(error)])
        print(json.dumps(text(answer)), flush=True)
    session.logout()


main()

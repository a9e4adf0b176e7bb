"""Verifies a message with dkimpy: signatures, then the chain of ARC. Keys come from a file instead of the DNS."""
import json
import sys

import dkim

keys = json.load(open(sys.argv[1]))
message = sys.stdin.buffer.read()


def answer(name, timeout=5):
    text = keys.get(name.decode().rstrip("."))
    return None if text is None else text.encode()


verifier = dkim.DKIM(message)
count = sum(1 for name, _ in verifier.headers if name.lower() == b"dkim-signature")
results = []
for i in range(count):
    try:
        results.append(verifier.verify(idx=i, dnsfunc=answer))
    except (dkim.ValidationError, dkim.UnparsableKeyError, dkim.UnknownKeyTypeError) as fault:
        results.append(str(fault))
chain, sets, reason = dkim.arc_verify(message, dnsfunc=answer)
print(json.dumps({"dkim": results, "arc": chain.decode(), "sets": len(sets), "reason": reason}))

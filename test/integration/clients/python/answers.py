"""What the scripts here share: where the server is, and answers as one JSON object on standard output."""

import json
import os
import sys

HTTP = os.environ["MODELWRIGHT_HTTP"]
GRPC = os.environ["MODELWRIGHT_GRPC"]
ROWS = json.loads(os.environ["MODELWRIGHT_ROWS"])


def refusal(call):
    """The code and text of what a call is refused with."""
    try:
        call()
    except Exception as error:  # every client has its own
        code = getattr(error, "code", None) or getattr(error, "status", None)
        details = getattr(error, "details", None) or getattr(error, "message", None)
        code = code() if callable(code) else code
        details = details() if callable(details) else details
        return f"{getattr(code, 'name', code)}: {details}"
    return "no refusal"


def tell(answers):
    json.dump(answers, sys.stdout)

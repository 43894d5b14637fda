"""Shared by the scripts: the server's address, and output as one JSON object."""

import json
import os
import sys

HTTP = os.environ["MODELWRIGHT_HTTP"]
GRPC = os.environ["MODELWRIGHT_GRPC"]
ROWS = json.loads(os.environ["MODELWRIGHT_ROWS"])


def refusal(call):
    """The code and message of the error that a call raises."""
    try:
        call()
    except Exception as error:  # each client library has its own exceptions
        code = getattr(error, "code", None) or getattr(error, "status", None)
        details = getattr(error, "details", None) or getattr(error, "message", None)
        code = code() if callable(code) else code
        details = details() if callable(details) else details
        return f"{getattr(code, 'name', code)}: {details}"
    return "no refusal"


def print_answers(answers):
    """Prints the output of the script."""
    json.dump(answers, sys.stdout)

"""Python's zeep as a client of the service, for tests/zeep_client.rs.

Usage: client.py WSDL [--address URL] OPERATION=IMPORT_ID...

Prints one line of JSON for each call. The user name and the password come from the environment.
"""

import argparse
import json
import os

import requests
import zeep
from zeep.helpers import serialize_object


def call(service, operation, import_id):
    """What came of a call: a result, a fault, or an answer that isn't SOAP."""
    try:
        result = serialize_object(getattr(service, operation)(importId=import_id), dict)
    except zeep.exceptions.Fault as fault:
        return {"fault": fault.message, "code": fault.code}
    except zeep.exceptions.TransportError as error:
        return {"http": error.status_code}
    return {"result": result.decode() if isinstance(result, bytes) else result}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("wsdl")
    parser.add_argument("--address")
    parser.add_argument("calls", nargs="+")
    arguments = parser.parse_args()

    session = requests.Session()
    session.trust_env = False  # no proxy, no .netrc
    session.auth = (os.environ["PEER_USERNAME"], os.environ["PEER_PASSWORD"])
    client = zeep.Client(arguments.wsdl, transport=zeep.Transport(session=session))
    service = client.service
    if arguments.address:
        service = client.create_service("{http://apiconnector.com/v2}Soap11", arguments.address)
    for operation, import_id in (one.split("=") for one in arguments.calls):
        print(json.dumps(call(service, operation, import_id)))


main()

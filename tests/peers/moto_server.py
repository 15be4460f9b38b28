"""moto's server, which answers one request at a time on the port that it is given.

By itself it looks in one step whether something is there and puts it in another, and a request of somebody else may come
between the two. S3 does both in one.
"""

import os
import sys
import threading

from moto.server import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import run_simple

port = sys.argv[1]
os.environ["MOTO_PORT"] = port
moto = DomainDispatcherApplication(create_backend_app)
moto.debug = True
turn = threading.Lock()


def one_at_a_time(environ, start_response):
    with turn:
        return list(moto(environ, start_response))


run_simple("127.0.0.1", int(port), one_at_a_time, threaded=True, request_handler=MotoRequestHandler)

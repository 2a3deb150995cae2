"""Serves one OpenStack API over HTTP in one process: `serve.py MODULE ADDRESS PORT THREADS`, where MODULE has `application`."""

import importlib
import sys

import waitress

CONNECTIONS_MAX = 500
# Longer than the 60 s that HTTP clients commonly keep an idle connection, so that it is the client who closes it.
IDLE_CONNECTION_S = 120


def main():
    module, address, port, threads = sys.argv[1:]
    # The services read sys.argv as their own command line when they are imported.
    sys.argv = [module]
    application = importlib.import_module(module).application
    waitress.serve(
        application,
        listen=f"{address}:{port}",
        threads=int(threads),
        connection_limit=CONNECTIONS_MAX,
        channel_timeout=IDLE_CONNECTION_S,
        asyncore_use_poll=True,
        clear_untrusted_proxy_headers=True,
        ident=None,
    )


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Varnish: pools of threads that hand connections over by mutexes and conditions, and a cache of
which each object lives for a second and is then fetched again."""

import http.server
import os
import subprocess
import threading

from trial import Trial


class Files(http.server.SimpleHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def __init__(self, *arguments):
        super().__init__(*arguments, directory=trial.path('files'))

    def log_message(self, *_):
        pass


class Source(http.server.ThreadingHTTPServer):
    request_queue_size = 128


with Trial('varnish', 'requests/s', {'varnishd': 'varnish', 'gcc': 'gcc'}) as trial:
    trial.as_user('nobody')
    os.mkdir(trial.path('files'))
    subprocess.run([trial.load_program(), 'files', trial.path('files')], check=True)
    source = Source(('127.0.0.1', 0), Files)
    threading.Thread(target=source.serve_forever, daemon=True).start()
    port = trial.free_port()
    vcl = trial.write('vcl', f'''vcl 4.1;
backend source {{ .host = "127.0.0.1"; .port = "{source.server_address[1]}"; }}
sub vcl_backend_response {{ set beresp.ttl = 1s; set beresp.grace = 10s; }}
''')
    server = trial.start(['varnishd', '-F', '-j', 'none', '-a', f'127.0.0.1:{port}', '-f', vcl,
                          '-n', trial.path('work'), '-s', 'malloc,64m', '-T', 'none'])
    trial.until(lambda: trial.listens(port), server)
    trial.load('http', port)
    trial.stop(server)

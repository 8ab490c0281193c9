#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""nginx: files read by a pool of threads, to which workers hand requests over by a mutex and a
condition."""

import os
import signal
import subprocess

from trial import Trial

with Trial('nginx', 'requests/s', {'nginx': 'nginx-light', 'gcc': 'gcc'}) as trial:
    port = trial.free_port()
    os.mkdir(trial.path('files'))
    subprocess.run([trial.load_program(), 'files', trial.path('files')], check=True)
    configuration = trial.write('nginx.conf', f'''
daemon off;
worker_processes 2;
error_log {trial.path("error.out")};
pid {trial.path("pid")};
thread_pool pool threads={trial.threads} max_queue=65536;
events {{ worker_connections 512; }}
http {{
    access_log off;
    client_body_temp_path {trial.path("t1")};
    proxy_temp_path {trial.path("t2")};
    fastcgi_temp_path {trial.path("t3")};
    uwsgi_temp_path {trial.path("t4")};
    scgi_temp_path {trial.path("t5")};
    keepalive_requests 1000000000;
    server {{
        listen 127.0.0.1:{port};
        location / {{
            root {trial.path("files")};
            sendfile off;
            output_buffers 4 1k;
            aio threads=pool;
        }}
    }}
}}
''')
    server = trial.start(['nginx', '-c', configuration, '-e', trial.path('error.out')])
    trial.until(lambda: trial.listens(port), server)
    trial.load('http', port)
    trial.stop(server, signal.SIGQUIT)

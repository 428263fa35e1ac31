#!/bin/sh
# http_server FOLDER PORT: becomes nginx, one process, with its cache of open files.
folder=$1 port=$2
cat >"$folder/nginx.conf" <<CONF
daemon off;
master_process off;
pid $folder/nginx.pid;
error_log stderr error;
worker_rlimit_nofile 20000;
events { worker_connections 16384; }
http {
    access_log off;
    client_body_temp_path $folder/body;
    proxy_temp_path $folder/proxy;
    fastcgi_temp_path $folder/fastcgi;
    uwsgi_temp_path $folder/uwsgi;
    scgi_temp_path $folder/scgi;
    sendfile on;
    tcp_nopush on;
    open_file_cache max=1000;
    keepalive_requests 100000000;
    default_type text/plain;
    server {
        listen 127.0.0.1:$port backlog=1024;
        root $folder/www;
        location = / { return 200 "Hello, world!"; }
    }
}
CONF
echo "ready $port"
exec nginx -p "$folder" -c "$folder/nginx.conf"

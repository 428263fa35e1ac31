#!/bin/sh
# http_tls CERT KEY PORT [CLEAR_PORT]: becomes nginx by TLS with HTTP/2; it answers at CLEAR_PORT
# without both, too, as the clients of http_client ask it.
folder=$(dirname "$1") port=$3
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
    keepalive_requests 100000000;
    default_type text/plain;
    ssl_certificate $1;
    ssl_certificate_key $2;
    server {
        listen 127.0.0.1:$port ssl http2 backlog=1024;
        ${4:+listen 127.0.0.1:$4 backlog=1024;}
        location = / { return 200 "Hello, world!"; }
    }
}
CONF
echo "ready $port"
exec nginx -p "$folder" -c "$folder/nginx.conf"

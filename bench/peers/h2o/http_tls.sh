#!/bin/sh
# http_tls CERT KEY PORT: becomes h2o with one thread by TLS, HTTP/2 included, without a log. It has
# no text without a file: the greeting is one.
folder=$(dirname "$1") port=$3
mkdir -p "$folder/www"
printf 'Hello, world!' >"$folder/www/index.html"
cat >"$folder/h2o.conf" <<CONF
user: $(id -un)
num-threads: 1
max-connections: 16384
listen: { host: 127.0.0.1, port: $port, ssl: { certificate-file: $1, key-file: $2 } }
hosts: { default: { paths: { /: { file.dir: $folder/www } } } }
CONF
echo "ready $port"
exec h2o -c "$folder/h2o.conf"

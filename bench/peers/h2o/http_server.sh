#!/bin/sh
# http_server FOLDER PORT: becomes h2o with one thread, without a log. It has no text without a
# file: the greeting is www/index.html.
folder=$1 port=$2
cat >"$folder/h2o.conf" <<CONF
user: $(id -un)
num-threads: 1
max-connections: 16384
listen: { host: 127.0.0.1, port: $port }
hosts: { default: { paths: { /: { file.dir: $folder/www } } } }
CONF
echo "ready $port"
exec h2o -c "$folder/h2o.conf"

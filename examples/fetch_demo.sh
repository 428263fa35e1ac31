#!/bin/sh
# fetch_demo.sh [LATENCY]: 300 files through the command `eddy fetch`, one at a time and then 50 at
# a time, from examples/static_server.c on loopback. Compares every byte and prints both times.
#
# LATENCY: seconds by which the server delays every answer, as a network would (default 0.01); with
# 0 loopback answers at once and there is little to overlap. Nothing stays behind, also after Ctrl-C.
set -eu
cd "$(dirname "$0")/.."
B=${B:-build}
latency=${1:-0.01}
files=${DEMO_FILES:-300} many=50

scratch=$(mktemp -d "${TMPDIR:-/tmp}/eddy-demo-XXXXXX")
# $! is the server from the moment it is started. KILL cannot get lost, as TERM can in the copy of
# this shell that is about to become the server.
clean() {
    trap '' INT TERM
    set +u
    if [ -n "$!" ]; then
        kill -s KILL $! 2>/dev/null || :
        wait $! 2>/dev/null || :
    fi
    rm -rf "$scratch"
}
trap clean EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

mkdir "$scratch/served"
"$B/examples/make_files" "$scratch/served" $files

# The file is there before the server's shell opens it.
: >"$scratch/server"
"$B/examples/static_server" "$scratch/served" 0 --latency "$latency" >"$scratch/server" 2>&1 &
url=
for _ in 1 2 3 4 5 6 7 8 9 10; do
    url=$(sed -n 's,^serving .* on \(http://[^ ]*\).*,\1,p' "$scratch/server")
    [ -n "$url" ] && break
    sleep 0.2
done
if [ -z "$url" ]; then
    echo "the server did not start:" >&2
    cat "$scratch/server" >&2
    exit 1
fi
for file in "$scratch"/served/*; do
    echo "$url/${file##*/}"
done >"$scratch/urls"
echo "served on loopback, every answer delayed by $latency s on purpose"

# Without a terminal there is no progress line but a line for each file: only the last one is shown.
show() {
    if [ -t 2 ]; then
        "$@"
    elif "$@" 2>"$scratch/log"; then
        tail -n 1 "$scratch/log"
    else
        tail -n 20 "$scratch/log" >&2
        return 1
    fi
}

# fetch N: sets seconds, removes what was fetched when it is right.
fetch() {
    echo
    echo "eddy fetch -c $1"
    start=$(date +%s.%N)
    show "$B/eddy" fetch -c "$1" -o "$scratch/got" -i "$scratch/urls"
    seconds=$(echo "$start $(date +%s.%N)" | awk '{ printf "%.2f", $2 - $1 }')
    diff -r "$scratch/served" "$scratch/got"
    echo "every byte is right"
    rm -rf "$scratch/got"
}
fetch 1
one=$seconds
fetch $many
echo
awk -v one="$one" -v many=$many -v seconds="$seconds" 'BEGIN {
    printf "one at a time %s s, %d at a time %s s: %.1f times as fast\n", one, many, seconds,
        one / seconds
}'

#!/bin/sh
# serve_demo.sh: the commands `eddy serve` and `eddy fetch` against each other on loopback: 300 files
# from two loops, 50 at a time, with a password. Compares every byte. Nothing stays behind, also
# after Ctrl-C.
set -eu
cd "$(dirname "$0")/.."
B=${B:-build}
files=${DEMO_FILES:-300}

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
"$B/examples/make_files" "$scratch/served" "$files"
echo secret >"$scratch/password"

# The file is there before the server's shell opens it.
: >"$scratch/server"
"$B/eddy" serve --port 0 --loops 2 --listing --auth demo --password-file "$scratch/password" \
    "$scratch/served" >"$scratch/server" 2>&1 &
url=
for _ in 1 2 3 4 5 6 7 8 9 10; do
    url=$(sed -n 's,^serving .* on \(http://[^ ]*\)/$,\1,p' "$scratch/server")
    [ -n "$url" ] && break
    sleep 0.2
done
if [ -z "$url" ]; then
    echo "the server did not start:" >&2
    cat "$scratch/server" >&2
    exit 1
fi
for file in "$scratch"/served/*; do
    echo "http://demo:secret@${url#http://}/${file##*/}"
done >"$scratch/urls"

echo "eddy serve --loops 2 --listing --auth demo FOLDER"
echo "eddy fetch -c 50 -i URLS"
echo
# Without a terminal there is no progress line but a line for each file: only the last one is shown.
if [ -t 2 ]; then
    "$B/eddy" fetch -c 50 -o "$scratch/got" -i "$scratch/urls"
elif ! "$B/eddy" fetch -c 50 -o "$scratch/got" -i "$scratch/urls" 2>"$scratch/log"; then
    tail -n 20 "$scratch/log" >&2
    exit 1
else
    tail -n 1 "$scratch/log"
fi
diff -r "$scratch/served" "$scratch/got"
kill -s TERM $!
wait $!
tail -n 1 "$scratch/server"
echo "every byte is right"

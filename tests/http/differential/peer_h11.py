"""peer_h11.py: h11 on the bytes of each line "request HEX" or "response HEX"; the answers are those
of ours.c."""
import sys

import h11


def text_of(event):
    if isinstance(event, h11.Request):
        return event.method + b" " + event.target
    return str(event.status_code).encode()


def messages(conn, request):
    """Yields (first, body) of each whole message, then how it ends."""
    first, body = None, b""
    while True:
        event = conn.next_event()
        if event is h11.NEED_DATA or isinstance(event, h11.ConnectionClosed):
            yield "short" if first is not None or conn.trailing_data[0] else ""
            return
        if event is h11.PAUSED:
            if not request or conn.our_state is h11.MIGHT_SWITCH_PROTOCOL or \
                    conn.our_state is not h11.DONE:
                yield ""
                return
            conn.start_next_cycle()
        elif isinstance(event, (h11.Request, h11.Response)):
            first, body = text_of(event), b""
        elif isinstance(event, h11.Data):
            body += event.data
        elif isinstance(event, h11.EndOfMessage):
            yield first, body
            first = None
            if not request:
                yield ""
                return
            conn.send(h11.Response(status_code=200, headers=[("Content-Length", "0")]))
            conn.send(h11.EndOfMessage())
            if conn.our_state is h11.MUST_CLOSE:
                yield ""
                return


def judge(request, data):
    conn = h11.Connection(h11.SERVER if request else h11.CLIENT)
    if not request:
        conn.send(h11.Request(method="GET", target="/", headers=[("Host", "a")]))
        conn.send(h11.EndOfMessage())
    out = ""
    try:
        conn.receive_data(data)
        conn.receive_data(b"")
        for m in messages(conn, request):
            out += f"= {m}" if isinstance(m, str) else f"{m[0].hex()} {m[1].hex()} "
    except h11.ProtocolError as e:
        short = "without sending complete" in str(e) or "unexpectedly" in str(e)
        out += f"= {'short' if short else e}"
    return out.replace("\n", " ")


for line in sys.stdin:
    kind, data = line.split(" ")
    print(judge(kind == "request", bytes.fromhex(data)))

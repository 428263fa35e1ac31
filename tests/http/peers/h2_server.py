"""h2_server.py FOLDER PORT: an HTTP/2 server by python3-h2 whose ways are allowed and unusual: few
streams at a time, answers before the answer, padding, trailers, heads in pieces, pings; it refuses
each seventh request and says goodbye behind each thirtieth."""
import pathlib
import socket
import socketserver
import sys

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.settings
from hyperframe.frame import GoAwayFrame

PIECE = 700
FOLDER = pathlib.Path(sys.argv[1])


class Connection(socketserver.BaseRequestHandler):
    def setup(self):
        self.h2 = h2.connection.H2Connection(
            h2.config.H2Configuration(client_side=False, header_encoding="utf-8"))
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)
        self.waiting = {}  # stream: what is left of its body
        self.asked = 0
        self.goodbye = b""

    def answer(self, stream, path):
        if self.goodbye:
            return
        self.asked += 1
        if self.asked % 7 == 3:
            self.h2.reset_stream(stream, h2.errors.ErrorCodes.REFUSED_STREAM)
            return
        if self.asked % 30 == 0:
            self.goodbye = GoAwayFrame(0, last_stream_id=stream).serialize()
        self.h2.send_headers(stream, [(":status", "103"), ("link", "</a>; rel=preload")])
        long = 17000 if self.asked == 1 else 10  # its frame and CONTINUATION
        self.h2.send_headers(stream, [(":status", "200"), ("x-long", "~" * long)])
        self.waiting[stream] = (FOLDER / path.lstrip("/")).read_bytes()
        self.go_on()

    def go_on(self):
        for stream in list(self.waiting):
            body = self.waiting[stream]
            while body:
                size = min(PIECE, len(body), self.h2.local_flow_control_window(stream) - 10)
                if size <= 0:
                    break
                self.h2.send_data(stream, body[:size], pad_length=9)
                body = body[size:]
            self.waiting[stream] = body
            if not body:
                del self.waiting[stream]
                self.h2.send_headers(stream, [("x-trailer", "z")], end_stream=True)

    def handle(self):
        self.h2.local_settings = h2.settings.Settings(
            client=False, initial_values={h2.settings.SettingCodes.MAX_CONCURRENT_STREAMS: 5})
        self.h2.initiate_connection()
        self.h2.ping(b"12345678")
        said = False
        while True:
            self.request.sendall(self.h2.data_to_send())
            if self.goodbye and not said:
                self.request.sendall(self.goodbye)
                said = True
            data = self.request.recv(65536)
            if not data:
                break
            for event in self.h2.receive_data(data):
                if isinstance(event, h2.events.RequestReceived):
                    self.answer(event.stream_id, dict(event.headers)[":path"])
                elif isinstance(event, h2.events.WindowUpdated):
                    self.go_on()
                elif isinstance(event, h2.events.ConnectionTerminated):
                    return


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = allow_reuse_address = True


with Server(("127.0.0.1", int(sys.argv[2])), Connection) as server:
    server.serve_forever()

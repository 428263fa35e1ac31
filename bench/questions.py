"""What bench/run asks: the peers, the questions, their figures and what eddy must reach. README.md
says what each program has to print."""

PYTHON = "/usr/bin/python3"  # Debian's: the one that uvloop's package is for
DEBIAN_PYTHON = "/usr/lib/python3/dist-packages"
CRATES = "/usr/share/cargo/registry"

# A peer: Debian packages, a file of each.
PEERS = {
    "epoll": {"libc6-dev": "/usr/include/stdlib.h",
              "libssl-dev": "/usr/include/openssl/ssl.h"},
    "libuv": {"libuv1-dev": "/usr/include/uv.h"},
    "st": {"libst-dev": "/usr/include/st.h"},
    "go": {"golang-go": "/usr/bin/go"},
    "tokio": {"librust-tokio-dev": f"{CRATES}/tokio-1.*",
              "librust-tokio-rustls-dev": f"{CRATES}/tokio-rustls-0.*",
              "librust-rustls-pemfile-dev": f"{CRATES}/rustls-pemfile-1.*",
              "librust-hyper-dev": f"{CRATES}/hyper-0.14.*"},
    "asyncio": {"python3": PYTHON, "python3-aiohttp": f"{DEBIAN_PYTHON}/aiohttp"},
    "uvloop": {"python3-uvloop": f"{DEBIAN_PYTHON}/uvloop",
               "python3-aiohttp": f"{DEBIAN_PYTHON}/aiohttp"},
    "nginx": {"nginx-light": "/usr/sbin/nginx"},
    "h2o": {"h2o": "/usr/bin/h2o"},
    "curl": {"libcurl4-openssl-dev": "/usr/include/*/curl/curl.h"},
    "node": {"nodejs": "/usr/*bin/node"},
}
INTERPRETED = "asyncio", "uvloop"


class Metric:
    """A figure: title and unit; what eddy must reach, as a limit or as a factor of a peer's figure
    ("best": of the best peer that does more than the kernel's calls); and the peers' figures on the
    machine on which the limit was set. figure: which one of those that a load generator prints."""

    def __init__(self, title, unit, limits=None, factor=None, reference=None, high=False, also=(),
                 figure="cpu"):
        self.title, self.unit, self.high, self.also = title, unit, high, also
        self.figure = figure
        self.limits, self.factor, self.reference = limits or {}, factor, reference or {}


class Question:
    """sizes: how many times, in full and quick, then of interpreted peers in full and quick; of a
    server, seconds for each load. loads: for each figure of a server the load generator, its
    connections and bytes; load_cpu: where that runs. variants: further contenders, by the contender they vary: name, further
    arguments, environment. needs: what is made for its programs, their first arguments."""

    def __init__(self, sizes, metrics, cpus="0", loads=None, load_cpu="1", variants=(),
                 needs=None):
        self.sizes, self.metrics, self.cpus, self.variants = sizes, metrics, cpus, variants
        self.loads, self.load_cpu, self.needs = loads, load_cpu, needs


def server(title, unit="request", **more):
    more = {"also": ("rate", "p50", "p99"), **more}
    return Metric(f"{title}: server CPU for a {unit}", "us", **more)


def client(title, **more):
    return Metric(f"{title}: client CPU for a GET", "us", also=("rate",), **more)


def idle(title, limit):
    return Metric(f"{title}: server memory of each", "bytes", {"eddy": limit}, figure="bytes")


ON_EPOLL = "eddy", "eddy on epoll", [], {"EDDY_BACKEND": "epoll"}
NEAR_EPOLL = {"factor": ("epoll", 1.02)}
BEST = {"factor": ("best", 1.0)}

QUESTIONS = {
    "switch": Question((10_000_000, 2_000_000, 300_000, 100_000), {
        "switch": Metric("Yield between two tasks", "ns", {"eddy": 8},
                         reference={"go": 52, "tokio": 146, "asyncio": 1083}),
    }),
    "spawn": Question((2_000_000, 500_000, 100_000, 30_000), {
        "spawn": Metric("Spawn and join, one at a time", "ns", {"eddy": 40},
                        reference={"tokio": 141, "go": 247, "asyncio": 3657}),
        "spawn_batch": Metric("Spawn and join, 10,000 at a time", "ns", {"eddy": 30},
                              reference={"tokio": 126, "go": 196, "asyncio": 3854}),
    }),
    "sleepers": Question((1_000_000, 200_000, 100_000, 50_000), {
        "sleepers_bytes": Metric("A million sleeping tasks: memory of each", "bytes",
                                 {"eddy": 4400, "eddy packed": 1150}),
        "sleepers_time": Metric("A million sleeping tasks: time over the sleep", "s",
                                {"eddy": 2.5, "eddy packed": 0.9},
                                reference={"tokio": 0.93, "go": 2.9, "st": 7.3, "asyncio": 14},
                                also=("cpu",)),
    }, variants=[("eddy", "eddy packed", ["packed"], {})]),
    "queue": Question((5_000_000, 1_000_000, 100_000, 50_000), {
        "queue_1": Metric("Queue of 1: an item", "ns", {"eddy": 35},
                          reference={"st": 35, "go": 77, "tokio": 179, "asyncio": 4408}),
        "queue_1024": Metric("Queue of 1,024: an item", "ns", {"eddy": 7},
                             reference={"st": 6.8, "go": 31, "tokio": 52, "asyncio": 488}),
    }),
    "timers": Question((5_000_000, 2_000_000, 200_000, 100_000), {
        "timers": Metric("Timer armed, 90 % cancelled", "ns", {"eddy": 20},
                         reference={"libuv": 100, "go": 154, "tokio": 203, "asyncio": 1718}),
    }),
    "echo": Question((2, 1, 2, 1), {
        "echo_64": server("TCP echo, 64 connections, 64 B", **NEAR_EPOLL),
        "echo_1000": server("TCP echo, 1,000 connections, 64 B", **NEAR_EPOLL),
        "echo_16k": server("TCP echo, 64 connections, 16 KiB", **NEAR_EPOLL),
        "echo_1": Metric("TCP echo, one connection, 64 B: requests a second", "req/s", high=True,
                         factor=("epoll", 1.8), also=("cpu", "p50", "p99"), figure="rate"),
    }, loads={"echo_64": ("load_echo", 64, 64), "echo_1000": ("load_echo", 1000, 64),
              "echo_16k": ("load_echo", 64, 16384), "echo_1": ("load_echo", 1, 64)},
        variants=[ON_EPOLL, ("epoll", "epoll own buffers", ["own"], {})]),
    "short": Question((2, 1, 2, 1), {
        "short": server("Short TCP connections, 64 at once, 64 B", "connection", **BEST),
    }, loads={"short": ("load_short", 64, 64)}, load_cpu="0", variants=[ON_EPOLL]),
    "tls_echo": Question((2, 1, 2, 1), {
        "tls_64": server("TLS echo, 64 connections, 64 B", **BEST),
        "tls_16k": server("TLS echo, 64 connections, 16 KiB", **BEST),
    }, loads={"tls_64": ("load_tls", 64, 64), "tls_16k": ("load_tls", 64, 16384)},
        load_cpu="0", variants=[ON_EPOLL], needs="certificate"),
    "udp": Question((2, 1, 2, 1), {
        "udp": server("UDP echo, 64 B, 128 on the way", "datagram", **BEST),
    }, loads={"udp": ("load_udp", 8, 64)}, load_cpu="0",
        variants=[("eddy", "eddy batched", ["batched"], {}),
                  ("epoll", "epoll batched", ["batched"], {}), ON_EPOLL]),
    "wake": Question((20_000, 5_000, 20_000, 5_000), {
        "wake": Metric("Wake from another thread and back", "us", factor=("libuv", 1.0)),
    }, cpus="0,1", variants=[ON_EPOLL]),
    "files": Question((200_000, 50_000, 10_000, 10_000), {
        "files": Metric("Files of 4 KiB read, 100 at once: thousand a second", "k/s", high=True,
                        also=("cpu",), **BEST),
    }, cpus="0,1", variants=[ON_EPOLL], needs="files"),
    "pool": Question((100_000, 20_000, 10_000, 5_000), {
        "pool_1": Metric("An empty job to a pool of two threads and back", "us", **BEST),
        "pool_64": Metric("The same, 64 at once: for each", "us", **BEST),
        "pool_speedup": Metric("Computing jobs, two at a time: times as fast as one by one", "x",
                               {"eddy": 1.8, "eddy processes": 1.8}, high=True),
    }, cpus="0,1", variants=[("eddy", "eddy processes", ["processes"], {})]),
    "process": Question((1_000, 300, 1_000, 300), {
        "process_1": Metric("/bin/true started and awaited, one at a time", "ms", **BEST),
        "process_16": Metric("/bin/true started and awaited, 16 at once: for each", "ms", **BEST),
    }, cpus="0,1"),
    "names": Question((20_000, 5_000, 2_000, 1_000), {
        "names_local": Metric("localhost looked up", "us", **BEST),
        "names_dns": Metric("Unknown names looked up by DNS, 64 at once: for each", "us", **BEST),
        "names_cached": Metric("A name looked up that is known already", "us", {"eddy": 1}),
    }, cpus="0,1", variants=[ON_EPOLL], needs="dns"),
    "http_server": Question((2, 1, 2, 1), {
        "http_hello_64": server("HTTP greeting, 64 connections", factor=("nginx", 1.0)),
        "http_hello_512": server("HTTP greeting, 512 connections", factor=("nginx", 1.0)),
        "http_file_64": server("HTTP, a file of 10 KiB, 64 connections", factor=("nginx", 1.0)),
        "http_file_512": server("HTTP, a file of 10 KiB, 512 connections", factor=("nginx", 1.0)),
        "http_idle": idle("HTTP, 5,000 idle connections", 8192),
    }, loads={"http_hello_64": ("load_http", 64, 0), "http_hello_512": ("load_http", 512, 0),
              "http_file_64": ("load_http", 64, 10240), "http_file_512": ("load_http", 512, 10240),
              "http_idle": ("load_idle", 5000, 0)},
        load_cpu="0", variants=[ON_EPOLL], needs="site"),
    "http_tls": Question((2, 1, 2, 1), {
        "http_h2": server("HTTP/2 greeting by TLS, 16 connections × 32 streams", also=("rate",),
                          factor=("nginx", 1.0)),
        "http_idle_tls": idle("HTTP by TLS, 5,000 idle connections", 30720),
    }, loads={"http_h2": ("load_h2", 16, 0), "http_idle_tls": ("load_idle_tls", 5000, 0)},
        load_cpu="0", variants=[ON_EPOLL], needs="certificate"),
    "http_client": Question((100_000, 20_000, 20_000, 20_000), {
        "http_client": client("HTTP, 100 GETs at once from nginx", factor=("epoll", 1.5)),
        "http_client_h2": client("HTTP/2 by TLS, 100 GETs at once from nginx",
                                 factor=("curl", 0.5)),
    }, variants=[ON_EPOLL], needs="nginx"),
}
METRICS = {name: m for question in QUESTIONS.values() for name, m in question.metrics.items()}
SLEEP = 5, 2  # seconds that sleepers sleep

/* State Threads echo server: a thread for each connection. */
#include "bench.h"

#include <st.h>

static void *serve(void *arg)
{
    st_netfd_t peer = arg;
    char buffer[32768];
    ssize_t n;

    while ((n = st_read(peer, buffer, sizeof buffer, ST_UTIME_NO_TIMEOUT)) > 0)
        if (st_write(peer, buffer, (size_t)n, ST_UTIME_NO_TIMEOUT) != n)
            break;
    st_netfd_close(peer);
    return NULL;
}

int main(int argc, char **argv)
{
    long port = bench_arg(argc, argv, 1, 7000);

    st_set_eventsys(ST_EVENTSYS_ALT);
    st_init();
    st_netfd_t server = st_netfd_open_socket(bench_listen(port));
    bench_ready(port);
    for (;;) {
        st_netfd_t peer = st_accept(server, NULL, NULL, ST_UTIME_NO_TIMEOUT);
        if (!peer || !st_thread_create(serve, peer, 0, 65536))
            return perror("accept"), 1;
    }
}

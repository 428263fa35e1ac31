/* Round trip from a thread to an epoll loop on another CPU and back: eventfd there, semaphore
 * back. */
#include "bench.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

static int bell;
static sem_t answered;
static long rounds;

static void *thread(void *unused)
{
    bench_pin(1);
    double start = bench_now();
    for (long i = 0; i < rounds; i++) {
        eventfd_write(bell, 1);
        sem_wait(&answered);
    }
    bench_report("wake", (bench_now() - start) / (double)rounds * 1e6, "us");
    return unused;
}

int main(int argc, char **argv)
{
    struct epoll_event event = {.events = EPOLLIN};
    pthread_t other;
    int epoll = epoll_create1(0);

    rounds = bench_arg(argc, argv, 1, 20000);
    bell = eventfd(0, EFD_NONBLOCK);
    epoll_ctl(epoll, EPOLL_CTL_ADD, bell, &event);
    sem_init(&answered, 0, 0);
    bench_pin(0);
    pthread_create(&other, NULL, thread, NULL);
    for (long i = 0; i < rounds; i++) {
        eventfd_t value;
        epoll_wait(epoll, &event, 1, -1);
        eventfd_read(bell, &value);
        sem_post(&answered);
    }
    return pthread_join(other, NULL);
}

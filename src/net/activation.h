/* activation.h - what a service manager says of the sockets that it hands over; of net/ only. */
#ifndef EDDY_NET_ACTIVATION_H
#define EDDY_NET_ACTIVATION_H

#include "net/net.h"

struct eddy__handed {
    pid_t owner; /* the process they are for; -1: none */
    int count;   /* -1: LISTEN_FDS makes no sense */
    char names[4096];
};

/* From the variables of the environment, NULL for those that are not set. */
void eddy__handed_parse(struct eddy__handed *handed, const char *pid, const char *fds,
                        const char *names);
/* The name of the socket at that place, cut to buf; one without is "unknown" (sd_listen_fds(3)). */
const char *eddy__handed_name(const struct eddy__handed *handed, int place, char *buf, size_t size);

#endif

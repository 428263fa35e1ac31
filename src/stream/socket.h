/* socket.h - system calls on sockets, with injection points (socket.c): −errno, not raised. */
#ifndef EDDY_STREAM_SOCKET_H
#define EDDY_STREAM_SOCKET_H

#include "stream/address.h"

int eddy__socket_make(int family, int type);
/* For streams. */
int eddy__socket_open(int family);
void eddy__socket_close(int fd);
int eddy__socket_connect(int fd, const eddy_address *to);
int eddy__socket_bind(int fd, const eddy_address *a);
int eddy__socket_listen(int fd, int backlog);
/* A connection that waits, with its address; -EAGAIN without one. */
int eddy__socket_accept(int fd, eddy_address *peer);
int eddy__socket_set(int fd, int level, int option, int value);
/* The option's value. */
int eddy__socket_get(int fd, int level, int option);
int eddy__socket_make_nonblocking(int fd);
/* Another descriptor of the same socket, closed by exec. */
int eddy__socket_duplicate(int fd);
/* What became of a connect: 0 or a negative code. */
int eddy__socket_error(int fd);
/* Another's socket of that type, what, becomes non-blocking. Its family or a failure, raised. */
int eddy__socket_adopt(int fd, int type, const char *what);
int eddy__socket_local(int fd, eddy_address *a);
int eddy__socket_peer(int fd, eddy_address *a);
/* Connected to itself: nobody listened on that port, and the system chose it for the own end. */
bool eddy__socket_meets_itself(int fd);

#endif

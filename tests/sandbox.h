/* sandbox.h - system calls that are refused, as by a container's filter or an older kernel. */
#ifndef SANDBOX_H
#define SANDBOX_H

#include "test.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

/* A call, or only that with this value in an argument. */
struct sandbox_call {
    const char *name;
    int number;
    bool by_argument;
    int argument;
    unsigned value;
};

#define SANDBOX_CALL(name)                                                                         \
    {                                                                                              \
#name, SYS_##name, false, 0, 0                                                             \
    }
#define SANDBOX_FLAG(name, argument, value)                                                        \
    {                                                                                              \
#name " with " #value, SYS_##name, true, argument, value                                   \
    }

/* From now on the calls fail with the error in this thread and those that it starts. */
static inline void sandbox_refuse(const struct sandbox_call *calls, size_t n, int error)
{
    struct sock_filter filter[256];
    unsigned short used = 0;

    for (size_t i = 0; i < n; i++) {
        const struct sandbox_call *call = &calls[i];
        unsigned low = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? 4 : 0;

        CHECK(used + 6 < 256);
        filter[used++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0);
        filter[used++] = (struct sock_filter)BPF_JUMP(
            BPF_JMP | BPF_JEQ | BPF_K, (unsigned)call->number, 0, call->by_argument ? 3 : 1);
        if (call->by_argument) {
            filter[used++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
                                                          16 + 8 * (unsigned)call->argument + low);
            filter[used++] =
                (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call->value, 0, 1);
        }
        filter[used++] = (struct sock_filter)BPF_STMT(
            BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ((unsigned)error & SECCOMP_RET_DATA));
    }
    filter[used++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    CHECK_OK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
    CHECK_OK(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER,
                   &(struct sock_fprog){.len = used, .filter = filter}));
}

#endif

/* redis_commands.c - a client library that knows nothing of eddy, hiredis, inside of tasks:
 *
 *     redis_commands /run/redis.sock "SET greeting hello" "GET greeting" "BLPOP nothing 1"
 *
 * Each command has a task and a connection of its own. hiredis is told not to block; where it says
 * that it has more to send, or needs more bytes, the task waits by eddy_wait_fd, and the others go
 * on: answers are printed in the order in which they come. */
/* pkg-config: hiredis */
#include <eddy.h>
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>

enum { SECONDS = 2 };

EDDY_AUTOCLOSE(redisContext, redisFree)

static int fail(const redisContext *redis)
{
    return eddy_raise(EDDY_ECONNABORTED, "Redis: %s", redis->errstr);
}

/* ---- hiredis, which suspends ---- */

static redisContext *redis_connect(const char *path)
{
    redisContext *redis = redisConnectUnixNonBlock(path);

    if (!redis || redis->err) {
        eddy_raise(EDDY_ECONNREFUSED, "cannot connect to %s: %s", path,
                   redis ? redis->errstr : "no memory");
        redisFree(redis);
        return NULL;
    }
    return redis;
}

static int redis_send(redisContext *redis)
{
    for (int done = 0; !done;) {
        eddy_try(eddy_wait_fd(redis->fd, EDDY_WRITABLE));
        if (redisBufferWrite(redis, &done) != REDIS_OK)
            return fail(redis);
    }
    return 0;
}

/* *reply is the caller's, to be given to freeReplyObject. */
static int redis_receive(redisContext *redis, redisReply **reply)
{
    void *found = NULL;

    while (redisGetReplyFromReader(redis, &found) == REDIS_OK && !found) {
        eddy_try(eddy_wait_fd(redis->fd, EDDY_READABLE));
        if (redisBufferRead(redis) != REDIS_OK)
            return fail(redis);
    }
    *reply = found;
    return found ? 0 : fail(redis);
}

/* ---- the program ---- */

static void print(const char *command, const redisReply *reply)
{
    printf("%s: ", command);
    if (reply->type == REDIS_REPLY_INTEGER)
        printf("%lld\n", reply->integer);
    else if (reply->type == REDIS_REPLY_NIL)
        printf("(nil)\n");
    else if (reply->type == REDIS_REPLY_ARRAY)
        printf("%zu elements\n", reply->elements);
    else
        printf("%s%s\n", reply->type == REDIS_REPLY_ERROR ? "error: " : "", reply->str);
}

static int run_command(const char *path, const char *command)
{
    eddy_auto(redisContext) *redis = eddy_try(redis_connect(path));
    redisReply *reply = NULL;

    if (redisAppendCommand(redis, command) != REDIS_OK)
        return fail(redis);
    eddy_timeout(SECONDS) {
        eddy_try(redis_send(redis));
        eddy_try(redis_receive(redis, &reply));
    }
    print(command, reply);
    freeReplyObject(reply);
    return 0;
}
EDDY_CORO(run_command, const char *, const char *)

static int run_all(const char *path, char **commands)
{
    eddy_auto(eddy_group) *group = eddy_try(eddy_group_open());

    for (; *commands; commands++)
        eddy_try(eddy_group_start(group, run_command_coro(path, *commands)));
    return eddy_group_join(group);
}
EDDY_CORO(run_all, const char *, char **)

int main(int argc, char **argv)
{
    if (argc < 3) {
        fprintf(stderr, "usage: redis_commands SOCKET COMMAND...\n");
        return 2;
    }
    return eddy_run(run_all_coro(argv[1], argv + 2)) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

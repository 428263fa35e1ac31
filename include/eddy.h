/* eddy.h - asyncio for C: everything up to executors. One include per topic is in eddy/. */
#ifndef EDDY_H
#define EDDY_H

/* In the order of learning. */
/* clang-format off */
#include <eddy/base.h>
#include <eddy/error.h>
#include <eddy/memory.h>
#include <eddy/coro.h>
#include <eddy/loop.h>
#include <eddy/run.h>
#include <eddy/scope.h>
#include <eddy/task.h>
#include <eddy/future.h>
#include <eddy/gather.h>
#include <eddy/group.h>
#include <eddy/gen.h>
#include <eddy/local.h>
#include <eddy/exit_stack.h>
#include <eddy/sync.h>
#include <eddy/queue.h>
#include <eddy/select.h>
#include <eddy/address.h>
#include <eddy/names.h>
#include <eddy/tls.h>
#include <eddy/wait_fd.h>
#include <eddy/stream.h>
#include <eddy/transport.h>
#include <eddy/server.h>
#include <eddy/datagram.h>
#include <eddy/unix.h>
#include <eddy/file.h>
#include <eddy/copy.h>
#include <eddy/dir_watch.h>
#include <eddy/pipe.h>
#include <eddy/process.h>
#include <eddy/signal.h>
#include <eddy/thread.h>
#include <eddy/pool.h>
#include <eddy/loops.h>
#include <eddy/channel.h>
/* clang-format on */

#endif

/* http.h - HTTP: clients, servers and WebSocket, of the library libeddy-http. One include per topic
 * is in eddy/http/. */
#ifndef EDDY_HTTP_H
#define EDDY_HTTP_H

/* In the order of learning. */
/* clang-format off */
#include <eddy/http_status.h>
#include <eddy/http/message.h>
#include <eddy/http/url.h>
#include <eddy/http/client.h>
#include <eddy/http/response.h>
#include <eddy/http/router.h>
#include <eddy/http/request.h>
#include <eddy/http/respond.h>
#include <eddy/http/files.h>
#include <eddy/http/events.h>
#include <eddy/http/cors.h>
#include <eddy/http/gzip.h>
#include <eddy/http/server.h>
#include <eddy/http/websocket.h>
/* clang-format on */

#endif

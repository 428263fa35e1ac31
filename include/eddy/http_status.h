/* http_status.h - the statuses of HTTP as codes of eddy: EDDY_HTTP(404), raised from however deep
 * in a handler, is that answer, and a client with .raise_for_status gets the same code. */
#ifndef EDDY_HTTP_STATUS_H
#define EDDY_HTTP_STATUS_H

#include <eddy/base.h>

/* The failure code of a status of 100 to 999. */
#define EDDY_HTTP(status) (-6000 - (status))

/* Every status of the registry (RFC 9110 section 15, and what was registered later) with its reason
 * phrase. */
/* clang-format off */
#define EDDY_HTTP_STATUSES_(status)                                                               \
    status(100, "Continue")                                                                       \
    status(101, "Switching Protocols")                                                            \
    status(102, "Processing")                                                                     \
    status(103, "Early Hints")                                                                    \
    status(200, "OK")                                                                             \
    status(201, "Created")                                                                        \
    status(202, "Accepted")                                                                       \
    status(203, "Non-Authoritative Information")                                                  \
    status(204, "No Content")                                                                     \
    status(205, "Reset Content")                                                                  \
    status(206, "Partial Content")                                                                \
    status(207, "Multi-Status")                                                                   \
    status(208, "Already Reported")                                                               \
    status(226, "IM Used")                                                                        \
    status(300, "Multiple Choices")                                                               \
    status(301, "Moved Permanently")                                                              \
    status(302, "Found")                                                                          \
    status(303, "See Other")                                                                      \
    status(304, "Not Modified")                                                                   \
    status(305, "Use Proxy")                                                                      \
    status(307, "Temporary Redirect")                                                             \
    status(308, "Permanent Redirect")                                                             \
    status(400, "Bad Request")                                                                    \
    status(401, "Unauthorized")                                                                   \
    status(402, "Payment Required")                                                               \
    status(403, "Forbidden")                                                                      \
    status(404, "Not Found")                                                                      \
    status(405, "Method Not Allowed")                                                             \
    status(406, "Not Acceptable")                                                                 \
    status(407, "Proxy Authentication Required")                                                  \
    status(408, "Request Timeout")                                                                \
    status(409, "Conflict")                                                                       \
    status(410, "Gone")                                                                           \
    status(411, "Length Required")                                                                \
    status(412, "Precondition Failed")                                                            \
    status(413, "Content Too Large")                                                              \
    status(414, "URI Too Long")                                                                   \
    status(415, "Unsupported Media Type")                                                         \
    status(416, "Range Not Satisfiable")                                                          \
    status(417, "Expectation Failed")                                                             \
    status(418, "I'm a teapot")                                                                   \
    status(421, "Misdirected Request")                                                            \
    status(422, "Unprocessable Content")                                                          \
    status(423, "Locked")                                                                         \
    status(424, "Failed Dependency")                                                              \
    status(425, "Too Early")                                                                      \
    status(426, "Upgrade Required")                                                               \
    status(428, "Precondition Required")                                                          \
    status(429, "Too Many Requests")                                                              \
    status(431, "Request Header Fields Too Large")                                                \
    status(451, "Unavailable For Legal Reasons")                                                  \
    status(500, "Internal Server Error")                                                          \
    status(501, "Not Implemented")                                                                \
    status(502, "Bad Gateway")                                                                    \
    status(503, "Service Unavailable")                                                            \
    status(504, "Gateway Timeout")                                                                \
    status(505, "HTTP Version Not Supported")                                                     \
    status(506, "Variant Also Negotiates")                                                        \
    status(507, "Insufficient Storage")                                                           \
    status(508, "Loop Detected")                                                                  \
    status(510, "Not Extended")                                                                   \
    status(511, "Network Authentication Required")
/* clang-format on */

#endif

/* web.h - what the programs of the tour have in common that ask a server over HTTP. */
#ifndef TOUR_WEB_H
#define TOUR_WEB_H

#include "tour.h"
#include <eddy/http.h>
#include <stdlib.h>

/* Where the server is: as the environment says, or else on this machine. */
static inline const char *web_server(void)
{
    const char *url = getenv("HTTPBIN");

    return url ? url : "http://127.0.0.1:8080";
}

/* The same with TLS. */
static inline const char *web_server_tls(void)
{
    const char *url = getenv("HTTPSBIN");

    return url ? url : "https://127.0.0.1:8443";
}

#endif

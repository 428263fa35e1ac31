/* A page fetched over HTTP. Session and response are closed by their scopes; the text belongs
 * to the response. */
/* pkg-config: eddy-http */
#include "web.h"

static int fetch_data(const char *url)
{
    eddy_auto(eddy_http) *http = eddy_try(eddy_http_open());
    eddy_auto(eddy_response) *response = eddy_try(eddy_http_get(http, url));

    printf("Data: %s\n", eddy_try(eddy_response_text(response)));
    return 0;
}

static int http_fetch(void)
{
    char url[200];

    snprintf(url, sizeof url, "%s/data", web_server());
    return fetch_data(url);
}
EDDY_CORO(http_fetch)

int main(void)
{
    return eddy_run(http_fetch_coro()) < 0;
}

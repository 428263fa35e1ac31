/* Pictures fetched over TLS, side by side, each into a file. The server's certificate is its own:
 * it is not looked at here; .ca_file would name it instead. */
/* pkg-config: eddy-http */
#include "web.h"

enum { PICTURES = 3 };

static const char *const pictures[PICTURES] = {"u=4198287529,277447", "u=2621658848,39523",
                                               "u=3227115542,86345210"};

static int fetch(eddy_http *http, const char *picture)
{
    char url[200], filename[80];

    snprintf(url, sizeof url, "%s/it/%s", web_server_tls(), picture);
    printf("发送请求: %s\n", url);
    eddy_auto(eddy_response) *response = eddy_try(eddy_http_get(http, url));
    snprintf(filename, sizeof filename, "%s.png", picture);
    eddy_try(eddy_response_save(response, filename));
    printf("下载完成\n");
    return 0;
}
EDDY_CORO(fetch, eddy_http *, const char *)

static int fetch_all(void)
{
    eddy_coro coros[PICTURES];
    eddy_auto(eddy_http) *http = eddy_try(eddy_http_open(.tls_opts.insecure = true));

    for (int i = 0; i < PICTURES; i++)
        coros[i] = fetch_coro(http, pictures[i]);
    return eddy_gather_n(coros, PICTURES);
}

static int show_picture(const char *filename)
{
    char *data;
    size_t size;

    eddy_try(eddy_read_file(filename, &data, &size));
    printf("%s: %zu bytes, PNG: %s\n", filename, size,
           truth(size >= 8 && memcmp(data, "\x89PNG\r\n\x1a\n", 8) == 0));
    eddy_free(data);
    return eddy_unlink(filename);
}

static int image_downloader(void)
{
    eddy_try(fetch_all());
    eddy_auto(eddy_dir) *folder = eddy_try(eddy_list_dir("."));
    for (size_t i = 0; i < folder->count; i++) {
        const char *dot = strrchr(folder->names[i], '.');

        if (dot && strcmp(dot, ".png") == 0)
            eddy_try(show_picture(folder->names[i]));
    }
    return 0;
}
EDDY_CORO(image_downloader)

int main(void)
{
    return eddy_run(image_downloader_coro()) < 0;
}

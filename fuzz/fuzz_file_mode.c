/* fuzz_file_mode.c - modes of eddy_file_open: refused exactly when they are none. */
#include "fuzz.h"

static bool is_mode(const char *mode)
{
    if (mode[0] != 'r' && mode[0] != 'w' && mode[0] != 'a')
        return false;
    return strspn(mode + 1, mode[0] == 'r' ? "+b" : "+bx") == strlen(mode + 1);
}

static int opens(const char *mode)
{
    eddy_auto(eddy_stream) *file = eddy_file_open("/dev/null", mode);
    int status = file ? 0 : eddy_last_status();

    MUST((status == EDDY_EINVAL) == !is_mode(mode));
    MUST(status == 0 || status == EDDY_EINVAL || (status == EDDY_EEXIST && strchr(mode, 'x')));
    return 0;
}
EDDY_CORO(opens, const char *)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = {data, size};
    char mode[64];

    take_text(&in, mode, sizeof mode);
    MUST(run_in_loop(opens_coro(mode)) == 0);
    return 0;
}

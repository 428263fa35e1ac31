/* test_error_format.c - error records as text; their ways are in test_error.c. */
#include "test.h"

/* What a stranger has sent makes no lines of its own in a log, and no colours. */
TEST(error_text_has_no_control_characters_of_messages)
{
    char text[600];
    int code = eddy_raise(EDDY_EIO, "no \r\n\033[31mlogin");

    eddy_error_format(eddy_last_error(), text, sizeof text);
    CHECK_INT(code, EDDY_EIO);
    CHECK(strstr(text, "EDDY_EIO: no \\x0d\\x0a\\x1b[31mlogin\n") != NULL);
}

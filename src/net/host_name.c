/* host_name.c - what can be a host's name at all. */
#include "net/names.h"

enum { HOST_MAX = 253, LABEL_MAX = 63 };

/* Such bytes would go to a name server as they are, or by an escape of c-ares: what comes back is
 * the answer to another question. */
static int check_byte(const char *host, size_t place)
{
    unsigned char c = (unsigned char)host[place];

    if (c > 127)
        return eddy__raise(EDDY_EINVAL,
                           "byte %zu of a host's name is no ASCII (0x%02x): an international name "
                           "is given in its form for DNS, which begins with xn--",
                           place + 1, c);
    if (c <= ' ' || c == 127)
        return eddy__raise(EDDY_EINVAL, "byte %zu of a host's name is a %s (0x%02x)", place + 1,
                           c == ' ' ? "blank" : "control character", c);
    if (c == '\\')
        return eddy__raise(EDDY_EINVAL, "byte %zu of a host's name is a backslash", place + 1);
    return 0;
}

static int check_label(size_t place, size_t length)
{
    if (!length)
        return eddy__raise(EDDY_EINVAL, "a label of a host's name is empty, at byte %zu",
                           place + 1);
    if (length > LABEL_MAX)
        return eddy__raise(EDDY_EINVAL, "a label of a host's name has at most %d bytes, not %zu",
                           LABEL_MAX, length);
    return 0;
}

/* A name may end in a dot: no search list is to be tried. */
int eddy__host_check(const char *host)
{
    size_t length = strlen(host), label = 0;

    if (!length)
        return eddy__raise(EDDY_EINVAL, "the host's name is empty");
    if (length > 1 && host[length - 1] == '.')
        length--;
    if (length > HOST_MAX)
        return eddy__raise(EDDY_EINVAL, "a host's name has at most %d bytes, this one %zu",
                           HOST_MAX, length);
    for (size_t i = 0; i < length; i++) {
        eddy__try(check_byte(host, i));
        if (host[i] == '.') {
            eddy__try(check_label(label, i - label));
            label = i + 1;
        }
    }
    return check_label(label, length - label);
}

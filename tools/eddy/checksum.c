/* checksum.c - hashes by OpenSSL. */
/* pkg-config: openssl */
#include "checksum.h"
#include <ctype.h>
#include <eddy/error.h>
#include <eddy/task.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <unistd.h>

static const struct {
    const char *name;
    size_t size;
} algorithms[] = {{"sha256", 32}, {"sha384", 48}, {"sha512", 64}};

enum { PIECE = 128 * 1024 }; /* hashed without a pause: a fraction of a millisecond */

EDDY_AUTOCLOSE(EVP_MD_CTX, EVP_MD_CTX_free)

static int digit(char c)
{
    return isdigit((unsigned char)c) ? c - '0' : (c | 0x20) - 'a' + 10;
}

static bool parse_digits(struct checksum *self, const char *text)
{
    for (size_t i = 0; i < 2 * self->size; i++)
        if (!isxdigit((unsigned char)text[i]))
            return false;
    for (size_t i = 0; i < self->size; i++)
        self->bytes[i] = (unsigned char)(digit(text[2 * i]) * 16 + digit(text[2 * i + 1]));
    return text[2 * self->size] == '\0';
}

bool checksum_parse(struct checksum *self, const char *text)
{
    size_t length = strcspn(text, ":");

    for (size_t i = 0; i < sizeof algorithms / sizeof *algorithms; i++)
        if (text[length] && strlen(algorithms[i].name) == length &&
            strncmp(text, algorithms[i].name, length) == 0) {
            *self = (struct checksum){.algorithm = algorithms[i].name, .size = algorithms[i].size};
            return parse_digits(self, text + length + 1);
        }
    return false;
}

static int hash_file(EVP_MD_CTX *hash, int fd)
{
    char piece[16 * 1024];
    off_t at = 0;
    ssize_t n = 1;

    for (unsigned left = PIECE; n > 0; left -= (unsigned)n) {
        if (left < sizeof piece) {
            eddy_try(eddy_sleep(0));
            left = PIECE;
        }
        n = pread(fd, piece, sizeof piece, at);
        if (n < 0)
            return eddy_raise(-errno, "cannot read back what was written: %s", strerror(errno));
        EVP_DigestUpdate(hash, piece, (size_t)n);
        at += n;
    }
    return 0;
}

int checksum_of_file(const struct checksum *self, int fd, char found[CHECKSUM_TEXT])
{
    eddy_auto(EVP_MD_CTX) *hash = EVP_MD_CTX_new();
    unsigned char bytes[EVP_MAX_MD_SIZE];

    if (!hash || !EVP_DigestInit_ex(hash, EVP_get_digestbyname(self->algorithm), NULL))
        return eddy_raise(EDDY_ENOMEM, "OpenSSL cannot compute %s", self->algorithm);
    eddy_try(hash_file(hash, fd));
    EVP_DigestFinal_ex(hash, bytes, NULL);
    for (size_t i = 0; i < self->size; i++)
        snprintf(found + 2 * i, 3, "%02x", bytes[i]);
    return memcmp(bytes, self->bytes, self->size) == 0;
}

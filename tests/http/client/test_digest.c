/* test_digest.c - Digest authentication, by the examples of its RFCs. */
#include "http/client/digest.h"
#include "test.h"

static struct eddy__arena arena;

static const struct eddy__digest_request mufasa = {"GET", "/dir/index.html", "Mufasa",
                                                   "Circle of Life"};

static int read_challenge(struct eddy__digest *digest, const char *text)
{
    *digest = (struct eddy__digest){0};
    return CHECK_OK(eddy__digest_challenge(digest, text, &arena));
}

static void check_answer(const char *challenge, const char *cnonce,
                         const struct eddy__digest_request *request, const char *expected)
{
    struct eddy__digest digest;

    CHECK_INT(read_challenge(&digest, challenge), 1);
    snprintf(digest.cnonce, sizeof digest.cnonce, "%s", cnonce);
    CHECK_STR(eddy__digest_answer(&digest, request, &arena), expected);
}

#define RFC_7616                                                                                   \
    "realm=\"http-auth@example.org\", qop=\"auth, auth-int\", "                                    \
    "nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", "                                     \
    "opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\""
#define RFC_7616_CNONCE "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
#define RFC_7616_ANSWER(response, algorithm)                                                       \
    "Digest username=\"Mufasa\", realm=\"http-auth@example.org\", "                                \
    "nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", uri=\"/dir/index.html\", "            \
    "response=\"" response "\", algorithm=" algorithm ", "                                         \
    "opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\", qop=auth, nc=00000001, "             \
    "cnonce=\"" RFC_7616_CNONCE "\""

TEST(digest_examples_of_RFC_7616)
{
    check_answer("Digest " RFC_7616 ", algorithm=MD5", RFC_7616_CNONCE, &mufasa,
                 RFC_7616_ANSWER("8ca523f5e9506fed4657c9700eebdbec", "MD5"));
    check_answer("Digest algorithm=SHA-256, " RFC_7616, RFC_7616_CNONCE, &mufasa,
                 RFC_7616_ANSWER("753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
                                 "SHA-256"));
    eddy__arena_free(&arena);
}

TEST(digest_examples_of_older_RFCs)
{
    struct eddy__digest_request request = mufasa;

    request.password = "Circle Of Life";
    check_answer("Digest realm=\"testrealm@host.com\", qop=\"auth,auth-int\", "
                 "nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", "
                 "opaque=\"5ccc069c403ebaf9f0171e9517f40e41\"",
                 "0a4f113b", &request,
                 "Digest username=\"Mufasa\", realm=\"testrealm@host.com\", "
                 "nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", uri=\"/dir/index.html\", "
                 "response=\"6629fae49393a05397450978507c4ef1\", "
                 "opaque=\"5ccc069c403ebaf9f0171e9517f40e41\", qop=auth, nc=00000001, "
                 "cnonce=\"0a4f113b\"");
    request.password = "CircleOfLife";
    check_answer(
        "Digest realm=\"testrealm@host.com\", nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\"", "",
        &request,
        "Digest username=\"Mufasa\", realm=\"testrealm@host.com\", "
        "nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", uri=\"/dir/index.html\", "
        "response=\"1949323746fe6a43ef61f9606e7febea\"");
    eddy__arena_free(&arena);
}

TEST(digest_counts_the_requests_of_a_nonce)
{
    struct eddy__digest digest;

    CHECK_INT(read_challenge(&digest, "Digest " RFC_7616 ", algorithm=MD5-sess"), 1);
    CHECK(strstr(eddy__digest_answer(&digest, &mufasa, &arena), "nc=00000001"));
    CHECK_INT(strlen(digest.cnonce), 32);
    char first[64];
    memcpy(first, digest.cnonce, sizeof first);
    char *second = eddy__digest_answer(&digest, &mufasa, &arena);
    CHECK(strstr(second, "nc=00000002") && strstr(second, first) && strstr(second, "=MD5-sess"));
    CHECK_INT(
        eddy__digest_challenge(&digest, "Digest realm=a, nonce=b, qop=auth, stale=TRUE", &arena),
        1);
    CHECK(digest.stale);
    second = eddy__digest_answer(&digest, &mufasa, &arena);
    CHECK(strstr(second, "nc=00000001") && !strstr(second, first));
    eddy__arena_free(&arena);
}

TEST(digest_challenge_among_others)
{
    struct eddy__digest digest;

    CHECK_INT(read_challenge(&digest, "Basic realm=\"x, Digest y=z\", Negotiate abc==, "
                                      "digest realm=\"a\\\"b\" , nonce = n,qop=auth, NTLM"),
              1);
    CHECK_STR(digest.realm, "a\\\"b");
    CHECK_STR(digest.nonce, "n");
    CHECK_STR(digest.algorithm, "MD5");
    CHECK(!digest.says_algorithm);
    CHECK_INT(read_challenge(&digest, "Digest realm=1, nonce=1, algorithm=MD5, "
                                      "Digest realm=2, nonce=2, algorithm=SHA-512-256, "
                                      "Digest realm=3, nonce=3, algorithm=sha-256, "
                                      "Digest realm=4, nonce=4, algorithm=SHA-256"),
              1);
    CHECK_STR(digest.realm, "3");
    eddy__arena_free(&arena);
}

TEST(digest_challenge_that_cannot_be_answered)
{
    static const char *const bad[] = {
        "",
        "Basic realm=\"x\"",
        "Digest",
        "Digest realm=x",
        "Digest nonce=x",
        "Digest realm=x, nonce=y, qop=auth-int",
        "Digest realm=x, nonce=y, algorithm=SHA-512-256",
        "Digest realm=x, Basic nonce=y",
        "realm=x, nonce=y",
    };
    static const char *const odd[] = {"Digest nonce=y, realm=\"open", "Digest nonce=y, realm=a\"b",
                                      "Digest nonce=y, realm=\"open\\"};
    struct eddy__digest digest;

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK_INT(read_challenge(&digest, bad[i]), 0);
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) { /* it would break out of its quotes */
        CHECK_INT(read_challenge(&digest, odd[i]), 1);
        CHECK_STR(digest.realm, "");
    }
    eddy__arena_free(&arena);
}

TEST(digest_hides_or_quotes_the_user)
{
    struct eddy__digest digest;
    struct eddy__digest_request request = {"GET", "/?a=\"b\"", "a \"b\\", "p"};

    CHECK_INT(read_challenge(&digest, "Digest realm=r, nonce=n"), 1);
    char *answer = eddy__digest_answer(&digest, &request, &arena);
    CHECK(strstr(answer, "username=\"a \\\"b\\\\\", ") && strstr(answer, "uri=\"/?a=\\\"b\\\"\""));
    CHECK_INT(read_challenge(&digest, "Digest realm=r, nonce=n, userhash=true"), 1);
    answer = eddy__digest_answer(&digest, &request, &arena);
    CHECK(!strstr(answer, "a \\\"b") && strstr(answer, ", userhash=true"));
    request.user = "a\r\nX: b";
    CHECK_PTR(eddy__digest_answer(&digest, &request, &arena), NULL);
    CHECK_INT(eddy_last_status(), EDDY_EINVAL);
    eddy__arena_free(&arena);
}

/* tls_verify.c - what is wrong with a certificate, in words. */
/* pkg-config: openssl */
#include "tls/openssl.h"

#include <openssl/bio.h>
#include <openssl/x509v3.h>

char *eddy__tls_subject(const X509 *certificate)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *text = NULL, *data;

    if (bio &&
        X509_NAME_print_ex(bio, X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253) >= 0 &&
        BIO_write(bio, "", 1) == 1 && BIO_get_mem_data(bio, &data) > 0)
        text = eddy_strdup(data);
    BIO_free(bio);
    return text;
}

/* What comes from a peer goes into logs: without control characters. */
static void copy_name(char *to, size_t size, const ASN1_STRING *name)
{
    const unsigned char *data = name ? ASN1_STRING_get0_data(name) : NULL;
    size_t length = name ? min_size((size_t)ASN1_STRING_length(name), size - 1) : 0;

    for (size_t i = 0; i < length; i++)
        to[i] = data[i] >= 0x20 && data[i] < 0x7f ? (char)data[i] : '?';
    to[length] = '\0';
}

static void copy_ip(char *to, size_t size, const ASN1_OCTET_STRING *ip)
{
    const unsigned char *data = ASN1_STRING_get0_data(ip);
    eddy_address a = {0};
    char text[EDDY_HOST_TEXT];

    to[0] = '\0';
    if (ASN1_STRING_length(ip) == 4) {
        a.u.in4.sin_family = AF_INET;
        memcpy(&a.u.in4.sin_addr, data, 4);
    } else if (ASN1_STRING_length(ip) == 16) {
        a.u.in6.sin6_family = AF_INET6;
        memcpy(&a.u.in6.sin6_addr, data, 16);
    } else {
        return;
    }
    eddy_address_format_host(&a, text);
    snprintf(to, size, "%s", text);
}

static void copy_common_name(char *to, size_t size, const X509_NAME *name)
{
    int at = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
    const X509_NAME_ENTRY *entry = at >= 0 ? X509_NAME_get_entry(name, at) : NULL;

    copy_name(to, size, entry ? X509_NAME_ENTRY_get_data(entry) : NULL);
}

/* The first name a certificate is for. */
static void copy_first_name(char *to, size_t size, const X509 *certificate)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);

    to[0] = '\0';
    for (int i = 0; names && i < sk_GENERAL_NAME_num(names) && !to[0]; i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);

        if (name->type == GEN_DNS)
            copy_name(to, size, name->d.dNSName);
        else if (name->type == GEN_IPADD)
            copy_ip(to, size, name->d.iPAddress);
    }
    GENERAL_NAMES_free(names);
    if (!to[0])
        copy_common_name(to, size, X509_get_subject_name(certificate));
    if (!to[0])
        snprintf(to, size, "nobody");
}

/* "localhost", or of a server's clients "the client 127.0.0.1:4711". */
static void copy_who(char *to, size_t size, const struct eddy__tls *tls)
{
    if (tls->name)
        snprintf(to, size, "%s", tls->name);
    else
        snprintf(to, size, "the client %s", eddy_stream_peer(tls->transport.stream));
}

static void verify_describe(struct eddy__tls *tls, int error, int depth, const X509 *certificate)
{
    char who[80], other[64] = "", issuer[60] = "", subject[60] = "", *to = tls->reason;
    size_t size = sizeof tls->reason;
    const char *of = depth > 0 ? "an issuer of the certificate" : "the certificate";

    copy_who(who, sizeof who, tls);
    copy_first_name(other, sizeof other, certificate);
    copy_common_name(issuer, sizeof issuer, X509_get_issuer_name(certificate));
    copy_common_name(subject, sizeof subject, X509_get_subject_name(certificate));
    switch (error) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
        snprintf(to, size, "%s of %s has expired", of, who);
        break;
    case X509_V_ERR_CERT_NOT_YET_VALID:
        snprintf(to, size, "%s of %s is not valid yet", of, who);
        break;
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
        snprintf(to, size, "the certificate is for %s, not %s", other, who);
        break;
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
        snprintf(to, size, "the certificate of %s is self-signed, and not one to trust", who);
        break;
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
        snprintf(to, size, "the certificate of %s is from %s, which is not trusted", who,
                 *issuer ? issuer : "an issuer without a name");
        break;
    case X509_V_ERR_CERT_REVOKED:
        snprintf(to, size, "%s of %s, %s, was revoked by %s", of, who, subject, issuer);
        break;
    case X509_V_ERR_UNABLE_TO_GET_CRL:
        snprintf(to, size, "crl_file has no list of %s to tell whether %s of %s, %s, was revoked",
                 issuer, of, who, subject);
        break;
    case X509_V_ERR_CRL_HAS_EXPIRED:
        snprintf(to, size, "the list of %s has expired that tells whether %s of %s was revoked",
                 issuer, of, who);
        break;
    default:
        snprintf(to, size, "%s of %s: %s", of, who, X509_verify_cert_error_string(error));
    }
}

int eddy__tls_on_verify(int good, X509_STORE_CTX *store)
{
    const SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct eddy__tls *tls = ssl ? SSL_get_app_data(ssl) : NULL;
    const X509 *certificate = X509_STORE_CTX_get_current_cert(store);

    if (!good && tls && certificate)
        verify_describe(tls, X509_STORE_CTX_get_error(store), X509_STORE_CTX_get_error_depth(store),
                        certificate);
    return good;
}

/* tls_crl.c - lists of revoked certificates. */
/* pkg-config: openssl */
#include "tls/openssl.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

static int read_lists(STACK_OF(X509_CRL) * lists, BIO *file)
{
    X509_CRL *list;

    while ((list = PEM_read_bio_X509_CRL(file, NULL, NULL, NULL)))
        if (!sk_X509_CRL_push(lists, list)) {
            X509_CRL_free(list);
            return EDDY_ENOMEM;
        }
    return ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE ? 0 : EDDY_ETLS;
}

/* The store may be everybody's: the lists are given to each verification instead. */
static int verify(X509_STORE_CTX *store, void *context)
{
    X509_STORE_CTX_set0_crls(store, ((struct eddy__tls_context *)context)->crls);
    return X509_verify_cert(store);
}

int eddy__tls_crl_load(struct eddy__tls_context *context, const char *path)
{
    BIO *file = BIO_new_file(path, "r");
    int r = EDDY_ETLS;

    context->crls = sk_X509_CRL_new_null();
    if (file && context->crls)
        r = read_lists(context->crls, file);
    if (r >= 0 && sk_X509_CRL_num(context->crls) == 0)
        r = eddy__raise(EDDY_ETLS, "there is no list of revoked certificates in %s", path);
    else if (r < 0)
        r = eddy__tls_raise("cannot use the list of revoked certificates", path);
    ERR_clear_error();
    BIO_free(file);
    if (r < 0)
        return r;
    X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(context->ssl),
                                X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
    SSL_CTX_set_cert_verify_callback(context->ssl, verify, context);
    return 0;
}

void eddy__tls_crl_free(struct eddy__tls_context *context)
{
    sk_X509_CRL_pop_free(context->crls, X509_CRL_free);
}
